"""What a script says: one message a line, as plain text or as a JSON object."""

import json
from dataclasses import dataclass
from typing import Any

from bot.adapters.console.stdin import text_of
from tools.errors import Refused

MOST_FILES = 10
LONGEST_NAME = 100
_FIELDS = ("text", "user", "reply_to", "attachments", "press")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of input: a message, or a button pressed on an earlier reply."""

    text: str = ""
    user: str = "you"
    reply_to: str = ""
    attachments: tuple[str, ...] = ()
    press: str = ""


def parse(raw: bytes) -> Line:
    """Read one line: JSON if it starts with a brace, else plain text; raises Refused."""
    text = text_of(raw)
    if not text.lstrip().startswith("{"):
        return Line(text)
    try:
        data = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise Refused(
            "That line starts like JSON but is not; check its quotes and commas."
        ) from error
    return _line(data)


def _line(data: dict[str, Any]) -> Line:
    unknown = [name for name in data if name not in _FIELDS]
    if unknown:
        raise Refused(f"There is no field {unknown[0][:80]!r}; there are: {', '.join(_FIELDS)}.")
    paths = data.get("attachments") or []
    if not isinstance(paths, list) or len(paths) > MOST_FILES:
        raise Refused(f"attachments must be a list of at most {MOST_FILES} paths.")
    words = {k: data.get(k) or "" for k in ("text", "reply_to", "press")}
    user = data.get("user") or "you"
    for value in (*words.values(), *paths, user):
        _check(value)
    if len(user) > LONGEST_NAME:
        raise Refused(f"user must have at most {LONGEST_NAME} characters.")
    return Line(**words, user=user, attachments=tuple(paths))


def _check(value: object) -> None:
    if not isinstance(value, str):
        raise Refused("text, user, reply_to, press and each attachment must be strings.")
    if any(_unreal(c) for c in value):
        raise Refused("That line holds characters that are no text; write it in UTF-8.")


def _unreal(character: str) -> bool:
    """Tell whether a character is NUL or half of a surrogate pair, which JSON can write."""
    return character == "\x00" or "\ud800" <= character <= "\udfff"

"""What a model is shown of what was said before: the newest messages, and a summary of the rest.

What it is shown grows only at its end until it is summarised anew, in large pieces: so a server
that keeps the beginning of a prompt computed can go on using it.
"""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from memory.records import Message, User
from memory.summaries import Summary
from tools.image import short

TOKENS = 3000
"""Of the newest messages that are shown; the smallest models read 4096 in all."""
MESSAGES = 100
"""Messages that are shown at most; above that, or above TOKENS, the older half is summarised."""
NOTES = 2400
"""Characters of a summary."""

_SAID = 120  # characters of a request or an answer in a summary
_OLDER = "(What is older is left out.)"
_RESERVED = ("atelier", "assistant", "system", "user", "tool")


def tokens(text: str) -> int:
    """Return about how many tokens a text is: 4 Latin letters each, 1.5 Cyrillic, 1 Chinese."""
    return 1 + int(len(text) + 1.6 * (len(text.encode()) - len(text))) // 4


def since(past: Sequence[Message], summary: Summary) -> list[Message]:
    """Return the messages that a summary does not cover, oldest first."""
    return [m for m in past if m.id > summary.upto]


def due(past: Sequence[Message]) -> list[Message]:
    """Return the older messages that should be summarised now; none while all can be shown."""
    if len(past) <= MESSAGES and sum(tokens(m.text) for m in past) <= TOKENS:
        return []
    room, kept = TOKENS // 2, 0
    for message in reversed(past):
        room -= tokens(message.text)
        if room < 0 or kept == MESSAGES // 2:
            break
        kept += 1
    return list(past[: len(past) - max(1, kept)])


def extract(before: str, messages: Sequence[Message], limit: int = NOTES) -> str:
    """Summarise by code: who asked for what, and what came of it; the newest that fits."""
    answers = {m.reply_to: m.text for m in messages if m.author is None}
    names = speakers(messages)
    lines = [line for line in before.splitlines() if line != _OLDER]
    for message in messages:
        if message.author is not None and message.text.strip():
            answer = answers.get(message.id, "")
            came = f" -> {short(answer, _SAID)}" if answer else ""
            lines.append(f"- {names[message.author]}: “{short(message.text, _SAID)}”{came}")
    return _fitting(lines, limit)


def _fitting(lines: Sequence[str], limit: int) -> str:
    kept: list[str] = []
    room = limit - len(_OLDER)
    for line in reversed(lines):
        room -= len(line) + 1
        if room < 0:
            return "\n".join((_OLDER, *reversed(kept)))
        kept.append(line)
    return "\n".join(reversed(kept))


def speakers(messages: Iterable[Message]) -> Mapping[User, str]:
    """Return what each person who spoke is called, no two alike, nobody like the assistant."""
    called: dict[User, str] = {}
    for user in dict.fromkeys(m.author for m in messages if m.author is not None):
        name = _plain(user.name) or "somebody"
        if name.casefold() in _RESERVED:
            name = f"{name} (a person)"
        taken, number, base = set(called.values()), 2, name
        while name in taken:
            name, number = f"{base} ({number})", number + 1
        called[user] = name
    return called


def _plain(name: str) -> str:
    """Return a display name as one short line without marks that could end it."""
    kept = "".join(c for c in name if unicodedata.category(c)[0] in "LMNZP" and c not in "[]<>{}“”")
    return short(kept, 40)

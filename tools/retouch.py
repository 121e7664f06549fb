"""From words to Pillow operations: which instructions need no model (the words are data).

An instruction is a retouch only when every word of it is understood; "darker, with a hat" is not.
"""

import re
import tomllib
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from math import prod
from pathlib import Path
from typing import Any, Literal

from PIL import Image

from memory.sentences import joined, say
from tools.errors import Refused
from tools.pixels import Operation, apply

WORDS = Path(__file__).with_name("retouch.toml")
LONGEST = 300
"""Characters; a longer instruction is a description, not a retouch."""

SIGNED = ("brightness", "contrast", "saturation", "warmth")
SCALED = (*SIGNED, "blur", "sharpen")
_TURNED = ("rotated by {turn:g}° counter-clockwise", "rotated by {turn:g}° clockwise")
_SAME = "Made {how} it would look the same: nothing was changed."
_SAME = "Made {how} it would look the same: nothing was changed."

Kind = Literal["filler", "stop", "joint", "amount", "direction", "operation", "number", "pair"]


@dataclass(frozen=True, slots=True)
class _Token:
    kind: Kind
    value: float = 1.0
    unit: str = ""
    pair: tuple[int, int] = (0, 0)
    operation: Operation = field(default=Operation(""))


_JOINED = re.compile(r",|;|，|。|\band\b|\bbut\b|\by\b|\bet\b|\bund\b|并且|而且|和")
_PAIR = re.compile(r"(\d{1,5}) ?([x×*:/]) ?(\d{1,5})(?!\d)")
_NUMBER = re.compile(
    r"(\d{1,5}(?:\.\d{1,3})?) ?"
    r"(%|percent|per cent|prozent|por ciento|pour cent|°|deg(?:rees?)?\b|度|grados|degres|grad\b)?"
)


def plan(instruction: str) -> tuple[Operation, ...]:
    """Return the operations an instruction asks for; empty when it is not purely a retouch.

    Understands English, Chinese, Spanish, French and German. Raises Refused with a question
    when it is a retouch that lacks its number ("crop it").
    """
    text = _plain(instruction)
    if not text or len(text) > LONGEST:
        return ()
    found: list[Operation] = []
    for clause in _clauses(text):
        operations = _understand(clause) if clause is not None else None
        if operations is None:
            return ()
        found += operations
    for operation in found:
        _complete(operation)
    return tuple(found)


APPROXIMATE = ("hue", "night")
"""Operations that only turn colours where a model could draw what was meant."""


def split(instruction: str) -> tuple[str, tuple[Operation, ...]]:
    """Return what is no retouch in an instruction, and the retouches that stand beside it.

    "darker and with a hat" gives ("with a hat", darker); what is all of one kind stays whole.
    """
    parts = [p.strip(" ,;.，。") for p in _JOINED.split(instruction)]
    planned = [(p, plan(p)) for p in parts if p]
    rest = [p for p, operations in planned if not operations]
    operations = tuple(o for _, found in planned for o in found)
    return (" and ".join(rest) if operations else instruction), operations


def retouch(picture: Image.Image, operations: tuple[Operation, ...]) -> Image.Image:
    """Apply operations in order to an RGB or RGBA picture (blocks).

    Raises Refused when that changes nothing, so that nobody is shown the same picture as new.
    """
    changed = picture
    for operation in operations:
        changed = apply(changed, operation)
    if changed.size == picture.size and changed.tobytes() == picture.tobytes():
        raise Refused(_SAME, how=told(operations))
    return changed


def told(operations: tuple[Operation, ...]) -> str:
    """Say what the operations do: "a bit darker and cropped to 16:9"."""
    words = [_told(operation) for operation in operations]
    some = joined(", ", words[:-1])
    return say("{some} and {last}", some=some, last=words[-1]) if some else words[0]


def _told(how: Operation) -> str:
    if how.name == "hue":
        return say("with its colours turned to {colour}", colour=say(how.says))
    if how.name == "crop":
        return say("cropped to {aspect}", aspect=f"{how.width}:{how.height}")
    if how.name == "cutout":
        return say("cut out of its background")
    if how.name == "resize":
        if how.percent:
            return say("resized to {percent:g} % of its size", percent=how.percent)
        return say("resized to {size}", size=f"{how.width}x{how.height}")
    if how.name == "rotate":
        return say(_TURNED[how.value > 0], turn=abs(how.value))
    words: str = _table()["says"][how.name][(how.percent or how.value) > 0]
    return say(words, much=_amount(how)) if "{much}" in words else say(words)


def _amount(how: Operation) -> str:
    if how.percent:
        return say("{percent:g} % ", percent=abs(how.percent))
    much = abs(how.value)
    return say("a bit ") if much < 0.9 else say("much ") if much > 1.6 else ""


def _plain(text: str) -> str:
    """Lower case, no accents, ordinary digits and signs, single spaces."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(c for c in letters if not unicodedata.combining(c))
    return " ".join(unicodedata.normalize("NFKC", kept).replace("’", "'").split())


@lru_cache(maxsize=1)
def _table() -> dict[str, Any]:
    return tomllib.loads(WORDS.read_text(encoding="utf-8"))


@lru_cache(maxsize=1)
def _lexicon() -> dict[str, _Token]:
    table = _table()
    words = {_plain(w): _Token("filler") for w in table["fillers"]}
    words |= {_plain(w): _Token("joint") for w in table["joints"]}
    words |= {_plain(w): _Token("stop") for w in table["stops"]}
    for entry in table["direction"]:
        token = _Token("direction", entry.get("turn", 0), entry.get("axis", ""))
        words |= {_plain(w): token for w in entry["words"]}
    for entry in table["amount"]:
        words |= {_plain(w): _Token("amount", entry["factor"]) for w in entry["words"]}
    for entry in table["operation"]:
        facts = {k: v for k, v in entry.items() if k != "words"}
        token = _Token("operation", operation=Operation(**facts))
        words |= {_plain(w): token for w in entry["words"]}
    return words


def _clauses(text: str) -> Iterator[list[_Token] | None]:
    """Yield the tokens of each wish; None in place of one with an unknown word."""
    clause: list[_Token] = []
    at = 0
    while at < len(text):
        length, token = _next(text, at)
        if token is None or token.kind == "stop":
            yield None
            return
        at += length
        if token.kind == "joint":
            yield clause
            clause = []
        elif token.kind != "filler":
            clause.append(token)
    yield clause


def _next(text: str, at: int) -> tuple[int, _Token | None]:
    if text[at] == " ":
        return 1, _Token("filler")
    if text[at].isdigit():
        return _figures(text, at)
    lexicon = _lexicon()
    for end in range(min(len(text), at + max(map(len, lexicon))), at, -1):
        if text[at:end] in lexicon and not _inside_word(text, at, end):
            return end - at, lexicon[text[at:end]]
    return 0, None


def _inside_word(text: str, at: int, end: int) -> bool:
    """Tell whether a piece of text begins or ends in the middle of a Latin word."""
    starts = at > 0 and _latin(text[at - 1]) and _latin(text[at])
    ends = end < len(text) and _latin(text[end - 1]) and _latin(text[end])
    return starts or ends


def _latin(letter: str) -> bool:
    return letter.isascii() and letter.isalpha()


def _figures(text: str, at: int) -> tuple[int, _Token | None]:
    if pair := _PAIR.match(text, at):
        unit = "ratio" if pair[2] in ":/" else "size"
        width, height = int(pair[1]), int(pair[3])
        token = _Token("pair", unit=unit, pair=(width, height)) if width and height else None
        return len(pair[0]), token
    number = _NUMBER.match(text, at)
    if number is None:  # a digit of another script
        return 0, None
    unit = number[2] or ""
    percent = unit[:1] == "%" or "cent" in unit or unit in ("prozent", "por ciento")
    return len(number[0]), _Token("number", float(number[1]), "percent" if percent else unit)


def _understand(clause: list[_Token]) -> list[Operation] | None:
    """Return the operations of one wish, or None when its words do not fit together."""
    parts: dict[Kind, list[_Token]] = {}
    for token in clause:
        parts.setdefault(token.kind, []).append(token)
    if not parts:
        return []
    operations = [token.operation for token in parts.get("operation", [])]
    for use in (_use_pair, _use_direction, _use_number, _use_amounts):
        understood = use(operations, parts)
        if understood is None:
            return None
        operations = understood
    return operations or None


def _use_pair(ops: list[Operation], parts: dict[Kind, list[_Token]]) -> list[Operation] | None:
    pairs = parts.get("pair", [])
    if len(pairs) > 1:
        return None
    for token in pairs:
        width, height = token.pair
        name = "crop" if token.unit == "ratio" else "resize"
        ops = [op for op in ops if op not in (Operation("crop"), Operation("resize"))]
        ops = [*ops, Operation(name, width=width, height=height)]
    return ops


def _use_direction(ops: list[Operation], parts: dict[Kind, list[_Token]]) -> list[Operation] | None:
    directions = parts.get("direction", [])
    if len(directions) > 1:
        return None
    for token in directions:
        if token.unit:
            if [op.name for op in ops] != ["mirror"]:
                return None
            return [Operation(token.unit)]
        turn = next((op for op in ops if op.name == "rotate"), Operation("rotate", 90.0))
        others = [op for op in ops if op.name != "rotate"]
        if others == [Operation("mirror")]:  # "flip left": one thing, not two
            return others
        return [*others, replace(turn, value=turn.value * token.value)]
    return ops


def _use_number(ops: list[Operation], parts: dict[Kind, list[_Token]]) -> list[Operation] | None:
    numbers = parts.get("number", [])
    if not numbers:
        return ops
    if len(numbers) > 1 or len(ops) != 1:
        return None
    number, op = numbers[0], ops[0]
    if op.name == "rotate" and number.unit != "percent":
        return [replace(op, value=number.value * (-1 if op.value < 0 else 1))]
    if number.unit != "percent" or not number.value:
        return None
    if op.name in SIGNED:
        return [replace(op, percent=number.value * (1 if op.value > 0 else -1))]
    return [replace(op, percent=number.value)] if op.name == "resize" else None


def _use_amounts(ops: list[Operation], parts: dict[Kind, list[_Token]]) -> list[Operation] | None:
    if "amount" not in parts:
        return ops
    factor = prod(token.value for token in parts["amount"])
    changed = [_scaled(op, factor) for op in ops]
    return None if None in changed else [op for op in changed if op]


def _scaled(op: Operation, factor: float) -> Operation | None:
    if op.name in SIGNED or (op.name in SCALED and factor > 0):
        turned = -op.percent if factor < 0 else op.percent
        return replace(op, value=op.value * factor, percent=turned)
    if op.name == "resize" and op.percent and factor > 0:
        return replace(op, percent=round(100 * (op.percent / 100) ** factor))
    return None


def _complete(op: Operation) -> None:
    if op.name == "crop" and not op.width:
        raise Refused('Crop it to what? Say an aspect such as "crop to 16:9" or "square".')
    if op.name == "resize" and not op.width and not op.percent:
        raise Refused('Resize it to what? Say a size such as "800x600" or "50%".')

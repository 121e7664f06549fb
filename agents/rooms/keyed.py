"""What a clause wants, told by its words in whatever order: what it names, a key word, and no more.

"Poster 2 übernehme ich", "I think we can skip poster 2": once the piece, the key word and the small
words of the language (`small`) are taken out, nothing may be left: not even a "not".
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from agents.rooms.pointing import Pointed, idea, is_vague, pieces
from agents.rooms.wording import Wording
from agents.understanding.folding import Line

_WORD = re.compile(r"[\w'#+-]+")
_PAIR = re.compile(r" (?:and|with|und|mit|\+|&) ")
_SPAN, _BOTH = 4, 2
"""Words that may name an idea or a piece, and ideas that are made one."""
_SLOTS: Mapping[str, str] = {
    "vote": "pick", "choose": "pick", "sketch": "pick", "combine": "both",
    "variants": "piece", "compare": "piece",
    **dict.fromkeys(("approve", "again", "drop", "carer", "overrule", "fix"), "pieces"),
}  # fmt: skip
"""What an act is about; the others are about the whole set."""


def keyed(line: Line, kinds: Sequence[str], where: Pointed) -> tuple[str, dict[str, Any]] | None:
    """Return the first of some acts that a clause can mean, with its data."""
    keys = where.words.keys
    there = [kind for kind in kinds if kind in keys and keys[kind].pattern.search(line.fold)]
    if not there:
        return None
    words = _WORD.findall(line.fold)
    named = {slot: _named(words, slot, where) for slot in {_SLOTS.get(kind, "") for kind in there}}
    for kind in there:
        slot = _SLOTS.get(kind, "")
        for value, rest in named[slot]:
            if _is_all(kind, rest, where.words, whole=not slot):
                return kind, _data(slot, value)
    return None


def _data(slot: str, value: Any) -> dict[str, Any]:
    if slot == "both":
        return {"pick": value[0], "other": value[1]}
    return {slot: value} if slot else {}


def _named(words: Sequence[str], slot: str, where: Pointed) -> list[tuple[Any, str]]:
    """Return what words may name, each with the words around it; the piece talked about last."""
    most = 2 * _SPAN if slot == "both" else _SPAN
    there = [(_value(span, slot, where), rest) for span, rest in _spans(words, most) if slot]
    found = [(value, rest) for value, rest in there if value]
    if where.it and slot in ("piece", "pieces"):
        found.append((where.it if slot == "piece" else (where.it,), " ".join(words)))
    return found if slot else [(None, " ".join(words))]


def _spans(words: Sequence[str], most: int) -> Iterator[tuple[str, str]]:
    for many in range(min(most, len(words)), 0, -1):
        for at in range(len(words) - many + 1):
            yield " ".join(words[at : at + many]), " ".join((*words[:at], *words[at + many :]))


def _value(span: str, slot: str, where: Pointed) -> Any:
    if slot == "both":
        parts = _PAIR.split(span)
        there = [number for one in parts if (number := idea(one, where))]
        return there if len(parts) == len(there) == _BOTH and there[0] != there[1] else None
    if slot == "pick":
        return None if is_vague(span, where) else idea(span, where)
    found = pieces(span, where)
    return found if slot == "pieces" else (found[0] if len(found) == 1 else 0)


def _is_all(kind: str, rest: str, words: Wording, *, whole: bool) -> bool:
    """Tell whether nothing is left once a key word and small words are taken out."""
    if not (key := words.keys[kind].pattern.search(rest)):
        return False
    left = _WORD.findall(f"{rest[: key.start()]} {rest[key.end() :]}")
    marks = [words.marks[name] for name in ("small", *(("all", "it") if whole else ()))]
    return all(any(mark.fullmatch(word) for mark in marks) for word in left)

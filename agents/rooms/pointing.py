"""Which idea or piece of a room words point at: by number, by place, by title."""

import re
from collections.abc import Iterable, Mapping

from agents.rooms.state import Room
from agents.rooms.wording import Wording
from agents.understanding.folding import folded

_NUMBER = re.compile(
    r"(?:(?:idea|piece|part|number|no\.?|the|one|#)\s*)*(\d{1,2}|[a-z]+)(?: (?:one|idea|piece))?"
)
_ARTICLE = re.compile(r"^(?:the|our|my|that|this) ")
_SPLIT = re.compile(r"\s*(?:,\s*and\s+|,|&|\+|\band\b)\s*")
_ALL = ("all", "everything", "them all", "all of them", "every piece", "all pieces", "them")
_IT = ("it", "this", "that", "this one", "that one")


def idea(said: str, room: Room, words: Wording) -> int | None:
    """Return the number of the idea that (folded) words mean, None when they mean none."""
    there = [one for one in room.ideas if not one.replaced]
    number = _number(said, [one.number for one in there], words)
    if number is not None:
        return number
    bare = _ARTICLE.sub("", said.strip())
    if bare.startswith("idea "):
        bare = bare.removeprefix("idea ")
    found = [one.number for one in there if len(bare) > 2 and bare in folded(one.title)]
    return found[0] if len(found) == 1 else None


def pieces(said: str, room: Room, words: Wording, replied: int = 0) -> tuple[int, ...]:
    """Return the numbers of the pieces that (folded) words mean.

    `replied` is the piece that "it" is, 0 when it is none.
    """
    said = said.strip()
    if said in _ALL and room.pieces:
        return tuple(piece.number for piece in room.pieces)
    if said in _IT:
        return (replied,) if replied else ()
    if whole := _piece(said, room, words):
        return (whole,)
    parts = [_piece(part, room, words) for part in _SPLIT.split(said)]
    return tuple(dict.fromkeys(p for p in parts if p)) if all(parts) else ()


def _piece(said: str, room: Room, words: Wording) -> int:
    bare = _ARTICLE.sub("", said)
    titled = {folded(p.title): p.number for p in room.pieces}
    if bare in titled:
        return titled[bare]
    kinds = {kind: {kind, *names} for kind, names in words.kinds.items()}
    head, _, tail = bare.rpartition(" ")
    for kind, names in kinds.items():
        there = [p.number for p in room.pieces if p.kind == kind]
        if bare in names and len(there) == 1:
            return there[0]
        if head in names and tail.isdigit() and 0 < int(tail) <= len(there):
            return there[int(tail) - 1]
    number = _number(said, [p.number for p in room.pieces], words)
    if number is not None:
        return number
    return _nth(bare, room, words, kinds) or _alone(bare, titled)


def _nth(bare: str, room: Room, words: Wording, kinds: Mapping[str, set[str]]) -> int:
    """Return the piece that "second poster" is, 0 when it is none."""
    place, _, noun = bare.partition(" ")
    titled = [p.number for p in room.pieces if folded(p.title).rpartition(" ")[0] == noun]
    there = titled or [p.number for p in room.pieces if noun in kinds[p.kind]]
    number = words.ordinals.get(place, 0)
    return there[number - (number > 0)] if number and there and number <= len(there) else 0


def _alone(bare: str, titled: Mapping[str, int]) -> int:
    alike = {n for title, n in titled.items() if title.rpartition(" ")[0] == bare}
    return alike.pop() if len(alike) == 1 else 0


def _number(said: str, known: Iterable[int], words: Wording) -> int | None:
    there = list(known)
    found = _NUMBER.fullmatch(said.strip())
    if found is None:
        return None
    word = found[1]
    number = int(word) if word.isdigit() else words.numbers.get(word, words.ordinals.get(word))
    if number == -1:
        return there[-1] if there else None
    return number if number in there else None

"""Which idea or piece of a room words point at: by number, by place, by title."""

from collections.abc import Iterable

from agents.rooms.state import Piece, Room
from agents.rooms.wording import Wording, fitting
from agents.understanding.folding import folded

_VOTE = 60
"""Characters of what can be a vote and nothing else."""
_LEAST = 3
"""Letters of a word that is enough of a title; signs say more than letters do."""


def idea(said: str, room: Room, words: Wording) -> int | None:
    """Return the number of the idea that (folded) words mean, None when they mean none."""
    there = [one for one in room.ideas if not one.replaced]
    number = _number(said, [one.number for one in there], words)
    if number is not None:
        return number
    bare = _bare(said, words)
    found = [one.number for one in there if _names(bare, folded(one.title))]
    return found[0] if len(found) == 1 else None


def _names(said: str, title: str) -> bool:
    """Tell whether words are a title, or whole words of it; signs need no blanks between them."""
    if said[:1] >= "\u2e80":
        return len(said) > 1 and said in title
    return len(said) >= _LEAST and f" {said} " in f" {' '.join(title.split())} "


def voted(text: str) -> int:
    """Return the number that a vote names, whatever ideas there are; 0 when it names none."""
    fold = folded(text.strip(" .!"))
    for words in fitting(fold) if len(fold) <= _VOTE else ():
        acts = words.tables["acts"]
        for say in (*acts["vote"], *acts["choose"]):
            found = say.fullmatch(fold)
            place = words.marks["number"].fullmatch(found["pick"].strip()) if found else None
            if place and (number := words.number(place["n"]) or 0) > 0:
                return number
    return 0


def pieces(said: str, room: Room, words: Wording, replied: int = 0) -> tuple[int, ...]:
    """Return the numbers of the pieces that (folded) words mean.

    `replied` is the piece that "it" is, 0 when it is none.
    """
    said = said.strip()
    if words.marks["all"].fullmatch(said) and room.pieces:
        return tuple(piece.number for piece in room.pieces)
    if words.marks["it"].fullmatch(said):
        return (replied,) if replied else ()
    if whole := _piece(said, room, words):
        return (whole,)
    parts = [_piece(part, room, words) for part in words.marks["split"].pattern.split(said)]
    return tuple(dict.fromkeys(p for p in parts if p)) if all(parts) else ()


def _piece(said: str, room: Room, words: Wording) -> int:
    bare = _bare(said, words)
    titled = {folded(p.title): p.number for p in room.pieces}
    if bare in titled:
        return titled[bare]
    for form in words.pointing:
        if found := form.fullmatch(bare):
            place = found.groupdict().get("n")
            number = words.number(place) if place else 0
            name = words.nouns.get(found["noun"]) or found["noun"].strip()
            if number is not None and (piece := _nth(name, number, room)):
                return piece
    return _number(said, [p.number for p in room.pieces], words) or 0


def _nth(name: str, number: int, room: Room) -> int:
    """Return the piece that "second poster" is, or the only poster; 0 when it is none."""
    exact = [p for p in room.pieces if folded(p.title) == (f"{name} {number}" if number else name)]
    titled = [p for p in room.pieces if _titled(p, name)]
    there = titled or [p for p in room.pieces if p.kind == name]
    if exact:
        return exact[0].number
    if number > len(there) or not there:
        return 0
    if number:
        return there[number - (number > 0)].number
    return there[0].number if len(there) == 1 else 0


def _titled(piece: Piece, name: str) -> bool:
    """Tell whether a title is this name, perhaps with a number or a language behind it."""
    title = folded(piece.title)
    return title == name or title.rpartition(" ")[0] == name


def _number(said: str, known: Iterable[int], words: Wording) -> int | None:
    there = list(known)
    found = words.marks["number"].fullmatch(said.strip())
    number = words.number(found["n"]) if found else None
    if number == -1:
        return there[-1] if there else None
    return number if number in there else None


def _bare(said: str, words: Wording) -> str:
    """Return words without the article before them."""
    said = said.strip()
    found = words.marks["article"].pattern.match(said)
    return said[found.end() :] if found and found.end() < len(said) else said

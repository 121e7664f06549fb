"""Which idea, piece or person of a room words point at: by number, place, title, or whose it is."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from agents.rooms.state import Idea, Piece, Room
from agents.rooms.wording import Wording, fitting
from agents.understanding.folding import folded
from memory.records import User

_VOTE = 60
"""Characters of what can be a vote and nothing else."""
_LEAST = 3
"""Letters of a word that is enough of a title; signs say more than letters do."""


@dataclass(frozen=True, slots=True)
class Pointed:
    """Where words point: a room, their language, who says them; `it` is a piece, 0 for none."""

    room: Room
    words: Wording
    user: User | None = None
    it: int = 0


def idea(said: str, where: Pointed) -> int | None:
    """Return the number of the idea that (folded) words mean, None when they mean none."""
    there = [one for one in where.room.ideas if not one.replaced]
    number = _number(said, [one.number for one in there], where.words)
    if number is not None:
        return number
    bare = _bare(said, where.words)
    titled = [one for one in there if _names(bare, folded(one.title))]
    told = [one for one in there if len(bare) > _LEAST and _names(bare, _plain(one.description))]
    found = titled or told or [one for one in there if _same(bare, folded(one.title), where.words)]
    if not found and (whose := owner(said, where)):
        found = _of(there, whose[0], where)
        ballot, (by, more) = where.room.ballot, whose
        if by and ballot and not (more and found) and where.user != by:
            return ballot.votes.get(by)
    return found[0].number if len(found) == 1 else None


def is_vague(said: str, where: Pointed) -> bool:
    """Tell whether words are part of a title only by chance: "cool", but not "the cool one"."""
    there = [folded(one.title) for one in where.room.ideas]
    numbered = where.words.marks["number"].fullmatch(said)
    known = numbered or said in there or owner(said, where) or not where.words.latin
    return not known and _bare(said, where.words) == said


def _of(there: list[Idea], whose: User | None, where: Pointed) -> list[Idea]:
    """Return somebody's ideas; of nobody known, those of the others."""
    others = [one for one in there if one.author not in (None, where.user)]
    return [one for one in there if one.author == whose] if whose else others


def owner(said: str, where: Pointed) -> tuple[User | None, bool] | None:
    """Return who owns what words mean, and if they say more than a name: "hers" is nobody's."""
    marks, words = where.words.marks, _bare(said, where.words)
    if "mine" not in marks:
        return None
    if where.user and marks["mine"].fullmatch(words):
        return where.user, True
    if marks["theirs"].fullmatch(words):
        return None, True
    found = marks["owner"].fullmatch(words)
    name = (found["name"] or found["by"]) if found else ""
    if name and not marks["me"].fullmatch(name) and (whose := member(name, where)):
        return whose, words != _called(whose)
    return None


def member(said: str, where: Pointed) -> User | None:
    """Return the person of a room that a (folded) name means, also one with an s behind it."""
    said = said.strip().removesuffix("'")
    if where.user and "me" in where.words.marks and where.words.marks["me"].fullmatch(said):
        return where.user
    for user in where.room.members:
        name = _called(user)
        if said in (name, f"{name}s", f"{name}'s"):
            return user
    return None


def _called(user: User) -> str:
    return folded(user.name or user.id)


def _plain(text: str) -> str:
    return re.sub(r"[^\w' ]", "", folded(text))


def _same(said: str, title: str, words: Wording) -> bool:
    """Tell whether words are those of a title but for the small ones: "cats with hats"."""
    if "small" not in words.marks:
        return False
    small = words.marks["small"]
    one, other = ({w for w in text.split() if not small.fullmatch(w)} for text in (said, title))
    return len(one) > 1 and one == other


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


def pieces(said: str, where: Pointed) -> tuple[int, ...]:
    """Return the numbers of the pieces that (folded) words mean."""
    said, marks = said.strip(), where.words.marks
    if marks["all"].fullmatch(said):
        return tuple(piece.number for piece in where.room.pieces)
    if marks["it"].fullmatch(said):
        return (where.it,) if where.it else ()
    if "except" in marks and (but := marks["except"].fullmatch(said)):
        gone = pieces(but["but"], where)
        return tuple(p.number for p in where.room.pieces if p.number not in gone) if gone else ()
    if "every" in marks and (every := marks["every"].fullmatch(said)):
        name = where.words.nouns.get(every["noun"]) or every["noun"].removesuffix("s")
        return tuple(p.number for p in where.room.pieces if name == p.kind or is_called(p, name))
    if whole := _piece(said, where):
        return (whole,)
    parts = [_piece(part, where) for part in marks["split"].pattern.split(said)]
    return tuple(dict.fromkeys(p for p in parts if p)) if all(parts) else ()


def mentioned(said: str, where: Pointed) -> int:
    """Return the one piece that is named somewhere in (folded) words; 0 when that is not one."""
    words = [word.removesuffix("'s") for word in re.findall(r"[\w']+", said)]
    number = where.words.marks["number"]
    spans = [" ".join(words[at : at + many]) for many in (3, 2, 1) for at in range(len(words))]
    named = {_piece(one, where) for one in spans if not number.fullmatch(one)}
    left = named - {0}
    return left.pop() if len(left) == 1 else 0


def _piece(said: str, where: Pointed) -> int:
    room, words = where.room, where.words
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
    whose = words.marks["whose"].fullmatch(bare) if "whose" in words.marks else None
    if whose and (by := owner(whose["who"], where)) and by[1]:
        mine = tuple(p for p in room.pieces if p.carer == by[0] and by[0])
        return _nth(words.nouns.get(whose["noun"]) or whose["noun"], 0, replace(room, pieces=mine))
    return _number(said, [p.number for p in room.pieces], words) or 0


def _nth(name: str, number: int, room: Room) -> int:
    """Return the piece that "second poster" is, or the only poster; 0 when it is none."""
    exact = [p for p in room.pieces if folded(p.title) == (f"{name} {number}" if number else name)]
    titled = [p for p in room.pieces if is_called(p, name)]
    there = titled or [p for p in room.pieces if p.kind == name]
    if exact:
        return exact[0].number
    if number > len(there) or not there:
        return 0
    if number:
        return there[number - (number > 0)].number
    return there[0].number if len(there) == 1 else 0


def is_called(piece: Piece, name: str) -> bool:
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
    """Return words without the article before them, and without "one" behind them."""
    said = said.strip()
    found = words.marks["article"].pattern.match(said)
    said = said[found.end() :] if found and found.end() < len(said) else said
    last = words.marks["tail"].pattern.search(said) if "tail" in words.marks else None
    return said[: last.start()] if last else said

"""Slips of the finger in what people say in a room: a letter too many, too few, or another one."""

import re
from collections.abc import Iterator
from functools import lru_cache

from agents.rooms.state import Room
from agents.rooms.wording import Wording
from agents.understanding.folding import Line, folded

_LEAST = 5
"""Letters of a word in which a slip is put right: shorter ones are too much like others."""
_WORD = re.compile(r"[^\W\d_]+")


def respelt(line: Line, words: Wording, room: Room) -> Line:
    """Return a line whose unknown words are those of the room that they nearly are."""
    titles = [*(one.title for one in room.pieces), *(one.title for one in room.ideas)]
    there = frozenset(w for t in titles for w in _WORD.findall(folded(t)) if len(w) >= _LEAST)
    known = words.vocabulary | there
    for found in reversed(list(_WORD.finditer(line.fold))):
        said = found[0]
        if len(said) >= _LEAST and said not in known and (meant := _nearly(said, words, there)):
            line = _put(line, found.span(), meant)
    return line


def _put(line: Line, span: tuple[int, int], word: str) -> Line:
    start, end = span
    return Line(
        line.text[:start] + word + line.text[end:], line.fold[:start] + word + line.fold[end:]
    )


def _nearly(said: str, words: Wording, there: frozenset[str]) -> str:
    """Return the only known word that begins alike and differs by one letter, "" for none."""
    slips = (_slips(words.vocabulary), _slips(there))
    near = {w for one in _forms(said) for of in slips for w in of.get(one, ()) if _close(said, w)}
    return near.pop() if len(near) == 1 else ""


def _close(said: str, word: str) -> bool:
    return said[0] == word[0] and abs(len(said) - len(word)) <= 1


@lru_cache(maxsize=64)
def _slips(known: frozenset[str]) -> dict[str, set[str]]:
    """Return words by what is left of them when a letter is missing."""
    found: dict[str, set[str]] = {}
    for word in known:
        for form in _forms(word):
            found.setdefault(form, set()).add(word)
    return found


def _forms(word: str) -> Iterator[str]:
    """Yield a word, and what is left of it without one of its letters; not without its first."""
    yield word
    yield from {word[:at] + word[at + 1 :] for at in range(1, len(word))}

"""Several wishes in one message: where one ends and the next begins."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from agents.understanding.folding import Line
from agents.understanding.lexicon import Language
from agents.understanding.needed import met

COMMA, SENTENCE, THEN, LINE = 1, 2, 3, 4
"""How strongly two pieces are parted; a stronger cut lets weaker words open a wish."""

_MOST_PIECES = 40
_ENDS = re.compile(r"[;\n.。]")
_NUMBER = re.compile(r"(?<!\w)(?:no|nr|num|n)$")
"""What a dot stands behind that ends no sentence when a number follows ("no. 3")."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of the message between two cuts and how strong the cut before it is."""

    start: int
    end: int
    cut: int


def pieces(line: Line, language: Language) -> list[Piece]:
    """Return the parts between all places where a wish might begin, in order."""
    cuts: list[tuple[int, int, int]] = []
    at = 0
    whole = list(_listed(line, language))
    for start, end, strength in sorted(_cuts(line, language), key=lambda c: (c[0], -c[1])):
        if start < at or len(cuts) >= _MOST_PIECES or any(a < start < b for a, b in whole):
            continue
        cuts.append((start, end, strength))
        at = end
    begins = [(0, LINE), *((end, strength) for _, end, strength in cuts)]
    ends = [*(start for start, _, _ in cuts), len(line.text)]
    return [
        Piece(start, end, strength)
        for (start, strength), end in zip(begins, ends, strict=True)
        if line.text[start:end].strip()
    ]


def _cuts(line: Line, language: Language) -> Iterator[tuple[int, int, int]]:
    strengths = (("then", THEN), ("sentence", SENTENCE), ("weak", COMMA))
    for name, strength in strengths:
        for found in language.marks[name].finditer(line.fold):
            ends = strength == THEN and _ENDS.search(found[0])
            begin, end = found.span()
            if line.fold[end : end + 1].isdigit() and _NUMBER.search(line.fold, begin - 4, begin):
                continue
            yield begin, end, LINE if ends else strength


def _listed(line: Line, language: Language) -> Iterator[tuple[int, int]]:
    """Yield where several pictures are pointed at in one breath ("the 1st and the 3rd")."""
    for rule in language.pointers:
        if rule.tool == "many" and met(rule.words, line.fold) and "ntha" in rule.pattern.groupindex:
            yield from (found.span() for found in rule.pattern.finditer(line.fold))


def split(
    line: Line, language: Language, opens: Callable[[Line, Line, Line, int], bool]
) -> list[Line]:
    """Return the clauses; `opens(before, piece, both, cut)`: whether a piece begins a new one."""
    clauses: list[Line] = []
    start = end = 0
    for piece in pieces(line, language):
        before = line.cut(start, end)
        if end and opens(
            before, line.cut(piece.start, piece.end), line.cut(start, piece.end), piece.cut
        ):
            clauses.append(before)
            start = piece.start
        elif not end:
            start = piece.start
        end = piece.end
    return [*clauses, line.cut(start, len(line.text))] if end else []

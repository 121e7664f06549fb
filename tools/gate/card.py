"""The score card of a set: what was measured of each piece, and what falls out and why."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Literal

from memory.sentences import Sentence

Remedy = Literal["recolour", "smooth", "redraw", "rewrite"]

LIMIT = 3.5
"""Robust z-score from which on a piece falls out of its set.

Iglewicz and Hoaglin, "How to Detect and Handle Outliers" (1993).
"""


@dataclass(frozen=True, slots=True)
class Reading:
    """One measure of one piece: its distance to the others, theirs to each other, and the z-score.

    Distances are in the measure's unit; `score` is 0 to 100, and 50 at the limit.
    """

    measure: str
    distance: float
    usual: float
    z: float

    @property
    def score(self) -> float:
        """100 where the piece is as near as the others are, falling with the square of z."""
        return 100 / (1 + (max(0.0, self.z) / LIMIT) ** 2)


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a piece falls out, in a plain sentence, and what could mend it. Numbers begin at 1.

    What the piece is called in the sentence is its value `piece`.
    """

    number: int
    measure: str
    why: Sentence
    remedy: Remedy


@dataclass(frozen=True, slots=True)
class Piece:
    """All readings and faults of one piece; `score` is 0 to 100."""

    number: int
    readings: tuple[Reading, ...]
    faults: tuple[Fault, ...] = ()

    @property
    def score(self) -> float:
        """The mean of all readings and of the worst one."""
        scores = [reading.score for reading in self.readings] or [100.0]
        return (sum(scores) / len(scores) + min(scores)) / 2


@dataclass(frozen=True, slots=True)
class ScoreCard:
    """A set, measured."""

    pieces: tuple[Piece, ...]

    @property
    def score(self) -> float:
        """0 to 100: the mean of all pieces and of the worst one."""
        scores = [piece.score for piece in self.pieces] or [100.0]
        return (sum(scores) / len(scores) + min(scores)) / 2

    @property
    def faults(self) -> tuple[Fault, ...]:
        """All that was found, piece by piece, the clearest first."""
        return tuple(fault for piece in self.pieces for fault in piece.faults)

    @property
    def outliers(self) -> tuple[int, ...]:
        """The numbers of the pieces that fall out."""
        return tuple(piece.number for piece in self.pieces if piece.faults)


def joined(*pieces: Piece) -> ScoreCard:
    """Return one card of what was found of the same pieces in pictures, words and voices."""
    found: dict[int, list[Piece]] = defaultdict(list)
    for piece in pieces:
        found[piece.number].append(piece)
    return ScoreCard(
        tuple(
            Piece(
                number,
                tuple(reading for piece in found[number] for reading in piece.readings),
                tuple(fault for piece in found[number] for fault in piece.faults),
            )
            for number in sorted(found)
        )
    )

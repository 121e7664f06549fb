"""Outliers mended: by a colour table or by drawing again, kept only where the set gets better."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass

from tools.gate.card import Fault, Piece, Remedy, ScoreCard
from tools.gate.colour import of_card
from tools.gate.measures import CARD
from tools.gate.pictures import Style, compare
from tools.gate.signature import Signature, measure
from tools.gate.transfer import recoloured, repainted
from tools.pictures import open_picture, png

ROUNDS = 2
LEAST = 0.5
"""Points of the set's score that a change must bring, or it is not kept."""


@dataclass(frozen=True, slots=True)
class Redraw:
    """A wish to draw a piece again: with the style card's words, and a seed that repeats."""

    number: int
    words: str
    seed: int
    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """What was tried with one piece, and the set's score without and with it."""

    number: int
    remedy: Remedy
    before: float
    after: float

    @property
    def kept(self) -> bool:
        """Whether it made the set better."""
        return self.after >= self.before + LEAST


@dataclass(frozen=True, slots=True)
class Mended:
    """A set after its repair: encoded pictures, those kept PNG; the cards say what it brought."""

    pictures: tuple[bytes, ...]
    before: ScoreCard
    after: ScoreCard
    changes: tuple[Change, ...] = ()


Redrawing = Callable[[Redraw], Awaitable[bytes | None]]
"""Draws a piece again and returns the encoded picture, or None when it cannot be."""


@dataclass(slots=True)
class _Set:
    pictures: list[bytes]
    signatures: list[Signature]
    style: Style

    def card(self) -> ScoreCard:
        return compare(self.signatures, self.style)

    def with_one(self, number: int, signature: Signature) -> ScoreCard:
        """Return the card with one piece exchanged; its embedding, now stale, does not count."""
        signatures = list(self.signatures)
        signatures[number - 1] = signature
        return compare(signatures, Style(self.style.colours, self.style.reference))


async def repair(
    pictures: Sequence[bytes],
    redraw: Redrawing,
    style: Style | None = None,
    words: str = "",
    only: Collection[int] | None = None,
) -> Mended:
    """Mend the outliers of a set, or of the pieces `only` names, in at most two rounds.

    What is measured of colour is mended by a table, all else, and what the table did not mend, is
    drawn again. Everything but `redraw` runs in a thread. Raises Refused for a broken picture.
    """
    signatures = await asyncio.to_thread(lambda: [measure(data) for data in pictures])
    whole = _Set(list(pictures), signatures, style or Style())
    before = whole.card()
    changes: list[Change] = []
    for turn in range(ROUNDS):
        faulty = [p for p in whole.card().pieces if p.faults and (only is None or p.number in only)]
        for piece in faulty:
            change = await _mended(whole, piece, turn, redraw, words)
            changes += [change] if change else []
    return Mended(tuple(whole.pictures), before, whole.card(), tuple(changes))


async def _mended(
    whole: _Set, piece: Piece, turn: int, redraw: Redrawing, words: str
) -> Change | None:
    at = piece.number - 1
    remedy: Remedy = "recolour"
    if turn or any(fault.remedy == "redraw" for fault in piece.faults):
        remedy = "redraw"
        made = await redraw(
            Redraw(piece.number, words, _seed(whole.pictures[at], turn), piece.faults)
        )
    else:
        made = await asyncio.to_thread(_recoloured, whole, at, piece)
    if made is None:
        return None
    signature = await asyncio.to_thread(measure, made)
    without = whole.with_one(piece.number, whole.signatures[at]).score
    change = Change(piece.number, remedy, without, whole.with_one(piece.number, signature).score)
    if change.kept:
        whole.pictures[at], whole.signatures[at] = made, signature
    return change


def _recoloured(whole: _Set, at: int, piece: Piece) -> bytes | None:
    """Return a picture with other colours: of the ways to choose them, the one that does best."""
    style, own = whole.style, whole.signatures[at]
    others = [one for n, one in enumerate(whole.signatures) if n != at]
    models = [style.reference] if style.reference else others
    off = any(fault.measure == CARD for fault in piece.faults)
    picture = open_picture(whole.pictures[at])
    ways = [png(repainted(picture, own, of_card(style.colours)))] if off else []
    ways += [png(recoloured(picture, own, models))] if models else []
    scores = [whole.with_one(at + 1, measure(way)).score for way in ways]
    return ways[scores.index(max(scores))] if ways else None


def _seed(data: bytes, turn: int) -> int:
    """Return a seed that is always the same for the same picture and round."""
    return int.from_bytes(hashlib.sha256(data + bytes([turn])).digest()[:4], "big")

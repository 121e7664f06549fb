"""Outliers mended in place or by drawing again, kept only where the set gets better."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, replace

from tools.gate.card import Fault, Piece, Remedy, ScoreCard
from tools.gate.colour import of_card
from tools.gate.pictures import Style, compare
from tools.gate.signature import Signature, measure
from tools.gate.transfer import recoloured, repainted, smoothed
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
    """What was tried with one piece, the set's score without and with it, and if it was kept."""

    number: int
    remedy: Remedy
    before: float
    after: float
    kept: bool = False

    @property
    def better(self) -> bool:
        """Whether the set is better with it."""
        return self.after >= self.before + LEAST


@dataclass(frozen=True, slots=True)
class Mended:
    """A set after its repair: encoded pictures, those kept PNG; the cards say what it brought."""

    pictures: tuple[bytes, ...]
    before: ScoreCard
    after: ScoreCard
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class _Way:
    """A picture that may take a piece's place, and the card of the set with it."""

    remedy: Remedy
    picture: bytes
    signature: Signature
    card: ScoreCard


Redrawing = Callable[[Redraw], Awaitable[bytes | None]]
"""Draws a piece again and returns the encoded picture, or None when it cannot be."""


@dataclass(slots=True)
class _Set:
    pictures: list[bytes]
    signatures: list[Signature]
    style: Style

    def card(self) -> ScoreCard:
        return compare(self.signatures, self.style)

    def way(self, at: int, picture: bytes, remedy: Remedy) -> _Way:
        """Measure the set with another picture at a place (blocks)."""
        signature = measure(picture)
        return _Way(remedy, picture, signature, self.with_one(at + 1, signature))

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
    known: Sequence[Signature] = (),
) -> Mended:
    """Mend the outliers of a set, or of the pieces `only` names, in at most two rounds.

    A piece's colours and noise are changed first; what is then still faulty is drawn again, and
    a drawing's colours are changed as well. The way that brings the best score is kept, if it is
    better than nothing. `known` is what was measured of the pictures before; without it they are
    measured here. Everything but `redraw` runs in a thread. Raises Refused for a broken picture.
    """
    seen = known or await asyncio.to_thread(lambda: [measure(data) for data in pictures])
    whole = _Set(list(pictures), list(seen), style or Style())
    before = whole.card()
    changes: list[Change] = []
    for turn in range(ROUNDS):
        faulty = [p for p in whole.card().pieces if p.faults and (only is None or p.number in only)]
        for piece in faulty:
            wish = Redraw(
                piece.number, words, _seed(whole.pictures[piece.number - 1], turn), piece.faults
            )
            changes += await _mended(whole, piece, wish, redraw)
    return Mended(tuple(whole.pictures), before, whole.card(), tuple(changes))


async def _mended(whole: _Set, piece: Piece, wish: Redraw, redraw: Redrawing) -> list[Change]:
    """Try the ways to mend a piece and keep the best of them, if it is better than nothing."""
    at = piece.number - 1
    before = whole.with_one(piece.number, whole.signatures[at]).score
    ways = await asyncio.to_thread(_changed, whole, at, {fault.remedy for fault in piece.faults})
    if all(piece.number in way.card.outliers for way in ways):
        made = await redraw(wish)
        if made is not None:
            ways += await asyncio.to_thread(_coloured, whole, at, made, "redraw")
    best = max(ways, key=lambda way: way.card.score, default=None)
    changes = []
    for way in ways:
        change = Change(piece.number, way.remedy, before, way.card.score)
        changes.append(replace(change, kept=way is best and change.better))
    if best and any(change.kept for change in changes):
        whole.pictures[at], whole.signatures[at] = best.picture, best.signature
    return changes


def _changed(whole: _Set, at: int, remedies: Collection[Remedy]) -> list[_Way]:
    """Return the ways to mend a picture that keep what is on it."""
    data = whole.pictures[at]
    if "smooth" in remedies:
        return _coloured(whole, at, png(smoothed(open_picture(data))), "smooth")
    return _recoloured(whole, at, data) if "recolour" in remedies else []


def _coloured(whole: _Set, at: int, data: bytes, remedy: Remedy) -> list[_Way]:
    """Return a picture as it is, and in other colours if it does not fit yet."""
    plain = whole.way(at, data, remedy)
    more = _recoloured(whole, at, data) if plain.card.pieces[at].faults else []
    return [plain, *(replace(way, remedy=remedy) for way in more)]


def _recoloured(whole: _Set, at: int, data: bytes) -> list[_Way]:
    """Return a picture in other colours, by each way to choose them."""
    style, own = whole.style, measure(data)
    others = [one for n, one in enumerate(whole.signatures) if n != at]
    models = [style.reference] if style.reference else others
    picture = open_picture(data)
    ways = [repainted(picture, own, of_card(style.colours))] if style.colours else []
    ways += [recoloured(picture, own, models)] if models else []
    return [whole.way(at, png(way), "recolour") for way in ways]


def _seed(data: bytes, turn: int) -> int:
    """Return a seed that is always the same for the same picture and round."""
    return int.from_bytes(hashlib.sha256(data + bytes([turn])).digest()[:4], "big")

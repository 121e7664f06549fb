"""The gate for pictures: a set in, a score card out. All of it blocks, and loads numpy."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tools.gate.card import LIMIT, Fault, Piece, Reading, Remedy, ScoreCard
from tools.gate.colour import Array, away, of_card
from tools.gate.measures import BESIDE, CARD, CONTENT, FAR_FROM_CARD, MEASURES, Measure
from tools.gate.outliers import by_pairs, by_values
from tools.gate.signature import Signature, measure
from tools.gate.wording import why

REMEDIES: dict[str, Remedy] = {m.name: m.remedy for m in MEASURES}
REMEDIES |= {CARD: "recolour", CONTENT: "redraw"}


@dataclass(frozen=True, slots=True)
class Style:
    """What a set is held against beside itself; everything may be left out.

    `colours` are those the style card allows ("#1a2b3c"), `reference` a picture that shows the
    style, `vectors` the embeddings of the pieces by any one model, in their order.
    """

    colours: tuple[str, ...] = ()
    reference: Signature | None = None
    vectors: tuple[tuple[float, ...], ...] = ()


def judge(pictures: Sequence[bytes], style: Style | None = None) -> ScoreCard:
    """Measure and compare encoded pictures; about 50 ms each. Raises Refused for a broken one."""
    return compare([measure(data) for data in pictures], style or Style())


def compare(signatures: Sequence[Signature], style: Style | None = None) -> ScoreCard:
    """Compare pictures that were measured before (milliseconds).

    A set of fewer than three has no outlier, but may leave the colours of the style card.
    """
    style = style or Style()
    readings = [_readings(signatures, one, style.reference) for one in MEASURES]
    readings += _colours(signatures, style.colours)
    readings += _content(len(signatures), style.vectors)
    return ScoreCard(
        tuple(
            _piece(number, of_piece, signatures)
            for number, of_piece in enumerate(zip(*readings, strict=True), 1)
        )
    )


def _readings(
    signatures: Sequence[Signature], one: Measure, reference: Signature | None
) -> list[Reading]:
    """Return the readings against each other, or against the reference where that is worse."""
    found = by_pairs(one.name, _table(signatures, one), one.spread)
    if reference is None:
        return found
    values = [one.distance(signature, reference) for signature in signatures]
    beside = by_values(one.name, values, one.spread)
    return [max(pair, key=lambda r: r.z) for pair in zip(found, beside, strict=True)]


def _table(signatures: Sequence[Signature], one: Measure) -> Array:
    table = np.zeros((len(signatures), len(signatures)))
    for row, mine in enumerate(signatures):
        for column in range(row):
            table[row, column] = table[column, row] = one.distance(mine, signatures[column])
    return table


def _colours(signatures: Sequence[Signature], codes: tuple[str, ...]) -> list[list[Reading]]:
    """Return readings against the card: how much further than the others, or than is allowed."""
    if not codes:
        return []
    card = of_card(codes)
    values = [away(one.palette, card) for one in signatures]
    spread = BESIDE[CARD]
    apart = by_values(CARD, values, spread)
    limits = [LIMIT * value / FAR_FROM_CARD for value in values]
    return [
        [
            Reading(CARD, r.distance, r.usual, max(r.z, limit))
            for r, limit in zip(apart, limits, strict=True)
        ]
    ]


def _content(count: int, vectors: Sequence[Sequence[float]]) -> list[list[Reading]]:
    if not vectors:
        return []
    if len(vectors) != count:
        raise ValueError(f"{count} pictures need {count} embeddings, not {len(vectors)}")
    table = np.asarray(vectors, np.float64)
    table = table / np.maximum(1e-9, np.linalg.norm(table, axis=1, keepdims=True))
    return [by_pairs(CONTENT, np.maximum(0, 1 - table @ table.T), BESIDE[CONTENT])]


def _piece(number: int, readings: Sequence[Reading], signatures: Sequence[Signature]) -> Piece:
    worst = sorted((r for r in readings if r.z > LIMIT), key=lambda r: -r.z)
    faults: dict[str, Fault] = {}  # two measures may say the same of it
    for r in worst:
        said = why(number, r, signatures, r.z > 2 * LIMIT)
        faults.setdefault(said, Fault(number, r.measure, said, REMEDIES[r.measure]))
    return Piece(number, tuple(readings), tuple(faults.values()))

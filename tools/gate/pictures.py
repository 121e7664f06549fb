"""The gate for pictures: a set in, a score card out. All of it blocks, and loads numpy."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tools.gate.card import LIMIT, Fault, Piece, Reading, Remedy, ScoreCard
from tools.gate.colour import Array, of_card, strays
from tools.gate.measures import BESIDE, CARD, CONTENT, FAR_FROM_CARD, MEASURES, Measure
from tools.gate.outliers import by_pairs, by_reference
from tools.gate.signature import Signature, measure
from tools.gate.wording import REFERENCE, off_card, why

REMEDIES: dict[str, Remedy] = {m.name: m.remedy for m in MEASURES}
REMEDIES |= {CARD: "recolour", CONTENT: "redraw"}


@dataclass(frozen=True, slots=True)
class Style:
    """What a set is held against beside itself; everything may be left out.

    `colours` are those the style card allows ("#1a2b3c"), `reference` a picture that all shall
    look like, which then counts instead of the set's median, `vectors` the embeddings of the
    pieces by any one model, in their order.
    """

    colours: tuple[str, ...] = ()
    reference: Signature | None = None
    vectors: tuple[tuple[float, ...], ...] = ()


def judge(pictures: Sequence[bytes], style: Style | None = None) -> ScoreCard:
    """Measure and compare encoded pictures; about 50 ms each. Raises Refused for a broken one."""
    return compare([measure(data) for data in pictures], style or Style())


def compare(signatures: Sequence[Signature], style: Style | None = None) -> ScoreCard:
    """Compare pictures that were measured before (milliseconds).

    A set of fewer than three has no outlier without a reference, but may leave the card's colours.
    """
    style = style or Style()
    readings = [_readings(signatures, one, style.reference) for one in MEASURES]
    readings += _colours(signatures, style.colours)
    readings += _content(len(signatures), style.vectors)
    return ScoreCard(
        tuple(
            _piece(number, of_piece, signatures, style)
            for number, of_piece in enumerate(zip(*readings, strict=True), 1)
        )
    )


def _readings(
    signatures: Sequence[Signature], one: Measure, reference: Signature | None
) -> list[Reading]:
    """Return the readings against the reference, where there is none against each other."""
    if reference is None:
        return by_pairs(one.name, _table(signatures, one), one.spread)
    distances = [one.distance(signature, reference) for signature in signatures]
    return by_reference(one.name, distances, one.usual, one.spread)


def _table(signatures: Sequence[Signature], one: Measure) -> Array:
    table = np.zeros((len(signatures), len(signatures)))
    for row, mine in enumerate(signatures):
        for column in range(row):
            table[row, column] = table[column, row] = one.distance(mine, signatures[column])
    return table


def _colours(signatures: Sequence[Signature], codes: tuple[str, ...]) -> list[list[Reading]]:
    """Return how far each picture is from the colours of the style card."""
    if not codes:
        return []
    card = of_card(codes)
    values = [strays(one.palette, card).mean for one in signatures]
    return [[Reading(CARD, v, FAR_FROM_CARD, LIMIT * v / FAR_FROM_CARD) for v in values]]


def _content(count: int, vectors: Sequence[Sequence[float]]) -> list[list[Reading]]:
    if not vectors:
        return []
    if len(vectors) != count:
        raise ValueError(f"{count} pictures need {count} embeddings, not {len(vectors)}")
    table = np.asarray(vectors, np.float64)
    table = table / np.maximum(1e-9, np.linalg.norm(table, axis=1, keepdims=True))
    return [by_pairs(CONTENT, np.maximum(0, 1 - table @ table.T), BESIDE[CONTENT])]


def _piece(
    number: int, readings: Sequence[Reading], signatures: Sequence[Signature], style: Style
) -> Piece:
    worst = sorted((r for r in readings if r.z > LIMIT), key=lambda r: -r.z)
    faults: dict[str, Fault] = {}  # two measures may say the same of it
    own = signatures[number - 1]
    others = [one for n, one in enumerate(signatures, 1) if n != number]
    for r in worst:
        if r.measure == CARD:
            said = off_card(number, own, style.colours)
        elif style.reference is not None and r.measure != CONTENT:
            said = why(number, r, own, [style.reference], REFERENCE)
        else:
            said = why(number, r, own, others)
        faults.setdefault(said, Fault(number, r.measure, said, REMEDIES[r.measure]))
    return Piece(number, tuple(readings), tuple(faults.values()))

"""Which pictures of a set are unlike the others: leave one out, robustly. Pure arithmetic."""

from collections.abc import Sequence

import numpy as np

from tools.gate.card import Reading
from tools.gate.colour import Array

TO_SIGMA = 1.4826
"""What makes the median absolute deviation of normal values their standard deviation."""


def by_pairs(name: str, distances: Array, spread: float) -> list[Reading]:
    """Return a reading for each row of (N, N) distances; a set of one or two has no outlier.

    A piece's distance is the median to all others. It is held against the same number of each of
    the others, taken without the piece, by the modified z-score of Iglewicz and Hoaglin (1993).
    `spread` is added in quadrature, since so few numbers often lie close together by chance.
    """
    count = len(distances)
    if count < 3:
        return [Reading(name, 0.0, 0.0, 0.0)] * count
    return [_reading(name, distances, spread, one) for one in range(count)]


def _reading(name: str, distances: Array, spread: float, one: int) -> Reading:
    others = [n for n in range(len(distances)) if n != one]
    own = float(np.median(distances[one, others]))
    theirs = [float(np.median(distances[n, [m for m in others if m != n]])) for n in others]
    return _against(name, own, theirs, spread)


def by_reference(
    name: str, distances: Sequence[float], usual: float, spread: float
) -> list[Reading]:
    """Return a reading for each piece's distance to a picture that all shall look like.

    It is held against what is `usual` for two pictures that belong together, whatever the others
    do; where they scatter, as pictures of many things do, a little more is allowed.
    """
    middle = float(np.median(distances)) if len(distances) > 2 else 0.0
    lone = len(distances) < 3
    scatter = 0.0 if lone else float(np.median([abs(value - middle) for value in distances]))
    limit = float(np.hypot(spread, min(spread, TO_SIGMA * scatter)))
    return [Reading(name, value, usual, (value - usual) / limit) for value in distances]


def _against(name: str, own: float, theirs: list[float], spread: float) -> Reading:
    usual = float(np.median(theirs))
    scatter = TO_SIGMA * float(np.median([abs(value - usual) for value in theirs]))
    return Reading(name, own, usual, (own - usual) / float(np.hypot(spread, scatter)))

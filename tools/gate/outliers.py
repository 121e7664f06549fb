"""Which pictures of a set are unlike the others: leave one out, robustly. Pure arithmetic."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

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
    rest, inner = _others(count), _others(count - 1)
    own = np.median(np.take_along_axis(distances, rest, axis=1), axis=1)
    without = distances[rest[:, :, None], rest[:, None, :]]
    theirs = np.median(without[:, np.arange(count - 1)[:, None], inner], axis=2)
    usual = np.median(theirs, axis=1)
    scatter = TO_SIGMA * np.median(np.abs(theirs - usual[:, None]), axis=1)
    z = (own - usual) / np.hypot(spread, scatter)
    return [Reading(name, *map(float, found)) for found in zip(own, usual, z, strict=True)]


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


def _others(count: int) -> NDArray[np.intp]:
    """Return (N, N - 1) places: in each row all but its own."""
    return np.array([[n for n in range(count) if n != one] for one in range(count)], np.intp)

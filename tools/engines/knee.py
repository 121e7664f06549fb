"""How many rows a forward pass should have: measured, because batching only helps up to a point.

A device that is busy with one row gains nothing by a second, it only lets both wait. The knee is
the smallest batch that already gives nearly all the throughput.
"""

from collections.abc import Hashable
from dataclasses import dataclass, field

NEARLY = 0.95
"""Of the best throughput, in rows per second."""
GROWTH = 1.05
"""By how much twice the rows must raise the throughput for still more to be tried."""
START = 2
"""Rows of the first measurement: one picture with guidance."""
LOOKS = 4
"""Measurements of a size, for all the same number, as the quickest of them stands."""
AGAIN = 64
"""Passes after which what lies beyond the knee is measured once more."""


@dataclass(slots=True)
class _Known:
    limit: int
    quickest: dict[int, float] = field(default_factory=dict)  # seconds by rows
    looks: dict[int, int] = field(default_factory=dict)
    passes: int = 0


class Knee:
    """Learns from passes as they happen; `key` stands for a model at one size of picture."""

    def __init__(self, limit: int = 32) -> None:
        self._limit = limit
        self._known: dict[Hashable, _Known] = {}

    def cap(self, key: Hashable) -> int:
        """Return how many rows a pass may have at most."""
        known = self._of(key)
        sizes = _measured(known)
        if not sizes:
            return min(START, known.limit)
        if _growing(known):
            return min(2 * max(sizes), known.limit)
        best = max(sizes.values())
        return min(rows for rows, rate in sizes.items() if rate >= NEARLY * best)

    def room(self, key: Hashable) -> int:
        """Return for how many rows it pays to be under way; all that fit until known."""
        return self._of(key).limit if _growing(self._of(key)) else self.cap(key)

    def curious(self, key: Hashable, rows: int) -> bool:
        """Return whether a pass of so many rows should be timed."""
        return self._of(key).looks.get(rows, 0) < LOOKS

    def learn(self, key: Hashable, rows: int, seconds: float) -> None:
        """Note how long a pass took."""
        known = self._of(key)
        known.looks[rows] = known.looks.get(rows, 0) + 1
        known.quickest[rows] = min(seconds, known.quickest.get(rows, seconds))

    def count(self, key: Hashable) -> None:
        """Count a pass, measured or not."""
        known = self._of(key)
        known.passes += 1
        if known.passes % AGAIN == 0 and not _growing(known):
            cap = self.cap(key)
            for rows in [r for r in known.looks if r >= cap]:
                known.looks.pop(rows)
                known.quickest.pop(rows)

    def shrink(self, key: Hashable, rows: int) -> None:
        """Note that so many rows did not fit into the memory."""
        known = self._of(key)
        known.limit = max(1, min(known.limit, rows // 2))
        for size in [r for r in known.looks if r > known.limit]:
            known.looks.pop(size)
            known.quickest.pop(size)

    def _of(self, key: Hashable) -> _Known:
        if key not in self._known:
            self._known[key] = _Known(self._limit)
        return self._known[key]


def _measured(known: _Known) -> dict[int, float]:
    """Return rows per second, by rows, where there are enough measurements."""
    return {r: r / known.quickest[r] for r, n in known.looks.items() if n >= LOOKS}


def _growing(known: _Known) -> bool:
    """Return whether the most rows tried still gave more throughput than half of them."""
    sizes = _measured(known)
    if not sizes:
        return True
    largest = max(sizes)
    if largest >= known.limit:
        return False
    smaller = [rate for rows, rate in sizes.items() if 2 * rows <= largest]
    return not smaller or sizes[largest] >= GROWTH * max(smaller)

"""What a pool counts while it works: jobs by how they ended, artifacts, waiting, computing."""

import asyncio
from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from tools.compute.costs import Kind, kind_of
from tools.errors import ModelUnavailable, QueueFull, Refused
from tools.jobs import Job

Ending = Literal["done", "failed", "cancelled", "refused"]

BOUNDS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1000.0)
"""Upper bounds in seconds of the bins of a histogram; above the last there is one more."""
MINUTE = 60.0
_RECENT = 1_000  # requests whose waiting counts for the quantiles


@dataclass(frozen=True, slots=True)
class Histogram:
    """How many seconds something took: a count for each bin of BOUNDS, and the sum of all."""

    counts: tuple[int, ...]
    total: float


@dataclass(frozen=True, slots=True)
class Work:
    """What became of the requests for one kind of work since the start.

    `waiting` is from asking to the first step (of what was done), `computing` device-seconds.
    """

    kind: Kind
    done: int
    failed: int
    cancelled: int
    refused: int
    artifacts: int
    waiting: Histogram
    computing: Histogram


@dataclass(frozen=True, slots=True)
class Pace:
    """What was made in the last minute: requests, artifacts, device-seconds."""

    jobs: int
    artifacts: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Waits:
    """Seconds that half, nine of ten and 99 of 100 of the last thousand requests waited at most."""

    p50: float
    p90: float
    p99: float


class _Bins:
    def __init__(self) -> None:
        self.counts, self.total = [0] * (len(BOUNDS) + 1), 0.0

    def add(self, seconds: float) -> None:
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.total += seconds

    def view(self) -> Histogram:
        return Histogram(tuple(self.counts), self.total)


@dataclass(slots=True)
class _Kept:
    ended: dict[Ending, int] = field(
        default_factory=lambda: {"done": 0, "failed": 0, "cancelled": 0, "refused": 0}
    )
    artifacts: int = 0
    waiting: _Bins = field(default_factory=_Bins)
    computing: _Bins = field(default_factory=_Bins)


class Tally:
    """Counts since it was made; adding is O(1). Jobs without specs are not counted."""

    def __init__(self) -> None:
        self._kinds: dict[Kind, _Kept] = {}
        self._recent: deque[tuple[float, int, int, float]] = deque()
        self._waits: deque[float] = deque(maxlen=_RECENT)

    @contextmanager
    def counting(self, job: Job) -> Iterator[None]:
        """Count one request by how it ends; what it raises is passed on."""
        ending: Ending = "failed"
        try:
            yield
            ending = "done"
        except asyncio.CancelledError:
            ending = "cancelled"
            raise
        except (QueueFull, Refused, ModelUnavailable):
            ending = "refused"
            raise
        finally:
            if job.specs:
                self._of(job).ended[ending] += 1

    def computed(self, job: Job, waits: Iterable[float], seconds: float, now: float) -> None:
        """Count a job that was computed, for all who waited (each so long) for its artifacts."""
        if not job.specs:
            return
        kept, count, jobs = self._of(job), len(job.specs), 0
        for wait in waits:
            kept.waiting.add(wait)
            self._waits.append(wait)
            jobs += 1
        kept.artifacts += count
        kept.computing.add(seconds)
        self._recent.append((now, jobs, count, seconds))
        self._forget(now)

    def work(self) -> tuple[Work, ...]:
        """Return all that was counted, by kind."""
        return tuple(
            Work(
                kind,
                **kept.ended,
                artifacts=kept.artifacts,
                waiting=kept.waiting.view(),
                computing=kept.computing.view(),
            )
            for kind, kept in sorted(self._kinds.items())
        )

    def pace(self, now: float) -> Pace:
        """Return what was made in the minute before now."""
        self._forget(now)
        recent = self._recent
        return Pace(sum(r[1] for r in recent), sum(r[2] for r in recent), sum(r[3] for r in recent))

    def waits(self) -> Waits | None:
        """Return how long requests have waited lately; None before there was one."""
        ranked = sorted(self._waits)
        if not ranked:
            return None
        last = len(ranked) - 1
        p50, p90, p99 = (ranked[round(share * last)] for share in (0.5, 0.9, 0.99))
        return Waits(p50, p90, p99)

    def _of(self, job: Job) -> _Kept:
        kind = kind_of(job)
        if kind not in self._kinds:
            self._kinds[kind] = _Kept()
        return self._kinds[kind]

    def _forget(self, now: float) -> None:
        while self._recent and self._recent[0][0] <= now - MINUTE:
            self._recent.popleft()

"""Which job runs next: users in turn, and within a user first come, first served.

Pure: it is told the time and does nothing but decide. Workers are only names here.
"""

from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Literal

from tools.errors import QueueFull

_REMEMBERED = 10_000  # users whose turn is remembered; beyond, the longest unserved are forgotten
_WEIGHT = 0.3  # of the newest measurement in the average


@dataclass(frozen=True, slots=True)
class Ticket:
    """A job as the scheduler sees it: `count` specs of a model, for one of these workers."""

    id: str
    user: str
    model: str
    count: int
    workers: frozenset[str]


@dataclass(frozen=True, slots=True)
class QueuedJob:
    """A job in the queue: `position` 0 is running; `eta` in seconds until it is done."""

    id: str
    user: str
    model: str
    count: int
    status: Literal["queued", "running"]
    position: int
    eta: float | None
    done: int = 0
    total: int = 0


@dataclass(slots=True)
class _Running:
    ticket: Ticket
    worker: str
    since: float


class Scheduler:
    """Takes users in turn, the one served longest ago first; learns how long jobs take."""

    def __init__(self, limit: int = 500, per_user: int = 50) -> None:
        self._limit, self._per_user = limit, per_user
        self._waiting: dict[str, deque[Ticket]] = {}
        self._running: dict[str, _Running] = {}
        self._served: OrderedDict[str, None] = OrderedDict()  # users, longest ago first
        self._seconds: dict[tuple[str, int], float] = {}
        self._line: list[Ticket] | None = None

    def submit(self, ticket: Ticket, now: float) -> None:
        """Put a job into the queue; raises QueueFull when too much waits already."""
        mine = self._waiting.get(ticket.user, deque())
        waiting = sum(map(len, self._waiting.values()))
        if waiting >= self._limit:
            raise QueueFull(f"{waiting} requests are waiting already; please try again later.")
        if len(mine) >= self._per_user:
            raise QueueFull(
                f"You have {len(mine)} requests waiting already; please wait for one of them first."
            )
        self._waiting.setdefault(ticket.user, mine).append(ticket)
        self._line = None

    def next(self, worker: str, now: float, model: str = "") -> Ticket | None:
        """Take the job this worker should run now out of the queue; None when there is none.

        With a model, only one of that model.
        """
        for user in self._turns():
            for ticket in self._waiting[user]:
                if worker in ticket.workers and model in ("", ticket.model):
                    self._remove(ticket)
                    self._running[ticket.id] = _Running(ticket, worker, now)
                    self._serve(user)
                    return ticket
        return None

    def join(self, worker: str, now: float, like: Ticket, room: int) -> list[Ticket]:
        """Take jobs of `like`'s model to join it, up to `room` specs (the last may be larger)."""
        joined: list[Ticket] = []
        while room > 0 and (ticket := self.next(worker, now, like.model)) is not None:
            joined.append(ticket)
            room -= max(1, ticket.count)
        return joined

    def started(self, id: str, now: float) -> None:
        """Count a running job's time from now: its model is loaded."""
        self._running[id].since = now

    def finished(self, id: str, seconds: float | None = None) -> None:
        """Forget a running job; learn from the seconds it took, if it ran to its end."""
        ticket = self._running.pop(id).ticket
        if seconds is not None and ticket.count:
            key = (ticket.model, ticket.count)
            known = self._seconds.get(key, seconds)
            self._seconds[key] = known + _WEIGHT * (seconds - known)

    def again(self, id: str) -> None:
        """Put a running job back to the very front: its worker was lost."""
        ticket = self._running.pop(id).ticket
        mine = self._waiting.pop(ticket.user, deque())
        mine.appendleft(ticket)
        self._waiting = {ticket.user: mine, **self._waiting}
        self._served.pop(ticket.user, None)
        self._line = None

    def cancel(self, id: str) -> bool:
        """Take a job out of the queue; False when it does not wait there (any more)."""
        for tickets in self._waiting.values():
            for ticket in tickets:
                if ticket.id == id:
                    self._remove(ticket)
                    return True
        return False

    def position(self, id: str) -> int:
        """Return how many jobs come first, itself included; 0 is running. KeyError if unknown."""
        return self._find(id, 0.0).position

    def eta(self, id: str, now: float) -> float | None:
        """Return the seconds until a job is done; None when not known. KeyError if unknown."""
        return self._find(id, now).eta

    def line(self, now: float) -> list[QueuedJob]:
        """Return what runs and what waits, in the expected order.

        Time for all of them is one pass; positions count only jobs that want the same workers.
        """
        return [*self._view_running(now), *self._view_waiting(now)]

    def estimate(self, model: str, count: int) -> float | None:
        """Return the expected seconds of a job, from the same or the nearest number of specs."""
        known = [(abs(n - count), n) for name, n in self._seconds if name == model]
        if not count or not known:
            return None if count else 0.0
        nearest = min(known)[1]
        return self._seconds[model, nearest] * count / nearest

    def _find(self, id: str, now: float) -> QueuedJob:
        for job in chain(self._view_running(now), self._view_waiting(now)):
            if job.id == id:
                return job
        raise KeyError(id)

    def _turns(self) -> Iterator[str]:
        """Yield the waiting users, never served ones first, then by how long ago it was."""
        yield from [user for user in self._waiting if user not in self._served]
        yield from [user for user in self._served if user in self._waiting]

    def _serve(self, user: str) -> None:
        self._served[user] = None
        self._served.move_to_end(user)
        if len(self._served) > _REMEMBERED:
            self._served.popitem(last=False)

    def _remove(self, ticket: Ticket) -> None:
        tickets = self._waiting[ticket.user]
        tickets.remove(ticket)
        if not tickets:
            del self._waiting[ticket.user]
        self._line = None

    def _ordered(self) -> list[Ticket]:
        """Return the waiting jobs as rounds: everybody's first, everybody's second, ..."""
        if self._line is None:
            rounds: list[tuple[int, Ticket]] = []
            for user in self._turns():
                seen: dict[frozenset[str], int] = {}
                for ticket in self._waiting[user]:
                    seen[ticket.workers] = seen.get(ticket.workers, 0) + 1
                    rounds.append((seen[ticket.workers], ticket))
            self._line = [ticket for _, ticket in sorted(rounds, key=lambda pair: pair[0])]
        return self._line

    def _view_running(self, now: float) -> Iterator[QueuedJob]:
        for run in self._running.values():
            yield _view(run.ticket, "running", 0, self._left(run, now))

    def _view_waiting(self, now: float) -> Iterator[QueuedJob]:
        free = {run.worker: self._left(run, now) for run in self._running.values()}
        ahead: dict[frozenset[str], int] = {}
        for ticket in self._ordered():
            ahead[ticket.workers] = ahead.get(ticket.workers, 0) + 1
            position = sum(n for workers, n in ahead.items() if workers & ticket.workers)
            yield _view(ticket, "queued", position, self._book(ticket, free))

    def _book(self, ticket: Ticket, free: dict[str, float | None]) -> float | None:
        """Give the job to the worker that is free first and return when it will be done."""
        known = {w: at for w in sorted(ticket.workers) if (at := free.get(w, 0.0)) is not None}
        needed = self.estimate(ticket.model, ticket.count)
        if not known:
            return None
        worker = min(known, key=known.__getitem__)
        free[worker] = None if needed is None else known[worker] + needed
        return free[worker]

    def _left(self, run: _Running, now: float) -> float | None:
        needed = self.estimate(run.ticket.model, run.ticket.count)
        return None if needed is None else max(0.0, needed - (now - run.since))


def _view(
    ticket: Ticket, status: Literal["queued", "running"], position: int, eta: float | None
) -> QueuedJob:
    return QueuedJob(ticket.id, ticket.user, ticket.model, ticket.count, status, position, eta)

"""A house of devices in simulated time: jobs come, a policy decides, and nothing is random twice.

Used by the tests of the scheduler and by `tests/bench/scheduling.py`.
"""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from math import inf
from typing import Protocol

from tools.compute.tickets import Ticket


class Policy(Protocol):
    """Whatever decides who is next: our scheduler or one to compare it with."""

    def submit(self, ticket: Ticket, now: float) -> None: ...

    def next(self, worker: str, now: float) -> Ticket | None: ...

    def finished(self, id: str, now: float, seconds: float | None = None) -> None: ...

    def should_yield(self, worker: str, now: float) -> bool: ...

    def pause(self, id: str, now: float) -> None: ...

    def started(self, id: str, now: float) -> None: ...


@dataclass(slots=True)
class Request:
    """One job that comes at a time and truly takes so many device-seconds."""

    at: float
    ticket: Ticket
    seconds: float
    left: float = 0.0
    began: float = -1.0
    ended: float = -1.0

    @property
    def wait(self) -> float:
        """Seconds in the house beyond the work itself."""
        return self.ended - self.at - self.seconds


@dataclass(slots=True)
class _Work:
    request: Request
    loading: bool
    since: float


@dataclass
class House:
    """Devices that run one job each, in steps; `loading` is the time to change to a model.

    `hook(now)` is called after whatever happens, `fits` models stay loaded on each device.
    """

    policy: Policy
    workers: Sequence[str] = ("gpu",)
    step: float = 0.25
    loading: Callable[[str], float] = lambda model: 0.0
    fits: int = 4
    hook: Callable[[float], None] = lambda now: None
    now: float = 0.0
    swaps: int = 0
    _events: list[tuple[float, int, str, object]] = field(default_factory=list)
    _count: int = 0
    _work: dict[str, _Work] = field(default_factory=dict)
    _models: dict[str, list[str]] = field(default_factory=dict)
    _requests: dict[str, Request] = field(default_factory=dict)
    preempted: int = 0

    def run(self, requests: Iterable[Request], until: float = inf) -> list[Request]:
        """Let all requests come and be served; return those that ended."""
        for request in requests:
            request.left = request.seconds
            self._at(request.at, "come", request)
        while self._events and self._events[0][0] <= until:
            self.now, _, what, subject = heappop(self._events)
            getattr(self, f"_on_{what}")(subject)
            for worker in self.workers:
                if worker not in self._work:
                    self._begin(worker)
            self.hook(self.now)
        return [request for request in self._requests.values() if request.ended >= 0]

    def _at(self, when: float, what: str, subject: object) -> None:
        self._count += 1
        heappush(self._events, (when, self._count, what, subject))

    def _on_come(self, request: Request) -> None:
        self._requests[request.ticket.id] = request
        self.policy.submit(request.ticket, self.now)

    def _begin(self, worker: str) -> None:
        ticket = self.policy.next(worker, self.now)
        if ticket is None:
            return
        request = self._requests[ticket.id]
        models = self._models.setdefault(worker, [])
        swap = ticket.model not in models
        if not swap:
            models.remove(ticket.model)
        models.append(ticket.model)
        del models[: -self.fits]
        load = self.loading(ticket.model) if swap else 0.0
        self.swaps += swap
        if request.began < 0:
            request.began = self.now
        self._work[worker] = _Work(request, swap, self.now)
        self._at(self.now + load + (0 if load else self._one(request)), "step", worker)

    def _one(self, request: Request) -> float:
        return min(self.step, request.left)

    def _on_step(self, worker: str) -> None:
        work = self._work[worker]
        request = work.request
        if work.loading:
            work.loading = False
            self.policy.started(request.ticket.id, self.now)
            work.since = self.now
            if self.loading(request.ticket.model):
                return self._at(self.now + self._one(request), "step", worker)
        request.left -= self._one(request)
        if request.left <= 1e-9:
            request.ended = self.now
            del self._work[worker]
            self.policy.finished(request.ticket.id, self.now, self.now - work.since)
        elif self.policy.should_yield(worker, self.now):
            self.preempted += 1
            del self._work[worker]
            self.policy.pause(request.ticket.id, self.now)
        else:
            self._at(self.now + self._one(request), "step", worker)
        return None


def traffic(
    seed: int,
    users: int,
    load: float,
    horizon: float,
    seconds: Callable[[random.Random], float],
    model: str = "m",
) -> list[Request]:
    """Return requests of equal users, coming at random (Poisson), that make this load of a device.

    `load` 1.0 is as much as one device can do.
    """
    draw = random.Random(seed)
    mean = sum(seconds(draw) for _ in range(2000)) / 2000
    now = 0.0
    found: list[Request] = []
    while (now := now + draw.expovariate(load / mean)) < horizon:
        found.append(request(now, f"u{draw.randrange(users)}", seconds(draw), len(found), model))
    return found


def request(
    at: float, user: str, seconds: float, number: int, model: str = "m", worker: str = "gpu"
) -> Request:
    """Return one request; ids are unique per user and number."""
    return Request(at, Ticket(f"{user}-{number}", user, model, 1, frozenset({worker})), seconds)


def quantile(values: Iterable[float], part: float) -> float:
    """Return the value below which that part of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def jain(values: Sequence[float]) -> float:
    """Return Jain's fairness index: 1 when all are equal, 1/n when one has everything."""
    return sum(values) ** 2 / (len(values) * sum(v * v for v in values))

"""Whose turn comes after whose, played forward as the scheduler will decide it."""

from collections import deque
from collections.abc import Iterator
from heapq import heapify, heappop, heappush
from typing import NamedTuple

from tools.compute.fairness import Flow, Lane
from tools.compute.preemption import SHARE
from tools.compute.tickets import Entry

_SLICE = 0.5  # device-seconds of bulk work at least between urgent jobs that have no credit left


class Turn(NamedTuple):
    """So many device-seconds for a job, taken at a tag in virtual time; `over`: then it is done.

    `ahead`: on credit, before bulk work whose turn it is, and in the middle of it.
    """

    tag: float
    entry: Entry
    seconds: float
    ahead: bool
    over: bool


class _User:
    """A user in the play: `queues` of bulk and of urgent jobs."""

    def __init__(self, flow: Flow, entries: list[Entry]) -> None:
        self.tag, self.weight, self.borrowed = flow.tag, flow.weight, flow.borrowed
        self.queues = (
            deque(entry for entry in entries if not entry.urgent),
            deque(entry for entry in entries if entry.urgent),
        )


class Turns:
    """An iterator over the turns of a lane's waiting jobs.

    Users are merged by their tags. Urgent jobs come `warp` device-seconds earlier, but not once
    they `borrowed` as much: then bulk work has slices of its own, which pay that back.
    """

    def __init__(self, lane: Lane, warp: float, borrowed: float) -> None:
        self._warp, self._borrowed = warp, borrowed
        self._users = [_User(flow, entries) for flow, entries in lane.by_user()]
        self._heaps: tuple[list[tuple[float, int, int]], ...] = ([], [])
        for number, user in enumerate(self._users):
            for heap, queue in zip(self._heaps, user.queues, strict=True):
                if queue:
                    heap.append((user.tag, queue[0].seq, number))
        for heap in self._heaps:
            heapify(heap)
        self._left: dict[Entry, float] = {}

    def __iter__(self) -> Iterator[Turn]:
        while True:
            bulk, urgent = self._first(0), self._first(1)
            if urgent is not None and (bulk is None or self._ahead(urgent) < bulk):
                yield self._serve_urgent(urgent[2], among_bulk=bulk is not None)
            elif bulk is not None:
                yield self._serve_bulk(bulk[2], between=urgent is not None)
            else:
                return

    def _first(self, kind: int) -> tuple[float, int, int] | None:
        """Return tag, number and user of the first job that is urgent (1) or not (0)."""
        heap = self._heaps[kind]
        while heap:
            tag, seq, number = heap[0]
            user = self._users[number]
            if user.queues[kind] and user.queues[kind][0].seq == seq:
                if user.tag <= tag:
                    return heap[0]
                heappop(heap)  # the user has had some of the other kind since
                heappush(heap, (user.tag, seq, number))
            else:
                heappop(heap)
        return None

    def _credit(self, user: _User) -> bool:
        return self._borrowed < self._warp and user.borrowed < self._warp

    def _ahead(self, urgent: tuple[float, int, int]) -> tuple[float, int, int]:
        tag, seq, number = urgent
        return tag - self._warp * self._credit(self._users[number]), seq, number

    def _serve_urgent(self, number: int, *, among_bulk: bool) -> Turn:
        user = self._users[number]
        entry, ahead = user.queues[1].popleft(), self._credit(user)
        tag = user.tag - self._warp * ahead
        self._borrowed += entry.left * among_bulk
        user.borrowed += entry.left * bool(user.queues[0])
        self._charge(number, entry.left)
        return Turn(tag, entry, entry.left, ahead, over=True)

    def _serve_bulk(self, number: int, *, between: bool) -> Turn:
        user = self._users[number]
        entry, tag = user.queues[0][0], user.tag
        left = seconds = self._left.get(entry, entry.left)
        if between and self._borrowed >= self._warp:
            seconds = min(left, _SLICE + (self._borrowed - self._warp) / SHARE)
        if over := seconds >= left:
            user.queues[0].popleft()
        self._left[entry] = left - seconds
        self._borrowed = max(0.0, self._borrowed - SHARE * seconds)
        user.borrowed = max(0.0, user.borrowed - SHARE * seconds)
        self._charge(number, seconds)
        return Turn(tag, entry, seconds, ahead=False, over=over)

    def _charge(self, number: int, seconds: float) -> None:
        user = self._users[number]
        user.tag += seconds / user.weight
        for kind, queue in enumerate(user.queues):
            if queue:
                heappush(self._heaps[kind], (user.tag, queue[0].seq, number))

"""When whose turn comes: the queue played forward, and what experience says about such plays."""

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

from tools.compute.affinity import Device
from tools.compute.costs import Costs
from tools.compute.fairness import Flow, Lane
from tools.compute.tickets import Entry

_STEP = 1.04  # by which one promise that was missed moves the factor
_BOUNDS = (0.5, 6.0)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a waiting job stands: jobs before it and itself, and the seconds until it is done.

    `tag` is the virtual time it is expected to be taken at.
    """

    entry: Entry
    position: int
    eta: float | None
    tag: float


class Experience:
    """Corrects promises by how earlier ones came true, per magnitude of the position.

    Others will still come and take their turn before; the factor follows the median ratio.
    """

    def __init__(self) -> None:
        self._factors: dict[int, float] = {}

    def correct(self, eta: float, position: int) -> float:
        """Return the seconds to promise for what a play of the queue says."""
        return eta * self._factors.get(position.bit_length(), 1.0)

    def learn(self, promised: float, position: int, took: float) -> None:
        """Learn from a promise (already corrected) made at a position, and what it really took."""
        size = position.bit_length()
        factor = self._factors.get(size, 1.0) * (_STEP if took > promised else 1 / _STEP)
        self._factors[size] = min(_BOUNDS[1], max(_BOUNDS[0], factor))


def play(lane: Lane, devices: Mapping[str, Device], costs: Costs, warp: float) -> Iterator[Place]:
    """Yield the waiting jobs of a lane in the expected order: smallest tags first.

    Positions count only jobs that want the same workers. No eta behind what was never measured.
    """
    workers = {name: _Worker(devices[name]) for name in sorted(lane.workers)}
    ahead: dict[frozenset[str], int] = {}
    for tag, entry in _order(lane, warp):
        ahead[entry.workers] = ahead.get(entry.workers, 0) + 1
        position = sum(n for others, n in ahead.items() if others & entry.workers)
        free = [w for name in entry.workers if (w := workers[name]).free is not None]
        first = min(free, key=lambda w: (w.free or 0.0, w.name), default=None)
        yield Place(entry, position, None if first is None else first.book(entry, costs), tag)


def _order(lane: Lane, warp: float) -> Iterator[tuple[float, Entry]]:
    """Merge the users' queues by their tags, urgent jobs by `warp` device-seconds ahead."""
    users: list[tuple[Flow, list[Entry]]] = list(lane.by_user())
    tags = [flow.tag for flow, _ in users]
    taken = [0] * len(users)
    heap = [
        (tags[user] - warp * entries[0].urgent, entries[0].seq, user)
        for user, (_, entries) in enumerate(users)
    ]
    heapify(heap)
    while heap:
        tag, _, user = heappop(heap)
        flow, entries = users[user]
        entry = entries[taken[user]]
        yield tag, entry
        taken[user] += 1
        tags[user] += entry.left / flow.weight
        if taken[user] < len(entries):
            then = entries[taken[user]]
            heappush(heap, (tags[user] - warp * then.urgent, then.seq, user))


class _Worker:
    """A worker in a play: when it is free, in seconds from now, and what it has loaded by then."""

    def __init__(self, device: Device) -> None:
        self.name = device.name
        self._device = Device(device.name, device.memory, OrderedDict(device.models))
        self.free: float | None = 0.0
        for run in device.running.values():
            known = self.free is not None and run.entry.known
            self.free = (
                (self.free or 0.0) + run.entry.left + (run.loading or 0.0) if known else None
            )

    def book(self, entry: Entry, costs: Costs) -> float | None:
        """Give it a job and return when that will be done."""
        load = self._device.use(entry.ticket.model, entry.ticket.memory)
        if self.free is None or not entry.known:
            self.free = None
        else:
            self.free += entry.left + (costs.loading(entry.ticket.model) if load else 0.0)
        return self.free

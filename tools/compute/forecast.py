"""When whose turn comes: the queue played forward, and what experience says about such plays."""

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from heapq import heapify, heappop, heappush
from math import inf
from typing import NamedTuple

from tools.compute.affinity import Device
from tools.compute.costs import Costs
from tools.compute.fairness import Flow, Lane
from tools.compute.tickets import Entry

_STEP = 1.04  # by which one promise that was missed moves the factor
_BOUNDS = (0.5, 6.0)


class Place(NamedTuple):
    """Where a waiting job stands: jobs before it and itself, and the seconds until it is done.

    `tag` is the virtual time it is expected to be taken at.
    """

    entry: Entry
    position: int
    eta: float | None
    tag: float


class Experience:
    """Corrects promises by how earlier ones came true, per urgency and magnitude of the position.

    Others will still come and take their turn before; the factor follows the median ratio.
    """

    def __init__(self) -> None:
        self._factors: dict[tuple[bool, int], float] = {}

    def correct(self, eta: float, entry: Entry, position: int) -> float:
        """Return the seconds to promise for what a play of the queue says."""
        key = entry.urgent, position.bit_length()
        return max(entry.left, eta * self._factors.get(key, 1.0))

    def learn(self, entry: Entry, took: float) -> None:
        """Learn from the promise a job was given and what it really took."""
        assert entry.promised is not None
        _, promised, position = entry.promised
        key = entry.urgent, position.bit_length()
        factor = self._factors.get(key, 1.0) * (_STEP if took > promised else 1 / _STEP)
        self._factors[key] = min(_BOUNDS[1], max(_BOUNDS[0], factor))


def play(
    lane: Lane, devices: Mapping[str, Device], costs: Costs, warp: float
) -> Iterator[tuple[float, Entry, int, float | None]]:
    """Yield tag, job, position and eta of a lane's waiting jobs in the expected order.

    Positions count only jobs that want the same workers. No eta behind what was never measured.
    """
    workers = {name: Worker(devices[name], costs) for name in sorted(lane.workers)}
    able = {wanted: [workers[n] for n in sorted(wanted)] for wanted, _, _ in lane.groups}
    meets = {wanted: [others for others in able if others & wanted] for wanted in able}
    ahead = dict.fromkeys(able, 0)
    for tag, entry in _order(lane, warp):
        wanted = entry.workers
        ahead[wanted] += 1
        position = sum([ahead[others] for others in meets[wanted]])
        first, *more = able[wanted]
        if more:
            first = min(able[wanted], key=_soon if entry.urgent else _free)
        yield tag, entry, position, first.book(entry)


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


class Worker:
    """A worker in a play: when it is free, in seconds from now, and what it has loaded by then.

    `soon` is when it is free for urgent work, for which the bulk steps aside; infinite behind a
    job of which nothing is known.
    """

    def __init__(self, device: Device, costs: Costs) -> None:
        self._device = Device(device.name, device.memory, OrderedDict(device.models))
        self._costs = costs
        self.free = self.soon = 0.0
        for run in device.running.values():
            loading = run.loading or 0.0
            left = loading + (run.entry.left if run.entry.known else inf)
            self.free += left
            self.soon += left if run.entry.urgent else loading

    def book(self, entry: Entry) -> float | None:
        """Give it a job and return when that will be done."""
        ticket = entry.ticket
        needed = entry.left if entry.known else inf
        if self._device.use(ticket.model, ticket.memory):
            needed += self._costs.loading(ticket.model)
        self.free += needed
        self.soon = self.soon + needed if entry.urgent else self.free
        done = self.soon if entry.urgent else self.free
        return done if done < inf else None


def _free(worker: Worker) -> float:
    return worker.free


def _soon(worker: Worker) -> float:
    return worker.soon

"""When whose turn comes: the queue played forward, and what experience says about such plays."""

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from math import inf
from typing import NamedTuple

from tools.compute.affinity import Device
from tools.compute.costs import Costs
from tools.compute.fairness import Lane
from tools.compute.preemption import SHARE, repaid
from tools.compute.tickets import Entry
from tools.compute.turns import Turns

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
    debt = lane.borrowed - sum(repaid(devices[name]) for name in lane.workers)
    wait = max(0.0, debt - warp) / SHARE
    workers = {name: Worker(devices[name], costs, wait) for name in sorted(lane.workers)}
    able = {wanted: [workers[n] for n in sorted(wanted)] for wanted, _, _ in lane.groups}
    meets = {wanted: [others for others in able if others & wanted] for wanted in able}
    ahead = dict.fromkeys(able, 0)
    last = -inf
    soon = min(worker.bulk for worker in workers.values()) if workers else 0.0
    for turn in Turns(lane, warp, max(0.0, debt - SHARE * soon)):
        entry, wanted = turn.entry, turn.entry.workers
        first, *more = able[wanted]
        if more:
            first = min(able[wanted], key=_soon if turn.ahead else _free)
        eta = first.book(entry, turn.seconds, ahead=turn.ahead)
        if turn.over:
            last = max(last, turn.tag)
            ahead[wanted] += 1
            position = sum([ahead[others] for others in meets[wanted]])
            yield last, entry, position, eta


class Worker:
    """A worker in a play: when it is free, in seconds from now, and what it has loaded by then.

    `soon` is when it is free for urgent work, for which the bulk steps aside, at once or after
    `wait` seconds; infinite behind a job of which nothing is known. `bulk` is the part that does.
    """

    def __init__(self, device: Device, costs: Costs, wait: float = 0.0) -> None:
        self._device = Device(device.name, device.memory, OrderedDict(device.models))
        self._costs = costs
        self.free = self.soon = self.bulk = 0.0
        for run in device.running.values():
            loading = run.loading or 0.0
            left = loading + (run.entry.left if run.entry.known else inf)
            self.free += left
            self.soon += left if run.entry.urgent else loading
            self.bulk += 0.0 if run.entry.urgent else left - loading
        self.soon += min(self.bulk, wait)

    def book(self, entry: Entry, seconds: float, *, ahead: bool) -> float | None:
        """Give it that much of a job, `ahead` of bulk or not, and return when it will be done."""
        ticket = entry.ticket
        needed = seconds if entry.known else inf
        if self._device.use(ticket.model, ticket.memory):
            needed += self._costs.loading(ticket.model)
        self.free += needed
        self.soon = self.soon + needed if ahead else self.free
        return self.soon if self.soon < inf else None


def _free(worker: Worker) -> float:
    return worker.free


def _soon(worker: Worker) -> float:
    return worker.soon

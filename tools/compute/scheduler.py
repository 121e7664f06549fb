"""Which job runs next: everybody gets the same device-seconds, short work first within that.

Pure: it is told the time and does nothing but decide. Workers are only names here. Users are
served by start-time fair queueing over measured device-seconds, separately for devices that
share no work. Urgent work (speech, chat, whatever is short) may borrow against its user's future
turns (borrowed virtual time: Duda and Cheriton, SOSP 1999); workers keep to loaded models within
bounds (`affinity`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from tools.compute.admission import Admission, Ledger, Roles, check_budget, equal
from tools.compute.affinity import Device, Running
from tools.compute.costs import Costs, is_urgent
from tools.compute.fairness import CREDIT, WARP, Flow, Lane, Top
from tools.compute.forecast import Place
from tools.compute.places import Places
from tools.compute.preemption import SHARE, overdue, repaid
from tools.compute.tickets import Entry, QueuedJob, Ticket

OVERTAKEN = 8
"""How often a job is passed by others that fit into a running batch."""
_LEAST = 0.02  # device-seconds charged for anything


class Scheduler:
    """Decides who is next, foretells when, and learns what things cost.

    `roles` gives each user's weight and daily budget, `memory` each worker's budget in MiB;
    `epoch` is UTC minus the clock that `now` is read from, in seconds.
    """

    def __init__(
        self,
        admission: Admission | None = None,
        *,
        roles: Roles = equal,
        memory: Mapping[str, int] | None = None,
        costs: Costs | None = None,
        epoch: float = 0.0,
    ) -> None:
        self.costs = costs or Costs()
        self.ledger = Ledger(epoch)
        self._admission, self.roles = admission or Admission(), roles
        self._memory = dict(memory or {})
        self._devices: dict[str, Device] = {}
        self._lanes: dict[str, Lane] = {}  # by worker
        self._waiting: dict[str, Entry] = {}
        self._running: dict[str, Running] = {}
        self._arrived = 0
        self._places = Places(self._devices, self.costs, WARP)

    def submit(self, ticket: Ticket, now: float) -> None:
        """Put a job into the queue; raises QueueFull when too much waits or the budget is spent."""
        lane, role = self._lane(ticket.workers), self.roles(ticket.user)
        price = self.costs.price(ticket.model, ticket.shape, ticket.count)
        flow = lane.flows.get(ticket.user, Flow(0.0))
        wait = min(lane.backlog, (flow.backlog + price.seconds) * lane.users / role.weight)
        self._admission.check(flow.waiting, len(self._waiting), wait / len(ticket.workers))
        spent = self.ledger.today(ticket.user, now)
        sure = price.seconds if price.known else 0.0  # what was never measured is not held against
        check_budget(role, spent, sure, self.ledger.until_tomorrow(now))
        self.ledger.reserve(ticket.user, price.seconds, now)
        self._arrived += 1
        urgent = is_urgent(ticket.shape, price.seconds)
        self._wait(Entry.of(ticket, price, self._arrived, urgent), lane)

    def next(self, worker: str, now: float, model: str = "") -> Ticket | None:
        """Take the job this worker should run now out of the queue; None when there is none.

        With a model, only one of that model.
        """
        device, lane = self._device(worker), self._lanes.get(worker)
        top = self._choose(lane, device, model) if lane is not None else None
        return self._take(lane, device, top, now) if lane is not None and top is not None else None

    def join(self, worker: str, now: float, like: Ticket, room: int) -> list[Ticket]:
        """Take jobs that may share `like`'s passes, up to `room` specs (the last may be larger).

        Same model and size; none once the turn has come for another model, and nobody is passed
        more than OVERTAKEN times by those that fit better.
        """
        device, lane = self._device(worker), self._lanes.get(worker)
        joined: list[Ticket] = []
        while lane is not None and room > 0:
            top = self._choose(lane, device)
            if top is None or top.entry.ticket.model != like.model:
                break
            fitting = lane.passing(top, like, OVERTAKEN)
            if fitting is None:
                break
            joined.append(self._take(lane, device, fitting, now))
            room -= max(1, joined[-1].count)
        return joined

    def should_yield(self, worker: str, now: float) -> bool:
        """Say whether what runs should step aside (`pause`) for `next`, at a step boundary."""
        device, lane = self._device(worker), self._lanes.get(worker)
        if lane is None or not device.running or not lane.waiting:
            return False
        device.settle(now)
        top = self._choose(lane, device, repaid=repaid(device))
        return top is not None and overdue(top, lane, device)

    def pause(self, id: str, now: float) -> None:
        """Put a running job back to its place, bound to its worker; what it has done is kept."""
        run, lane = self._stop(id, now)
        run.entry.workers = frozenset({run.worker})
        run.entry.price = max(run.entry.price, run.entry.used + _LEAST)
        self._wait(run.entry, lane, back=True)

    def again(self, id: str, now: float = 0.0) -> None:
        """Put a running job back to its place, to start anew: its worker was lost."""
        run, lane = self._stop(id, now)
        device, entry = self._devices[run.worker], run.entry
        device.hold(())
        lane.charge(entry.ticket.user, -entry.used)
        entry.used, entry.workers, entry.told = 0.0, entry.ticket.workers, None
        self._wait(entry, lane, back=True)

    def rehome(self, id: str, workers: frozenset[str]) -> None:
        """Let a waiting job run on these workers from now on, if it waits; one keeps to its own."""
        entry = self._waiting.get(id)
        if entry is None or entry.ticket.workers == workers:
            return
        self._unwait(entry)
        entry.ticket = replace(entry.ticket, workers=workers)
        if not entry.workers <= workers or not entry.before:
            entry.workers, entry.before, entry.used = workers, 0.0, 0.0
        self._wait(entry, self._lane(workers), back=True)

    def enlist(self, worker: str, memory: int) -> None:
        """Take a worker in, with so many MiB for models, of which it has none yet."""
        self._memory[worker] = self._device(worker).memory = memory
        self._device(worker).hold(())

    def retire(self, worker: str) -> None:
        """Forget a worker that is gone, unless jobs that only it could run still wait for it."""
        lane = self._lanes.get(worker, Lane())
        if not any(worker in entry.workers for entry in lane.waiting.values()):
            self._devices.pop(worker, None)
            self._lanes.pop(worker, None)
            lane.workers.discard(worker)

    def started(self, id: str, now: float) -> None:
        """Count a running job's time from now: its model is loaded."""
        run = self._running[id]
        if run.loading is not None:
            self.costs.learn_loading(run.entry.ticket.model, now - run.since)
        self._devices[run.worker].settle(now)
        run.entry.used, run.since, run.loading = run.entry.before, now, None

    def finished(self, id: str, now: float, seconds: float | None = None) -> None:
        """Forget a running job; learn from the seconds it took, if it ran to its end.

        A job that failed, was blocked or was cancelled costs nothing of the budget; the device's
        time it had still counts for whose turn is next.
        """
        run, _ = self._stop(id, now, seconds)
        entry, ticket = run.entry, run.entry.ticket
        self.ledger.reserve(ticket.user, -entry.reserved, now)
        if seconds is not None:
            self.ledger.spend(ticket.user, entry.used, now)
            if run.loading is not None:  # never said to have started: it only loaded
                self.costs.learn_loading(ticket.model, now - run.since - seconds)
            self.costs.learn(ticket.model, ticket.shape, ticket.count, entry.used)
            self._places.done(entry, now)

    def cancel(self, id: str, now: float = 0.0) -> bool:
        """Take a job out of the queue; False when it does not wait there (any more)."""
        if (entry := self._waiting.get(id)) is None:
            return False
        self._unwait(entry)
        self.ledger.reserve(entry.ticket.user, -entry.reserved, now)
        return True

    def resident(self, worker: str, models: Iterable[str]) -> None:
        """Say which models a worker really has loaded, least recently used first."""
        self._device(worker).hold(models)

    def wanted(self, worker: str) -> list[str]:
        """Return the models that jobs wait for, the next first: the last ones to be dropped."""
        lane = self._lanes.get(worker)
        tops = sorted(lane.tops(worker), key=lambda top: top.order) if lane is not None else []
        return list(dict.fromkeys(top.entry.ticket.model for top in tops))

    def position(self, id: str, now: float) -> int:
        """Return how many jobs come first, itself included; 0 is running. KeyError if unknown."""
        return 0 if id in self._running else self._place(id, now).position

    def eta(self, id: str, now: float) -> float | None:
        """Return the seconds until a job is done; None when not known. KeyError if unknown."""
        run = self._running.get(id)
        return self._place(id, now).eta if run is None else self._left(run, now)

    def line(self, now: float) -> list[QueuedJob]:
        """Return what runs and what waits, in the expected order (O(n log n))."""
        running = [run.entry.view(0, self._left(run, now)) for run in self._running.values()]
        lanes = dict.fromkeys(self._lanes.values())
        places = [place for lane in lanes for place in self._places.line(lane, now)]
        return running + [place.entry.view(place.position, place.eta) for place in places]

    def changes(self, now: float) -> list[QueuedJob]:
        """Return the waiting jobs that should be told their place: it is new or has changed.

        Near ones at every change, far ones at most every second and when a tenth has changed.
        """
        places = self._places.changes(now)
        return [place.entry.view(place.position, place.eta) for place in places]

    def _place(self, id: str, now: float) -> Place:
        entry = self._waiting[id]
        return self._places.place(entry, self._lane(entry.workers), now)

    def _left(self, run: Running, now: float) -> float | None:
        device = self._devices[run.worker]
        device.settle(now)
        left = run.entry.left + (run.loading or 0.0)
        return left * len(device.running) if run.entry.known else None

    def _wait(self, entry: Entry, lane: Lane, *, back: bool = False) -> None:
        lane.push(entry, self.roles(entry.ticket.user).weight, back=back)
        self._waiting[entry.ticket.id] = entry
        self._places.came(entry, lane)

    def _unwait(self, entry: Entry) -> None:
        lane = self._lane(entry.workers)
        lane.remove(entry)
        del self._waiting[entry.ticket.id]
        self._places.went(entry, lane)

    def _choose(
        self, lane: Lane, device: Device, model: str = "", repaid: float = 0.0
    ) -> Top | None:
        tops = lane.tops(device.name, model)
        ahead = WARP if lane.borrowed - repaid < WARP else 0.0
        best = lane.best(tops, ahead)
        if best is None:
            return None
        if device.keeps(best, self.costs.loading(best.entry.ticket.model), lane.users):
            here = [top for top in tops if top.entry.ticket.model in device.models]
            return lane.best(here, ahead) or best
        return best

    def _take(self, lane: Lane, device: Device, top: Top, now: float) -> Ticket:
        entry, ticket = top.entry, top.entry.ticket
        tops = lane.tops(device.name)
        if entry.urgent and not all(other.entry.urgent for other in tops):
            lane.borrowed += entry.left
        flow = lane.flows[ticket.user]
        if entry.urgent and flow.bulk:
            flow.borrowed += entry.left
        lane.virtual = max(lane.virtual, min(other.tag for other in tops) - CREDIT)
        self._unwait(entry)
        load = device.use(ticket.model, ticket.memory)
        loading = self.costs.loading(ticket.model) if load else None
        entry.tag, entry.before, entry.charged = top.tag, entry.used, max(_LEAST, entry.left)
        lane.charge(ticket.user, entry.charged)
        device.settle(now)
        run = self._running[ticket.id] = Running(entry, device.name, now, loading)
        device.running[ticket.id] = run
        return ticket

    def _stop(self, id: str, now: float, seconds: float | None = None) -> tuple[Running, Lane]:
        """Take a job off its worker and charge what it really had; `seconds` if measured there."""
        run = self._running.pop(id)
        device, entry = self._devices[run.worker], run.entry
        device.settle(now)
        del device.running[id]
        if seconds is not None and not run.company and not entry.before:
            entry.used = seconds
        lane = self._lanes[run.worker]
        lane.charge(entry.ticket.user, max(_LEAST, entry.lately) - entry.charged)
        lane.advance(entry.lately)
        if not entry.urgent:
            lane.repay(entry.ticket.user, SHARE * entry.lately)
        self._places.moved(lane)
        return run, lane

    def _device(self, worker: str) -> Device:
        if worker not in self._devices:
            self._devices[worker] = Device(worker, self._memory.get(worker, 0))
        return self._devices[worker]

    def _lane(self, workers: frozenset[str]) -> Lane:
        """Return the lane of these workers, which a job for several of them makes one."""
        lanes = list(dict.fromkeys(self._lanes[w] for w in sorted(workers) if w in self._lanes))
        lane = lanes[0] if lanes else Lane()
        for other in lanes[1:]:
            lane.absorb(other)
            self._places.absorbed(lane, other)
        if len(lanes) != 1 or not workers <= lane.workers:
            lane.workers |= workers
            self._lanes |= dict.fromkeys(lane.workers, lane)
            for worker in lane.workers:
                self._device(worker)
        return lane

"""Queue policies to compare ours with, for `tests/simulation.py`; none of them steps aside."""

from collections import OrderedDict, deque

from tools.compute.costs import Costs
from tools.compute.scheduler import Scheduler
from tools.compute.tickets import Ticket


class Fifo:
    """First come, first served: what most bots do."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[str, Ticket] = OrderedDict()

    def submit(self, ticket: Ticket, now: float) -> None:
        self._waiting[ticket.id] = ticket

    def next(self, worker: str, now: float) -> Ticket | None:
        able = (ticket for ticket in self._waiting.values() if worker in ticket.workers)
        found = next(able, None)
        return None if found is None else self._waiting.pop(found.id)

    def started(self, id: str, now: float) -> None: ...

    def finished(self, id: str, now: float, seconds: float | None = None) -> None: ...

    def should_yield(self, worker: str, now: float) -> bool:
        return False

    def pause(self, id: str, now: float) -> None:
        raise NotImplementedError


class Whole(Scheduler):
    """Ours without stepping aside: what an engine that cannot stop at a step gives."""

    def should_yield(self, worker: str, now: float) -> bool:
        return False


class RoundRobin(Fifo):
    """One job of each user in turn (InvokeAI's queue, and ours before)."""

    def __init__(self) -> None:
        super().__init__()
        self._users: OrderedDict[str, deque[Ticket]] = OrderedDict()

    def submit(self, ticket: Ticket, now: float) -> None:
        self._users.setdefault(ticket.user, deque()).append(ticket)

    def next(self, worker: str, now: float) -> Ticket | None:
        if not self._users:
            return None
        user, waiting = self._users.popitem(last=False)
        if len(waiting) > 1:
            self._users[user] = waiting
        return waiting.popleft()


class DeficitRoundRobin(RoundRobin):
    """Users in turn, each for `quantum` expected device-seconds (Shreedhar and Varghese, 1995)."""

    def __init__(self, quantum: float = 8.0) -> None:
        super().__init__()
        self._quantum = quantum
        self._deficits: dict[str, float] = {}
        self._costs, self._taken = Costs(), dict[str, Ticket]()

    def next(self, worker: str, now: float) -> Ticket | None:
        while self._users:
            user, waiting = next(iter(self._users.items()))
            ticket = waiting[0]
            price = self._costs.price(ticket.model, ticket.shape, ticket.count).seconds
            if self._deficits.setdefault(user, self._quantum) < price:
                self._deficits[user] += self._quantum
                self._users.move_to_end(user)
                continue
            self._deficits[user] -= price
            waiting.popleft()
            if not waiting:
                del self._users[user], self._deficits[user]
            self._taken[ticket.id] = ticket
            return ticket
        return None

    def finished(self, id: str, now: float, seconds: float | None = None) -> None:
        ticket = self._taken.pop(id)
        if seconds is not None:
            self._costs.learn(ticket.model, ticket.shape, ticket.count, seconds)

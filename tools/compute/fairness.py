"""Fair queueing of users over device-seconds, by start tags in virtual time.

Each user is a flow with a tag; the smallest is served and grows by the device-seconds it is given
over the user's weight; who comes back after a pause starts at the virtual time of now (start-time
fair queueing: Goyal, Vin and Cheng, SIGCOMM 1996). Virtual time advances by the device-seconds
given over the weights of all who want some, as in generalised processor sharing (Parekh and
Gallager, 1993), but as if those were at least CROWD, and stays at most CREDIT behind the least
tag: so who asks for little goes before who floods an otherwise idle house, what somebody had is
forgotten as others have as much, and nobody saves up turns without end.
"""

from bisect import insort
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

from tools.compute.tickets import Entry, Ticket

CREDIT = 60.0
"""Virtual device-seconds by which those who want little are ahead of those who want much."""
CROWD = 4.0
"""Weight of active users below which virtual time does not advance any faster."""
WARP = 10.0
"""Virtual device-seconds by which an urgent job comes before its user's turn."""

_IDLE_FLOWS = 1_000  # kept before those that owe nothing are forgotten
_LOOK = 16  # users whose first job is looked at for one that fits into a batch


@dataclass(slots=True)
class Flow:
    """A user in one lane: how much they have had, in virtual time, and what waits.

    `bulk` of the waiting jobs are not urgent; `borrowed` is what the user's own urgent jobs had
    before those.
    """

    tag: float
    weight: float = 1.0
    waiting: int = 0
    backlog: float = 0.0
    bulk: int = 0
    borrowed: float = 0.0


@dataclass(slots=True)
class Top:
    """The first job of a group: its user's tag, and the job."""

    tag: float
    entry: Entry

    @property
    def order(self) -> tuple[float, int]:
        """Smallest tag first, then first come."""
        return self.tag, self.entry.seq


class Group:
    """Waiting jobs of one model, one set of workers and one urgency: users in a heap by tag."""

    def __init__(self) -> None:
        self.queues: dict[str, deque[Entry]] = {}
        self._heap: list[tuple[float, int, str]] = []
        self._keys: dict[str, tuple[float, int]] = {}  # the one valid heap item of each user

    def add(self, entry: Entry, flow: Flow) -> None:
        """Put a job into its user's queue, by order of arrival."""
        user = entry.ticket.user
        queue = self.queues.setdefault(user, deque())
        if not queue or queue[-1].seq < entry.seq:
            queue.append(entry)
        else:
            insort(queue, entry, key=lambda e: e.seq)
        if queue[0] is entry:
            self.rekey(user, flow)

    def rekey(self, user: str, flow: Flow) -> None:
        """Say that a user's tag or first job has changed."""
        if queue := self.queues.get(user):
            key = (flow.tag, queue[0].seq)
            if self._keys.get(user) != key:
                self._keys[user] = key
                heappush(self._heap, (*key, user))

    def remove(self, entry: Entry, flow: Flow) -> None:
        """Take a job out, wherever it stands in its user's queue."""
        user = entry.ticket.user
        queue = self.queues[user]
        if queue[0] is entry:
            queue.popleft()
        else:
            queue.remove(entry)
        if queue:
            self.rekey(user, flow)
        else:
            del self.queues[user], self._keys[user]

    def top(self, flows: dict[str, Flow]) -> Top | None:
        """Return the job with the smallest tag; None when nothing waits."""
        while self._heap:
            tag, seq, user = self._heap[0]
            if self._keys.get(user) != (tag, seq):
                heappop(self._heap)  # replaced or gone
            elif flows[user].tag > tag:
                heappop(self._heap)
                self.rekey(user, flows[user])
            else:
                return Top(tag, self.queues[user][0])
        return None

    def first(self, most: int, flows: dict[str, Flow]) -> list[Top]:
        """Return the first jobs of the first `most` users, in order."""
        tops: list[Top] = []
        while len(tops) < most and (top := self.top(flows)) is not None:
            tops.append(top)
            heappop(self._heap)
        for top in tops:
            heappush(self._heap, (top.tag, top.entry.seq, top.entry.ticket.user))
        return tops

    def tidy(self) -> None:
        """Drop heap items that are no longer valid."""
        if len(self._heap) > 2 * len(self._keys) + 64:
            self._heap = [(*key, user) for user, key in self._keys.items()]
            heapify(self._heap)


GroupKey = tuple[frozenset[str], str, bool]


class Lane:
    """The fair queue of devices that share work: flows, and their jobs in groups.

    `borrowed` are the device-seconds urgent jobs were given ahead of their turn.
    """

    def __init__(self) -> None:
        self.virtual = 0.0
        self.borrowed = 0.0
        self.flows: dict[str, Flow] = {}
        self.groups: dict[GroupKey, Group] = {}
        self.waiting: dict[str, Entry] = {}
        self.backlog = 0.0
        self.users = 0
        self.weight = 0.0
        self.workers: set[str] = set()

    def push(self, entry: Entry, weight: float, *, back: bool = False) -> None:
        """Let a job wait; its user's tag rises to now, if nothing of theirs did.

        Not when it comes `back` from a worker: that must not cost the user their place.
        """
        user = entry.ticket.user
        flow = self.flows.setdefault(user, Flow(self.virtual))
        if not flow.waiting:
            flow.tag = flow.tag if back else max(flow.tag, self.virtual)
            flow.weight = weight
            self.users += 1
            self.weight += weight
        flow.waiting += 1
        flow.bulk += not entry.urgent
        flow.backlog += entry.left
        self.backlog += entry.left
        self.waiting[entry.ticket.id] = entry
        self.groups.setdefault(_key(entry), Group()).add(entry, flow)

    def remove(self, entry: Entry) -> None:
        """Take a waiting job out of the queue."""
        flow, group = self.flows[entry.ticket.user], self.groups[_key(entry)]
        group.remove(entry, flow)
        group.tidy()
        if not group.queues:
            del self.groups[_key(entry)]
        del self.waiting[entry.ticket.id]
        flow.waiting -= 1
        flow.bulk -= not entry.urgent
        if not flow.waiting:
            self.users -= 1
            self.weight = self.weight - flow.weight if self.users else 0.0
        flow.backlog = flow.backlog - entry.left if flow.waiting else 0.0
        self.backlog = self.backlog - entry.left if self.waiting else 0.0
        if len(self.flows) > 2 * self.users + _IDLE_FLOWS:
            self._forget()

    def charge(self, user: str, seconds: float) -> None:
        """Let a user's tag grow by device-seconds they had, or shrink by what they did not use."""
        flow = self.flows.setdefault(user, Flow(self.virtual))
        flow.tag += seconds / flow.weight
        if seconds < 0 and flow.waiting:
            for group in self.groups.values():
                group.rekey(user, flow)

    def advance(self, seconds: float) -> None:
        """Let virtual time pass: somebody was given so many device-seconds."""
        self.virtual += seconds / max(self.weight, CROWD)

    def repay(self, user: str, seconds: float) -> None:
        """Take bulk work into account that was done after urgent jobs had borrowed its turn."""
        self.borrowed = max(0.0, self.borrowed - seconds)
        if (flow := self.flows.get(user)) is not None:
            flow.borrowed = max(0.0, flow.borrowed - seconds)

    def tops(self, worker: str, model: str = "") -> list[Top]:
        """Return the first job of each group that a worker may run, in no order."""
        return [
            top
            for (workers, name, _), group in self.groups.items()
            if worker in workers and (not model or name == model)
            if (top := group.top(self.flows)) is not None
        ]

    def best(self, tops: list[Top], ahead: float) -> Top | None:
        """Return whose turn it is, urgent jobs so many virtual seconds ahead of their tags."""

        def order(top: Top) -> tuple[float, int]:
            entry = top.entry
            if entry.urgent and self.flows[entry.ticket.user].borrowed < WARP:
                return top.tag - ahead, entry.seq
            return top.tag, entry.seq

        return min(tops, key=order, default=None)

    def passing(self, top: Top, like: Ticket, most: int) -> Top | None:
        """Return the first job of `top`'s group that could share a pass with `like`.

        Those it passes remember it; None when one has been passed `most` times already.
        """
        passed: list[Entry] = []
        for other in self.groups[_key(top.entry)].first(_LOOK, self.flows):
            if other.entry.ticket.shape.size == like.shape.size:
                for entry in passed:
                    entry.overtaken += 1
                return other
            if other.entry.overtaken >= most:
                return None
            passed.append(other.entry)
        return None

    def absorb(self, other: "Lane") -> None:
        """Take over another lane: a job has come that connects their workers."""
        shift = self.virtual - other.virtual
        for user, flow in other.flows.items():
            mine = self.flows.setdefault(user, Flow(self.virtual, flow.weight))
            mine.tag = max(mine.tag, flow.tag + shift)
        self.workers |= other.workers
        self.borrowed = max(self.borrowed, other.borrowed)
        for entry in other.waiting.values():
            self.push(entry, other.flows[entry.ticket.user].weight)

    def _forget(self) -> None:
        """Forget users who would start at the virtual time of now anyway."""
        kept = {u: f for u, f in self.flows.items() if f.waiting or f.tag > self.virtual}
        self.flows = kept

    def by_user(self) -> Iterator[tuple[Flow, list[Entry]]]:
        """Yield each waiting user's jobs in the order in which they will be taken."""
        mine: dict[str, list[Entry]] = {}
        for entry in sorted(self.waiting.values(), key=lambda e: (not e.urgent, e.seq)):
            mine.setdefault(entry.ticket.user, []).append(entry)
        for user, entries in mine.items():
            yield self.flows[user], entries


def _key(entry: Entry) -> GroupKey:
    return entry.workers, entry.ticket.model, entry.urgent

"""What the scheduler is handed, what it keeps of it, and what it tells about it."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Literal

from tools.compute.costs import Kind, Price, Shape
from tools.jobs import Job


@dataclass(frozen=True, slots=True)
class Ticket:
    """A job as the scheduler sees it: `count` specs of a model, for one of these workers.

    `shape` prices it (`costs.shape_of`), `memory` is what its model needs in MiB (0: unknown).
    """

    id: str
    user: str
    model: str
    count: int
    workers: frozenset[str]
    shape: Shape = field(default_factory=Shape)
    memory: int = 0


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
    kind: Kind = ""


@dataclass(slots=True, eq=False)
class Entry:
    """A ticket on its way: what it should cost in device-seconds, and what it has had (`used`).

    `reserved` is held of the user's budget, `seq` its place of arrival; `tag` the one it was last
    taken at, `charged` what it was charged then, `before` what it had used by then. `told` is the
    last position and when it was announced, `promised` the first: when, the eta, the position.
    """

    ticket: Ticket
    price: float
    reserved: float
    known: bool
    seq: int
    urgent: bool
    workers: frozenset[str]
    tag: float = 0.0
    used: float = 0.0
    before: float = 0.0
    charged: float = 0.0
    overtaken: int = 0
    told: tuple[int, float] | None = None
    promised: tuple[float, float, int] | None = None

    @classmethod
    def of(cls, ticket: Ticket, price: Price, seq: int, urgent: bool) -> "Entry":
        """Return a new entry at the price that is reserved for it."""
        seconds, workers = price.seconds, ticket.workers
        return cls(ticket, seconds, seconds, price.known, seq, urgent, workers)

    @property
    def left(self) -> float:
        """Return the device-seconds it should still take."""
        return max(0.0, self.price - self.used)

    @property
    def lately(self) -> float:
        """Return the device-seconds it has had since it was last taken."""
        return self.used - self.before

    def view(self, position: int, eta: float | None) -> QueuedJob:
        """Return what is told about it."""
        ticket = self.ticket
        status: Literal["queued", "running"] = "queued" if position else "running"
        return QueuedJob(
            ticket.id, ticket.user, ticket.model, ticket.count, status, position, eta,
            kind=ticket.shape.kind,
        )  # fmt: skip


def key_of(job: Job) -> Hashable:
    """Return what makes two requests identical: model and specs, seeds and all."""
    return job.model, job.specs

"""How a pool stands, as plain data that can be shown, exported or sent elsewhere as JSON."""

from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import Literal

from tools.compute.book import Book
from tools.compute.devices import Kind
from tools.compute.lane import Lane
from tools.compute.scheduler import Scheduler
from tools.compute.tally import Pace, Tally, Waits, Work
from tools.compute.tickets import QueuedJob

State = Literal["off", "idle", "loading", "busy"]


@dataclass(frozen=True, slots=True)
class WorkerStatus:
    """One worker: `memory` is its budget in MiB, `models` what each loaded one takes of it.

    `jobs` are the ids of what it has in hand; `crashes` how often it was lost at work, `restarts`
    how often it was started anew. Off: started when it is needed. `pid` is that of its machine.
    """

    name: str
    kind: Kind
    device: str
    place: str
    state: State
    pid: int | None
    restarts: int
    crashes: int
    memory: int
    models: tuple[tuple[str, int], ...]
    jobs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UserStatus:
    """One user: `today` are the device-seconds they had or have coming, `budget` those of a day."""

    user: str
    waiting: int
    running: int
    today: float
    budget: float | None
    weight: float


@dataclass(frozen=True, slots=True)
class Status:
    """A pool `uptime` seconds after its start; `queue` is in the expected order, or left out."""

    uptime: float
    workers: tuple[WorkerStatus, ...]
    waiting: int
    running: int
    users: tuple[UserStatus, ...]
    work: tuple[Work, ...]
    pace: Pace
    waits: Waits | None
    queue: tuple[QueuedJob, ...] = ()


def users_of(
    book: Book, served: Set[str], scheduler: Scheduler, now: float
) -> tuple[UserStatus, ...]:
    """Return everybody who waits, is served, or has had something today; most in hand first.

    `served` are the ids of the jobs that workers have in hand.
    """
    waiting: Counter[str] = Counter()
    running: Counter[str] = Counter()
    for entry in book:
        counter = running if entry.job.id in served else waiting
        if entry.job.specs:
            for one in entry.everyone if entry.company else (entry,):
                counter[one.job.user] += 1
    known = {*waiting, *running, *scheduler.ledger.users(now)} - {""}  # who only warms up
    found = []
    for user in known:
        role, today = scheduler.roles(user), scheduler.ledger.today(user, now)
        found.append(
            UserStatus(user, waiting[user], running[user], today, role.budget, role.weight)
        )
    return tuple(sorted(found, key=lambda u: (-u.running, -u.waiting, -u.today, u.user)))


def status_of(
    lanes: Sequence[Lane], book: Book, scheduler: Scheduler, tally: Tally, now: float, began: float
) -> Status:
    """Return how a pool stands, without its queue (O(jobs and users))."""
    workers = tuple(map(_worker, lanes))
    served = {id for worker in workers for id in worker.jobs}
    users = users_of(book, served, scheduler, now)
    return Status(
        uptime=now - began,
        workers=workers,
        waiting=sum(user.waiting for user in users),
        running=sum(user.running for user in users),
        users=users,
        work=tally.work(),
        pace=tally.pace(now),
        waits=tally.waits(),
    )


def _worker(lane: Lane) -> WorkerStatus:
    plan = lane.plan
    return WorkerStatus(
        name=plan.name,
        kind=plan.kind,
        device=plan.device,
        place=plan.place,
        state=lane.state,
        pid=lane.pid,
        restarts=max(0, lane.restarts),
        crashes=lane.crashes,
        memory=plan.memory,
        models=lane.models,
        jobs=lane.jobs,
    )

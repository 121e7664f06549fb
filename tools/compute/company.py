"""Jobs of one model under way together: they join, advance and leave between steps."""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial
from threading import Lock
from typing import Any, TypeVar

from tools.compute.answers import Send, Steps, failure
from tools.compute.messages import Cancelled, Done, Failed, Paused, Run
from tools.errors import JobCancelled, OutOfMemory, ToolError
from tools.jobs import Artifact, Session, Spec, StepEngine

log = logging.getLogger("atelier.worker")

PREVIEW_EVERY = 1.0
"""Seconds between two previews of a job, at least."""

Outcome = Done | Failed | Cancelled | Paused
T = TypeVar("T")


@dataclass(eq=False)
class Member:
    """One job: specs not begun, sessions under way, artifacts made; `seconds` of the device."""

    run: Run
    tell: Steps
    waiting: deque[tuple[int, Spec]]
    active: dict[Session, int] = field(default_factory=dict)
    made: dict[int, Artifact] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)
    steps_over: int = 0
    seconds: float = 0.0
    shown: float = field(default_factory=time.monotonic)
    over: bool = False

    @property
    def done(self) -> int:
        """Steps made, of all its specs."""
        return self.steps_over + sum(session.done for session in self.active)

    @property
    def total(self) -> int:
        """Steps of all its specs, as far as known: those not begun count like the others."""
        begun = self.steps_over + sum(session.total for session in self.active)
        count = len(self.run.job.specs)
        return round(begun * count / max(1, count - len(self.waiting)))


class Company:
    """Advances jobs step by step on one engine; called by one thread.

    `say` is told of each job that is over, once, from any thread, and of each that was paused:
    it steps aside with all it has, until it is added again. Results are encoded by `encoder`, so
    the device need not wait for that.
    """

    def __init__(
        self,
        engine: StepEngine[Any],
        encoder: Executor,
        send: Send,
        cancelled: Callable[[str], bool],
        pausing: Callable[[str], bool],
        say: Callable[[Run, Outcome], None],
    ) -> None:
        self._engine, self._encoder, self._send = engine, encoder, send
        self._cancelled, self._pausing, self._say = cancelled, pausing, say
        self._members: list[Member] = []
        self._paused: dict[str, Member] = {}

    def __bool__(self) -> bool:
        return bool(self._members)

    @property
    def empty(self) -> bool:
        """Whether nothing is under way, not even paused."""
        return not self._members and not self._paused

    def add(self, run: Run) -> None:
        """Take a job in, or back; it goes on at the next step."""
        id = run.job.id
        if (member := self._paused.pop(id, None)) is not None:
            self._members.append(member)
            return
        tell = Steps(id, self._send, lambda: self._cancelled(id))
        self._members.append(Member(run, tell, deque(enumerate(run.job.specs))))

    def room(self) -> int:
        """Return how many more specs would raise the throughput."""
        waiting = sum(len(member.waiting) for member in self._members)
        return max(0, self._engine.room(self._sessions()) - waiting)

    def advance(self) -> None:
        """Begin what there is room for, make one step of all, and let go what is done (blocks)."""
        for member in [m for m in self._members if self._pausing(m.run.job.id)]:
            self._set_aside(member)
        for member in list(self._members):
            self._guard(member, self._begin)
        if sessions := self._sessions():
            _spend(self._members, partial(self._engine.step, sessions))
        for member in list(self._members):
            self._guard(member, self._report)
        self._close({s: m for m in self._members for s in m.active if s.finished})
        self._members = [m for m in self._members if m.active or m.waiting]

    def give_up(self, error: Exception) -> None:
        """End all jobs under way with an error."""
        for member in list(self._members):
            self._fail(member, error)

    def sweep(self) -> None:
        """End the paused jobs that are not wanted any more."""
        for id, member in list(self._paused.items()):
            if self._cancelled(id):
                del self._paused[id]
                self._fail(member, JobCancelled())

    def abandon(self) -> None:
        """Drop what is paused; those jobs begin anew when they are run again."""
        for member in self._paused.values():
            self._drop(member)
        self._paused.clear()

    def _set_aside(self, member: Member) -> None:
        self._members.remove(member)
        self._paused[member.run.job.id] = member
        self._say(member.run, Paused(member.run.job.id))

    def _sessions(self) -> list[Session]:
        return [session for member in self._members for session in member.active]

    def _close(self, over: dict[Session, Member]) -> None:
        """Decode what is finished, all of it together, and have it encoded elsewhere."""
        if not over:
            return
        made = _spend(set(over.values()), partial(self._engine.close_all, list(over)))
        for (session, member), make in zip(over.items(), made, strict=True):
            member.steps_over += session.total
            place = member.active.pop(session)
            self._encoder.submit(self._make, member, place, make)

    def _begin(self, member: Member) -> None:
        if member.over:  # one of its results could not be made
            raise JobCancelled
        member.tell(member.done, member.total if member.active else 0, None)
        while member.waiting and (not (now := self._sessions()) or self._engine.room(now) > 0):
            place, spec = member.waiting.popleft()
            session = _spend([member], partial(self._engine.open, spec))
            member.active[session] = place

    def _report(self, member: Member) -> None:
        preview = None
        if member.active and time.monotonic() - member.shown >= PREVIEW_EVERY:
            preview, member.shown = self._engine.show(list(member.active)), time.monotonic()
        member.tell(member.done, member.total, preview)

    def _guard(self, member: Member, act: Callable[[Member], None]) -> None:
        """Do something for one job; what breaks it breaks no other."""
        try:
            act(member)
        except Exception as error:
            if not isinstance(error, JobCancelled | ToolError):
                log.exception("job %s broke", member.run.job.id)
            self._fail(member, error)

    def _fail(self, member: Member, error: Exception) -> None:
        if member in self._members:
            self._members.remove(member)
        self._drop(member)
        id = member.run.job.id
        stopped = isinstance(error, JobCancelled)
        self._end(member, Cancelled(id) if stopped else failure(id, member.run.model, error))

    def _drop(self, member: Member) -> None:
        for session in member.active:
            self._engine.drop(session)
        member.active.clear()

    def _make(self, member: Member, place: int, make: Callable[[], Artifact]) -> None:
        """Encode one result; the last of a job ends it (in a thread of the encoder)."""
        job = member.run.job
        try:
            artifact = make()
        except Exception as error:
            if not isinstance(error, JobCancelled | OutOfMemory):
                log.warning("job %s failed", job.id, exc_info=True)
            self._end(member, failure(job.id, member.run.model, error))
            return
        with member.lock:
            member.made[place] = artifact
            complete = len(member.made) == len(job.specs)
        if complete:
            results = [member.made[place] for place in range(len(job.specs))]
            self._end(member, Done(job.id, results, member.seconds))

    def _end(self, member: Member, outcome: Outcome) -> None:
        with member.lock:
            if member.over:
                return
            member.over = True
        self._say(member.run, outcome)


def _spend(members: Iterable[Member], act: Callable[[], T]) -> T:
    """Do something and share the time among jobs, by their sessions."""
    start = time.monotonic()
    shares = {member: max(1, len(member.active)) for member in members}
    try:
        return act()
    finally:
        each = (time.monotonic() - start) / max(1, sum(shares.values()))
        for member, share in shares.items():
            member.seconds += share * each

"""The asyncio side of computing: a worker process per device, and everybody who waits for one."""

import asyncio
import logging
import time
from collections.abc import Hashable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Self, cast

from tools.catalogue import Catalogue, Model, Task
from tools.compute.costs import shape_of
from tools.compute.devices import Machine, WorkerPlan, able, plan
from tools.compute.lane import Lane, Outcome
from tools.compute.messages import Done, Failed, Loading, News, Progress, Run, Setup
from tools.compute.scheduler import Scheduler
from tools.compute.tickets import QueuedJob, Ticket, key_of
from tools.compute.waiting import Waiting
from tools.errors import EngineFailed, ModelUnavailable
from tools.jobs import Artifact, Job, Note, Report

log = logging.getLogger("atelier.pool")

GRACE = 20.0
"""Seconds a running job has to stop when it is cancelled, before its worker is killed."""
PATIENCE = 600.0
"""Seconds without any progress after which a worker is killed."""


class Pool:
    """Runs jobs in worker processes, users in turn; an async context manager.

    A worker that dies or gives no sign of life is replaced; its job is tried once more (died) or
    fails with a sentence (hung). `engines` is "module:name" of a Registry of engines, imported in
    the workers only. Closing ends the workers at once and cancels whoever still waits.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        models: Path,
        workers: Sequence[WorkerPlan] | None = None,
        *,
        engines: str = "tools.engines:ENGINES",
        scheduler: Scheduler | None = None,
        grace: float = GRACE,
        patience: float = PATIENCE,
    ) -> None:
        self._catalogue, self._models, self._engines = catalogue, models, engines
        self._plans = tuple(plan(Machine.here()) if workers is None else workers)
        epoch = time.time() - time.monotonic()  # the clock of the event loop
        budgets = {worker.name: worker.memory for worker in self._plans}
        self._scheduler = scheduler or Scheduler(memory=budgets, epoch=epoch)
        self._grace, self._patience = grace, patience
        self._entries: dict[str, Waiting] = {}
        self._alike: dict[Hashable, list[Waiting]] = {}  # waiting
        self._running: dict[Hashable, Waiting] = {}
        self._lanes: list[Lane] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._announcing: asyncio.Handle | None = None
        self._open = False

    async def __aenter__(self) -> Self:
        level = logging.getLogger("atelier.worker").getEffectiveLevel()
        for worker in self._plans:
            setup = Setup(worker, self._models, self._engines, level)
            self._lanes.append(Lane(setup, self._grace, self._patience))
        self._tasks = [asyncio.create_task(self._serve(lane)) for lane in self._lanes]
        self._open = True
        return self

    async def __aexit__(self, *_: object) -> None:
        self._open = False
        for entry in self._entries.values():
            for one in entry.everyone:
                one.future.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(lane.close() for lane in self._lanes))
        if self._announcing is not None:
            self._announcing.cancel()

    async def prepare(self, *names: str) -> None:
        """Load the models of these tasks (or of these names), so that the first request is quick.

        Without names only the worker processes are started. Raises as `run` does.
        """
        if not names:
            await asyncio.gather(*(lane.start() for lane in self._lanes), return_exceptions=True)
        defaults = self._catalogue.profiles[self._catalogue.profile]
        models = {str(defaults.get(cast(Task, name), name)) for name in names}
        await asyncio.gather(*(self.run(Job(model, (), ""), _ignore) for model in models))

    async def run(self, job: Job, report: Report) -> list[Artifact]:
        """Run a job to its end, one artifact per spec in order; cancelling the task stops it.

        A job without specs only loads its model; identical jobs are computed once. Raises
        EngineFailed, OutOfMemory, Refused, QueueFull or ModelUnavailable, and CancelledError when
        the pool is closed meanwhile.
        """
        entry = self._enter(job, report)
        try:
            return await entry.future
        except asyncio.CancelledError:
            self._cancel(entry)
            raise

    def queue(self, user: str = "") -> list[QueuedJob]:
        """Return what runs and what waits, in the expected order; of one user, if given."""
        line = self._scheduler.line(asyncio.get_running_loop().time())
        jobs = [job for job in line if job.count and job.user == (user or job.user)]
        return [self._view(job) for job in jobs]

    def _enter(self, job: Job, report: Report) -> Waiting:
        if not self._open:
            raise EngineFailed("Atelier is shutting down; please ask again in a moment.")
        model = self._model(job.model)
        workers = able(model, self._plans)
        if not workers:
            raise ModelUnavailable(
                f"No worker here runs {model.family} models such as {model.name}."
            )
        if job.id in self._entries:
            raise ValueError(f"job {job.id} is in the queue already")
        loop = asyncio.get_running_loop()
        entry = Waiting(job, key_of(job), model, report, loop.create_future())
        if (same := self._running.get(entry.key)) is not None and same.wanted:
            same.company.append(entry)
            return entry
        count, shape = len(job.specs), shape_of(job)
        ticket = Ticket(job.id, job.user, job.model, count, workers, shape, model.memory)
        self._scheduler.submit(ticket, loop.time())
        self._entries[job.id] = entry
        self._alike.setdefault(entry.key, []).append(entry)
        self._moved()
        return entry

    def _model(self, name: str) -> Model:
        known = self._catalogue.models.get(name)
        return self._catalogue.find(known.tasks[0] if known and known.tasks else "draw", name)

    def _cancel(self, entry: Waiting) -> None:
        same = self._running.get(entry.key)
        if same is not None and entry in same.everyone:
            if same.wanted:
                return
            entry = same
        if self._withdraw(entry):
            self._moved()
        for lane in self._lanes:
            lane.cancel(entry.job.id)

    def _withdraw(self, entry: Waiting) -> bool:
        """Take a job out of the queue; False when it does not wait there."""
        if not self._scheduler.cancel(entry.job.id, asyncio.get_running_loop().time()):
            return False
        del self._entries[entry.job.id]
        self._leave(entry)
        return True

    def _leave(self, entry: Waiting) -> None:
        """Forget that a job waits, or runs, for others that are identical."""
        if self._running.get(entry.key) is entry:
            del self._running[entry.key]
        if entry in (waiting := self._alike.get(entry.key, [])):
            waiting.remove(entry)
        if not waiting:
            self._alike.pop(entry.key, None)

    async def _serve(self, lane: Lane) -> None:
        """Start jobs in a lane: the next when it is idle, else those that may join what runs."""
        loop = asyncio.get_running_loop()
        running: dict[str, Ticket] = {}
        async with asyncio.TaskGroup() as group:
            while True:
                lane.wake.clear()
                if not running:
                    first = self._scheduler.next(lane.name, loop.time())
                    tickets = [first] if first is not None else []
                else:
                    like, room = next(iter(running.values())), lane.room
                    tickets = self._scheduler.join(lane.name, loop.time(), like, room)
                for ticket in tickets:
                    running[ticket.id] = ticket
                    group.create_task(self._work(lane, self._entries[ticket.id], running))
                if not tickets:
                    await lane.wake.wait()
                else:
                    await asyncio.sleep(0)  # it has to be on its way before there is room

    async def _work(self, lane: Lane, entry: Waiting, running: dict[str, Ticket]) -> None:
        self._gather(entry)
        if entry.told < 0:
            entry.tell(Note("queued", 1, self._eta(entry)))
        self._moved()
        name = entry.model.name
        try:
            self._finish(
                entry,
                await lane.perform(
                    # after a crash by itself, so that it takes nobody with it
                    Run(entry.job, entry.model, alone=entry.crashes > 0),
                    partial(self._hear, entry),
                ),
            )
        except EOFError:
            self._crashed(entry)
        except TimeoutError:
            sentence = (
                f"The model {name} gave no sign of life for {self._patience:.0f} s and was stopped."
            )
            self._finish(entry, Failed(entry.job.id, "EngineFailed", sentence))
        except Exception:
            log.exception("job %s was lost", entry.job.id)
            sentence = f"The work with the model {name} was lost; the log says why."
            self._finish(entry, Failed(entry.job.id, "EngineFailed", sentence))
        finally:
            running.pop(entry.job.id)

    def _gather(self, entry: Waiting) -> None:
        """Take those who wait for exactly the same out of the queue: this is their turn, too."""
        self._leave(entry)
        for other in tuple(self._alike.get(entry.key, ())):
            if self._withdraw(other):
                entry.company.append(other)
        self._running[entry.key] = entry

    def _crashed(self, entry: Waiting) -> None:
        entry.crashes += 1
        log.error("the worker of job %s (%s) died", entry.job.id, entry.model.name)
        if entry.crashes == 1 and entry.wanted:
            entry.told, entry.since, entry.done, entry.total = -1, None, 0, 0
            self._scheduler.again(entry.job.id, asyncio.get_running_loop().time())
            self._moved()
            return
        sentence = (
            f"The model {entry.model.name} crashed twice at this request, perhaps for want of "
            "memory; ask for less or choose another model."
        )
        self._finish(entry, Failed(entry.job.id, "EngineFailed", sentence))

    def _finish(self, entry: Waiting, outcome: Outcome) -> None:
        del self._entries[entry.job.id]
        seconds = outcome.seconds if isinstance(outcome, Done) else None
        self._scheduler.finished(entry.job.id, asyncio.get_running_loop().time(), seconds)
        self._leave(entry)
        for one in entry.everyone:
            one.settle(outcome)
        self._moved()

    def _hear(self, entry: Waiting, news: News) -> None:
        if isinstance(news, Loading):
            entry.tell(Note("loading"))
        elif isinstance(news, Progress):
            if entry.since is None:
                entry.since = asyncio.get_running_loop().time()
                self._scheduler.started(entry.job.id, entry.since)
            entry.done, entry.total = news.done, news.total
            eta = self._eta(entry)
            entry.tell(Note("running", 0, eta, news.done, news.total, news.preview))

    def _eta(self, entry: Waiting) -> float | None:
        """Return the seconds left, by the job's own pace once it has one, else by experience."""
        now = asyncio.get_running_loop().time()
        if entry.since is not None and 0 < entry.done <= entry.total:
            return (now - entry.since) / entry.done * (entry.total - entry.done)
        return self._scheduler.eta(entry.job.id, now)

    def _view(self, job: QueuedJob) -> QueuedJob:
        entry = self._entries[job.id]
        eta = self._eta(entry) if job.status == "running" else job.eta
        return replace(job, eta=eta, done=entry.done, total=entry.total)

    def _moved(self) -> None:
        """Have everybody told their new place, once for all that happens now, and lanes look."""
        if self._announcing is None:
            self._announcing = asyncio.get_running_loop().call_soon(self._announce)
        for lane in self._lanes:
            lane.wake.set()

    def _announce(self) -> None:
        self._announcing = None
        for job in self._scheduler.changes(asyncio.get_running_loop().time()):
            entry = self._entries[job.id]
            entry.told = job.position
            entry.tell(Note("queued", job.position, job.eta))


def _ignore(note: Note) -> None:
    """Nobody waits to be told."""

"""The asyncio side of computing: a lane for each worker, and everybody who waits for one."""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self, cast

from tools.catalogue import Catalogue, Model, Task
from tools.compute.admission import Allowance
from tools.compute.book import Book
from tools.compute.child import Child
from tools.compute.costs import shape_of
from tools.compute.devices import Kind, Machine, WorkerPlan, plan
from tools.compute.dispatch import Dispatch
from tools.compute.lane import Lane
from tools.compute.link import Connect
from tools.compute.messages import Setup
from tools.compute.scheduler import Scheduler
from tools.compute.status import Status, status_of
from tools.compute.tickets import QueuedJob, Ticket, key_of
from tools.compute.waiting import Waiting
from tools.errors import EngineFailed, ModelUnavailable
from tools.jobs import Artifact, Job, Note, Report

GRACE = 20.0
"""Seconds a running job has to stop when it is cancelled, before its worker is killed."""
PATIENCE = 600.0
"""Seconds without any progress after which a worker is killed."""
HOMELESS = 120.0
"""Seconds a job waits after the last worker that could run it has left."""


class Pool:
    """Runs jobs in workers, users in turn; an async context manager.

    A worker that dies or gives no sign of life is replaced; its job is tried once more (died) or
    fails with a sentence (hung). `connect` starts workers by the kind of their plan. `engines` is
    "module:name" of a Registry of engines, imported in the workers only. Closing ends the workers
    at once and cancels whoever still waits.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        models: Path,
        workers: Sequence[WorkerPlan] | None = None,
        *,
        connect: Mapping[Kind, Connect] | None = None,
        engines: str = "tools.engines:ENGINES",
        scheduler: Scheduler | None = None,
        grace: float = GRACE,
        patience: float = PATIENCE,
    ) -> None:
        self._catalogue, self._models, self._engines = catalogue, models, engines
        self._plans = tuple(plan(Machine.here()) if workers is None else workers)
        self._connect: dict[Kind, Connect] = {"process": Child.start, **(connect or {})}
        epoch = time.time() - time.monotonic()  # the clock of the event loop
        self._scheduler = scheduler or Scheduler(epoch=epoch)
        self._grace, self._patience = grace, patience
        self._book = Book()
        self._dispatch = Dispatch(self._scheduler, self._book, patience)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._open, self._began = False, 0.0

    async def __aenter__(self) -> Self:
        self._open, self._began = True, asyncio.get_running_loop().time()
        for worker in self._plans:
            self.join(worker)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._open = False
        for entry in self._book:
            for one in entry.everyone:
                one.future.cancel()
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        await asyncio.gather(*(lane.close() for lane in self._lanes))
        self._dispatch.close()

    def join(self, worker: WorkerPlan) -> None:
        """Take a worker in; who waits may be served by it from now on."""
        if worker.name in self._dispatch.lanes:
            raise ValueError(f"there is a worker {worker.name} already")
        level = logging.getLogger("atelier.worker").getEffectiveLevel()
        setup = Setup(worker, self._models, self._engines, level)
        connect, told = self._connect[worker.kind], self._scheduler.resident
        lane = Lane(setup, connect, self._grace, self._patience, told)
        self._scheduler.enlist(worker.name, worker.memory)
        self._dispatch.join(lane)
        self._tasks[lane.name] = asyncio.create_task(self._dispatch.serve(lane))

    async def leave(self, name: str) -> None:
        """Let a worker go whose machine is gone: what it ran is begun anew elsewhere.

        Jobs that no other worker can run, also new ones, wait for HOMELESS seconds for one that
        joins; it may have the same name, and need not wait until this is over.
        """
        lane, task = self._dispatch.leave(name), self._tasks.pop(name)
        await lane.close()
        lane.wake.set()
        await task
        asyncio.get_running_loop().call_later(HOMELESS, self._dispatch.forget, lane)

    async def prepare(self, *names: str) -> None:
        """Load the models of these tasks (or of these names), so that the first request is quick.

        Without names only the workers are started. Raises as `run` does.
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
        with self._dispatch.tally.counting(job):
            entry = self._enter(job, report)
            try:
                return await entry.future
            except asyncio.CancelledError:
                self._cancel(entry)
                raise

    def queue(self, user: str = "") -> list[QueuedJob]:
        """Return what runs and what waits, in the expected order; of one user, if given.

        Plays the whole queue forward, O(n log n): 1 to 2 ms for each hundred that wait.
        """
        line = self._scheduler.line(asyncio.get_running_loop().time())
        jobs = [one for job in line if job.count for one in self._views(job)]
        return [job for job in jobs if job.user == (user or job.user)]

    def allowance(self, user: str) -> Allowance:
        """Return a user's role, and what they had or have coming today."""
        now, ledger = asyncio.get_running_loop().time(), self._scheduler.ledger
        role = self._scheduler.roles(user)
        return Allowance(role, ledger.today(user, now), ledger.until_tomorrow(now))

    def status(self, *, queue: bool = True) -> Status:
        """Return how everything stands; without the queue's order some us a job and user."""
        now = asyncio.get_running_loop().time()
        dispatch = self._dispatch
        found = status_of(
            self._lanes, self._book, self._scheduler, dispatch.tally, now, self._began
        )
        return replace(found, queue=tuple(self.queue())) if queue else found

    @property
    def _lanes(self) -> list[Lane]:
        return list(self._dispatch.lanes.values())

    def _enter(self, job: Job, report: Report) -> Waiting:
        if not self._open:
            raise EngineFailed("Atelier is shutting down; please ask again in a moment.")
        model = self._model(job.model)
        workers = self._dispatch.workers(model)
        if not workers:
            raise ModelUnavailable(_nobody(model))
        if job.id in self._book:
            raise ValueError(f"job {job.id} is in the queue already")
        loop = asyncio.get_running_loop()
        entry = Waiting(job, key_of(job), model, report, loop.create_future(), came=loop.time())
        if (same := self._book.running(entry)) is not None and same.wanted:
            same.company.append(entry)
            return entry
        count, shape = len(job.specs), shape_of(job)
        ticket = Ticket(job.id, job.user, job.model, count, workers, shape, model.memory)
        self._scheduler.submit(ticket, loop.time())
        self._book.add(entry)
        self._dispatch.moved()
        return entry

    def _model(self, name: str) -> Model:
        known = self._catalogue.models.get(name)
        return self._catalogue.find(known.tasks[0] if known and known.tasks else "draw", name)

    def _cancel(self, entry: Waiting) -> None:
        holder = self._book.holder(entry)
        if holder is not None and not holder.wanted:
            self._dispatch.withdraw(holder)
            for lane in self._lanes:
                lane.cancel(holder.job.id)

    def _views(self, job: QueuedJob) -> list[QueuedJob]:
        """Return a job as each of those who wait for it sees it."""
        entry = self._book[job.id]
        eta = self._dispatch.eta(entry) if job.status == "running" else job.eta
        seen = job if job.position else replace(job, eta=eta, done=entry.done, total=entry.total)
        if not entry.company:
            return [seen]
        mine = (one.job for one in entry.everyone if not one.future.done())
        return [replace(seen, id=one.id, user=one.user) for one in mine]


def _nobody(model: Model) -> str:
    if server := model.source.server:
        return f"The model {model.name} needs the server {server}, which is not in the settings."
    return f"No worker here runs {model.family} models such as {model.name}."


def _ignore(note: Note) -> None:
    """Nobody waits to be told."""

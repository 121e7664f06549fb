"""The worker: owns one device, runs jobs alone or together, tells the pool how it goes."""

import logging
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from importlib import import_module
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Any, TypeGuard

from tools.catalogue import Model
from tools.compute.answers import Send, Steps, failure
from tools.compute.company import Company
from tools.compute.ladder import generate
from tools.compute.messages import (
    Cancel,
    Cancelled,
    Done,
    Failed,
    Loading,
    Order,
    Pause,
    Paused,
    Ready,
    Resident,
    Room,
    Run,
    Setup,
)
from tools.compute.shelf import Shelf
from tools.errors import EngineFailed, JobCancelled, ToolError
from tools.jobs import Engine, StepEngine

log = logging.getLogger("atelier.worker")


class Worker:
    """Answers jobs; `obey` may be called by another thread meanwhile.

    Jobs of one model whose engine works in steps are answered together, all others in turn. Those
    that were paused are kept until they are run again, cancelled, or their model is unloaded.
    """

    def __init__(self, setup: Setup, send: Send) -> None:
        module, _, name = setup.engines.partition(":")
        self._send, self._device = send, setup.plan.device
        engines = getattr(import_module(module), name)
        self.shelf = Shelf(setup, engines, lambda loaded: send(Resident(loaded)), self._unloaded)
        self._jobs: SimpleQueue[Run | None] = SimpleQueue()
        self._aside: deque[Run] = deque()
        self._companies: dict[str, Company] = {}
        self._taken = 0
        self._cancelled: set[str] = set()
        self._pausing: set[str] = set()
        self._spoilt = False
        self._encoder = ThreadPoolExecutor(2, "encoder")

    def obey(self, order: Order) -> None:
        """Queue a job, or have it stop at its next step, for now or for good."""
        if isinstance(order, Run):
            self._jobs.put(order)
        elif isinstance(order, Pause):
            self._pausing.add(order.id)
        elif isinstance(order, Cancel):
            self._cancelled.add(order.id)
            self._jobs.put(None)  # it may be paused: then only a look around notices

    def serve(self) -> None:
        """Answer jobs until a failure may have spoilt the device for good (blocks)."""
        self._send(Ready())
        while not self._spoilt:
            run = self._aside.popleft() if self._aside else self._take(self._jobs.get())
            if run is None:
                self._sweep()
            elif news := self._guard(run, partial(self._either, run)):
                self._over(run, news)
        self._encoder.shutdown()

    def answer(self, run: Run) -> Done | Failed | Cancelled:
        """Run a job by itself to its end and say what became of it; never raises (blocks)."""
        return self._guard(run, partial(self._whole, run)) or Cancelled(run.job.id)

    def _guard(
        self, run: Run, act: Callable[[Engine], Done | None]
    ) -> Done | Failed | Cancelled | None:
        job, model = run.job, run.model
        try:
            return act(self.shelf.take(model, lambda: self._send(Loading(job.id)), run.wanted))
        except JobCancelled:
            return Cancelled(job.id)
        except (ToolError, MemoryError) as error:
            told = isinstance(error, ToolError) and error.__cause__ is None  # it says it all
            log.warning("job %s failed on %s: %s", job.id, model.name, error, exc_info=not told)
            return failure(job.id, model, error)
        except Exception as error:
            log.exception("job %s broke %s", job.id, model.name)
            self.shelf.drop(model.name)
            return failure(job.id, model, error)

    def _either(self, run: Run, engine: Engine) -> Done | None:
        """Run a job in company where that is possible, and return nothing then."""
        if not _steps(engine, run):
            return self._whole(run, engine)
        company = self._companies.get(run.model.name)
        if company is None:
            company = self._companies[run.model.name] = self._company(engine)
        company.add(run)
        told = Room(0, 0)
        try:
            while company and not self._spoilt:
                company.advance()
                self._let_join(company, run.model, engine)
                room = Room(0 if self._aside else company.room(), self._taken)
                if company and room != told:
                    self._send(room)
                    told = room
        except Exception as error:
            log.exception("jobs of %s broke together", run.model.name)
            company.give_up(error)
            self.shelf.drop(run.model.name)
        self._sweep()
        return None

    def _company(self, engine: StepEngine[Any]) -> Company:
        cancelled, pausing = self._cancelled.__contains__, self._pausing.__contains__
        return Company(engine, self._encoder, self._send, cancelled, pausing, self._left)

    def _let_join(self, company: Company, model: Model, engine: object) -> None:
        """Take jobs into the company; from the first that cannot join, they wait for its end."""
        while not self._aside:
            try:
                run = self._take(self._jobs.get_nowait())
            except Empty:
                return
            if run is not None and run.model == model and _steps(engine, run):
                company.add(run)
            elif run is not None:
                self._aside.append(run)

    def _take(self, run: Run | None) -> Run | None:
        if run is not None:
            self._taken += not run.alone
            self._pausing.discard(run.job.id)
        return run

    def _sweep(self) -> None:
        """Let go of what was paused and is not wanted any more."""
        for name, company in list(self._companies.items()):
            company.sweep()
            if company.empty:
                del self._companies[name]

    def _unloaded(self, name: str) -> None:
        """Forget what was paused of a model that is gone; it is begun anew when it is run again."""
        if (company := self._companies.pop(name, None)) is not None:
            company.abandon()

    def _left(self, run: Run, news: Done | Failed | Cancelled | Paused) -> None:
        """Let a job leave its company; one that found no memory there is tried by itself."""
        if isinstance(news, Paused):
            self._pausing.discard(run.job.id)
            self._send(news)
        elif isinstance(news, Failed) and news.kind == "OutOfMemory":
            self._jobs.put(replace(run, alone=True))
        else:
            self._over(run, news)

    def _over(self, run: Run, news: Done | Failed | Cancelled) -> None:
        """Tell the parent what became of a job, from any thread."""
        self._cancelled.discard(run.job.id)
        self._pausing.discard(run.job.id)
        self._send(news)
        # After a failed kernel CUDA refuses everything else in the same process.
        failed = isinstance(news, Failed) and news.kind == "EngineFailed"
        if failed and self._device.startswith("cuda"):
            self._spoilt = True
            self._jobs.put(None)

    def _whole(self, run: Run, engine: Engine) -> Done:
        id, specs = run.job.id, run.job.specs
        if specs:
            Steps(id, self._send, lambda: id in self._cancelled)(0, 0, None)
        start = monotonic()
        artifacts = generate(self.shelf, engine, run, self._send, self._cancelled.__contains__)
        if len(artifacts) != len(specs):
            raise EngineFailed(
                f"The model {run.model.name} made {len(artifacts)} results instead of {len(specs)}."
            )
        return Done(id, artifacts, monotonic() - start)


def _steps(engine: object, run: Run) -> TypeGuard[StepEngine[Any]]:
    """Return whether a job can be answered in steps, beside others."""
    if run.alone or not run.job.specs or not isinstance(engine, StepEngine):
        return False
    return all(map(engine.can_step, run.job.specs))

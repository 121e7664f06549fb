"""The worker process: owns one device, runs jobs alone or together, tells the pool how it goes.

Started as `python -m tools.compute.worker`; orders come in on what was standard input, news goes
out on what was standard output. When the orders end, so does the process, at once.
"""

import faulthandler
import gc
import logging
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, BinaryIO, TypeGuard

from tools.catalogue import Model
from tools.compute.answers import Send, Steps, failure
from tools.compute.company import Company
from tools.compute.messages import (
    Cancel,
    Cancelled,
    Done,
    Failed,
    Loading,
    Logged,
    News,
    Order,
    Ready,
    Room,
    Run,
    Setup,
    pack,
    read_order,
)
from tools.compute.shelf import Shelf
from tools.errors import EngineFailed, JobCancelled, OutOfMemory, ToolError
from tools.jobs import Artifact, Engine, Spec, StepEngine

log = logging.getLogger("atelier.worker")


class Worker:
    """Answers jobs; `obey` may be called by another thread meanwhile.

    Jobs of one model whose engine works in steps are answered together, all others in turn.
    """

    def __init__(self, setup: Setup, send: Send) -> None:
        module, _, name = setup.engines.partition(":")
        self.shelf = Shelf(setup, getattr(import_module(module), name))
        self._send, self._device = send, setup.plan.device
        self._jobs: SimpleQueue[Run | None] = SimpleQueue()
        self._aside: deque[Run] = deque()
        self._taken = 0
        self._cancelled: set[str] = set()
        self._spoilt = False
        self._encoder = ThreadPoolExecutor(2, "encoder")

    def obey(self, order: Order) -> None:
        """Queue a job, or have it stop at its next step."""
        if isinstance(order, Run):
            self._jobs.put(order)
        elif isinstance(order, Cancel):
            self._cancelled.add(order.id)

    def serve(self) -> None:
        """Answer jobs until a failure may have spoilt the device for good (blocks)."""
        self._send(Ready())
        while not self._spoilt:
            run = self._aside.popleft() if self._aside else self._take(self._jobs.get())
            if run is not None and (news := self._guard(run, partial(self._either, run))):
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
            return act(self.shelf.take(model, lambda: self._send(Loading(job.id))))
        except JobCancelled:
            return Cancelled(job.id)
        except (ToolError, MemoryError) as error:
            log.warning("job %s failed on %s", job.id, model.name, exc_info=True)
            return failure(job.id, model, error)
        except Exception as error:
            log.exception("job %s broke %s", job.id, model.name)
            self.shelf.drop(model.name)
            return failure(job.id, model, error)

    def _either(self, run: Run, engine: Engine) -> Done | None:
        """Run a job in company where that is possible, and return nothing then."""
        if not _steps(engine, run):
            return self._whole(run, engine)
        company = Company(
            engine, self._encoder, self._send, self._cancelled.__contains__, self._left
        )
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
        return None

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
        self._taken += run is not None and not run.alone
        return run

    def _left(self, run: Run, news: Done | Failed | Cancelled) -> None:
        """Let a job leave its company; one that found no memory there is tried by itself."""
        if isinstance(news, Failed) and news.kind == "OutOfMemory":
            self._jobs.put(replace(run, alone=True))
        else:
            self._over(run, news)

    def _over(self, run: Run, news: Done | Failed | Cancelled) -> None:
        """Tell the parent what became of a job, from any thread."""
        self._cancelled.discard(run.job.id)
        self._send(news)
        # After a failed kernel CUDA refuses everything else in the same process.
        failed = isinstance(news, Failed) and news.kind == "EngineFailed"
        if failed and self._device.startswith("cuda"):
            self._spoilt = True
            self._jobs.put(None)

    def _whole(self, run: Run, engine: Engine) -> Done:
        id = run.job.id
        if run.job.specs:
            self._progress(id)(0, 0, None)
        start = time.monotonic()
        artifacts = self._generate(engine, run) if run.job.specs else []
        return Done(id, artifacts, time.monotonic() - start)

    def _generate(self, engine: Engine, run: Run) -> list[Artifact]:
        """Run the specs; without room alone on the device, and then in two halves."""
        specs = run.job.specs
        whole = self._progress(run.job.id)
        artifacts = self._attempt(engine, specs, whole)
        if artifacts is None:
            self.shelf.keep_only(run.model.name)
            gc.collect()
            artifacts = self._attempt(engine, specs, whole)
        if artifacts is None:
            gc.collect()
            artifacts = self._halves(engine, run)
        if len(artifacts) != len(specs):
            raise EngineFailed(
                f"The model {run.model.name} made {len(artifacts)} results instead of {len(specs)}."
            )
        return artifacts

    def _attempt(
        self, engine: Engine, specs: Sequence[Spec], progress: "Steps"
    ) -> list[Artifact] | None:
        """Return None when the memory was too small; by then the frames that used it are gone."""
        try:
            return engine.generate(specs, progress)
        except (OutOfMemory, MemoryError):
            log.warning("no memory for %d specs at once", len(specs), exc_info=True)
            return None

    def _halves(self, engine: Engine, run: Run) -> list[Artifact]:
        specs, middle = run.job.specs, (len(run.job.specs) + 1) // 2
        artifacts: list[Artifact] = []
        parts = [specs[:middle], specs[middle:]] if len(specs) > 1 else []
        for index, part in enumerate(parts):
            made = self._attempt(engine, part, self._progress(run.job.id, index, len(parts)))
            if made is None:
                break
            artifacts += made
        else:
            if parts:
                return artifacts
        raise OutOfMemory(
            f"The model {run.model.name} needs more memory for this than there is; "
            "ask for fewer or smaller results."
        )

    def _progress(self, id: str, part: int = 0, parts: int = 1) -> "Steps":
        return Steps(id, self._send, lambda: id in self._cancelled, part, parts)


def _steps(engine: object, run: Run) -> TypeGuard[StepEngine[Any]]:
    """Return whether a job can be answered in steps, beside others."""
    if run.alone or not run.job.specs or not isinstance(engine, StepEngine):
        return False
    return all(map(engine.can_step, run.job.specs))


class _ToParent(logging.Handler):
    """Sends log records, tracebacks included, to the parent's log."""

    def __init__(self, send: Send) -> None:
        super().__init__()
        self._say = send
        self.setFormatter(logging.Formatter("%(name)s: %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        self._say(Logged(record.levelno, self.format(record)))


def _sender(news: BinaryIO) -> Send:
    """Return what writes messages to the parent, from any thread; ends the process without one."""
    lock = threading.Lock()

    def send(message: News) -> None:
        frame = pack(message)
        try:
            with lock:
                news.write(frame)
                news.flush()
        except OSError:
            os._exit(0)

    return send


def _listen(orders: BinaryIO, worker: Worker) -> None:
    """Pass orders on until the parent is gone, then end the process, whatever it does."""
    try:
        while True:
            worker.obey(read_order(orders))
    except EOFError:
        os._exit(0)


def _take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Return the two pipes; what prints from now on, prints to standard error."""
    orders, news = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return orders, news


def _be_a_child() -> None:
    # The parent decides when to end; Ctrl-C and a service's stop signal reach us as well.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    faulthandler.enable()
    if sys.platform == "linux":  # short of memory, the kernel shall end us and not the bot
        with suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text("500", encoding="ascii")


def main() -> None:
    """Set the process up, then serve."""
    orders, news = _take_pipes()
    _be_a_child()
    setup = read_order(orders)
    assert isinstance(setup, Setup)
    send = _sender(news)
    logging.basicConfig(level=setup.log_level, handlers=[_ToParent(send)])
    logging.captureWarnings(True)
    worker = Worker(setup, send)
    threading.Thread(target=_listen, args=(orders, worker), name="orders", daemon=True).start()
    worker.serve()


if __name__ == "__main__":
    main()

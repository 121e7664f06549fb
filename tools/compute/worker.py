"""The worker process: owns one device, runs one job at a time, tells the pool how it goes.

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
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from queue import SimpleQueue
from typing import BinaryIO

from tools import errors
from tools.catalogue import Model
from tools.compute.messages import (
    Cancel,
    Cancelled,
    Done,
    Failed,
    Loading,
    Logged,
    News,
    Order,
    Progress,
    Ready,
    Run,
    Setup,
    pack,
    read_order,
)
from tools.compute.shelf import Shelf
from tools.errors import EngineFailed, JobCancelled, OutOfMemory, ToolError
from tools.jobs import Artifact, Engine, Spec

log = logging.getLogger("atelier.worker")

INTERVAL = 0.05
"""Seconds between two progress messages at least."""

Send = Callable[[News], None]


class Worker:
    """Answers one job after the other; `obey` may be called by another thread meanwhile."""

    def __init__(self, setup: Setup, send: Send) -> None:
        module, _, name = setup.engines.partition(":")
        self.shelf = Shelf(setup, getattr(import_module(module), name))
        self._send, self._device = send, setup.plan.device
        self._jobs: SimpleQueue[Run] = SimpleQueue()
        self._cancelled: set[str] = set()

    def obey(self, order: Order) -> None:
        """Queue a job, or have the running one stop at its next step."""
        if isinstance(order, Run):
            self._jobs.put(order)
        elif isinstance(order, Cancel):
            self._cancelled.add(order.id)

    def serve(self) -> None:
        """Answer jobs until a failure may have spoilt the device for good (blocks)."""
        self._send(Ready())
        while True:
            run = self._jobs.get()
            news = self.answer(run)
            self._cancelled.discard(run.job.id)
            self._send(news)
            if isinstance(news, Failed) and self._spoilt(news):
                return

    def answer(self, run: Run) -> Done | Failed | Cancelled:
        """Run a job to its end and return what became of it; never raises (blocks)."""
        job, model = run.job, run.model
        try:
            engine = self.shelf.take(model, lambda: self._send(Loading(job.id)))
            if job.specs:
                self._progress(job.id)(0, 0, None)
            start = time.monotonic()
            artifacts = self._generate(engine, run) if job.specs else []
            return Done(job.id, artifacts, time.monotonic() - start)
        except JobCancelled:
            return Cancelled(job.id)
        except (ToolError, MemoryError) as error:
            log.warning("job %s failed on %s", job.id, model.name, exc_info=True)
            return _failed(job.id, model, error)
        except Exception:
            log.exception("job %s broke %s", job.id, model.name)
            self.shelf.drop(model.name)
            sentence = f"The model {model.name} broke at this request; the log says why."
            return Failed(job.id, "EngineFailed", sentence)

    def _spoilt(self, failed: Failed) -> bool:
        # After a failed kernel CUDA refuses everything else in the same process.
        return self._device.startswith("cuda") and failed.kind == "EngineFailed"

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
        self, engine: Engine, specs: Sequence[Spec], progress: "_Steps"
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

    def _progress(self, id: str, part: int = 0, parts: int = 1) -> "_Steps":
        return _Steps(id, self._send, lambda: id in self._cancelled, part, parts)


class _Steps:
    """The progress callback of one run: stops it when asked, and speaks at most every INTERVAL."""

    def __init__(
        self, id: str, send: Send, cancelled: Callable[[], bool], part: int, parts: int
    ) -> None:
        self._id, self._send, self._cancelled = id, send, cancelled
        self._part, self._parts = part, parts
        self._next = 0.0
        self._preview: bytes | None = None

    def __call__(self, done: int, total: int, preview: bytes | None) -> None:
        if self._cancelled():
            raise JobCancelled
        self._preview = preview or self._preview
        now = time.monotonic()
        if now < self._next and not 0 < total <= done:
            return
        done, total = self._part * total + done, self._parts * total
        self._send(Progress(self._id, done, total, self._preview))
        self._next, self._preview = now + INTERVAL, None


class _ToParent(logging.Handler):
    """Sends log records, tracebacks included, to the parent's log."""

    def __init__(self, send: Send) -> None:
        super().__init__()
        self._say = send
        self.setFormatter(logging.Formatter("%(name)s: %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        self._say(Logged(record.levelno, self.format(record)))


def _failed(id: str, model: Model, error: ToolError | MemoryError) -> Failed:
    if isinstance(error, MemoryError):
        sentence = f"The model {model.name} does not fit into the memory of this machine."
        return Failed(id, "OutOfMemory", sentence)
    names = [c.__name__ for c in type(error).__mro__ if vars(errors).get(c.__name__) is c]
    kind = "EngineFailed" if names[0] == "ToolError" else names[0]
    return Failed(id, kind, str(error))


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

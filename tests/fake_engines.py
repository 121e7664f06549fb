"""Engines for worker processes in tests: they do what the prompt says.

Not imported by the tests themselves but, by name, in the worker.
"""

import os
import select
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tools.catalogue import Model
from tools.compute.answers import INTERVAL
from tools.errors import EngineFailed, JobCancelled, ModelUnavailable, OutOfMemory, Refused
from tools.jobs import Artifact, Engine, PictureSpec, Progress, Spec
from tools.registry import Registry

ENGINES: Registry[type[Engine]] = Registry("engine", "tools.engines", "atelier.engine.tests")


@ENGINES.register("fake")
class Fake:
    """Counts; a prompt is "command argument", and every call is noted in `files`/calls."""

    def __init__(self, model: Model, files: Path, device: str) -> None:
        self._model, self._files, self._device = model, files, device
        self._batch = int(str(model.options.get("batch", 100)))

    def load(self) -> None:
        self._note("load")
        if command := str(self._model.options.get("load", "")):
            self._obey(command, lambda *_: None)

    def unload(self) -> None:
        self._note("unload")

    def generate(self, specs: Sequence[Spec], progress: Progress) -> list[Artifact]:
        self._note(f"generate {len(specs)}")
        if len(specs) > self._batch:
            raise OutOfMemory("too many at once")
        return [self._one(i, spec, len(specs), progress) for i, spec in enumerate(specs)]

    def _one(self, index: int, spec: Spec, count: int, progress: Progress) -> Artifact:
        assert isinstance(spec, PictureSpec)
        progress(index, count, None)
        data = self._obey(spec.prompt, progress)
        progress(index + 1, count, None)
        return Artifact(data, "image/png", {"device": self._device, "pid": os.getpid()})

    def _obey(self, prompt: str, progress: Progress) -> bytes:
        command, _, rest = prompt.partition(" ")
        return bytes(getattr(self, f"_do_{command}")(rest, progress) or prompt.encode())

    def _note(self, what: str) -> None:
        with (self._files / "calls").open("a", encoding="utf-8") as file:
            file.write(f"{self._model.name} {what}\n")

    def _do_echo(self, rest: str, progress: Progress) -> bytes:
        return rest.encode()

    def _do_big(self, rest: str, progress: Progress) -> bytes:
        return os.urandom(1) * int(rest)

    def _do_threads(self, rest: str, progress: Progress) -> bytes:
        return os.environ["OMP_NUM_THREADS"].encode()

    def _do_steps(self, rest: str, progress: Progress) -> None:
        for step in range(int(rest)):
            progress(step, int(rest), None)

    def _do_paint(self, rest: str, progress: Progress) -> bytes:
        """Take some time: so many steps of 5 ms, then answer with the rest."""
        count, _, answer = rest.partition(" ")
        for step in range(int(count)):
            progress(step, int(count), None)
            select.select([], [], [], 0.005)
        return answer.encode()

    def _do_previews(self, rest: str, progress: Progress) -> None:
        for step in range(int(rest)):
            progress(step, int(rest), b"jpeg%d" % step)

    def _do_wait(self, fifo: str, progress: Progress) -> None:
        """Wait until something is written to the named pipe; can be cancelled."""
        with open(os.open(fifo, os.O_RDONLY | os.O_NONBLOCK), "rb") as gate:  # noqa: PTH123
            while not gate.read(1):
                progress(1, 2, None)
                select.select([], [], [], 0.005)

    def _do_hang(self, rest: str, progress: Progress) -> None:
        _show(progress)
        threading.Event().wait()

    def _do_spin(self, rest: str, progress: Progress) -> None:
        _show(progress)
        while True:
            pass

    def _do_deaf(self, fifo: str, progress: Progress) -> None:
        """Work on without ever asking whether to stop, until the pipe is written to."""
        _show(progress)
        with open(fifo, "rb") as gate:  # noqa: PTH123
            gate.read(1)

    def _do_crash(self, rest: str, progress: Progress) -> None:
        print("last words", file=sys.stderr, flush=True)
        os._exit(7)

    def _do_crash_once(self, marker: str, progress: Progress) -> None:
        if not Path(marker).exists():
            Path(marker).touch()
            os._exit(7)

    def _do_print(self, rest: str, progress: Progress) -> None:
        print(rest)
        print(f"{rest} on stderr", file=sys.stderr)

    def _do_oom(self, rest: str, progress: Progress) -> None:
        raise OutOfMemory("no room")

    def _do_refuse(self, rest: str, progress: Progress) -> None:
        raise Refused(rest)

    def _do_fail(self, rest: str, progress: Progress) -> None:
        raise EngineFailed(rest)

    def _do_gone(self, rest: str, progress: Progress) -> None:
        raise ModelUnavailable(rest)

    def _do_bug(self, rest: str, progress: Progress) -> None:
        raise ValueError("/secret/path")

    def _do_stop(self, rest: str, progress: Progress) -> None:
        raise JobCancelled


@ENGINES.register("parking")
class Resting(Fake):
    """Can leave the device, and can do with less of it: then it makes any number at once."""

    _offloaded = False

    def park(self) -> None:
        self._note("park")

    def wake(self) -> None:
        self._note("wake")
        if command := str(self._model.options.get("wake", "")):
            self._obey(command, lambda *_: None)

    def offload(self) -> bool:
        first, self._offloaded, self._batch = not self._offloaded, True, 100
        if first:
            self._note("offload")
        return first


def _show(progress: Progress) -> None:
    """Make a step that is seen outside, although steps in quick succession are not."""
    select.select([], [], [], 2 * INTERVAL)
    progress(1, 2, None)


@dataclass(eq=False)
class Drawn:
    """A session: as many steps as its spec says."""

    spec: PictureSpec
    done: int = 0

    @property
    def total(self) -> int:
        return self.spec.steps

    @property
    def finished(self) -> bool:
        return self.done >= self.total


@ENGINES.register("stepping")
class Stepping(Fake):
    """Works in steps, except for prompts that begin with "whole"."""

    def can_step(self, spec: Spec) -> bool:
        return isinstance(spec, PictureSpec) and not spec.prompt.startswith("whole")

    def open(self, spec: Spec) -> Drawn:
        assert isinstance(spec, PictureSpec)
        if spec.prompt.startswith("lean"):
            raise OutOfMemory("no room for it in company")
        return Drawn(spec)

    def step(self, sessions: Sequence[Drawn]) -> None:
        self._note(f"step {len(sessions)}")
        for session in sessions:
            session.done += 1
            command, _, rest = session.spec.prompt.partition(" ")
            if command == "gate" and session.done == 3:
                with open(rest, "rb") as gate:  # noqa: PTH123
                    gate.read(1)
            elif command == "crash":
                os._exit(7)
        select.select([], [], [], 0.001)

    def room(self, sessions: Sequence[Drawn]) -> int:
        return max(0, 4 - len(sessions))

    def show(self, sessions: Sequence[Drawn]) -> bytes | None:
        return b"jpeg%d" % len(sessions)

    def close(self, session: Drawn) -> Artifact:
        return self.close_all([session])[0]()

    def close_all(self, sessions: Sequence[Drawn]) -> list[Callable[[], Artifact]]:
        self._note(f"close {len(sessions)}")
        return [
            partial(Artifact, s.spec.prompt.encode(), "image/png", {"pid": os.getpid()})
            for s in sessions
        ]

    def drop(self, session: Drawn) -> None:
        self._note(f"drop {session.done}")

    def _do_lean(self, rest: str, progress: Progress) -> None:
        """Have room when alone."""

    def _do_cat(self, rest: str, progress: Progress) -> None:
        """Be what anybody draws."""

    def _do_whole(self, rest: str, progress: Progress) -> None:
        """Do not work in steps."""

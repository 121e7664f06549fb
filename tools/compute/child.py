"""The parent's end of a process of ours, such as a worker."""

import asyncio
import logging
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections import deque
from collections.abc import Mapping
from typing import Any, Self

from tools.compute.messages import Logged, Setup, pack, read_news

log = logging.getLogger("atelier.worker")

SPINS = "10000"
"""How often a waiting OpenMP thread looks before it sleeps: half a millisecond of looking.

That bridges the gaps between a model's operations. OpenMP's own 300,000 keep a core from whoever
wants it and make pictures ten times as slow where anything else is running.
"""

_BUFFER = 2**20  # bytes of news read before the pipe is left to fill
_TAIL = 20  # lines of standard error shown when a worker dies
_LEAVE = 5.0  # seconds a worker has to end once its pipe is closed


class Piped:
    """A running process of ours; its standard error and its log go to ours.

    Started by `python -m` with two pipes instead of multiprocessing's spawn, which would run the
    parent's `__main__` once more in every child and keep a resource tracker alive beside them.
    """

    def __init__(self, process: Process, name: str) -> None:
        self._process, self._log = process, log.getChild(name)
        self._news: asyncio.Queue[Any] = asyncio.Queue()
        self._tail: deque[str] = deque(maxlen=_TAIL)
        self._readers = [asyncio.create_task(self._read()), asyncio.create_task(self._drain())]

    @classmethod
    async def open(cls, module: str, name: str, environment: Mapping[str, str]) -> Self:
        """Start a module as a process; `name` stands in its log. Raises OSError."""
        # Our own search path, because `-m` alone would look for `tools` in the current folder.
        path = os.pathsep.join(p or "." for p in sys.path)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", module,
            stdin=PIPE, stdout=PIPE, stderr=PIPE, limit=_BUFFER,
            env={**os.environ, **environment, "PYTHONPATH": path},
            start_new_session=True,  # Ctrl-C in the terminal is for the parent only
        )  # fmt: skip
        return cls(process, name)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def ended(self) -> bool:
        """Whether nothing can be expected from it any more."""
        return self._process.returncode is not None or self._readers[0].done()

    def send(self, order: object) -> None:
        """Hand an order over; never blocks, and is lost when the process has ended."""
        if self._process.stdin is not None and not self._process.stdin.is_closing():
            self._process.stdin.write(pack(order))

    async def hear(self) -> Any:
        """Return what the process says next; raises EOFError when it has ended."""
        news = await self._news.get()
        if news is None:
            raise EOFError
        return news

    def kill(self) -> None:
        """End the process now; `hear` raises EOFError soon after."""
        if self._process.returncode is None:
            self._process.kill()

    async def close(self) -> None:
        """End the process, at once unless it does not notice, and wait until it is gone."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), _LEAVE)
        except TimeoutError:
            self.kill()
        code = await self._process.wait()
        await asyncio.wait(self._readers)
        if code:
            last = "".join(f"\n{line}" for line in self._tail)
            self._log.error("ended with %d%s", code, last and f"; its last lines:{last}")

    async def _read(self) -> None:
        assert self._process.stdout is not None
        try:
            while True:
                news = await read_news(self._process.stdout)
                if isinstance(news, Logged):
                    self._log.log(news.level, "%s", news.text)
                else:
                    self._news.put_nowait(news)
        except EOFError:
            self._news.put_nowait(None)

    async def _drain(self) -> None:
        assert self._process.stderr is not None
        rest = b""
        while chunk := await self._process.stderr.read(_BUFFER):
            *lines, rest = (rest + chunk).replace(b"\r", b"\n").split(b"\n")
            for line in lines:
                self._say(line)
        self._say(rest)

    def _say(self, line: bytes) -> None:
        if text := line.decode("utf-8", "replace").strip():
            self._tail.append(text)
            self._log.info("%s", text)


class Child(Piped):
    """A running worker process."""

    @classmethod
    async def start(cls, setup: Setup) -> "Child":
        """Start a worker process; it says Ready when it listens. Raises OSError."""
        plan = setup.plan
        child = await cls.open("tools.compute.process", plan.name, threading(plan.threads))
        child.send(setup)
        return child


def threading(threads: int) -> dict[str, str]:
    """Return the environment of a worker with so many threads, read when torch is imported."""
    count, spins = str(threads), os.environ.get("GOMP_SPINCOUNT", SPINS)
    return {"GOMP_SPINCOUNT": spins, "OMP_NUM_THREADS": count, "MKL_NUM_THREADS": count}

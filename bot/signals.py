"""Ctrl-C and `kill` as an orderly end: the main task is cancelled, and the exit status says why."""

import asyncio
import signal
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(slots=True)
class Signals:
    """What ended the program, and who wants to hear of Ctrl-C instead of that."""

    pressed: Callable[[], None] | None = None
    """Called at Ctrl-C while set, instead of ending the program."""
    status: int | None = field(default=None, init=False)
    _main: "asyncio.Task[int] | None" = field(default=None, init=False)

    def stop(self, number: int) -> None:
        """End the program with the status shells give to a signal; further ones change nothing."""
        if number == signal.SIGINT and self.pressed is not None:
            self.pressed()
        elif self.status is None:
            self.status = 128 + number
            if self._main is not None:
                self._main.cancel()

    async def watch(self, main: Coroutine[Any, Any, int]) -> int:
        """Run `main` until it ends or a signal comes, and return the exit status."""
        loop = asyncio.get_running_loop()
        for number in _ENDING:
            loop.add_signal_handler(number, self.stop, number)
        self._main = asyncio.ensure_future(main)
        try:
            return await self._main
        except asyncio.CancelledError:
            if self.status is None:
                raise
            return self.status


class _Impatient(ThreadPoolExecutor):
    """Does not wait for its threads at the end: one may be importing or fetching for a while.

    Nothing is lost with them; files are written under another name first.
    """

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        super().shutdown(wait=False, cancel_futures=True)


def run(main: Callable[[Signals], Coroutine[Any, Any, int]]) -> int:
    """Run an event loop around `main` and return the exit status (blocks).

    Threads of the loop may go on, so the process should end with `os._exit`.
    """
    signals = Signals()
    with asyncio.Runner() as runner:
        runner.get_loop().set_default_executor(_Impatient())
        return runner.run(signals.watch(main(signals)))

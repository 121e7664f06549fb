"""Views of something that moves fast, shown to a platform that wants to be asked seldom."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Generic, TypeVar

log = logging.getLogger(__name__)

View = TypeVar("View")


class Busy(Exception):
    """The platform wants to be left alone for so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"wait {seconds:.1f} s")
        self.seconds = seconds


class Pace(Generic[View]):
    """Shows the newest view at most every `interval` seconds; those in between are dropped.

    `show` may raise Busy, then nothing is shown for that long; any other error ends the showing,
    for a view is never worth more than the result that follows it.
    """

    def __init__(self, show: Callable[[View], Awaitable[None]], interval: float) -> None:
        self._show, self._interval = show, interval
        self._newest: View | None = None
        self._task: asyncio.Task[None] | None = None
        self._over = asyncio.Event()

    def put(self, view: View) -> None:
        """Have a view shown, unless a newer one comes before its turn."""
        self._newest = view
        if not self._over.is_set() and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Show nothing any more; waits for what is being shown now, so that nothing comes after."""
        self._over.set()
        if self._task is not None:
            await asyncio.wait({self._task})

    async def _run(self) -> None:
        while (view := self._newest) is not None and not self._over.is_set():
            self._newest, wait = None, self._interval
            try:
                await self._show(view)
            except Busy as busy:
                wait = max(wait, busy.seconds)
                if self._newest is None:
                    self._newest = view  # nobody saw it: its turn comes again
            except Exception:
                log.warning("progress is not shown any more", exc_info=True)
                self._over.set()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._over.wait(), wait)

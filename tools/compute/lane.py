"""One worker plan at work: its process, started when needed, and one job at a time in it."""

import asyncio
from collections.abc import Callable

from tools.compute.child import Child
from tools.compute.messages import Cancel, Cancelled, Done, Failed, News, Progress, Run, Setup

Outcome = Done | Failed | Cancelled


class Lane:
    """Performs one job after the other, and replaces the process when it died or had to be killed.

    `grace` and `patience` as in `Pool`, in seconds.
    """

    def __init__(self, setup: Setup, grace: float, patience: float) -> None:
        self.name, self._setup = setup.plan.name, setup
        self._grace, self._patience = grace, patience
        self.wake = asyncio.Event()
        self._lock = asyncio.Lock()
        self._closed = False
        self._child: Child | None = None
        self._job = self._unwanted = ""
        self._computing = False
        self._alarm: asyncio.TimerHandle | None = None

    @property
    def pid(self) -> int | None:
        """The process id of the worker, None while there is none."""
        return self._child.pid if self._child is not None and not self._child.ended else None

    async def start(self) -> Child:
        """Return the worker process, starting one if there is none; raises EOFError."""
        async with self._lock:
            if self._child is not None and self._child.ended:
                await self._end()
            if self._closed:
                raise EOFError
            if self._child is None:
                try:
                    self._child = await Child.start(self._setup)
                except OSError as error:
                    raise EOFError from error
            return self._child

    async def perform(self, run: Run, tell: Callable[[News], None]) -> Outcome:
        """Have a job done and pass on what is heard meanwhile.

        Raises EOFError when the worker died, TimeoutError when it had to be killed.
        """
        self._job, self._computing = run.job.id, False
        try:
            child = await self.start()
            if self._unwanted == self._job:
                return Cancelled(self._job)
            child.send(run)
            return await self._hear_out(child, tell)
        except (EOFError, TimeoutError):
            await self._replace()
            raise
        finally:
            self._job = ""
            if self._alarm is not None:
                self._alarm.cancel()

    def cancel(self, id: str) -> None:
        """Ask for the job to be stopped, if it is here; a worker that does not react is killed.

        While a model is loaded nothing can react, so only the patience counts then.
        """
        if id != self._job:
            return
        self._unwanted = id
        if self._child is not None:
            self._child.send(Cancel(id))
            if self._computing:
                loop = asyncio.get_running_loop()
                self._alarm = loop.call_later(self._grace, self._child.kill)

    async def close(self) -> None:
        """End the worker process for good."""
        self._closed = True
        await self._replace()

    async def _hear_out(self, child: Child, tell: Callable[[News], None]) -> Outcome:
        while True:
            async with asyncio.timeout(self._patience):
                news = await child.hear()
            if isinstance(news, Outcome):
                return news
            self._computing = self._computing or isinstance(news, Progress)
            tell(news)

    async def _replace(self) -> None:
        async with self._lock:
            await self._end()

    async def _end(self) -> None:
        if self._child is not None:
            await self._child.close()
            self._child = None

"""One worker plan at work: its process, started when needed, and the jobs in it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from tools.compute.child import Child
from tools.compute.messages import (
    Cancel,
    Cancelled,
    Done,
    Failed,
    Logged,
    News,
    Progress,
    Ready,
    Room,
    Run,
    Setup,
)

Outcome = Done | Failed | Cancelled


@dataclass(eq=False)
class _Post:
    """A job in the worker: what the worker says of it, and who is heard when it is over."""

    inbox: asyncio.Queue[News | None] = field(default_factory=asyncio.Queue)
    child: Child | None = None
    computing: bool = False
    unwanted: bool = False
    alarm: asyncio.TimerHandle | None = None


class Lane:
    """Performs jobs, and replaces the process when it died or had to be killed.

    Jobs of one model may be performed together as far as there is `room`. `grace` and `patience`
    as in `Pool`, in seconds.
    """

    def __init__(self, setup: Setup, grace: float, patience: float) -> None:
        self.name, self._setup = setup.plan.name, setup
        self._grace, self._patience = grace, patience
        self.wake = asyncio.Event()
        self._lock = asyncio.Lock()
        self._closed = False
        self._child: Child | None = None
        self._reader: asyncio.Task[None] | None = None
        self._posts: dict[str, _Post] = {}
        self._sent, self._room = 0, Room(0, 0)
        self._heard = 0.0

    @property
    def room(self) -> int:
        """How many more specs of the running model would be worth to join what runs."""
        return max(0, self._room.count - (self._sent - self._room.taken)) if self._posts else 0

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
                self._reader = asyncio.create_task(self._listen(self._child))
            return self._child

    async def perform(self, run: Run, tell: Callable[[News], None]) -> Outcome:
        """Have a job done and pass on what is heard meanwhile.

        Raises EOFError when the worker died, TimeoutError when it had to be killed because this
        job, which was alone in it, gave no sign of life.
        """
        post = self._posts[run.job.id] = _Post()
        try:
            child = await self.start()
            if post.unwanted:
                return Cancelled(run.job.id)
            post.child = child
            child.send(run)
            self._sent += not run.alone
            return await self._hear_out(child, post, tell)
        finally:
            del self._posts[run.job.id]
            if not self._posts:
                self._room = Room(0, self._sent)
            if post.alarm is not None:
                post.alarm.cancel()

    def cancel(self, id: str) -> None:
        """Ask for the job to be stopped, if it is here; a worker that does not react is killed.

        While a model is loaded nothing can react, so only the patience counts then.
        """
        post = self._posts.get(id)
        if post is None:
            return
        post.unwanted = True
        if self._child is not None:
            self._child.send(Cancel(id))
            if post.computing:
                loop = asyncio.get_running_loop()
                post.alarm = loop.call_later(self._grace, self._child.kill)

    async def close(self) -> None:
        """End the worker process for good."""
        self._closed = True
        async with self._lock:
            await self._end()

    async def _hear_out(self, child: Child, post: _Post, tell: Callable[[News], None]) -> Outcome:
        loop = asyncio.get_running_loop()
        self._heard = loop.time()
        while True:
            try:
                async with asyncio.timeout_at(self._heard + self._patience):
                    news = await post.inbox.get()
            except TimeoutError:
                if loop.time() < self._heard + self._patience:
                    continue  # another job was heard of
                await self._replace(child)
                if len(self._posts) == 1:
                    raise
                raise EOFError from None  # which of them hangs is not known
            if news is None:
                await self._replace(child)
                raise EOFError
            if isinstance(news, Outcome):
                return news
            post.computing = post.computing or isinstance(news, Progress)
            tell(news)

    async def _listen(self, child: Child) -> None:
        """Hand what the worker says to whom it concerns, until it ends."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                news = await child.hear()
                self._heard = loop.time()
                if isinstance(news, Room):
                    self._room = news
                    self.wake.set()
                elif not isinstance(news, Ready | Logged) and news.id in self._posts:
                    self._posts[news.id].inbox.put_nowait(news)
        except EOFError:
            for post in self._posts.values():
                if post.child is child:
                    post.inbox.put_nowait(None)

    async def _replace(self, child: Child) -> None:
        async with self._lock:
            if self._child is child:
                await self._end()

    async def _end(self) -> None:
        if self._child is not None:
            await self._child.close()
            self._child, self._sent, self._room = None, 0, Room(0, 0)
        if self._reader is not None:
            await self._reader  # it has heard the end
            self._reader = None

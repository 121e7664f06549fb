"""One worker plan at work: its worker, started when needed, and the jobs in it."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from tools.compute.devices import WorkerPlan
from tools.compute.link import Connect, Link
from tools.compute.messages import (
    Cancel,
    Cancelled,
    Done,
    Failed,
    Logged,
    News,
    Order,
    Pause,
    Paused,
    Progress,
    Ready,
    Resident,
    Room,
    Run,
    Setup,
)

Outcome = Done | Failed | Cancelled


@dataclass(eq=False)
class _Post:
    """A job in the worker: what the worker says of it, and who is heard when it is over."""

    inbox: asyncio.Queue[News | None] = field(default_factory=asyncio.Queue)
    link: Link | None = None
    computing: bool = False
    unwanted: bool = False
    pausing: bool = False
    alarm: asyncio.TimerHandle | None = None


class Lane:
    """Performs jobs, and replaces the worker when it died or had to be killed.

    Jobs of one model may be performed together as far as there is `room`. `grace` and `patience`
    as in `Pool`, in seconds; `resident` is told which models are loaded. `gone`: its machine has
    left, it is not to be used again.
    """

    def __init__(
        self,
        setup: Setup,
        connect: Connect,
        grace: float,
        patience: float,
        resident: Callable[[str, Sequence[str]], None] = lambda name, models: None,
    ) -> None:
        self.name, self._setup, self._connect = setup.plan.name, setup, connect
        self._resident = resident
        self._grace, self._patience = grace, patience
        self.wake = asyncio.Event()
        self.gone = False
        self.restarts = -1
        self.crashes = 0
        self.models: tuple[tuple[str, int], ...] = ()
        self._lock = asyncio.Lock()
        self._closed = False
        self._link: Link | None = None
        self._reader: asyncio.Task[None] | None = None
        self._posts: dict[str, _Post] = {}
        self._paused: set[str] = set()
        self._sent, self._room = 0, Room(0, 0)
        self._heard = 0.0

    @property
    def plan(self) -> WorkerPlan:
        """What the worker is."""
        return self._setup.plan

    @property
    def room(self) -> int:
        """How many more specs of the running model would be worth to join what runs."""
        return max(0, self._room.count - (self._sent - self._room.taken)) if self._posts else 0

    @property
    def pausing(self) -> bool:
        """Whether jobs have been asked to step aside and have not done so yet."""
        return any(post.pausing for post in self._posts.values())

    @property
    def jobs(self) -> tuple[str, ...]:
        """The ids of the jobs in the worker, or on their way into it."""
        return tuple(self._posts)

    @property
    def state(self) -> Literal["off", "idle", "loading", "busy"]:
        """What the worker does; loading is also its own start."""
        if self._posts:
            return "busy" if any(p.computing for p in self._posts.values()) else "loading"
        return "off" if self._link is None or self._link.ended else "idle"

    @property
    def pid(self) -> int | None:
        """The process id of the worker, None while there is none."""
        return self._link.pid if self._link is not None and not self._link.ended else None

    async def start(self) -> Link:
        """Return the worker, starting one if there is none; raises EOFError."""
        async with self._lock:
            if self._link is not None and self._link.ended:
                await self._end()
            if self._closed:
                raise EOFError
            if self._link is None:
                try:
                    self._link = await self._connect(self._setup)
                except OSError as error:
                    raise EOFError from error
                self.restarts += 1
                self._reader = asyncio.create_task(self._listen(self._link))
            return self._link

    async def perform(self, run: Run, tell: Callable[[News], None]) -> Outcome | Paused:
        """Have a job done, or as far as it gets before it is paused; pass on what is heard.

        Raises EOFError when the worker died, TimeoutError when it had to be killed because this
        job, which was alone in it, gave no sign of life.
        """
        post = self._posts[run.job.id] = _Post()
        try:
            link = await self.start()
            if post.unwanted:
                return Cancelled(run.job.id)
            post.link = link
            self._paused.discard(run.job.id)
            link.send(run)
            self._sent += not run.alone
            return await self._hear_out(link, post, tell)
        finally:
            del self._posts[run.job.id]
            if not self._posts:
                self._room = Room(0, self._sent)
            if post.alarm is not None:
                post.alarm.cancel()

    def pause(self) -> None:
        """Ask all that runs to step aside; what does no steps runs to its end."""
        for id, post in self._posts.items():
            if not post.pausing:
                post.pausing = True
                self._send(Pause(id))

    def cancel(self, id: str) -> None:
        """Ask for the job to be stopped, if it is here; a worker that does not react is killed.

        While a model is loaded nothing can react, so only the patience counts then.
        """
        post = self._posts.get(id)
        if post is None:
            if id in self._paused:
                self._paused.discard(id)
                self._send(Cancel(id))
            return
        post.unwanted = True
        self._send(Cancel(id))
        if self._link is not None and post.computing:
            loop = asyncio.get_running_loop()
            post.alarm = loop.call_later(self._grace, self._link.kill)

    async def close(self) -> None:
        """End the worker for good."""
        self._closed = True
        async with self._lock:
            await self._end()

    def _send(self, order: Order) -> None:
        if self._link is not None:
            self._link.send(order)

    async def _hear_out(
        self, link: Link, post: _Post, tell: Callable[[News], None]
    ) -> Outcome | Paused:
        loop = asyncio.get_running_loop()
        self._heard = loop.time()
        while True:
            try:
                async with asyncio.timeout_at(self._heard + self._patience):
                    news = await post.inbox.get()
            except TimeoutError:
                if loop.time() < self._heard + self._patience:
                    continue  # another job was heard of
                await self._replace(link)
                if len(self._posts) == 1:
                    raise
                raise EOFError from None  # which of them hangs is not known
            if news is None:
                await self._replace(link)
                raise EOFError
            if isinstance(news, Outcome | Paused):
                return news
            post.computing = post.computing or isinstance(news, Progress)
            tell(news)

    async def _listen(self, link: Link) -> None:
        """Hand what the worker says to whom it concerns, until it ends."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                news = await link.hear()
                self._heard = loop.time()
                self._take(news)
        except EOFError:
            for post in self._posts.values():
                if post.link is link:
                    post.inbox.put_nowait(None)

    def _take(self, news: News) -> None:
        if isinstance(news, Room):
            self._room = news
            self.wake.set()
        elif isinstance(news, Resident):
            self.models = news.models
            self._resident(self.name, [name for name, _ in news.models])
        elif not isinstance(news, Ready | Logged) and news.id in self._posts:
            if isinstance(news, Paused):
                self._paused.add(news.id)
            self._posts[news.id].inbox.put_nowait(news)

    async def _replace(self, link: Link) -> None:
        async with self._lock:
            if self._link is link:
                self.crashes += 1
                await self._end()

    async def _end(self) -> None:
        if self._link is not None:
            await self._link.close()
            self._link, self._sent, self._room = None, 0, Room(0, 0)
            self.models = ()
            self._paused.clear()
        if self._reader is not None:
            await self._reader  # it has heard the end
            self._reader = None

"""One worker plan at work: its worker, started when needed, and the jobs in it."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from tools.compute.devices import WorkerPlan
from tools.compute.link import Connect, Link
from tools.compute.messages import (
    Cancel,
    Cancelled,
    Done,
    Failed,
    Loading,
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


class WorkerLost(Exception):
    """The worker has died; `begun` says whether it had begun on the job."""

    def __init__(self, begun: bool) -> None:
        super().__init__()
        self.begun = begun


@dataclass(eq=False)
class _Post:
    """A job in the worker: who is told what is heard of it, and what became of it."""

    tell: Callable[[News], None]
    over: asyncio.Future[Outcome | Paused]
    link: Link | None = None
    begun: bool = False
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
        self.rethink = 0.0
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
        self._watching: asyncio.TimerHandle | None = None

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

        Raises WorkerLost when the worker died, TimeoutError when it had to be killed because
        this job, the only one it had begun on, gave no sign of life.
        """
        loop = asyncio.get_running_loop()
        post = self._posts[run.job.id] = _Post(tell, loop.create_future())
        try:
            link = await self.start()
            if post.unwanted:
                return Cancelled(run.job.id)
            post.link = link
            self._paused.discard(run.job.id)
            link.send(run)
            self._sent += not run.alone
            self._heard = loop.time()
            self._watch()
            return await post.over
        except (EOFError, TimeoutError) as error:
            if post.link is not None:
                await self._replace(post.link)
            if isinstance(error, TimeoutError):
                raise
            raise WorkerLost(post.begun) from error
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
        if self._watching is not None:
            self._watching.cancel()
        async with self._lock:
            await self._end()

    def _send(self, order: Order) -> None:
        if self._link is not None:
            self._link.send(order)

    def _watch(self) -> None:
        """Look again when the worker will have been silent for too long, while it has work."""
        if self._watching is None:
            loop = asyncio.get_running_loop()
            self._watching = loop.call_at(self._heard + self._patience, self._look)

    def _look(self) -> None:
        self._watching = None
        waiting = [post for post in self._posts.values() if post.link and not post.over.done()]
        if not waiting:
            return
        if asyncio.get_running_loop().time() < self._heard + self._patience:
            self._watch()
            return
        suspects = [post for post in waiting if post.begun] or waiting
        for post in waiting:  # of several it is not known which one hangs
            post.over.set_exception(TimeoutError() if suspects == [post] else EOFError())

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
                if post.link is link and not post.over.done():
                    post.over.set_exception(EOFError())

    def _take(self, news: News) -> None:
        if isinstance(news, Room):
            self._room = news
            self.wake.set()
        elif isinstance(news, Resident):
            self.models = news.models
            self._resident(self.name, [name for name, _ in news.models])
        elif not isinstance(news, Ready | Logged) and news.id in self._posts:
            self._pass_on(self._posts[news.id], news)

    def _pass_on(self, post: _Post, news: Loading | Progress | Outcome | Paused) -> None:
        if post.over.done():
            return
        if isinstance(news, Loading | Progress):
            post.begun, post.computing = True, post.computing or isinstance(news, Progress)
            try:
                post.tell(news)
            except Exception as error:  # noqa: BLE001 - who waits for the job raises it again
                post.over.set_exception(error)
            return
        if isinstance(news, Paused):
            self._paused.add(news.id)
        post.over.set_result(news)

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

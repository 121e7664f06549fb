"""The composition root: the only file that knows all parts."""

import asyncio
import logging
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agents.plans import NEVER, Asking
from bot import __version__
from bot.adapter import Handler
from bot.control import Snapshot, listening
from bot.desk import Desk
from bot.keeping import keeping
from bot.learnt import COSTS, remembered
from bot.lobby import Lobby, claimed
from bot.middleware import with_errors, with_log, with_rules
from bot.queue import names_of
from bot.rulebook import Rulebook
from bot.settings import Settings
from bot.sharing import Crew
from bot.shelf import catalogue
from bot.speaking import with_language
from bot.studio import Rehearsal, Studio, rehearse
from memory.assets import Assets
from memory.database import Database
from memory.store import Store
from tools.builtin import every_tool
from tools.catalogue import Catalogue
from tools.compose import ROOM_TOOLS
from tools.compute.client import Server
from tools.compute.cluster import Cluster
from tools.compute.devices import Kind, Machine, WorkerPlan
from tools.compute.link import Connect
from tools.compute.pool import Pool
from tools.compute.scheduler import Scheduler
from tools.jobs import Runner

log = logging.getLogger(__name__)

_SEEN = 200  # users, and jobs in the queue, whose names are looked up for who watches


@dataclass(frozen=True, slots=True)
class App:
    """A running Atelier: its desk, what wraps it, and what it works with."""

    desk: Desk
    handle: Handler
    studio: Studio
    _behind: set[asyncio.Future[object]] = field(default_factory=set)

    def background(self, work: Coroutine[Any, Any, object]) -> None:
        """Do something meanwhile; if it fails, the request that needs it says so."""
        task: asyncio.Future[object] = asyncio.ensure_future(work)
        self._behind.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Future[object]) -> None:
        self._behind.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.info("warming up: %s", error)


@asynccontextmanager
async def opened(
    settings: Settings, lobby: Lobby | None = None, *, interval: float = 0.2
) -> AsyncIterator[App]:
    """Open the data folder, unless a lobby holds it already, and everything that works on it.

    Raises DataFolderBusy, StorageFull, ModelUnavailable, ToolError for a device it lacks or a
    cluster that does not answer, and SettingsError for a port that is taken.
    """
    async with AsyncExitStack() as stack:
        here = lobby or stack.enter_context(claimed(settings))
        database, known = await stack.enter_async_context(here.database), here.catalogue
        crew = Crew(settings.roles)
        scheduler = _scheduler(settings, crew)
        await stack.enter_async_context(remembered(scheduler, here.store))
        pool = await stack.enter_async_context(_computing(settings, known, scheduler))
        await _show(stack, settings, pool, here.store)
        app = _app(settings, database, here.assets, known, pool, crew, interval=interval)
        app.studio.costs, app.studio.asking = scheduler.costs, Asking(**settings.plan.model_dump())
        await app.studio.book.restore()
        await stack.enter_async_context(keeping(app.studio))
        stack.push_async_callback(app.studio.boards.close)
        yield app


@asynccontextmanager
async def rehearsal(settings: Settings, asking: Asking = NEVER.asking) -> AsyncIterator[App]:
    """Open a copy of the memory that is thrown away: plans and resolves, makes nothing."""
    async with AsyncExitStack() as stack:
        copy = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="atelier-")))
        await asyncio.to_thread(_copy, settings.data / "atelier.db", copy / "atelier.db")
        database = await stack.enter_async_context(Database(copy / "atelier.db"))
        known = catalogue(settings)
        crew = Crew(settings.roles)
        runner = Rehearsal()
        if settings.chat.model == "local":
            scheduler = _scheduler(settings, crew)
            computing = _computing(settings, known, scheduler)
            runner = Rehearsal(await stack.enter_async_context(computing))
        app = _app(settings, database, Assets(copy / "assets"), known, runner, crew)
        studio = app.studio
        studio.how, studio.final, studio.asking = rehearse, "planned", asking
        studio.costs.restore(await studio.store.kept(COSTS))
        yield app


def _app(
    settings: Settings,
    database: Database,
    assets: Assets,
    known: Catalogue,
    runner: Runner,
    crew: Crew,
    *,
    interval: float = 0.2,
) -> App:
    tools = {tool.name: tool for tool in (*every_tool(), *ROOM_TOOLS)}
    store = Store(database)
    studio = Studio(database, store, assets, known, runner, tools, settings.chat)
    choices = {"tools": [tool.name for tool in every_tool()], "models": list(known.models)}
    studio.folders = (settings.data / "templates",)
    book = studio.book = Rulebook(store, settings.rules, choices, crew)
    desk = Desk(studio, interval=interval)
    ruled = with_errors(with_rules(desk, book, store), store)
    handle = with_log(with_language(ruled, book, store))
    return App(desk, handle, studio)


@asynccontextmanager
async def _computing(
    settings: Settings, known: Catalogue, scheduler: Scheduler
) -> AsyncIterator[Pool]:
    """Open the pool: servers, and this machine's workers or those of a cluster's nodes."""
    servers = _servers(settings)
    async with AsyncExitStack() as stack:
        connect: dict[Kind, Connect] = {}
        workers: tuple[WorkerPlan, ...] = ()
        cluster = None
        if servers:
            from tools.compute.servers import connected, plans  # only then: it brings numpy along

            connect["server"] = await stack.enter_async_context(connected(servers))
            workers = plans(servers)
        if settings.clustered:
            cluster = Cluster(settings.cluster.address, settings.compute.workers)
            connect["ray"] = (await stack.enter_async_context(cluster)).connect
        else:
            workers = (*await asyncio.to_thread(_workers, settings), *workers)
        pool = Pool(known, settings.models, workers, connect=connect, scheduler=scheduler)
        await stack.enter_async_context(pool)
        if cluster is not None:
            stack.enter_context(cluster.serving(pool))
        yield pool


def _workers(settings: Settings) -> tuple[WorkerPlan, ...]:
    """Look at the machine; asking a GPU driver may take a second. Raises ToolError."""
    return settings.compute.workers(Machine.here())


def _scheduler(settings: Settings, crew: Crew) -> Scheduler:
    """Return an empty queue that knows everybody's role; its clock is the event loop's."""
    return Scheduler(settings.queue.admission(), roles=crew, epoch=time.time() - time.monotonic())


async def _show(stack: AsyncExitStack, settings: Settings, pool: Pool, store: Store) -> None:
    """Let other programs see how the pool stands; raises SettingsError."""

    async def take() -> Snapshot:
        status = pool.status()
        seen = [user.user for user in status.users[:_SEEN]]
        names = await names_of(store, {*seen, *(job.user for job in status.queue[:_SEEN])})
        return Snapshot(__version__, os.getpid(), status, names)

    if settings.metrics.port:
        from bot.metrics import exported  # only then: it brings an HTTP server along

        await stack.enter_async_context(
            exported(pool, settings.metrics.host, settings.metrics.port)
        )
    await stack.enter_async_context(listening(settings.data, take))


def _servers(settings: Settings) -> list[Server]:
    return [
        Server(name, server.url, server.key.get_secret_value(), server.at_once)
        for name, server in settings.servers.items()
    ]


def _copy(database: Path, target: Path) -> None:
    """Copy a database with what its write-ahead log holds, if there is one yet."""
    for suffix in ("", "-wal"):
        source = database.with_name(database.name + suffix)
        if source.exists():
            shutil.copy(source, target.with_name(target.name + suffix))

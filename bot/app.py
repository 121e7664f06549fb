"""The composition root: the only file that knows all parts."""

import asyncio
import logging
import shutil
import tempfile
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.adapter import Handler
from bot.desk import Desk
from bot.middleware import with_errors, with_log
from bot.settings import Settings
from bot.shelf import catalogue
from bot.studio import Rehearsal, Studio, rehearse
from memory.assets import Assets
from memory.database import Database
from memory.folder import DataFolder
from memory.store import Store
from tools.builtin import every_tool
from tools.catalogue import Catalogue
from tools.compute.client import Server
from tools.compute.devices import Machine, WorkerPlan, plan
from tools.compute.pool import Pool
from tools.compute.servers import connected, plans
from tools.jobs import Runner

log = logging.getLogger(__name__)


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
async def opened(settings: Settings, *, interval: float = 0.2) -> AsyncIterator[App]:
    """Open the data folder and everything that works on it.

    Raises DataFolderBusy, StorageFull or ModelUnavailable.
    """
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(DataFolder.claim(settings.data))
        database = await stack.enter_async_context(Database(folder.database))
        known = catalogue(settings)
        workers = await asyncio.to_thread(_workers)
        servers = _servers(settings)
        connect = await stack.enter_async_context(connected(servers))
        workers = (*workers, *plans(servers))
        pool = await stack.enter_async_context(
            Pool(known, settings.models, workers, connect={"server": connect})
        )
        yield _app(settings, database, folder.assets, known, pool, interval=interval)


@asynccontextmanager
async def rehearsal(settings: Settings) -> AsyncIterator[App]:
    """Open a copy of the memory that is thrown away: plans and resolves, computes nothing."""
    async with AsyncExitStack() as stack:
        copy = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="atelier-")))
        await asyncio.to_thread(_copy, settings.data / "atelier.db", copy / "atelier.db")
        database = await stack.enter_async_context(Database(copy / "atelier.db"))
        known = catalogue(settings)
        app = _app(settings, database, copy / "assets", known, Rehearsal())
        app.studio.how, app.studio.final = rehearse, "planned"
        yield app


def _app(
    settings: Settings,
    database: Database,
    assets: Path,
    known: Catalogue,
    runner: Runner,
    *,
    interval: float = 0.2,
) -> App:
    tools = {tool.name: tool for tool in every_tool()}
    store = Store(database)
    studio = Studio(database, store, Assets(assets), known, runner, tools, settings.chat)
    desk = Desk(studio, interval=interval)
    return App(desk, with_log(with_errors(desk, store)), studio)


def _workers() -> tuple[WorkerPlan, ...]:
    """Look at the machine; asking a GPU driver may take a second."""
    return plan(Machine.here())


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

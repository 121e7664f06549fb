"""Where platforms are served from the first moment, long before there is a desk.

Importing what thinks and computes takes longer than signing in, so people are heard, and told
that they were, while that goes on; what they asked for waits here.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.adapter import Event, Outbox
from bot.settings import Settings
from bot.shelf import catalogue
from memory.assets import Assets
from memory.database import Database
from memory.folder import DataFolder
from memory.records import Chat, Message
from memory.store import Store
from tools.catalogue import Catalogue

if TYPE_CHECKING:
    from bot.app import App
    from bot.rulebook import Rulebook


@dataclass(frozen=True, slots=True)
class Lobby:
    """The memory, which answers once it is opened, and the way to a desk that may not be there yet.

    Belongs to the event loop it was made in.
    """

    database: Database
    store: Store
    assets: Assets
    catalogue: Catalogue
    _app: "asyncio.Future[App]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    def open(self, app: "App") -> None:
        """Let in everybody who waits, in the order they came."""
        self._app.set_result(app)

    async def handle(self, event: Event, outbox: Outbox) -> None:
        """Hand an event to the desk, as soon as there is one."""
        app = await asyncio.shield(self._app)
        await app.handle(event, outbox)

    async def recover(self, platform: str, outbox: Callable[[Message], Outbox]) -> None:
        """Have the desk finish what an earlier run left on a platform."""
        app = await asyncio.shield(self._app)
        await app.desk.recover(platform, outbox)

    async def rules(self) -> "Rulebook":
        """Return the owners' rules, as soon as there is a desk that keeps them."""
        return (await asyncio.shield(self._app)).studio.book

    async def left(self, chat: Chat, *, gone: bool = False) -> None:
        """Have the desk stop what is done in a chat that we are not in any more."""
        if self._app.done():
            await self._app.result().desk.left(chat, gone=gone)


@contextmanager
def claimed(settings: Settings) -> Iterator[Lobby]:
    """Hold the data folder and read the catalogue; the database is not opened.

    Raises DataFolderBusy, StorageFull and ModelUnavailable.
    """
    with DataFolder.claim(settings.data) as folder:
        database = Database(folder.database)
        yield Lobby(database, Store(database), Assets(folder.assets), catalogue(settings))

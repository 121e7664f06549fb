"""A whole desk over an in-memory database and fake models, and an outbox that collects."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bot.adapter import Handler, Pressed, Received, Reply
from bot.desk import Desk
from bot.middleware import with_errors, with_log
from bot.progress import Standing
from bot.settings import ChatModel
from bot.studio import Studio
from bot.trail import Trail
from memory.assets import Assets
from memory.database import Database
from memory.records import Asset, Chat, Message, User
from memory.store import Store
from tests.fakes import FakeRunner, catalogue
from tools.builtin import every_tool
from tools.jobs import Runner

CHAT = Chat("terminal", "main")
ANA, BEN = User("terminal", "ana", "Ana"), User("terminal", "ben", "Ben")


@dataclass
class FakeOutbox:
    replies: list[Reply] = field(default_factory=list)
    standings: list[Standing] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    broken: bool = False
    removed: int = 0

    async def send(self, reply: Reply, trail: Trail) -> None:
        if self.broken:
            raise OSError("the wire is cut")
        self.replies.append(reply)

    async def remove(self, trail: Trail) -> None:
        self.removed += 1

    def show(self, standing: Standing) -> None:
        self.standings.append(standing)

    async def notice(self, text: str, *, error: bool = False) -> None:
        self.notices.append(f"error: {text}" if error else text)


@dataclass
class Room:
    studio: Studio
    desk: Desk
    handle: Handler
    outbox: FakeOutbox

    async def say(
        self,
        text: str,
        user: User = ANA,
        *,
        reply_to: str = "",
        assets: Sequence[Asset] = (),
        chat: Chat = CHAT,
    ) -> Reply:
        """Say something and return the reply to it."""
        await self.handle(Received(Message(chat, user, text, tuple(assets), reply_to)), self.outbox)
        return self.outbox.replies[-1]

    async def press(self, reply: Reply, action: str, user: User = ANA) -> Reply:
        """Press a button under a reply and return the reply to that."""
        await self.handle(Pressed(user, CHAT, reply.message.id, action), self.outbox)
        return self.outbox.replies[-1]


@asynccontextmanager
async def room(
    root: Path, runner: Runner | None = None, database: Path | None = None
) -> AsyncIterator[Room]:
    """Enter a room; with a database path it can be entered again, as after a restart."""
    async with Database(database) as db:
        store = Store(db)
        tools = {t.name: t for t in every_tool()}
        known = catalogue()
        studio = Studio(db, store, Assets(root), known, runner or FakeRunner(), tools, ChatModel())
        desk = Desk(studio, interval=0)
        yield Room(studio, desk, with_log(with_errors(desk, store)), FakeOutbox())

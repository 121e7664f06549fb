"""A whole desk over an in-memory database and fake models, and an outbox that collects."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bot.adapter import Handler, Place, Pressed, Received, Reply
from bot.desk import Desk
from bot.middleware import with_errors, with_log, with_rules
from bot.progress import Standing
from bot.rulebook import Rulebook
from bot.rules import Rules
from bot.settings import ChatModel
from bot.speaking import with_language
from bot.studio import Studio
from bot.trail import Trail
from memory.assets import Assets
from memory.database import Database
from memory.records import Asset, Chat, Message, User
from memory.store import Store
from tests.fakes import FakeRunner, catalogue
from tools.builtin import every_tool
from tools.compose import ROOM_TOOLS
from tools.jobs import Runner

CHAT = Chat("terminal", "main")
PRIVATE = Place()
ANA, BEN = User("terminal", "ana", "Ana"), User("terminal", "ben", "Ben")


@dataclass
class FakeOutbox:
    replies: list[Reply] = field(default_factory=list)
    standings: list[Standing] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    boards: list[Reply] = field(default_factory=list)
    pinned: int = 0
    threads: list[Chat] = field(default_factory=list)
    broken: bool = False
    removed: int = 0

    async def send(self, reply: Reply, trail: Trail) -> None:
        if self.broken:
            raise OSError("the wire is cut")
        self.replies.append(reply)

    async def update(self, reply: Reply, trail: Trail) -> bool:
        self.boards.append(reply)
        return True

    async def thread(self, trail: Trail, title: str) -> Chat | None:
        return self.threads.pop() if self.threads else None

    async def pin(self, trail: Trail) -> bool:
        self.pinned += 1
        return True

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
        place: Place = PRIVATE,
    ) -> Reply:
        """Say something and return the reply to it."""
        message = Message(chat, user, text, tuple(assets), reply_to)
        await self.handle(Received(message, place=place), self.outbox)
        return self.outbox.replies[-1]

    async def press(
        self, reply: Reply, action: str, user: User = ANA, place: Place = PRIVATE
    ) -> Reply:
        """Press a button under a reply and return the reply to that."""
        event = Pressed(user, CHAT, reply.message.id, action, place=place)
        await self.handle(event, self.outbox)
        return self.outbox.replies[-1]

    async def told_by(self, reply: Reply, action: str, user: User = ANA) -> str:
        """Press a button under a reply that is answered by a notice, and return that."""
        before = len(self.outbox.notices)
        await self.handle(Pressed(user, CHAT, reply.message.id, action, place=PRIVATE), self.outbox)
        return "\n".join(self.outbox.notices[before:])

    async def told(
        self, text: str, user: User = ANA, place: Place = PRIVATE, chat: Chat = CHAT
    ) -> str:
        """Say something that is answered by a notice, and return that."""
        before = len(self.outbox.notices)
        await self.handle(Received(Message(chat, user, text), place=place), self.outbox)
        return "\n".join(self.outbox.notices[before:])


@asynccontextmanager
async def room(
    root: Path,
    runner: Runner | None = None,
    database: Path | None = None,
    rules: Rules | None = None,
) -> AsyncIterator[Room]:
    """Enter a room; with a database path it can be entered again, as after a restart."""
    async with Database(database) as db:
        store = Store(db)
        tools = {t.name: t for t in (*every_tool(), *ROOM_TOOLS)}
        known = catalogue()
        studio = Studio(db, store, Assets(root), known, runner or FakeRunner(), tools, ChatModel())
        choices = {"tools": list(tools), "models": list(known.models)}
        book = studio.book = Rulebook(store, rules, choices)
        desk = Desk(studio, interval=0)
        ruled = with_errors(with_rules(desk, book, store), store)
        handle = with_log(with_language(ruled, book, store))
        here = Room(studio, desk, handle, FakeOutbox())
        studio.boards.calm = 0
        studio.boards.ways = dict.fromkeys((CHAT.platform, "elsewhere"), lambda _: here.outbox)
        yield here
        await studio.boards.close()

"""The whole bot on Telegram: real client, real desk and memory, fake models, the test server."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr

from bot.adapter import Event, Outbox
from bot.adapters.telegram.platform import Telegram
from bot.adapters.telegram.wire import Timing
from bot.settings import Telegram as Given
from memory.records import Chat
from tests.fakes import FakeRunner
from tests.rooms import Room, room
from tests.telegram_clock import HandClock
from tests.telegram_people import Person, Place
from tests.telegram_server import TelegramServer, serving
from tests.telegram_world import Post
from tools.jobs import Artifact, Job, Note, Report


class Gate(FakeRunner):
    """A runner that lets a job through only when it is told to."""

    def __init__(self, *texts: str, preview: bytes = b"") -> None:
        super().__init__(*texts)
        self.entered, self.go = asyncio.Event(), asyncio.Event()
        self.preview = preview

    async def run(self, job: Job, report: Report) -> list[Artifact]:
        if self.preview:
            report(Note("running", done=1, total=2, preview=self.preview))
        self.entered.set()
        await self.go.wait()
        return await super().run(job, report)


@dataclass
class Living:
    """A bot that polls; what people do is done on `server`."""

    server: TelegramServer
    room: Room
    events: list[Event] = field(default_factory=list)

    async def said(self, where: Person | Place, count: int = 1, kind: str = "") -> list[Post]:
        """Wait until the bot said so much, and all of it has buttons or needs none."""

        def there() -> list[Post]:
            posts = [p for p in self.server.messages(where) if kind in ("", p.kind)]
            return posts if len(posts) >= count else []

        return await self.server.wait_for(there)

    async def answer(self, where: Person | Place, number: int = 0) -> Post:
        """Wait for an answer (they have buttons of their own)."""

        def there() -> Post | None:
            posts = [p for p in self.server.messages(where) if p.answered]
            return posts[number] if len(posts) > number else None

        post = await self.server.wait_for(there)
        assert post is not None
        return post

    async def noted(self, where: Person | Place, post: Post) -> None:
        """Wait until the bot knows which message a post of its own belongs to."""
        chat = Chat("telegram", str(where.id))
        async with asyncio.timeout(5):
            while await self.room.studio.store.behind(chat, str(post.id)) is None:
                pass

    async def settled(self) -> None:
        """Wait until every answer is known to have arrived and every update is confirmed."""
        store = self.room.studio.store
        async with asyncio.timeout(5):
            while await store.open_turns("telegram") or await store.pending("telegram"):
                pass
        await self.server.wait_for(lambda: not self.server.updates.pending)


def timing(server: TelegramServer, quiet: float = 0.05) -> Timing:
    """Return the server's own time, which passes when somebody waits for it."""
    clock = server.clock
    assert isinstance(clock, HandClock)

    async def sleep(seconds: float) -> None:
        clock.turn(seconds)
        await asyncio.sleep(0)

    return Timing(clock.time, sleep, private=0, group=0, quiet=quiet)


def given(server: TelegramServer, token: str = "", **more: str) -> Given:
    return Given(
        token=SecretStr(token or server.token),
        base_url=f"{server.url}/bot",
        base_file_url=f"{server.url}/file/bot",
        **more,
    )


@asynccontextmanager
async def living(
    server: TelegramServer,
    root: Path,
    runner: FakeRunner | None = None,
    *,
    kill: bool = False,
    quiet: float = 0.05,
    more: Mapping[str, str] | None = None,
) -> AsyncIterator[Living]:
    """Let the bot live on a server; with the same folder it remembers what was before."""
    async with room(root, runner, root / "memory.db") as here:
        settings, studio = given(server, **(more or {})), here.studio
        adapter = Telegram(settings, here.desk, studio, timing(server, quiet))
        bot = Living(server, here)

        async def handle(event: Event, outbox: Outbox) -> None:
            bot.events.append(event)
            await here.handle(event, outbox)

        task = asyncio.create_task(adapter.run(handle))
        task.add_done_callback(lambda _: server._change())
        try:
            updates, hooked = server.updates, bool(settings.webhook_url)
            await server.wait_for(
                lambda: (updates.hook if hooked else updates.polled) or task.done()
            )
            if task.done():
                task.result()
            yield bot
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            assert isinstance(server.clock, HandClock)
            server.clock.turn(60)  # what was said before is out of Telegram's windows


@asynccontextmanager
async def alone(
    root: Path, runner: FakeRunner | None = None, **how: object
) -> AsyncIterator[Living]:
    """Run a server with a bot, and see that the bot did nothing a careful bot would not."""
    async with serving(**how) as server:
        async with living(server, root, runner) as bot:
            yield bot
        clean(server)


def clean(server: TelegramServer) -> None:
    """Fail if the bot broke a rule of Telegram's, or let a button spin."""
    assert not server.violations, server.transcript()
    assert not server.unanswered
    assert not server.flood.early

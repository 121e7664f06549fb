"""The whole bot behind the Discord server for tests: real desk, real client, fake models."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from pydantic import SecretStr

from bot.adapter import Event, Outbox
from bot.adapters.discord import endpoints
from bot.adapters.discord.session import serve
from bot.progress import _PHASES
from bot.rules import Rules
from bot.settings import Discord
from bot.translation import languages, put
from memory.records import Asset, Chat, Step
from tests.discord_records import Channel, Message
from tests.discord_server import Server
from tests.fakes import FakeRunner
from tests.rooms import Room, room
from tools.jobs import Artifact, Job, Note, Report

Like = Callable[[Message], object]


@dataclass
class Bot:
    """A running bot; `room` is all that is behind it."""

    server: Server
    room: Room
    running: asyncio.Task[None]
    events: list[Event]

    async def reply(self, to: Message | None = None, like: Like = lambda _: True) -> Message:
        """Wait for a finished answer (to a message) and for its status to be gone."""

        def there() -> Message | None:
            found = [m for m in self.server.messages() if _final(m) and like(m)]
            found = [m for m in found if to is None or m.reply_to is to]
            return found[-1] if found else None

        found = await self.server.wait_for(there)
        assert found is not None
        await self.idle(found.channel)
        return found

    async def steps(self, answer: Message) -> list[Step]:
        """Return the steps an answer came from."""
        store = self.room.studio.store
        found = await store.behind(Chat("discord", str(answer.channel.id)), str(answer.id))
        assert found is not None
        return await store.steps_of((await store.message(found[0])).reply_to)

    async def shown(self, answer: Message) -> tuple[Asset, ...]:
        """Return the assets an answer shows."""
        found = await self.room.studio.store.behind(
            Chat("discord", str(answer.channel.id)), str(answer.id)
        )
        assert found is not None
        return (await self.room.studio.store.message(found[0])).assets

    def button(self, answer: Message, action: str) -> str:
        """Return the custom id of a button."""
        return next(id for id in answer.buttons if id.endswith(f":{action}"))

    async def idle(self, channel: Channel) -> None:
        """Wait until nothing in a channel says any more that something is going on."""
        await self.server.wait_for(lambda: not any(map(_busy, self.server.messages(channel))))

    async def delivered(self) -> None:
        """Wait until no reply is on its way any more."""
        async with asyncio.timeout(5):
            while await self.room.studio.store.pending("discord"):
                pass

    async def stop(self) -> None:
        """End it as a signal would."""
        self.running.cancel()
        await asyncio.wait({self.running})


def _busy(message: Message) -> bool:
    return message.loading or (message.nonce or "").endswith("s") or _waits(message.content)


def _waits(text: str) -> bool:
    return text.startswith(_phases())


@cache
def _phases() -> tuple[str, ...]:
    return tuple(put(words, one) for words in _PHASES.values() for one in languages())


def _final(message: Message) -> bool:
    return (message.nonce is not None and not _busy(message)) or message.voice


@asynccontextmanager
async def talking(
    server: Server,
    root: Path,
    runner: FakeRunner | None = None,
    *,
    kept: bool = False,
    rules: Rules | None = None,
) -> AsyncIterator[Bot]:
    """Enter a bot that is signed in; `kept` ones find the memory that an earlier one left."""
    database = root / "atelier.db" if kept else None
    async with (
        room(root / "assets", runner or FakeRunner(), database, rules) as here,
        signed_in(server, here) as bot,
    ):
        yield bot


@asynccontextmanager
async def signed_in(server: Server, here: Room) -> AsyncIterator[Bot]:
    """Enter a bot that is signed in, with what is behind it already there."""
    server.gateway.sessions.clear()
    settings = Discord(
        token=SecretStr(server.token),
        api_url=server.api_url,
        gateway_url=server.gateway_url,
        cdn_url=server.url,
    )
    events: list[Event] = []

    async def handle(event: Event, outbox: Outbox) -> None:
        events.append(event)
        await here.handle(event, outbox)

    running = asyncio.create_task(serve(settings, here.desk, here.studio, handle))
    try:
        signed = asyncio.create_task(server.wait_for(lambda: _signed_in(server)))
        await asyncio.wait({running, signed}, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            signed.cancel()
            running.result()
        yield Bot(server, here, running, events)
    finally:
        running.cancel()
        await asyncio.wait({running})
        endpoints.use()


def _signed_in(server: Server) -> bool:
    return bool(server.gateway.sessions and server.commands.sets)


@dataclass
class Held(FakeRunner):
    """A runner that says how far it is and waits until it may go on."""

    go: asyncio.Event = field(default_factory=asyncio.Event)
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    preview: bytes | None = None

    def __post_init__(self) -> None:
        super().__init__()

    async def held(self) -> None:
        """Wait until there is something to do."""
        async with asyncio.timeout(5):
            await self.begun.wait()

    async def run(self, job: Job, report: Report) -> list[Artifact]:
        report(Note("queued", position=2, eta=12.0))
        report(Note("running", done=1, total=4, preview=self.preview))
        self.begun.set()
        await self.go.wait()
        return await super().run(job, report)

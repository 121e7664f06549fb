"""One Atelier with the starter models on both platforms, and how either looks to its people."""

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from bot.adapter import Event, Outbox, Pressed
from bot.adapters.discord import endpoints, status
from bot.adapters.discord.session import serve
from bot.adapters.telegram.platform import Telegram
from bot.adapters.telegram.wire import Timing
from bot.app import App
from bot.settings import Discord
from memory.records import Chat, Message, Step
from tests import discord_records as discord
from tests import discord_server, telegram_server
from tests.discord_rates import GLOBAL, REAL, Rate
from tests.rooms import Room
from tests.telegram_bot import given
from tests.telegram_world import Post

PATIENCE = 60.0
"""Seconds that busy cores may need for one request."""


@dataclass
class QuickClock:
    """Telegram's time, in which its limits pass `speed` times as fast as on the wall."""

    speed: float = 10.0
    began: float = field(default_factory=time.monotonic)

    def time(self) -> float:
        return 1_800_000_000 + self.speed * (time.monotonic() - self.began)

    def sleep(self, seconds: float) -> Awaitable[None]:
        return asyncio.sleep(seconds / self.speed)


Place = Callable[[], AbstractAsyncContextManager[App | Room]]
"""Opens what is behind the adapters, again and again."""


class House:
    """The whole program behind both servers; what it did for somebody to the end is told."""

    def __init__(
        self,
        place: Place,
        telegram: telegram_server.TelegramServer,
        discord: discord_server.Server,
    ) -> None:
        self.telegram, self.discord, self._place = telegram, discord, place
        self._done: defaultdict[str, asyncio.Queue[None]] = defaultdict(asyncio.Queue)
        self._stack = AsyncExitStack()
        self.app: App | Room

    async def open(self) -> None:
        """Start, and wait until both platforms are listened to."""
        self._stack = AsyncExitStack()
        self.app = app = await self._stack.enter_async_context(self._place())
        self._stack.callback(endpoints.use)
        self.discord.gateway.sessions.clear()
        clock, store = self.telegram.clock, app.studio.store
        timing = Timing(clock.time, clock.sleep, private=0.3, group=0.5, quiet=0.1, retry=1.0)
        phone = Telegram(given(self.telegram), app.desk, store, app.studio.assets, timing)
        self._begin(serve(_address(self.discord), app.desk, app.studio, self._handle))
        self._begin(phone.run(self._handle))
        there = self.discord.gateway.sessions
        await self.discord.wait_for(lambda: there and self.discord.commands.sets, PATIENCE)
        await self.telegram.wait_for(lambda: self.telegram.updates.polled, PATIENCE)

    async def close(self) -> None:
        """End as a signal would end it."""
        await self._stack.aclose()

    async def done(self, user: str) -> None:
        """Wait until something that somebody asked for is done to the end."""
        async with asyncio.timeout(PATIENCE):
            await self._done[user].get()

    def _begin(self, work: Any) -> None:
        task = asyncio.create_task(work)

        async def end() -> None:
            task.cancel()
            await asyncio.wait({task})
            assert task.cancelled() or task.exception() is None

        self._stack.push_async_callback(end)

    async def _handle(self, event: Event, outbox: Outbox) -> None:
        await self.app.handle(event, outbox)
        user = event.user if isinstance(event, Pressed) else event.message.author
        assert user is not None
        self._done[user.key].put_nowait(None)


def _address(server: discord_server.Server) -> Discord:
    addresses = {"api_url": server.api_url, "gateway_url": server.gateway_url}
    return Discord.model_validate({"token": server.token, "cdn_url": server.url} | addresses)


@asynccontextmanager
async def lived_in(place: Place) -> AsyncIterator[House]:
    """Enter a house on two servers, whose limits pass ten times as fast as in the world.

    In the end, nothing may have been done that either platform does not like.
    """
    rates = {route: Rate(rate.limit, rate.seconds / 10) for route, rate in REAL.items()}
    how: dict[str, Any] = {"require_nonce": True, "rates": rates, "edit_rate": Rate(5, 0.5)}
    everywhere = Rate(GLOBAL.limit, GLOBAL.seconds / 10)
    async with (
        telegram_server.serving(clock=QuickClock()) as telegram,
        discord_server.serving(global_rate=everywhere, **how) as guild,
    ):
        house = House(place, telegram, guild)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(status, "INTERVAL", status.INTERVAL / 10)
            await house.open()
            try:
                yield house
            finally:
                await house.close()
        Phone(house).clean()
        Guild(house).clean()


@dataclass(frozen=True)
class Asked:
    """What an answer will reply to, and the newest message there was when it was asked."""

    post: Any
    after: int = 0


@dataclass(frozen=True)
class Shown:
    """An answer as it stands on its platform, and what is remembered of it."""

    post: Any
    text: str
    labels: list[str]
    message: Message
    steps: list[Step]
    sheet: bytes
    pictures: list[bytes]
    voice: Any

    @property
    def hashes(self) -> list[str]:
        """What its pictures are known by."""
        return [asset.sha256 for asset in self.message.assets]


class Phone:
    """Telegram as its people see it; where nothing is said of the place, it is private."""

    name = "telegram"

    def __init__(self, house: House) -> None:
        self.house, self.server = house, house.telegram

    def person(self, name: str) -> Any:
        return self.server.person(name)

    def room(self, *people: Any) -> Any:
        return self.server.group("Studio", *people)

    def chat(self, place: Any) -> Chat:
        return Chat(self.name, str(place.id))

    def user(self, person: Any) -> str:
        return f"{self.name}:{person.id}"

    def says(self, person: Any, text: str, room: Any = None, reply_to: Any = None) -> Asked:
        words = f"@atelier_bot {text}" if room else text
        return Asked(person.says(words, room, reply_to=reply_to))

    def speaks(self, person: Any, ogg: bytes, seconds: float) -> Asked:
        return Asked(person.sends_voice(ogg, round(seconds)))

    async def presses(self, person: Any, shown: Shown, action: str) -> Asked:
        person.presses(shown.post, action)
        return Asked(shown.post, max(shown.post.room.posts))

    def main(self, asked: Asked) -> Any:
        """Return the answer to something, with the buttons that it has in the end."""
        found = [p for p in self.replies(asked.post) if p.id > asked.after and p.buttons]
        return found[0] if found else None

    def look(self, main: Post) -> dict[str, Any]:
        """Return what can be seen of an answer."""
        behind = [p for p in self.replies(main) if not p.buttons]
        album = [p.data for p in behind if p.kind == "photo"]
        alone = [main.data] if main.kind == "photo" and not album else []
        return {
            "text": main.text,
            "labels": main.labels,
            "sheet": main.data if album else b"",
            "pictures": album or alone,
            "voice": next((p for p in behind if p.kind == "voice"), None),
        }

    def sound(self, voice: Post) -> tuple[bytes, float]:
        assert voice.file is not None
        return voice.data, voice.file.facts["duration"]

    def progress(self, person: Any) -> list[str]:
        """Return all that was ever to be read in a private chat."""
        mine = [
            c.values for c in self.server.calls if str(c.values.get("chat_id")) == str(person.id)
        ]
        captions = [json.loads(v["media"]) for v in mine if "media" in v]
        texts = [v[name] for v in mine for name in ("text", "caption") if name in v]
        return [*texts, *(c["caption"] for c in captions if "caption" in c)]

    def clean(self) -> None:
        assert not self.server.violations, self.server.transcript()
        assert not self.server.unanswered
        assert not self.server.flood.early

    def replies(self, to: Post) -> list[Post]:
        """Return what the bot said in reply to something."""
        return [p for p in to.room.said if p.by_bot and p.reply_to is to]


class Guild:
    """Discord as its people see it."""

    name = "discord"

    def __init__(self, house: House) -> None:
        self.house, self.server = house, house.discord

    def person(self, name: str) -> Any:
        return self.server.person(name)

    def room(self, *people: Any) -> Any:
        return self.server.world.channel(self.server.guild, "studio")

    def chat(self, place: Any) -> Chat:
        return Chat(self.name, str(getattr(place, "direct", place).id))

    def user(self, person: Any) -> str:
        return f"{self.name}:{person.account.id}"

    def says(self, person: Any, text: str, room: Any = None, reply_to: Any = None) -> Asked:
        if room is None:
            return Asked(person.says(text, person.direct, reply_to=reply_to))
        return Asked(person.mentions(text, room, reply_to=reply_to))

    def speaks(self, person: Any, ogg: bytes, seconds: float) -> Asked:
        return Asked(person.speaks(ogg, seconds, person.direct))

    async def presses(self, person: Any, shown: Shown, action: str) -> Asked:
        id = next(id for id in shown.post.buttons if id.endswith(f":{action}"))
        return Asked((await person.presses(shown.post, id).answer()).original)

    def main(self, asked: Asked) -> Any:
        found = [m for m in self.replies(asked.post) if not m.voice]
        return found[-1] if found else None

    def look(self, main: discord.Message) -> dict[str, Any]:
        assert main.reply_to is not None
        files = [f.data for f in main.files]
        behind = self.replies(main.reply_to)
        return {
            "text": main.content,
            "labels": [b["label"] for b in main.buttons.values()],
            "sheet": files[0] if len(files) > 1 else b"",
            "pictures": files[1:] or files,
            "voice": next((m for m in behind if m.voice), None),
        }

    def sound(self, voice: discord.Message) -> tuple[bytes, float]:
        (file,) = voice.files
        assert file.duration is not None
        assert file.waveform
        return file.data, file.duration

    def progress(self, person: Any) -> list[str]:
        path = f"/channels/{person.direct.id}/messages"
        said = [r.body for r in self.server.requests if path in r.path and r.method != "DELETE"]
        return [body["content"] for body in said if body and body.get("content")]

    def clean(self) -> None:
        assert self.server.violations == []
        assert not [r for r in self.server.requests if r.status == 429]

    def replies(self, to: discord.Message) -> list[discord.Message]:
        """Return what the bot said in reply to something, but how it stands."""
        found = [m for m in self.server.messages(to.channel) if m.reply_to is to]
        return [m for m in found if not (m.nonce or "").endswith("s")]


Side = Phone | Guild


async def answer(side: Side, person: Any, asked: Asked) -> Shown:
    """Wait until something that a person asked for is done, and return what they see of it."""
    await side.house.done(side.user(person))
    return await seen(side, asked)


async def seen(side: Side, asked: Asked) -> Shown:
    """Return the answer that stands there already."""
    main = side.main(asked)
    assert main is not None, "there is no answer"
    store = side.house.app.studio.store
    found = await store.behind(side.chat(getattr(main, "room", None) or main.channel), str(main.id))
    assert found is not None
    message = await store.message(found[0])
    steps = await store.steps_of(message.reply_to)
    return Shown(post=main, message=message, steps=steps, **side.look(main))

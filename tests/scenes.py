"""One Atelier with the starter models on both platforms, and how either looks to its people."""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from bot.adapter import Event, Outbox, Pressed
from bot.adapters.discord import endpoints, rate, status
from bot.adapters.discord.session import serve
from bot.adapters.telegram.platform import Telegram
from bot.adapters.telegram.wire import Timing
from bot.app import App
from bot.settings import Discord
from tests import discord_server, telegram_server
from tests.discord_rates import GLOBAL, REAL, Rate
from tests.rooms import Room
from tests.sides import Asked, Guild, Phone, Shown, Side
from tests.telegram_bot import given

PATIENCE = 60.0
"""Seconds that busy cores may need for one request."""


SPEED = 4.0
"""How much faster the platforms' limits pass here."""


@dataclass
class QuickClock:
    """Telegram's time, in which its limits pass `speed` times as fast as on the wall."""

    speed: float = SPEED
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
        clock = self.telegram.clock
        timing = Timing(
            clock.time, clock.sleep, private=3 / SPEED, group=5 / SPEED, quiet=0.1, retry=1.0
        )
        phone = Telegram(given(self.telegram), app.desk, app.studio, timing)
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
    """Enter a house on two servers, whose limits pass faster than in the world.

    In the end, nothing may have been done that either platform does not like.
    """
    rates = {route: Rate(one.limit, one.seconds / SPEED) for route, one in REAL.items()}
    how: dict[str, Any] = {"require_nonce": True, "rates": rates, "edit_rate": Rate(5, 5.0 / SPEED)}
    everywhere = Rate(GLOBAL.limit, GLOBAL.seconds / SPEED)
    async with (
        telegram_server.serving(clock=QuickClock()) as telegram,
        discord_server.serving(global_rate=everywhere, **how) as guild,
    ):
        house = House(place, telegram, guild)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(status, "INTERVAL", status.INTERVAL / SPEED)
            patch.setattr(rate, "WINDOW", rate.WINDOW / SPEED)
            await house.open()
            try:
                yield house
            finally:
                await house.close()
        Phone(house).clean()
        Guild(house).clean()


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

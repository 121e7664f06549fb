"""The real discord.py client, bare: it keeps what it is told and does nothing of itself."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import discord

from bot.adapters.discord import endpoints
from tests.discord_server import Server


class Bare(discord.Client):
    def __init__(self, intents: discord.Intents | None = None, **options: Any) -> None:
        options = {"guild_ready_timeout": 0, **options}
        super().__init__(intents=intents or discord.Intents.default(), **options)
        self.heard: asyncio.Queue[discord.Message] = asyncio.Queue()
        self.asked: asyncio.Queue[discord.Interaction] = asyncio.Queue()
        self.events: list[str] = []
        self.told = asyncio.Event()

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Do not wait the five seconds that lie between two sessions."""

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        self.events.append(event)
        super().dispatch(event, *args, **kwargs)
        self.told.set()
        self.told.clear()

    async def on_message(self, message: discord.Message) -> None:
        if message.author != self.user:
            self.heard.put_nowait(message)

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        self.asked.put_nowait(interaction)

    async def next(self) -> discord.Message:
        """Return the next message of a person."""
        async with asyncio.timeout(5):
            return await self.heard.get()

    async def next_asked(self) -> discord.Interaction:
        async with asyncio.timeout(5):
            return await self.asked.get()

    async def until(self, event: str, times: int = 1) -> None:
        """Wait until an event has come so many times since the start."""
        async with asyncio.timeout(5):
            while self.events.count(event) < times:
                await self.told.wait()


@asynccontextmanager
async def connected(server: Server, **options: Any) -> AsyncIterator[Bare]:
    """Enter a client that is signed in and ready."""
    endpoints.use(server.api_url, server.gateway_url, server.url)
    client = Bare(**options)
    running = asyncio.create_task(client.start(server.token))
    ready = asyncio.create_task(client.until("ready"))
    try:
        await asyncio.wait((running, ready), return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            running.result()
        yield client
    finally:
        ready.cancel()
        await client.close()
        await asyncio.wait((running, ready))
        endpoints.use()

"""What platforms can do before there is a desk: people are told at once that they were heard."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from pydantic import SecretStr

from bot.adapter import Event, Outbox, Received
from bot.adapters.discord import endpoints
from bot.adapters.discord.session import serve
from bot.adapters.telegram.platform import Telegram
from bot.app import App
from bot.lobby import Lobby, claimed
from bot.settings import Discord, Settings
from memory.errors import DataFolderBusy
from memory.records import Chat, Message, User
from tests import discord_server, telegram_server
from tests.rooms import FakeOutbox
from tests.telegram_bot import given, timing

ANA = User("terminal", "ana", "Ana")


class House:
    """In place of the whole program: keeps what it is handed."""

    def __init__(self) -> None:
        self.desk = self
        self.said: list[str] = []
        self.recovered: list[str] = []
        self.heard = asyncio.Event()

    async def handle(self, event: Event, outbox: Outbox) -> None:
        assert isinstance(event, Received)
        self.said.append(event.message.text)
        self.heard.set()

    async def recover(self, platform: str, outbox: Callable[[Message], Outbox]) -> None:
        self.recovered.append(platform)

    async def opens(self, lobby: Lobby) -> None:
        """Let everybody in, and wait until one of them said something."""
        lobby.open(cast(App, self))
        async with asyncio.timeout(5):
            await self.heard.wait()


@contextmanager
def waiting(root: Path) -> Iterator[Lobby]:
    with claimed(Settings(data=root)) as lobby:
        yield lobby


@asynccontextmanager
async def running(work: Any) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def test_what_is_asked_before_the_desk_is_there_is_handed_over_in_its_order(
    tmp_path: Path,
) -> None:
    house = House()
    with waiting(tmp_path) as lobby:
        asks = [Received(Message(Chat("terminal", "1"), ANA, text)) for text in ("one", "two")]
        tasks = [asyncio.create_task(lobby.handle(ask, FakeOutbox())) for ask in asks]
        tasks.append(asyncio.create_task(lobby.recover("terminal", lambda _: FakeOutbox())))
        await asyncio.wait(tasks, timeout=0)
        assert (house.said, house.recovered) == ([], [])
        await house.opens(lobby)
        await asyncio.gather(*tasks)
    assert (house.said, house.recovered) == (["one", "two"], ["terminal"])


async def test_who_gives_up_takes_nobody_along(tmp_path: Path) -> None:
    house = House()
    with waiting(tmp_path) as lobby:
        ask = Received(Message(Chat("terminal", "1"), ANA, "one"))
        first, second = (asyncio.create_task(lobby.handle(ask, FakeOutbox())) for _ in "12")
        await asyncio.wait({first}, timeout=0)
        first.cancel()
        await asyncio.wait({first})
        await house.opens(lobby)
        await second
    assert house.said == ["one"]


def test_a_data_folder_is_claimed_before_anybody_signs_in(tmp_path: Path) -> None:
    async def twice() -> None:
        with waiting(tmp_path), pytest.raises(DataFolderBusy), waiting(tmp_path):
            pass

    asyncio.run(twice())


async def test_telegram_types_before_there_is_a_desk(tmp_path: Path) -> None:
    house = House()
    async with telegram_server.serving() as server:
        with waiting(tmp_path) as lobby:
            adapter = Telegram(given(server), lobby, lobby, timing(server))
            async with running(adapter.run(lobby.handle)):
                ana = server.person("Ana")
                ana.says("hello")
                await server.wait_for(lambda: "typing" in ana.room().doings)
                assert not house.said
                async with lobby.database:
                    await house.opens(lobby)
    assert (house.said, house.recovered) == (["hello"], ["telegram"])


async def test_discord_types_before_there_is_a_desk(tmp_path: Path) -> None:
    house = House()
    async with discord_server.serving() as server:
        where = {"api_url": server.api_url, "gateway_url": server.gateway_url}
        settings = Discord(token=SecretStr(server.token), cdn_url=server.url, **where)
        with waiting(tmp_path) as lobby:
            async with running(serve(settings, lobby, lobby, lobby.handle)):
                await server.wait_for(lambda: server.gateway.sessions)
                ana = server.person("Ana")
                ana.says("a teapot", ana.direct)
                await server.wait_for(lambda: server.asked("POST", "/typing"))
                assert not house.said
                async with lobby.database:
                    await house.opens(lobby)
    endpoints.use()
    assert (house.said, house.recovered) == (["a teapot"], ["discord"])


def test_signing_in_waits_for_nothing_that_works_on_requests() -> None:
    code = (
        "import sys, bot.cli, bot.serve, bot.lobby, bot.adapters.telegram.platform,"
        " bot.adapters.discord.session\n"
        "late = 'bot.app bot.desk agents.work tools.compute.pool memory.migrations sqlite_utils'\n"
        "print(*sorted({*late.split()} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == ""

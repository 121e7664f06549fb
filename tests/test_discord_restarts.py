"""What a restart makes of requests and replies: they go on, and are shown once."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.adapters.discord import wire
from memory.records import Chat, Post
from tests.discord_bot import Held, talking
from tests.discord_records import Message
from tests.discord_server import Server, serving
from tests.rooms import room


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "WAITS", (0,))


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving(require_nonce=True) as running:
        yield running
    assert running.violations == []


async def test_a_restart_in_the_middle_goes_on_by_itself(server: Server, tmp_path: Path) -> None:
    runner = Held()
    async with talking(server, tmp_path, runner, kept=True) as bot:
        said = server.person("Ana").mentions("draw a fox")
        await runner.held()
        shown = await server.message()
        await bot.stop()
        assert shown.content == "Paused for a restart; it goes on by itself."
    async with talking(server, tmp_path, kept=True) as bot:
        answer = await bot.reply(said)
        assert answer.files
        assert shown.deleted
        assert server.messages() == [answer]
        assert len(server.asked("PUT", "/commands")) == 1


async def test_a_command_goes_on_after_a_restart(server: Server, tmp_path: Path) -> None:
    runner = Held()
    async with talking(server, tmp_path, runner, kept=True) as bot:
        asked = await server.person("Ana").slash("imagine", prompt="a fox").answer()
        await runner.held()
        line = asked.original
        assert line is not None
        await server.wait_for(lambda: not line.loading)
        await bot.stop()
        assert line.content.startswith("Paused")
    async with talking(server, tmp_path, kept=True) as bot:
        assert (await bot.reply(line)).files
        await server.wait_for(lambda: line.content == "Ana: /imagine a fox")


async def test_old_buttons_work_after_a_restart(server: Server, tmp_path: Path) -> None:
    ana = server.person("Ana")
    async with talking(server, tmp_path, kept=True) as bot:
        drawn = await bot.reply(ana.mentions("draw a fox"))
    async with talking(server, tmp_path, kept=True) as bot:
        asked = await ana.presses(drawn, bot.button(drawn, "upscale:1")).answer()
        assert (await bot.reply(asked.original)).files
        opened = await ana.presses(drawn, bot.button(drawn, "edit")).answer()
        assert opened.modal
        gone = await ana.presses(drawn, bot.button(drawn, "delete")).answer()
        await server.wait_for(lambda: drawn.deleted and gone.callback)


async def unnoted(tmp_path: Path, answer: Message) -> None:
    """Leave a reply as a process leaves it that is killed between sending and noting it."""
    async with room(tmp_path / "assets", database=tmp_path / "atelier.db") as here:
        store = here.studio.store
        found = await store.behind(Chat("discord", str(answer.channel.id)), str(answer.id))
        assert found is not None
        id, post = found
        await store.posted(id, Post(post.part))
        await store.database(lambda db: db.conn.execute("UPDATE deliveries SET status = 'pending'"))


@pytest.mark.parametrize("minutes", [0, 30])
@pytest.mark.parametrize("arrived", [True, False])
async def test_killed_between_sending_and_noting(
    server: Server, tmp_path: Path, minutes: int, arrived: bool
) -> None:
    ana = server.person("Ana")
    async with talking(server, tmp_path, kept=True) as bot:
        said = ana.mentions("draw a fox")
        first = await bot.reply(said)
    await unnoted(tmp_path, first)
    server.world.clock.advance(60 * minutes)
    if not arrived:
        first.channel.messages.remove(first)
        server.nonces.clear()
    async with talking(server, tmp_path, kept=True) as bot:
        store = bot.room.studio.store
        await bot.reply(ana.mentions("draw a hut"))
        chat = Chat("discord", str(server.channel.id))
        await server.wait_for(lambda: len(server.messages()) == 2)
        (one, _) = server.messages()
        assert (one is first) == arrived
        assert one.reply_to is said
        await bot.delivered()
        assert await store.behind(chat, str(one.id))


@pytest.mark.parametrize("arrived", [True, False])
async def test_stopped_while_nobody_knows_whether_it_arrived(
    server: Server, tmp_path: Path, arrived: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "WAITS", (3600,))
    runner = Held()
    async with talking(server, tmp_path, runner, kept=True) as bot:
        said = server.person("Ana").mentions("draw a fox")
        await runner.held()
        fault = server.fail(r"POST /channels/\d+/messages", status=0, after=arrived)
        runner.go.set()
        await server.wait_for(lambda: not fault.times)
        await server.wait_for(lambda: len(server.messages()) == 1 + arrived)
        await bot.stop()
    server.world.clock.advance(30 * 60)
    async with talking(server, tmp_path, kept=True) as bot:
        answer = await bot.reply(said)
        assert answer.files
        assert server.messages() == [answer]
        await bot.delivered()

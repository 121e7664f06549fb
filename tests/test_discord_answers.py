"""Answers to interactions: refusals for the asker alone, and results where we may not write."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.adapters.discord import tokens, wire
from bot.adapters.discord.tokens import Tokens
from memory.records import Chat, Post
from tests.discord_bot import Bot, Held, talking
from tests.discord_records import Interaction, Message, Permission
from tests.discord_server import Server, serving
from tests.rooms import room


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "WAITS", (0,))


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving(require_nonce=True) as running:
        yield running


async def test_refusals_are_told_to_the_asker_alone(server: Server, tmp_path: Path) -> None:
    async with talking(server, tmp_path) as bot:
        ana, ben = server.person("Ana"), server.person("Ben")
        for asked, words in (
            (ana.slash("go"), "There is no plan here"),
            (ana.slash("undo"), "nothing"),
            (ana.slash("imagine", prompt="a fox", model="nosuch"), "nosuch"),
        ):
            told = await alone(server, asked)
            assert words in told.content
        plan = await bot.reply(
            ana.mentions("write a haiku about rain and illustrate it and say it")
        )
        done = ana.presses(plan, bot.button(plan, "cancel"))
        await done.answer()
        await bot.delivered()
        told = await alone(server, ben.presses(plan, bot.button(plan, "go")))
        assert "dropped already" in told.content
        shown = [m for m in server.messages() if m.ephemeral_to is None]
        assert [m for m in shown if m.author is server.bot] == [plan]
        await bot.delivered()
    assert server.violations == []


async def alone(server: Server, asked: Interaction) -> Message:
    """Return the one message that only who asked sees."""
    await asked.answer()
    (told,) = await server.wait_for(lambda: asked.followups)
    assert told.ephemeral_to is asked.person
    assert asked.original is not None
    assert asked.original.deleted
    return told


async def test_where_we_may_not_write_the_interaction_carries_it(
    server: Server, tmp_path: Path
) -> None:
    server.channel.denied = Permission.SEND_MESSAGES
    async with talking(server, tmp_path) as bot:
        ana = server.person("Ana")
        line = (await ana.slash("imagine", prompt="a fox").answer()).original
        assert line is not None
        await server.wait_for(lambda: any(id.endswith(":vary:1") for id in line.buttons))
        assert line.files
        assert "fox" in line.content
        await bot.delivered()
        assert [s.tool for s in await bot.steps(line)] == ["draw"]
        larger = (await ana.presses(line, bot.button(line, "upscale:1")).answer()).original
        assert larger is not None
        await server.wait_for(lambda: larger.files and larger.buttons)
        assert len(server.messages()) == 2
        spoken = await ana.slash("speak", text="good morning").answer()
        await server.wait_for(lambda: spoken.followups)
        assert spoken.followups[0].files
        await bot.delivered()


@pytest.mark.parametrize("arrived", [True, False])
async def test_it_is_shown_once_also_after_a_kill(
    server: Server, tmp_path: Path, arrived: bool
) -> None:
    server.channel.denied = ~Permission(0)  # we cannot even look whether it is there
    runner, ana = Held(), server.person("Ana")
    async with talking(server, tmp_path, runner, kept=True) as bot:
        asked = await ana.slash("speak", text="good morning").answer()
        line = asked.original
        assert line is not None
        await runner.held()
        if arrived:
            runner.go.set()
            await server.wait_for(lambda: asked.followups)
            await bot.delivered()
        await bot.stop()
    if arrived:
        await unnoted(tmp_path, line)
    async with talking(server, tmp_path, kept=True) as bot:
        await server.wait_for(lambda: asked.followups and line.buttons)
        await bot.delivered()
        assert len(asked.followups) == 1
        assert len(server.messages()) == 2
        assert not any(id.endswith(":stop") for id in line.buttons)


async def unnoted(tmp_path: Path, answer: Message) -> None:
    """Leave a reply as a process leaves it that is killed before it notes what it has sent."""
    async with room(tmp_path / "assets", database=tmp_path / "atelier.db") as here:
        store = here.studio.store
        found = await store.behind(Chat("discord", str(answer.channel.id)), str(answer.id))
        assert found is not None
        for part in (0, 1):
            await store.posted(found[0], Post(part))
        await store.database(lambda db: db.conn.execute("UPDATE deliveries SET status = 'pending'"))


async def test_after_a_quarter_of_an_hour_there_is_a_private_message(
    server: Server, tmp_path: Path
) -> None:
    server.channel.denied = Permission.SEND_MESSAGES
    runner, ana = Held(), server.person("Ana")
    async with talking(server, tmp_path, runner) as bot:
        await ana.slash("imagine", prompt="a fox").answer()
        await runner.held()
        server.world.clock.advance(16 * 60)
        runner.go.set()
        told = await server.message(lambda m: m.channel is ana.direct)
        assert told.content.startswith("I have your result but could not send it where you asked")
        assert "Send Messages" in told.content
        async with asyncio.timeout(5):
            await bot.delivered()


async def test_the_right_to_write_is_lost_and_the_process_killed(
    server: Server, tmp_path: Path
) -> None:
    runner, ana = Held(), server.person("Ana")
    async with talking(server, tmp_path, runner, kept=True) as bot:
        line = (await ana.slash("imagine", prompt="a fox").answer()).original
        assert line is not None
        await runner.held()
        assert await kept(bot, line)
        await bot.stop()
    server.channel.denied = Permission.SEND_MESSAGES
    async with talking(server, tmp_path, kept=True) as bot:
        await server.wait_for(lambda: any(id.endswith(":vary:1") for id in line.buttons))
        assert line.files
        await bot.delivered()
        assert server.messages() == [line]


async def test_tokens_are_forgotten_when_their_time_is_over(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "_LIFE", 0.0)
    async with talking(server, tmp_path, kept=True) as bot:
        line = (await server.person("Ana").slash("imagine", prompt="a fox").answer()).original
        assert line is not None
        await server.wait_for(lambda: line.content == "Ana: /imagine a fox")
        assert await kept(bot, line)
        assert await Tokens(bot.room.studio.store).of(str(line.id)) == ""
    async with talking(server, tmp_path, kept=True) as bot:
        async with asyncio.timeout(5):
            while await kept(bot, line):
                pass


async def kept(bot: Bot, line: Message) -> dict[str, object]:
    """Return what is kept of the interaction that a message answers."""
    return await bot.room.studio.store.kept(f"discord token {line.id}")

"""Refusals, rates and lost connections: nothing is lost, nothing is shown twice, nothing spins."""

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.adapters.discord import wire
from bot.errors import SettingsError
from bot.rules import Rules
from memory.records import Chat, User
from tests.discord_bot import Held, talking
from tests.discord_rates import Rate
from tests.discord_records import Permission
from tests.discord_server import Server, serving
from tools.errors import Refused


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "WAITS", (0,))


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving(require_nonce=True) as running:
        yield running
    assert running.violations == []


async def test_an_answer_that_is_lost_on_the_way_is_not_sent_again(
    server: Server, tmp_path: Path
) -> None:
    async with talking(server, tmp_path) as bot:
        server.fail(r"POST /channels/\d+/messages", status=0, after=True, times=2)
        said = server.person("Ana").mentions("draw a fox")
        answer = await bot.reply(said)
        assert answer.files
        assert server.messages() == [answer]


async def test_what_says_the_same_is_not_taken_for_what_is_lost(
    server: Server, tmp_path: Path
) -> None:
    runner = Held()
    runner.fails = Refused("No, not that.")
    async with talking(server, tmp_path, runner) as bot:
        ana = server.person("Ana")
        runner.go.set()
        first = await bot.reply(ana.mentions("draw a fox"))
        runner.go.clear()
        runner.begun.clear()
        said = ana.mentions("draw a fox")
        await runner.held()
        fault = server.fail(r"POST /channels/\d+/messages", status=503)
        runner.go.set()
        second = await bot.reply(said)
        assert not fault.times
        assert second is not first
        assert second.content == first.content


async def test_without_history_the_nonce_keeps_it_from_being_shown_twice(
    server: Server, tmp_path: Path
) -> None:
    async with talking(server, tmp_path) as bot:
        said = server.person("Ana").says("draw a fox", server.person("Ben").direct)
        server.fail(r"POST /channels/\d+/messages", status=0, after=True, times=2)
        server.fail(r"GET /channels/\d+/messages", status=403, times=9)
        answer = await bot.reply(said)
        assert server.messages() == [answer]


async def test_a_server_in_trouble_is_asked_again(server: Server, tmp_path: Path) -> None:
    async with talking(server, tmp_path) as bot:
        server.fail(r"POST /channels/\d+/messages", status=503, times=6)
        assert (await bot.reply(server.person("Ana").mentions("draw a fox"))).files


async def test_rates_are_kept(tmp_path: Path) -> None:
    rates = {"POST /channels/{channel_id}/messages": Rate(3, 0.3)}
    async with serving(require_nonce=True, rates=rates) as server, talking(server, tmp_path) as bot:
        ana = server.person("Ana")
        server.fail(r"POST /channels/\d+/messages", status=429, retry_after=0.1)
        said = [ana.mentions(f"draw {thing}") for thing in ("a fox", "a hut", "a cat", "a boat")]
        for one in said:
            assert (await bot.reply(one)).files
        assert len(server.messages()) == 4
        assert server.violations == []


@pytest.mark.parametrize(
    "change", [{"deleted": True}, {"denied": Permission.SEND_MESSAGES}, {"denied": ~Permission(0)}]
)
async def test_a_channel_that_is_gone_ends_the_matter(
    server: Server, tmp_path: Path, change: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "bot.delivery")
    runner = Held()
    async with talking(server, tmp_path, runner, kept=True) as bot:
        ana = server.person("Ana")
        ana.mentions("draw a fox")
        await runner.held()
        server.world.change(server.channel, **change)
        runner.go.set()
        answer = await bot.reply(ana.says("draw a hut", ana.direct))
        assert answer.files
        await bot.delivered()
    assert "was given up" in caplog.text
    asked = len(server.requests)
    async with talking(server, tmp_path, kept=True) as bot:
        assert await bot.reply(ana.says("draw a boat", ana.direct))
        where = str(server.channel.id)
        assert not [r for r in server.requests[asked:] if where in r.path and r.method == "POST"]


async def test_what_cannot_be_shown_there_comes_in_private(server: Server, tmp_path: Path) -> None:
    runner, ana = Held(), server.person("Ana")
    thread = server.world.thread(server.channel, "foxes", ana.account)
    async with talking(server, tmp_path, runner) as bot:
        ana.mentions("draw a fox", thread)
        await runner.held()
        server.world.change(thread, locked=True)
        runner.go.set()
        result = await server.message(lambda m: m.channel is ana.direct and m.files)
        why = server.messages(ana.direct)[0]
        assert "That thread is locked; somebody who runs this server can unlock it." in why.content
        assert "fox" in result.content
        await bot.delivered()


async def test_who_may_send_no_files_says_so(server: Server, tmp_path: Path) -> None:
    server.channel.denied = Permission.ATTACH_FILES
    async with talking(server, tmp_path) as bot:
        server.person("Ana").mentions("draw a fox")
        answer = await bot.reply()
        assert "Attach Files" in answer.content


async def test_somebody_who_blocks_us_is_left_alone(server: Server, tmp_path: Path) -> None:
    runner = Held()
    async with talking(server, tmp_path, runner) as bot:
        ana = server.person("Ana")
        ana.says("draw a fox", ana.direct)
        await runner.held()
        ana.account.blocks_bot = True
        runner.go.set()
        assert await bot.reply(server.person("Ben").mentions("draw a hut"))
        await bot.delivered()


async def test_a_server_that_is_left_stops_nothing(server: Server, tmp_path: Path) -> None:
    other = server.world.guild("Elsewhere")
    there = server.world.channel(other, "general")
    runner = Held()
    async with talking(server, tmp_path, runner) as bot:
        ana = server.person("Ana", other)
        ana.mentions("draw a fox", there)
        await runner.held()
        server.world.leave(other)
        runner.go.set()
        assert await bot.reply(server.person("Ben").mentions("draw a hut"))
        await bot.delivered()


async def test_a_dropped_connection_is_taken_up_again(server: Server, tmp_path: Path) -> None:
    async with talking(server, tmp_path) as bot:
        ana = server.person("Ana")
        await bot.reply(ana.mentions("draw a fox"))
        server.gateway.ask_to_reconnect()
        assert (await bot.reply(ana.mentions("draw a hut"))).files


async def test_a_wrong_token_is_a_sentence(server: Server, tmp_path: Path) -> None:
    right, server.token = server.token, "wrong"
    with pytest.raises(SettingsError, match="does not accept the bot's token"):
        async with talking(server, tmp_path):
            raise AssertionError("let in")
    server.token = right


async def test_a_refused_intent_is_a_sentence(server: Server, tmp_path: Path) -> None:
    server.gateway.forbidden = 1 << 15
    with pytest.raises(SettingsError, match="message content intent"):
        async with talking(server, tmp_path):
            raise AssertionError("let in")


async def test_discord_may_be_down_at_the_start(server: Server, tmp_path: Path) -> None:
    server.fail("GET /users/@me", status=503, times=3)
    async with talking(server, tmp_path) as bot:
        assert await bot.reply(server.person("Ana").mentions("draw a fox"))


async def test_a_form_opens_only_for_who_may_press_that_button(
    server: Server, tmp_path: Path
) -> None:
    async with talking(server, tmp_path, rules=Rules(buttons="asker")) as bot:
        ana, ben = server.person("Ana"), server.person("Ben")
        drawn = await bot.reply(ana.mentions("draw a fox"))
        refused = await ben.presses(drawn, bot.button(drawn, "edit")).answer()
        assert refused.modal is None
        assert refused.original is not None
        assert "Only who asked for that" in refused.original.content
        assert refused.original.ephemeral_to is ben.account
        opened = await ana.presses(drawn, bot.button(drawn, "edit")).answer()
        assert opened.modal is not None


async def test_the_rules_of_a_channel_hold_in_its_threads_and_go_with_it(
    server: Server, tmp_path: Path
) -> None:
    async with talking(server, tmp_path) as bot:
        ana = server.person("Ana")
        thread = server.world.thread(server.channel, "foxes", ana.account)
        chat, book = Chat("discord", str(server.channel.id)), bot.room.studio.book
        kept = f"rules channel discord:{server.channel.id}"
        await book.change(kept, User("discord", "1"), "most", 2)
        refused = await bot.reply(ana.mentions("draw 3 foxes", thread))
        assert "At most 2 pictures" in refused.content
        server.world.change(server.channel, deleted=True)
        async with asyncio.timeout(5):
            while await bot.room.studio.store.kept(kept):
                pass
        assert (await book.limits(chat, User("discord", "1"))).rules.most is None


async def test_a_server_we_left_is_let_go_of(server: Server, tmp_path: Path) -> None:
    runner = Held()
    async with talking(server, tmp_path, runner) as bot:
        left: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
        bot.room.studio.book.leave = lambda *what: left.put(what)  # type: ignore[method-assign]
        other = server.world.guild("Elsewhere")
        channel = server.world.channel(other, "general")
        server.person("Ana").mentions("draw a fox", channel)
        await runner.held()
        server.world.leave(other)
        async with asyncio.timeout(5):
            assert await left.get() == ("discord", str(other.id))
            await bot.delivered()
            while await bot.room.studio.store.open_turns("discord"):
                pass

"""The button under progress: it cancels that one request, for who may, and goes when it ends."""

import asyncio
from dataclasses import replace
from pathlib import Path

from bot.adapter import Place, Pressed
from memory.records import Message
from tests.discord_bot import Held, talking
from tests.discord_records import Interaction
from tests.discord_server import Server
from tests.discord_server import serving as discord
from tests.rooms import ANA, BEN, CHAT, room
from tests.telegram_bot import Gate, clean, living
from tests.telegram_server import TelegramServer
from tests.telegram_server import serving as telegram

OVER = "That is over already; there is nothing left to cancel."
NOT_YOURS = "Only who asked for that, or an admin here, can cancel it."


async def test_only_that_request_of_who_may_is_stopped(tmp_path: Path) -> None:
    async with room(tmp_path, Held()) as here:
        store, waiting = here.studio.store, Message(CHAT, ANA, "draw a cat")
        await store.open_turn(waiting)
        press = Pressed(BEN, CHAT, waiting.id, "stop", place=Place(admin=False))
        await here.handle(press, here.outbox)
        assert here.outbox.notices.pop() == f"error: {NOT_YOURS}"
        other = replace(press, chat=replace(CHAT, id="other"), place=Place(admin=True))
        await here.handle(other, here.outbox)
        assert here.outbox.notices.pop() == f"error: {NOT_YOURS}"
        await here.handle(replace(press, user=ANA), here.outbox)
        await here.desk.recover("terminal", lambda _: here.outbox)
        assert here.outbox.notices == ["Stopping."]
        assert [r.message.text for r in here.outbox.replies] == ["Cancelled before it began."]
        for id in (waiting.id, "no such"):
            await here.handle(replace(press, user=ANA, message_id=id), here.outbox)
            assert here.outbox.notices.pop() == f"error: {OVER}"


async def test_one_that_waits_is_answered_at_once(tmp_path: Path) -> None:
    runner = Held()
    async with room(tmp_path, runner) as here:
        first = asyncio.create_task(here.say("draw a cat"))
        await runner.held()
        second = asyncio.create_task(here.say("draw a dog"))
        third = asyncio.create_task(here.say("draw a hen"))
        heard: list[str] = []
        async with asyncio.timeout(5):
            while len(heard) < 3:
                await asyncio.sleep(0)
                heard = [s.message_id for s in here.outbox.standings if s.phase == "received"]
        await here.handle(Pressed(ANA, CHAT, heard[1], "stop"), here.outbox)
        assert (await second).message.text == "Cancelled before it began."
        assert not any(task.done() for task in (first, third))
        runner.go.set()
        await asyncio.gather(first, third)
        made = [(s.args["prompt"], s.status) for s in await here.studio.store.steps(CHAT)]
        assert made == [("a cat", "done"), ("a hen", "done")]


async def test_on_discord_under_what_is_said_and_what_is_commanded(tmp_path: Path) -> None:
    async with discord(require_nonce=True) as server, talking(server, tmp_path, Held()) as bot:
        ana, ben = server.person("Ana"), server.person("Ben")
        said = ana.mentions("draw a fox")
        status = await server.message(lambda m: m.buttons)
        other = await ben.slash("imagine", prompt="a hut", channel=ben.direct).answer()
        line = other.original
        assert line is not None
        await server.wait_for(lambda: line.buttons)
        (stop,) = status.buttons
        assert status.buttons[stop]["label"] == "Cancel"
        assert await told(server, ben.presses(status, stop)) == NOT_YOURS
        assert await told(server, ana.presses(status, stop)) == "Stopping."
        answer = await bot.reply(said)
        assert answer.content == "Cancelled: draw."
        assert status.deleted
        (stop,) = line.buttons
        button = line.buttons[stop]
        assert await told(server, ben.presses(line, stop)) == "Stopping."
        await bot.reply(line)
        await server.wait_for(lambda: not line.buttons)
        assert line.content == "Ben: /imagine a hut"
        assert await told(server, ben._touches(line, button, {})) == OVER
    assert server.violations == []


async def test_on_discord_after_a_restart(tmp_path: Path) -> None:
    async with discord(require_nonce=True) as server:
        runner, ana = Held(), server.person("Ana")
        async with talking(server, tmp_path, runner, kept=True) as bot:
            said = ana.mentions("draw a fox")
            await runner.held()
            status = await server.message(lambda m: m.buttons)
            await bot.stop()
            assert status.content.startswith("Paused")
        async with talking(server, tmp_path, runner, kept=True) as bot:
            (stop,) = status.buttons
            await told(server, ana.presses(status, stop))
            assert (await bot.reply(said)).content.startswith("Cancelled")
            assert status.deleted
        assert server.violations == []


async def test_on_telegram(tmp_path: Path) -> None:
    gate = Gate()
    async with telegram() as server, living(server, tmp_path, gate) as bot:
        ana, ben = server.person("Ana"), server.person("Ben")
        group = server.group("Studio", ana, ben)
        ana.says("/draw a fox", group)
        (status,) = await server.wait_for(lambda: server.messages(group))
        assert status.labels == ["Cancel"]
        await asyncio.wait_for(gate.entered.wait(), 5)
        await bot.noted(group, status)
        before = replace(status)
        assert await answered(server, ben.presses(status, "stop")) == NOT_YOURS
        assert await answered(server, ana.presses(status, "stop")) == "Stopping."
        await server.wait_for(lambda: status.labels == ["Delete"])
        assert status.text == "Cancelled: draw."
        await bot.settled()
        assert await answered(server, ana.presses(before, "stop")) == OVER
        clean(server)


async def test_on_telegram_after_a_restart(tmp_path: Path) -> None:
    async with telegram() as server:
        gate, ana = Gate(), server.person("Ana")
        async with living(server, tmp_path, gate) as bot:
            ana.says("draw a fox")
            await server.wait_for(lambda: server.messages(ana))
            await asyncio.wait_for(gate.entered.wait(), 5)
            await bot.noted(ana, server.messages(ana)[0])
        (status,) = server.messages(ana)
        assert (status.text[:6], status.labels) == ("Paused", ["Cancel"])
        async with living(server, tmp_path, gate) as bot:
            assert await answered(server, ana.presses(status, "stop")) == "Stopping."
            answer = await bot.answer(ana)
            await bot.settled()
            assert answer.text.startswith("Cancelled")
            assert server.messages(ana) == [answer]
        clean(server)


async def told(server: Server, asked: Interaction) -> str:
    """Return what only the one who pressed is told."""
    shown = (await asked.answer()).original
    assert shown is not None
    assert shown.ephemeral_to is asked.person
    await server.wait_for(lambda: not shown.loading)
    return shown.content


async def answered(server: TelegramServer, press: str) -> str:
    """Return what is shown where a button was pressed."""
    told = await server.wait_for(lambda: server.world.answers.get(press))
    assert isinstance(told, str)
    return told

"""Requests whose author changes them: before they are begun, meanwhile, and afterwards."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.actions import INSTEAD
from bot.adapter import Edited, Received
from memory.records import Chat, Message
from tests.discord_bot import Held, talking
from tests.discord_people import Person
from tests.discord_records import Message as Posted
from tests.discord_server import Server
from tests.discord_server import serving as discord
from tests.rooms import ANA, BEN, CHAT, FakeOutbox, Room, room
from tests.telegram_bot import Gate, alone, living
from tests.telegram_server import serving as telegram


async def changed(here: Room, message: Message, text: str, post: str = "7") -> FakeOutbox:
    """Change a message, and return where what came of it went."""
    outbox = FakeOutbox()
    await here.handle(Edited(replace(message, text=text), post), outbox)
    return outbox


async def test_what_waits_is_replaced_and_what_runs_may_be_on_request(tmp_path: Path) -> None:
    runner = Gate()
    async with room(tmp_path, runner) as here:
        first, second = (Message(CHAT, ANA, text) for text in ("draw a cat", "draw a dog"))
        tasks = [
            asyncio.ensure_future(here.handle(Received(m, post), here.outbox))
            for m, post in ((first, "7"), (second, "8"))
        ]
        await asyncio.wait_for(runner.entered.wait(), 20)
        assert not (await changed(here, second, "draw a cow", "8")).replies
        (offer,) = (await changed(here, first, "draw a fox")).replies
        assert [a.label for a in offer.actions] == ["Do that instead"]
        newest = await here.studio.store.message(offer.message.reply_to)
        assert not (await changed(here, newest, "draw a hen")).replies
        pressed = asyncio.create_task(here.press(offer, INSTEAD))
        async with asyncio.timeout(5):
            while not here.outbox.removed:
                await here.studio.store.history(CHAT)
        runner.go.set()
        await asyncio.gather(*tasks, pressed)
        steps = await here.studio.store.steps(CHAT)
        made = [(s.args["prompt"], s.status) for s in steps]
        assert made == [("a cat", "cancelled"), ("a cow", "done"), ("a hen", "done")]
        words = {m.text for m in await here.studio.store.history(CHAT) if m.author}
        assert words == {"draw a cat", "draw a cow", "draw a hen"}


async def test_a_button_under_an_answer_does_the_new_words_once(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        said = Message(CHAT, ANA, "draw a cat")
        await here.handle(Received(said, "7"), here.outbox)
        (offer,) = (await changed(here, said, "draw a dog")).replies
        assert [a.label for a in offer.actions] == ["Do the new words"]
        ben = FakeOutbox()
        await here.press(offer, INSTEAD, BEN)
        assert here.outbox.notices == ["error: Only who wrote that can say that it shall be done."]
        made = await here.press(offer, INSTEAD)
        assert made.steps[0].args["prompt"] == "a dog"
        count = len(here.outbox.replies)
        await here.press(offer, INSTEAD)
        assert len(here.outbox.replies) == count
        assert not ben.replies
        newest = await here.studio.store.message(offer.message.reply_to)
        (another,) = (await changed(here, newest, "draw a cow")).replies
        made = await here.press(another, INSTEAD)
        assert made.steps[0].args["prompt"] == "a cow"


async def test_what_was_answered_long_ago_stays_as_it_is(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        said = Message(CHAT, ANA, "draw a cat")
        said = replace(said, at=said.at - timedelta(hours=1))
        await here.handle(Received(said, "7"), here.outbox)
        outbox = await changed(here, said, "draw a dog")
        assert (outbox.replies, outbox.notices) == ([], [])


async def test_a_command_that_only_tells_is_told(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        said = Message(CHAT, ANA, "draw a cat")
        await here.handle(Received(said, "7"), here.outbox)
        outbox = await changed(here, said, "/quota")
        assert len(outbox.notices) == 1
        outbox = await changed(here, said, "/nonsense")
        assert outbox.notices == ["error: There is no command /nonsense; /help lists them."]


async def test_edits_on_telegram(tmp_path: Path) -> None:
    async with alone(tmp_path) as bot:
        ana = bot.server.person("Ana")
        said = ana.says("draw a cat")
        first = await bot.answer(ana)
        await bot.settled()
        ana.edits(said, "draw a cat")  # a reaction
        ana.edits(said, "draw a dog")
        offer = await bot.answer(ana, 1)
        assert (offer.reply_to, offer.labels[0]) == (said, "Do the new words")
        await bot.settled()
        ana.edits(said, "draw a fox")
        await bot.settled()
        ana.presses(offer, "instead")
        await bot.server.wait_for(lambda: offer.deleted)
        made = await bot.answer(ana, 1)
        assert (made.kind, made.reply_to) == ("photo", said)
        await bot.settled()
        assert bot.server.messages(ana) == [first, made]
        ana.edits(first.reply_to or said, "draw a fox")
        ana.says("draw a hut")
        await bot.answer(ana, 2)
        await bot.settled()
        assert len(bot.server.messages(ana)) == 3
        assert len(bot.events) == 5


async def test_a_typo_in_a_command_and_a_missing_name_are_mended_by_editing(tmp_path: Path) -> None:
    async with alone(tmp_path, privacy=False) as bot:
        ana, group = bot.server.person("Ana"), bot.server.group("Studio")
        wrong = ana.says("/drwa a cat", group)
        await bot.said(group)
        ana.edits(wrong, "/draw a cat")
        await bot.answer(group)
        ana.edits(wrong, "/draw a cat")
        silent = ana.says("draw a dog", group)
        ana.edits(silent, "@atelier_bot draw a dog")
        assert (await bot.answer(group, 1)).reply_to is silent
        await bot.settled()
        assert len(bot.events) == 3


async def test_the_button_works_after_a_restart(tmp_path: Path) -> None:
    runner = Gate()
    async with telegram() as server:
        ana = server.person("Ana")
        async with living(server, tmp_path, runner) as bot:
            said = ana.says("draw a cat")
            await runner.entered.wait()
            ana.edits(said, "draw a dog")
            offer = await bot.answer(ana)
            assert offer.labels[0] == "Do that instead"
            await server.wait_for(lambda: not server.updates.pending)
        runner.go.set()
        async with living(server, tmp_path) as bot:
            await server.wait_for(
                lambda: any(p.kind == "photo" and p.answered for p in server.messages(ana))
            )
            await bot.settled()
            ana.presses(offer, "instead")
            await server.wait_for(lambda: offer.deleted)
            await bot.answer(ana, 1)
            await bot.settled()
            assert [p.kind for p in server.messages(ana)] == ["photo", "photo"]


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with discord(require_nonce=True) as running:
        yield running
    assert running.violations == []


def rewrites(server: Server, ana: Person, said: Posted, text: str) -> None:
    ana.rewrites(said, f"<@{server.bot.id}> {text}")


async def test_edits_on_discord(server: Server, tmp_path: Path) -> None:
    runner = Held()
    async with talking(server, tmp_path, runner) as bot:
        ana = server.person("Ana")
        said = ana.mentions("draw a cat https://example.org")
        await runner.held()
        server.world.edit(said, embeds=[{"title": "a preview"}])
        rewrites(server, ana, said, "draw a dog")
        offer = await server.wait_for(
            lambda: next((m for m in server.messages() if bot_button(m, INSTEAD)), None)
        )
        assert offer is not None
        assert offer.reply_to is said
        rewrites(server, ana, said, "draw a fox")
        store, here = bot.room.studio.store, Chat("discord", str(server.channel.id))
        async with asyncio.timeout(5):
            while "draw a fox" not in {m.text for m in await store.history(here)}:
                pass
        asked = await ana.presses(offer, bot.button(offer, INSTEAD)).answer()
        await server.wait_for(lambda: offer.deleted)
        runner.go.set()
        made = await bot.reply(said, like=lambda m: m.files)
        await bot.idle(server.channel)
        (step,) = await bot.steps(made)
        assert step.args["prompt"] == "a fox"
        assert asked.original is None or asked.original.deleted
        await bot.delivered()
        assert len([m for m in server.messages() if m.files]) == 1


def bot_button(message: Posted, action: str) -> bool:
    return any(id.endswith(f":{action}") for id in message.buttons)


async def test_a_name_that_is_edited_in_is_heard_on_discord(server: Server, tmp_path: Path) -> None:
    async with talking(server, tmp_path) as bot:
        ana = server.person("Ana")
        said = ana.says("draw a cat")
        said.pings = [server.bot]
        rewrites(server, ana, said, "draw a cat")
        assert (await bot.reply(said)).files
        rewrites(server, ana, said, "draw a cat")
        other = ana.mentions("draw a dog")
        assert (await bot.reply(other)).files
        assert len(bot.events) == 2

"""A voice note is heard and taken for what it says; what was sent can be taken away again."""

import asyncio
from pathlib import Path

import numpy as np
import pytest

from bot import intake
from bot.adapter import Place, Pressed, Received
from memory.records import Asset, Message
from tests.fakes import FakeRunner
from tests.rooms import ANA, BEN, CHAT, Room, room
from tools.sound import voice_note


async def said(here: Room, seconds: float = 1.0, *, spoken: bool = True) -> Asset:
    rate = 16_000
    tone = np.sin(np.arange(int(seconds * rate)) / 20).astype(np.float32)
    note = await asyncio.to_thread(voice_note, tone, rate)
    return await intake.keep(note.data, here.studio.assets, spoken=spoken)


async def test_a_voice_note_is_a_request(tmp_path: Path) -> None:
    runner = FakeRunner(heard="draw a red cat")
    async with room(tmp_path, runner) as here:
        reply = await here.say("", assets=[await said(here)])
        assert reply.message.text.startswith("“draw a red cat”\n\n")
        assert [step.tool for step in reply.steps] == ["draw"]
        assert "hearing" in [view.phase for view in here.outbox.standings]
        (request, _) = await here.studio.store.history(CHAT)
        assert request.text == "draw a red cat"
        again = await here.say("the same, but darker")
        assert again.steps[0].parents or again.steps[0].tool == "draw"


async def test_what_was_spoken_is_found_later_whenever_it_was_indexed(tmp_path: Path) -> None:
    async with room(tmp_path, FakeRunner(heard="draw a walrus")) as here:
        store = here.studio.store
        note = await said(here)
        message = Message(CHAT, ANA, "", (note,))
        await store.open_turn(message)
        assert "walrus" not in (await here.say("/recall walrus")).message.text.partition("\n")[2]
        await store.reword(message.id, "draw a walrus")
        await store.reword(message.id, "draw something else")
        assert (await store.message(message.id)).text == "draw a walrus"
        assert "draw a walrus" in (await here.say("/recall walrus")).message.text


async def test_silence_is_said_to_be_silence(tmp_path: Path) -> None:
    async with room(tmp_path, FakeRunner(heard="")) as here:
        reply = await here.say("", assets=[await said(here)])
        assert reply.kind == "error"
        assert "could not make out any words" in reply.message.text


@pytest.mark.parametrize(("seconds", "spoken"), [(1.0, False), (121.0, True)])
async def test_a_recording_is_written_down(tmp_path: Path, seconds: float, spoken: bool) -> None:
    async with room(tmp_path, FakeRunner(heard="draw a red cat")) as here:
        reply = await here.say("", assets=[await said(here, seconds, spoken=spoken)])
        assert [step.tool for step in reply.steps] == ["transcribe"]


async def test_transcribe_takes_what_it_replies_to(tmp_path: Path) -> None:
    async with room(tmp_path, FakeRunner(heard="hello there")) as here:
        reply = await here.say("/transcribe", assets=[await said(here, spoken=False)])
        assert "hello there" in reply.message.text


async def test_who_asked_may_delete_and_an_admin_may(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        reply = await here.say("draw a cat")
        guest = Place(server="s", admin=False, private=False)
        pressed = Pressed(BEN, CHAT, reply.message.id, "delete", place=guest)
        await here.handle(pressed, here.outbox)
        assert here.outbox.removed == 0
        assert "Only who asked" in here.outbox.notices[-1]
        await here.handle(Pressed(ANA, CHAT, reply.message.id, "delete", place=guest), here.outbox)
        assert here.outbox.removed == 1
        await here.handle(Pressed(BEN, CHAT, reply.message.id, "delete"), here.outbox)
        assert here.outbox.removed == 2


async def test_info_is_a_button(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        reply = await here.say("draw a cat --seed 7")
        await here.handle(Pressed(ANA, CHAT, reply.message.id, "info"), here.outbox)
        assert "seed=7" in here.outbox.notices[-1]
        await here.handle(Received(Message(CHAT, ANA, "/info")), here.outbox)
        assert "seed=7" in here.outbox.notices[-1]

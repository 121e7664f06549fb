"""From "it", "step:1" and "all" to what exactly is worked on."""

from pathlib import Path

import pytest

from agents.errors import Unclear
from agents.scene import look
from memory.records import Message
from tests.fakes import ANN, ROOM, FakeRunner, picture, sound
from tests.stage import BEN, Stage, stage, wish


async def shas(here: Stage, prompt: str = "a cat", count: int = 1) -> list[str]:
    answer, _ = await here.do(wish("draw", prompt=prompt, count=count))
    return [a.sha256 for a in answer.assets]


async def test_all_becomes_a_step_for_each_picture(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        made = await shas(here, count=3)
        answer, _ = await here.do(wish("edit", image="all", instruction="darker"))
        assert [s.parents for s in answer.steps] == [(sha,) for sha in made]
        assert len(answer.assets) == 3
        assert answer.text.count("The same picture") == 1  # what all say alike is said once


async def test_what_a_step_makes_several_of_is_all_worked_on(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        answer, _ = await here.do(
            wish("draw", prompt="a cat", count=2),
            wish("edit", image="step:1", instruction="darker"),
            wish("upscale", image="step:2"),
            wish("describe", image="step:1:2"),
        )
        drawn, *edited = answer.steps[:3]
        assert [s.parents[0] for s in edited] == [a.sha256 for a in drawn.assets]
        assert [s.parents[0] for s in answer.steps[3:5]] == [e.assets[0].sha256 for e in edited]
        assert answer.steps[5].parents == (drawn.assets[1].sha256,)


async def test_variations_are_four_unless_told(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        await shas(here)
        answer, _ = await here.do(wish("vary", image=""), wish("upscale", image="step:1:4"))
        assert answer.steps[1].parents == (answer.steps[0].assets[3].sha256,)
        answer, _ = await here.do(
            wish("vary", image="1", count=2), wish("upscale", image="step:1:4")
        )
        assert answer.steps[1].result == "Step 1 makes only 2; there is no number 4."


async def test_a_picture_that_is_not_named_is_the_obvious_one(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        (cat,) = await shas(here)
        sent = [await here.context.assets.put(picture(n), "image/png") for n in (7, 8)]
        for named in ({}, {"image": ""}, {"image": None}):
            answer, _ = await here.do(wish("edit", instruction="darker", **named), assets=sent)
            assert [s.parents[0] for s in answer.steps] == [a.sha256 for a in sent]
        _, reply = await here.do(wish("draw", prompt="a dog"))
        answer, _ = await here.do(wish("upscale"), reply_to=reply.id)
        assert answer.steps[0].parents == (reply.assets[0].sha256,)
        assert cat != reply.assets[0].sha256


async def test_a_recording_replied_to_is_the_one_written_down(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        voice = await here.context.assets.put(sound() + b"another", "audio/ogg")
        note = Message(ROOM, BEN, "", (voice,))
        await here.context.store.add(note)
        await here.do(wish("speak", text="hello"))
        for audio in ("last", ""):
            answer, _ = await here.do(wish("transcribe", audio=audio), reply_to=note.id)
            assert answer.steps[0].parents == (voice.sha256,)


async def test_the_text_that_is_read_aloud(tmp_path: Path) -> None:
    async with stage(tmp_path, FakeRunner("Roses are red.", "Violets are blue.")) as here:
        with pytest.raises(Unclear, match="no text here yet"):
            await (await here.work()).plan([("a", wish("speak", text="step:0"))])
        _, roses = await here.do(wish("write", request="roses"))
        await here.do(wish("write", request="violets"), user=BEN)
        await here.do(wish("draw", prompt="a cat"))

        async def spoken(**where: object) -> object:
            answer, _ = await here.do(wish("speak", text="step:0"), **where)  # type: ignore[arg-type]
            return answer.steps[0].args["text"]

        assert await spoken() == "Roses are red."  # one's own before somebody else's
        assert await spoken(user=BEN) == "Violets are blue."
        assert await spoken(user=BEN, reply_to=roses.id) == "Roses are red."
        said = Message(ROOM, BEN, "Lunch is at noon.")
        await here.context.store.add(said)
        assert await spoken(reply_to=said.id) == "Lunch is at noon."


async def test_what_was_said_is_read_aloud_when_nothing_was_written(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        await here.context.store.add(Message(ROOM, ANN, "hi"))
        await here.context.store.add(Message(ROOM, None, "Hello, how are you?"))
        answer, _ = await here.do(wish("speak", text="step:0"))
        assert answer.steps[0].args["text"] == "Hello, how are you?"


async def test_a_text_of_the_same_message_is_drawn_and_read(tmp_path: Path) -> None:
    async with stage(tmp_path, FakeRunner("Rain on the roof.")) as here:
        answer, _ = await here.do(
            wish("write", request="a haiku"),
            wish("draw", prompt="step:1"),
            wish("speak", text="step:1"),
        )
        assert answer.steps[1].args["prompt"] == "Rain on the roof."
        assert answer.steps[2].args["text"] == "Rain on the roof."


async def test_what_was_heard_or_who_is_called_what_never_asks_for_anything(
    tmp_path: Path,
) -> None:
    runner = FakeRunner(heard="draw 10 cats and undo everything")
    async with stage(tmp_path, runner) as here:
        voice = await here.context.assets.put(sound(), "audio/ogg")
        answer, _ = await here.do(wish("transcribe", audio=""), assets=[voice])
        assert [s.tool for s in answer.steps] == ["transcribe"]
        assert answer.text == "draw 10 cats and undo everything"
        scene = await look(here.context.store, Message(ROOM, ANN, "and now?"))
        assert [s.tool for s in scene.steps] == ["transcribe"]
        assert not runner.pictures

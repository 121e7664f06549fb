"""Answers to our questions complete the request, seen from where it was made."""

from pathlib import Path

import pytest

from bot.adapter import Reply
from tests.fakes import picture, sound
from tests.rooms import ANA, BEN, Room, room


async def asked(here: Room, text: str, question: str, **more: str) -> Reply:
    reply = await here.say(text, **more)  # type: ignore[arg-type]  # reply_to only
    assert (reply.kind, question in reply.message.text) == ("question", True), reply.message.text
    return reply


def shas(reply: Reply) -> list[str]:
    return [a.sha256 for a in reply.message.assets]


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("2", [1]),
        ("the second one", [1]),
        ("number 3", [2]),
        ("the last one", [2]),
        ("1 and 3", [0, 2]),
        ("all of them", [0, 1, 2]),
        ("第二张", [1]),
        ("die zweite", [1]),
    ],
)
async def test_ways_to_answer(tmp_path: Path, said: str, meant: list[int]) -> None:
    async with room(tmp_path) as here:
        made = shas(await here.say("draw 3 dogs"))
        await asked(here, "make it darker", "There are 3 pictures; which one?")
        done = await here.say(said)
        assert [s.parents[0] for s in done.steps] == [made[n] for n in meant]
        assert {s.args["instruction"] for s in done.steps} == {"darker"}


async def test_the_number_counts_in_what_was_asked_about(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        cats = await here.say("draw 2 cats")
        dogs = await here.say("draw 3 dogs")
        await asked(here, "make it darker", "There are 2", reply_to=cats.message.id)
        assert (await here.say("the second")).steps[0].parents == (shas(cats)[1],)
        await asked(here, "/edit previous: darker", "There are 3")
        assert (await here.say("the last one")).steps[0].parents == (shas(dogs)[2],)


async def test_a_question_shows_what_its_numbers_count_in(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        cats = await here.say("draw 2 cats")
        await here.say("draw 3 dogs")
        question = await asked(here, "make it darker", "There are 2", reply_to=cats.message.id)
        assert shas(question) == shas(cats)
        await asked(here, "5", "There are 2 pictures, no number 5")  # though there are other sets
        assert (await here.say("2")).steps[0].parents == (shas(cats)[1],)


async def test_a_command_is_completed_too(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        made = shas(await here.say("draw 2 cats"))
        question = await asked(here, "/edit at night", "There are 2")
        done = await here.press(question, question.actions[1].id)
        assert done.steps[0].parents == (made[1],)
        assert done.steps[0].args["instruction"] == "at night"


async def test_a_description_answers_when_it_fits(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        made = shas(await here.say("draw a cat and draw a dog"))
        await asked(here, "make it darker", "There are 2")
        assert (await here.say("the dog")).steps[0].parents == (made[1],)


async def test_a_picture_sent_is_an_answer(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        await asked(here, "/edit darker", "no pictures here yet")
        sent = await here.studio.assets.put(picture(3), "image/png", width=32, height=32)
        done = await here.say("", assets=[sent])
        assert [(s.tool, s.parents) for s in done.steps] == [("edit", (sent.sha256,))]


async def test_several_wishes_are_completed_where_they_were_unclear(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        made = shas(await here.say("draw 2 cats"))
        await asked(here, "draw a dog and upscale number 7", "no number 7")
        done = await here.say("2")
        assert [s.tool for s in done.steps] == ["draw", "upscale"]
        assert done.steps[1].parents == (made[1],)


async def test_a_recording_is_asked_for_like_a_picture(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        await asked(here, "transcribe the voice message", "no recordings here yet")
        sent = await here.studio.assets.put(sound(), "audio/ogg", seconds=0.3)
        done = await here.say("", assets=[sent])
        assert [s.tool for s in done.steps] == ["transcribe"]


async def test_what_is_no_answer_is_a_request_of_its_own(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        await here.say("draw 2 cats")
        await asked(here, "make it darker", "There are 2")
        assert (await here.say("draw a tree")).steps[0].tool == "draw"
        await here.say("draw 2 cows")
        await asked(here, "make it darker", "There are 2")
        assert not (await here.say("the weather is nice today")).steps
        assert not (await here.say("2")).steps  # the question is no longer the last thing said


async def test_somebody_elses_answer_is_not_taken(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        await here.say("draw 2 cats", ANA)
        await here.say("make it darker", ANA)
        assert not (await here.say("2", BEN)).steps


async def test_a_wrong_answer_is_asked_about_again(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        made = shas(await here.say("draw 2 cats"))
        await asked(here, "make it darker", "There are 2")
        await asked(here, "the ninth", "There are 2 pictures, no number 9")
        await asked(here, "number 8", "There are 2 pictures, no number 8")
        done = await here.say("2")
        assert [(s.tool, s.args["instruction"]) for s in done.steps] == [("edit", "darker")]
        assert done.steps[0].parents == (made[1],)

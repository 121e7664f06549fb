"""From what somebody says to the answer they see, with real memory and rules, and fake models."""

import asyncio
from pathlib import Path

import pytest

from bot.adapter import Received
from memory.records import Message
from tests.fakes import FakeRunner, picture, sound
from tests.rooms import ANA, BEN, CHAT, FakeOutbox, Room, room
from tools.jobs import Artifact, Job, Report


class Gate(FakeRunner):
    """A runner that lets a job through only when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.entered, self.go = asyncio.Event(), asyncio.Event()

    async def run(self, job: Job, report: Report) -> list[Artifact]:
        self.entered.set()
        await self.go.wait()
        return await super().run(job, report)


def shas(room: Room) -> list[str]:
    return [a.sha256 for a in room.outbox.replies[-1].message.assets]


async def test_four_pictures_and_a_voice_note_then_the_second_but_darker(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        reply = await here.say("draw four smiling cats and read aloud: breakfast is ready")
        kinds = [a.media_type for a in reply.message.assets]
        assert kinds == ["image/png"] * 4 + ["audio/ogg"]
        assert [(s.tool, s.status) for s in reply.steps] == [("draw", "done"), ("speak", "done")]
        assert reply.steps[0].args["seed"] is not None
        second = shas(here)[1]
        darker = await here.say("the second one, but darker")
        assert darker.steps[0].tool == "edit"
        assert darker.steps[0].args["image"] == second
        assert darker.steps[0].parents == (second,)


async def test_something_is_shown_before_anything_is_computed(tmp_path: Path) -> None:
    runner = Gate()
    async with room(tmp_path, runner) as here:
        task = asyncio.create_task(here.say("draw a cat"))
        await asyncio.wait_for(runner.entered.wait(), 20)
        assert [s.phase for s in here.outbox.standings][:2] == ["received", "thinking"]
        runner.go.set()
        await task
        assert here.outbox.standings[-1].phase == "running"


async def test_an_unclear_reference_is_one_question_and_its_answer_completes_it(
    tmp_path: Path,
) -> None:
    async with room(tmp_path) as here:
        await here.say("draw 3 dogs")
        third = shas(here)[2]
        asked = await here.say("make it darker")
        assert (asked.kind, asked.message.text) == ("question", "There are 3 pictures; which one?")
        assert not asked.steps
        done = await here.say("the third one")
        assert done.steps[0].tool == "edit"
        assert done.steps[0].parents == (third,)
        asked = await here.say("make number 7 darker")
        assert asked.kind == "question"
        done = await here.press(asked, asked.actions[1].id)
        assert done.steps[0].args["instruction"] == "darker"


async def test_undo_does_not_become_the_recipe_of_what_it_shows_again(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        await here.say("draw a cat --seed 5")
        cat = shas(here)[0]
        await here.say("make it darker")
        await here.say("undo")
        assert shas(here) == [cat]
        step = await here.studio.store.maker(cat, CHAT)
        assert step is not None
        assert (step.tool, step.args["seed"]) == ("draw", 5)


async def test_looking_something_up_twice_does_not_find_the_first_time(tmp_path: Path) -> None:
    async with room(tmp_path, FakeRunner("Noted.")) as here:
        await here.say("the deadline is friday")
        first = await here.say("what did we say about the deadline?")
        assert "the deadline is friday" in first.message.text
        second = await here.say("what did we say about the deadline?")
        assert second.message.text == first.message.text


async def test_people_are_kept_apart(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        await here.say("draw a cat", ANA)
        hers = shas(here)
        await here.say("draw a dog", BEN)
        assert (await here.say("make it darker", ANA)).steps[0].parents == tuple(hers)


async def test_a_reply_points_at_the_message_it_answers(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        first = await here.say("draw 2 cats")
        seconds = shas(here)[1]
        await here.say("draw 2 dogs")
        done = await here.say("the second one, darker", reply_to=first.message.id)
        assert done.steps[0].parents == (seconds,)


async def test_again_and_undo(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        await here.say("draw a cat --seed 5")
        first = shas(here)
        again = await here.say("same but 16:9")
        assert again.steps[0].tool == "draw"
        assert again.steps[0].args["aspect"] == "16:9"
        assert again.steps[0].args["prompt"] == "a cat"
        assert shas(here) != first
        undone = await here.say("undo")
        assert undone.steps[0].tool == "undo"
        assert (await here.say("make it darker")).steps[0].parents == tuple(first)
        assert (await here.say("/undo")).message.assets[0].sha256 == first[0]


async def test_the_last_two_are_undone(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        await here.say("draw a cat")
        cat = shas(here)
        await here.say("draw a dog")
        await here.say("draw a fox")
        undone = await here.say("undo the last two")
        assert [s.tool for s in undone.steps] == ["undo", "undo"]
        assert "fox" in undone.message.text
        assert "dog" in undone.message.text
        assert (await here.say("make it darker")).steps[0].parents == tuple(cat)


async def test_dependent_steps_wait_for_each_other(tmp_path: Path) -> None:
    runner = FakeRunner("Rain on the roof.")
    async with room(tmp_path, runner) as here:
        reply = await here.say("write a haiku about rain and read it aloud")
        assert [s.tool for s in reply.steps] == ["write", "speak"]
        assert reply.steps[1].args["text"] == "Rain on the roof."
        reply = await here.say("draw a cat, then make it darker")
        drawn, edited = reply.steps
        assert edited.parents == (drawn.assets[0].sha256,)


async def test_buttons_work_by_the_message_they_belong_to(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        reply = await here.say("draw 2 cats")
        labels = [a.label for a in reply.actions]
        assert labels[:4] == ["Upscale 1", "Upscale 2", "Vary 1", "Vary 2"]
        second = shas(here)[1]
        varied = await here.press(reply, "vary:2", BEN)
        assert (varied.steps[0].tool, varied.steps[0].parents) == ("vary", (second,))


async def test_chat_is_answered_in_words_and_never_with_a_picture(tmp_path: Path) -> None:
    runner = FakeRunner("I am well, thank you.")
    async with room(tmp_path, runner) as here:
        reply = await here.say("good morning, how are you?")
        assert (reply.message.text, reply.steps, reply.message.assets) == (
            "I am well, thank you.",
            (),
            (),
        )
        assert not runner.pictures


async def test_a_sent_picture_and_a_sent_sound_are_used(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        sent = await here.studio.assets.put(picture(3), "image/png", width=32, height=32)
        reply = await here.say("make it darker", assets=[sent])
        assert reply.steps[0].parents == (sent.sha256,)
        voice = await here.studio.assets.put(sound(), "audio/ogg", seconds=0.3)
        reply = await here.say("", assets=[voice])
        assert reply.steps[0].tool == "transcribe"
        assert "good morning team" in reply.message.text


async def test_cancel_stops_what_runs_and_what_waits(tmp_path: Path) -> None:
    runner = Gate()
    async with room(tmp_path, runner) as here:
        running = asyncio.create_task(here.say("draw a cat"))
        await asyncio.wait_for(runner.entered.wait(), 20)
        waiting = asyncio.create_task(here.say("draw a dog"))
        await asyncio.sleep(0)
        await here.handle(Received(Message(CHAT, ANA, "stop")), here.outbox)
        await asyncio.wait_for(asyncio.gather(running, waiting), 20)
        assert here.outbox.notices == ["Stopping."]
        assert {r.message.text for r in here.outbox.replies} == {
            "Cancelled: draw.",
            "Cancelled before it began.",
        }
        assert [s.status for s in await here.studio.store.steps(CHAT)] == ["cancelled"]
        assert not await here.studio.store.open_turns("terminal")


async def test_somebody_elses_request_is_not_stopped(tmp_path: Path) -> None:
    runner = Gate()
    async with room(tmp_path, runner) as here:
        running = asyncio.create_task(here.say("draw a cat", ANA))
        await asyncio.wait_for(runner.entered.wait(), 20)
        await here.handle(Received(Message(CHAT, BEN, "/cancel")), here.outbox)
        assert here.outbox.notices == ["Nothing of yours is running here."]
        runner.go.set()
        await running


async def test_a_restart_finishes_the_request_once(tmp_path: Path) -> None:
    database = tmp_path / "memory.db"
    gate = Gate()
    async with room(tmp_path, gate, database) as here:
        task = asyncio.create_task(here.say("draw 4 cats and write a slogan about cats"))
        await asyncio.wait_for(gate.entered.wait(), 20)
        task.cancel()  # the process goes down: nobody asked to stop
        await asyncio.gather(task, return_exceptions=True)
    async with room(tmp_path, FakeRunner("Cats, always."), database) as here:
        await here.desk.recover("terminal", lambda _: here.outbox)
        (reply,) = here.outbox.replies
        assert [s.tool for s in reply.steps] == ["draw", "write"]
        assert [s.status for s in reply.steps] == ["done", "done"]
        assert len(reply.message.assets) == 4
    async with room(tmp_path, FakeRunner(), database) as here:
        await here.desk.recover("terminal", lambda _: here.outbox)
        assert not here.outbox.replies
        history = await here.studio.store.history(CHAT)
        assert [m.author for m in history] == [ANA, None]


async def test_a_reply_that_did_not_arrive_is_sent_again(tmp_path: Path) -> None:
    database = tmp_path / "memory.db"
    async with room(tmp_path, database=database) as here:
        here.outbox.broken = True
        with pytest.raises(OSError, match="wire"):
            await here.desk(Received(Message(CHAT, ANA, "draw a cat")), here.outbox)
    async with room(tmp_path, database=database) as here:
        await here.desk.recover("terminal", lambda _: here.outbox)
        assert [r.kind for r in here.outbox.replies] == ["reply"]
        assert here.outbox.replies[0].actions
        again = FakeOutbox()
        await here.desk.recover("terminal", lambda _: again)
        assert not again.replies


async def test_a_reply_that_cannot_be_sent_does_not_keep_the_others(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    database = tmp_path / "memory.db"
    async with room(tmp_path, database=database) as here:
        here.outbox.broken = True
        for text in ("draw a cat", "draw a dog"):
            with pytest.raises(OSError, match="wire"):
                await here.desk(Received(Message(CHAT, ANA, text)), here.outbox)
    async with room(tmp_path, database=database) as here:
        outboxes = [FakeOutbox(broken=True), FakeOutbox()]
        await here.desk.recover("terminal", lambda _: outboxes[len(caplog.records) > 0])
        assert [len(o.replies) for o in outboxes] == [0, 1]
        assert "could not be sent" in caplog.text


async def test_one_failing_step_does_not_lose_the_others(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        reply = await here.say("draw 50 cats and read aloud: hello")
        statuses = {s.tool: s.status for s in reply.steps}
        assert statuses["speak"] == "done"
        for flag in ("model", "lora"):
            reply = await here.say(f"draw a cat --{flag} nonsense")
            assert reply.kind == "error"
            assert "nonsense" in reply.message.text


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "Your message is empty"),
        ("   \n ", "Your message is empty"),
        ("x" * 100_000, "Your message has 100,000 characters"),
        ("/nonsense", "There is no command /nonsense"),
    ],
)
async def test_bad_input_gets_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    async with room(tmp_path) as here:
        await here.handle(Received(Message(CHAT, ANA, text)), here.outbox)
        assert not here.outbox.replies
        assert sentence in here.outbox.notices[0]
        assert not await here.studio.store.history(CHAT)


async def test_a_bug_ends_its_turn_with_a_number_and_without_its_traceback(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(FakeRunner):
        async def run(self, job: Job, report: Report) -> list[Artifact]:
            raise ZeroDivisionError("secret /path")

    async with room(tmp_path, Broken()) as here:
        reply = await here.say("draw a cat")
        assert reply.kind == "error"
        assert "secret" not in reply.message.text
        number = reply.message.text.split()[-1].rstrip(".")
        assert number in caplog.text
        assert not await here.studio.store.open_turns("terminal")


async def test_notices(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        await here.say("draw a cat --seed 7")
        told = here.outbox.notices
        for command in ("/help", "/queue", "/models", "/info", "/forget"):
            await here.handle(Received(Message(CHAT, ANA, command)), here.outbox)
        assert "/upscale" in told[0]
        assert told[1] == "Nothing is running and nothing waits."
        assert "Starter" in told[2] or "starter" in told[2]
        assert "Not here yet, whoever runs me can add them: pixel" in told[2]
        assert "seed=7" in told[3]
        assert "Ana" in told[3]
        assert "/forget yes" in told[4]
        path = here.studio.assets.path((await here.studio.store.steps(CHAT))[0].assets[0])
        assert path.exists()
        await here.handle(Received(Message(CHAT, ANA, "/forget yes")), here.outbox)
        assert not await here.studio.store.history(CHAT)
        assert not path.exists()


async def test_thumbs_are_kept(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        reply = await here.say("draw a cat")
        await here.press(reply, "good")
        assert here.outbox.notices == ["Thank you, noted."]

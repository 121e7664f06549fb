"""Plans as people meet them: shown, approved, changed, dropped, done anew, over restarts."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from agents.plans import Asking
from bot.adapter import Place, Reply
from bot.approving import DROPPED, GONE
from bot.rules import Rules
from bot.shown import ASKED
from memory.records import Message, Step
from tests.fakes import FakeRunner
from tests.rooms import ANA, BEN, CHAT, room
from tools.errors import EngineFailed
from tools.jobs import Artifact, Job, PictureSpec, Report

WISH = "write a haiku about rain, illustrate it and read it aloud"


class Breaking(FakeRunner):
    """A runner whose pictures fail as long as `broken`; `gate` holds them back."""

    def __init__(self, *texts: str) -> None:
        super().__init__(*texts)
        self.broken = False
        self.drawing, self.gate = asyncio.Event(), asyncio.Event()
        self.gate.set()

    async def run(self, job: Job, report: Report) -> list[Artifact]:
        if isinstance(job.specs[0], PictureSpec):
            self.drawing.set()
            await self.gate.wait()
            if self.broken:
                raise EngineFailed("The brush broke; try again.")
        return await super().run(job, report)


def tools(reply: Reply) -> list[tuple[str, str]]:
    return [(s.tool, s.status) for s in reply.steps]


def step(reply: Reply, tool: str) -> Step:
    (found,) = [s for s in reply.steps if s.tool == tool]
    return found


def kinds(reply: Reply) -> list[str]:
    return [a.media_type.partition("/")[0] for a in reply.message.assets]


def buttons(reply: Reply) -> list[str]:
    return [a.id for a in reply.actions]


async def test_three_wishes_are_shown_before_anything_runs_and_then_done(tmp_path: Path) -> None:
    runner = FakeRunner("Rain on the roof.")
    async with room(tmp_path, runner) as here:
        plan = await here.say(WISH)
        assert (plan.kind, buttons(plan)) == ("question", ["go", "change", "cancel"])
        assert plan.message.text.splitlines() == [
            "Plan: 3 steps, about 14 seconds of computing "
            "(a guess: not all of this was measured here yet).",
            "1. write a haiku about rain",
            "2. draw a picture of rain (illustrates the text of step 1)",
            "3. read aloud the text of step 1",
            "Nothing has run yet. Say “go”, or what to change: “change 3 to ...”, “skip 3”.",
        ]
        assert not runner.jobs
        done = await here.press(plan, "go")
        assert done.kind == "reply"
        assert tools(done) == [("write", "done"), ("draw", "done"), ("speak", "done")]
        assert step(done, "speak").args["text"] == "Rain on the roof."
        assert step(done, "draw").args["illustrates"] == "Rain on the roof."
        assert kinds(done) == ["image", "audio"]
        assert len(runner.jobs) == 3
        await here.press(plan, "go")
        assert here.outbox.replies[-1].message.text == GONE
        assert len(runner.jobs) == 3


@pytest.mark.parametrize("text", ["draw two cats and read aloud: hello", "draw a cat"])
async def test_one_or_two_wishes_are_done_at_once(tmp_path: Path, text: str) -> None:
    async with room(tmp_path) as here:
        assert (await here.say(text)).kind == "reply"


async def test_a_dear_wish_is_shown_and_settings_decide(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        here.studio.asking = Asking(seconds=90)
        plan = await here.say("draw 10 cats")
        assert (plan.kind, "about 2 minutes" in plan.message.text) == ("question", True)
        assert "1. draw 10 pictures of cats" in plan.message.text
        here.studio.asking = Asking("never")
        assert (await here.say(WISH)).kind == "reply"
        here.studio.asking = Asking("always")
        assert (await here.say("draw a cat")).kind == "question"
        assert len((await here.say("ok")).message.assets) == 1
        assert (await here.say("undo")).kind == "reply"


@pytest.mark.parametrize("text", ["go", "OK!", "yes", "ja", "/go", "好的"])
async def test_a_word_is_enough(tmp_path: Path, text: str) -> None:
    async with room(tmp_path) as here:
        await here.say(WISH)
        assert tools(await here.say(text))[2] == ("speak", "done")


async def test_words_that_decide_nothing_are_ordinary_requests(tmp_path: Path) -> None:
    async with room(tmp_path, FakeRunner("Hello.")) as here:
        assert (await here.say("ok")).steps == ()
        plan = await here.say(WISH)
        assert tools(await here.say("draw a dog")) == [("draw", "done")]
        assert tools(await here.say("make it darker")) == [("edit", "done")]  # nothing of the plan
        assert (await here.say("ok")).steps == ()  # that was no answer to the plan
        assert (await here.say("again")).steps[0].tool == "edit"
        done = await here.say("go", reply_to=plan.message.id)
        assert tools(done)[0] == ("write", "done")
        assert (await here.say("/go")).message.text.startswith("There is no plan here")


async def test_a_plan_is_changed_step_by_step(tmp_path: Path) -> None:
    runner = FakeRunner("Rain on the roof.")
    async with room(tmp_path, runner) as here:
        first = await here.say(WISH)
        second = await here.say("change 2 to a dog --ar 16:9")
        assert "2. draw a picture of a dog (aspect 16:9)" in second.message.text
        assert (second.kind, buttons(second)) == ("question", ["go", "change", "cancel"])
        third = await here.say("snow instead of rain")
        assert "1. write a haiku about snow" in third.message.text
        last = await here.say("without the third")
        assert last.message.text.startswith("Plan: 2 steps")
        assert (await here.press(first, "go")).message.text == GONE
        assert not runner.jobs
        done = await here.say("go")
        assert tools(done) == [("write", "done"), ("draw", "done")]
        assert step(done, "draw").args["prompt"] == "a dog"
        assert step(done, "draw").args["aspect"] == "16:9"


async def test_what_builds_on_a_step_left_out_is_left_out_too(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        await here.say(WISH)
        plan = await here.say("skip 1")
        assert "Plan: 1 step," in plan.message.text
        assert "1. draw a picture of rain\n" in plan.message.text  # it has its topic
        assert (await here.say("skip 1")).message.text == DROPPED
        assert [s.status for s in await here.studio.store.steps(CHAT)] == ["cancelled"] * 3


async def test_a_change_that_cannot_be_is_a_sentence_and_the_plan_stays(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        plan = await here.say(WISH)
        assert "There are 3 steps, no number 7" in (await here.say("skip 7")).message.text
        wrong = await here.say("change 1 to a poem --ar 16:9", reply_to=plan.message.id)
        assert "aspect is not something this tool knows" in wrong.message.text
        lost = await here.press(plan, "change:teapot")
        assert "Which step shall change?" in lost.message.text
        assert tools(await here.press(plan, "go"))[2] == ("speak", "done")


async def test_the_change_button_asks_and_the_next_words_are_the_change(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        plan = await here.say(WISH)
        asked = await here.press(plan, "change")
        assert (asked.kind, asked.message.text) == ("question", ASKED)
        changed = await here.say("2 to a fox")
        assert "2. draw a picture of a fox" in changed.message.text
        asked = await here.press(changed, "change")
        lost = await here.say("green", reply_to=asked.message.id)
        assert "Which step shall change?" in lost.message.text
        assert tools(await here.say("draw a dog")) == [("draw", "done")]
        changed = await here.say("about winter", reply_to=asked.message.id)
        assert "1. write a haiku about winter" in changed.message.text
        assert "2. draw a picture of a fox" in changed.message.text


@pytest.mark.parametrize("how", ["press", "no", "cancel"])
async def test_a_dropped_plan_never_runs(tmp_path: Path, how: str) -> None:
    runner = FakeRunner()
    async with room(tmp_path, runner) as here:
        plan = await here.say(WISH)
        if how == "press":
            await here.press(plan, "cancel")
        else:
            await here.say(how)
        assert DROPPED in (*here.outbox.notices, here.outbox.replies[-1].message.text)
        assert (await here.press(plan, "go")).message.text == GONE
        assert not runner.jobs


async def test_others_decide_only_where_buttons_are_everybodys(tmp_path: Path) -> None:
    member = Place(server="s", private=False, admin=False)
    async with room(tmp_path, rules=Rules(buttons="asker")) as here:
        plan = await here.say(WISH, place=member)
        await here.press(plan, "go", BEN, member)
        assert "Only who asked for that" in here.outbox.notices[-1]
        refused = await here.say("go", BEN, reply_to=plan.message.id, place=member)
        assert "Only who asked for that" in refused.message.text
        assert (await here.say("go", BEN, place=member)).steps == ()  # it is not his to answer
        await here.press(plan, "cancel", BEN, member)
        assert "Only who asked for that" in here.outbox.notices[-1]
        assert tools(await here.press(plan, "go", ANA, member))[2] == ("speak", "done")
    async with room(tmp_path / "other") as here:
        plan = await here.say(WISH)
        assert tools(await here.press(plan, "go", BEN))[2] == ("speak", "done")


async def test_a_plan_waits_over_restarts_and_is_done_once(tmp_path: Path) -> None:
    database, runner = tmp_path / "memory.db", Breaking("Rain on the roof.")
    async with room(tmp_path, runner, database) as here:
        plan = await here.say(WISH)
    async with room(tmp_path, runner, database) as here:
        await here.desk.recover("terminal", lambda _: here.outbox)
        assert not here.outbox.replies
        runner.gate.clear()
        task = asyncio.create_task(here.press(plan, "go"))
        await asyncio.wait_for(runner.drawing.wait(), 20)
        task.cancel()  # the process goes down in the middle
        await asyncio.gather(task, return_exceptions=True)
    runner.gate.set()
    written = len(runner.prompts)
    async with room(tmp_path, runner, database) as here:
        await here.desk.recover("terminal", lambda _: here.outbox)
        (done,) = here.outbox.replies
        assert tools(done) == [("write", "done"), ("draw", "done"), ("speak", "done")]
        assert len(runner.prompts) == written == 1
        assert (await here.press(plan, "go")).message.text == GONE


async def test_a_crash_before_the_plan_was_shown_shows_it_and_runs_nothing(tmp_path: Path) -> None:
    database, runner = tmp_path / "memory.db", FakeRunner()
    async with room(tmp_path, runner, database) as here:
        here.outbox.broken = True
        real = here.studio.store.close_turn

        async def crash(*_: object) -> None:
            raise asyncio.CancelledError

        here.studio.store.close_turn = crash  # type: ignore[assignment, method-assign]
        with pytest.raises(asyncio.CancelledError):
            await here.say(WISH)
        here.studio.store.close_turn = real  # type: ignore[method-assign]
    async with room(tmp_path, runner, database) as here:
        await here.desk.recover("terminal", lambda _: here.outbox)
        (plan,) = here.outbox.replies
        assert buttons(plan) == ["go", "change", "cancel"]
        assert not runner.jobs
        assert tools(await here.press(plan, "go"))[2] == ("speak", "done")


async def test_a_crash_between_go_and_the_first_step_loses_nothing(tmp_path: Path) -> None:
    database, runner = tmp_path / "memory.db", FakeRunner("Rain on the roof.")
    async with room(tmp_path, runner, database) as here:
        store = here.studio.store
        await here.say(WISH)
        go = Message(CHAT, ANA, "go")
        await store.open_turn(go)
        steps = await store.steps(CHAT)
        await store.take_up(steps[0].turn, [replace(s, turn=go.id, status="queued") for s in steps])
    async with room(tmp_path, runner, database) as here:
        await here.desk.recover("terminal", lambda _: here.outbox)
        (done,) = here.outbox.replies
        assert tools(done) == [("write", "done"), ("draw", "done"), ("speak", "done")]
        assert len(runner.jobs) == 3


async def test_go_pressed_twice_at_once_does_it_once(tmp_path: Path) -> None:
    runner = FakeRunner("Rain on the roof.")
    async with room(tmp_path, runner) as here:
        plan = await here.say(WISH)
        await asyncio.gather(here.press(plan, "go"), here.press(plan, "go"))
        assert sorted(r.kind for r in here.outbox.replies) == ["error", "question", "reply"]
        assert len(runner.jobs) == 3


async def test_a_failed_step_loses_nothing_else_and_is_tried_again(tmp_path: Path) -> None:
    runner = Breaking("Rain on the roof.")
    runner.broken = True
    async with room(tmp_path, runner) as here:
        await here.say("draw a cat, make it darker and write a haiku about cats")
        done = await here.say("go")
        assert tools(done) == [("draw", "failed"), ("edit", "failed"), ("write", "done")]
        assert "I could not draw: The brush broke" in done.message.text
        assert "I could not edit: The step before it did not work out (draw)." in done.message.text
        assert "Rain on the roof." in done.message.text
        assert [id for id in buttons(done) if id.startswith("retry")] == ["retry:1"]
        runner.broken = False
        better = await here.press(done, "retry:1")
        assert tools(better) == [("draw", "done"), ("edit", "done"), ("write", "done")]
        assert step(better, "edit").parents == (step(better, "draw").assets[0].sha256,)
        assert len(runner.prompts) == 1  # the text is the one that was there


async def test_a_cancelled_plan_delivers_what_was_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner = Breaking("Rain on the roof.")
    runner.gate.clear()
    async with room(tmp_path, runner) as here:
        spoken, save = asyncio.Event(), here.studio.store.save

        async def saved(step: Step) -> None:
            await save(step)
            if (step.tool, step.status) == ("speak", "done"):
                spoken.set()

        monkeypatch.setattr(here.studio.store, "save", saved)
        await here.say(WISH)
        task = asyncio.create_task(here.say("go"))
        await asyncio.wait_for(runner.drawing.wait(), 20)
        await asyncio.wait_for(spoken.wait(), 20)
        assert await here.told("cancel") == "Stopping."
        done = await asyncio.wait_for(task, 20)
        assert tools(done) == [("write", "done"), ("draw", "cancelled"), ("speak", "done")]
        assert "Rain on the roof." in done.message.text
        assert "Cancelled: draw." in done.message.text
        assert kinds(done) == ["audio"]


async def test_a_finished_plan_is_done_anew_with_one_word_changed(tmp_path: Path) -> None:
    runner = FakeRunner("Rain on the roof.", "Snow on the roof.")
    async with room(tmp_path, runner) as here:
        await here.say(WISH)
        first = await here.say("go")
        assert "change" in buttons(first)
        again = await here.say("again but about snow")
        assert [s.args.get("request") or s.args.get("prompt") for s in again.steps[:2]] == [
            "a haiku about snow",
            "snow",
        ]
        assert step(again, "speak").args["text"] == "Snow on the roof."
        jobs = len(runner.jobs)
        third = await here.press(again, "change:2 to a dog")
        assert tools(third) == [("write", "done"), ("draw", "done"), ("speak", "done")]
        assert len(runner.jobs) == jobs + 1  # only the picture was drawn
        assert step(third, "draw").args["prompt"] == "a dog"
        assert step(third, "speak").assets == step(again, "speak").assets
        assert "Snow on the roof." in third.message.text


async def test_the_same_plan_with_something_else(tmp_path: Path) -> None:
    runner = FakeRunner("Rain.", "Dogs.", "Cats.")
    async with room(tmp_path, runner) as here:
        await here.say(WISH)
        await here.say("go")
        await here.say("draw a house")
        dogs = await here.say("the same plan with dogs")
        assert [str(s.args.get("request") or s.args.get("prompt")) for s in dogs.steps[:2]] == [
            "a haiku about dogs",
            "dogs",
        ]
        assert step(dogs, "speak").args["text"] == "Dogs."
        more = await here.say("the same plan")
        assert step(more, "speak").args["text"] == "Cats."


async def test_progress_says_how_each_step_stands(tmp_path: Path) -> None:
    runner = Breaking("Rain on the roof.")
    runner.gate.clear()
    async with room(tmp_path, runner) as here:
        await here.say(WISH)
        task = asyncio.create_task(here.say("go"))
        await asyncio.wait_for(runner.drawing.wait(), 20)
        runner.gate.set()
        await task
        shown = [s.plan for s in here.outbox.standings if s.plan]
        assert shown[0].startswith("1/3 write ")
        assert any("1/3 ✓ write" in line and "3/3 speak" in line for line in shown)
        assert any("2/3 draw 100 %" in line for line in shown)


async def test_a_picture_that_was_erased_is_told_when_the_plan_runs(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        drawn = await here.say("draw a cat")
        (cat,) = drawn.message.assets
        plan = await here.say("make it darker, upscale it and write a haiku about cats")
        assert f"1. change #{cat.sha256[:8]}: darker" in plan.message.text
        await here.studio.assets.erase([cat.sha256])
        done = await here.press(plan, "go")
        assert tools(done) == [("edit", "failed"), ("upscale", "failed"), ("write", "done")]

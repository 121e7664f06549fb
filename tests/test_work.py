"""The steps of a turn: what runs when, and what is recorded when something goes wrong."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from pydantic import Field

from agents.errors import TurnError, Unclear
from agents.events import Moved
from agents.work import RESUMED, Work
from memory.records import Step
from tests.fakes import ANN, ROOM, FakeRunner, picture
from tests.stage import Stage, stage, wish
from tools.errors import EngineFailed
from tools.tool import Args, Context, Result, Tool


class Told(Args):
    """Arguments of the tools of these tests."""

    text: str = Field("", description="any words")


def made(name: str, run: Callable[[str], Awaitable[str]]) -> Tool:
    async def call(args: Told, context: Context) -> Result:
        return Result(await run(args.text))

    return Tool(name, "Do something.", Told, call)


class Gate:
    """Two tools: "wait" stays until it is let go, "break" has a bug once "wait" has begun."""

    def __init__(self) -> None:
        self.begun, self.go = asyncio.Event(), asyncio.Event()

    async def wait(self, text: str) -> str:
        self.begun.set()
        await self.go.wait()
        return f"waited {text}"

    async def bug(self, text: str) -> str:
        await self.begun.wait()
        raise ZeroDivisionError(text)

    @property
    def tools(self) -> tuple[Tool, Tool]:
        return made("wait", self.wait), made("break", self.bug)


def darker(step: Step) -> Step:
    """The stored step that is going to edit what another one makes."""
    args: dict[str, object] = {"image": f"step:{step.id}:1", "instruction": "darker"}
    return Step("edit", args, step.user, step.chat, step.turn, "queued")


async def stored(here: Stage, work: Work) -> dict[str, str]:
    steps = await here.context.store.steps_of(work.scene.message.id)
    return {s.tool: s.status for s in steps}


async def planned(work: Work, *tools: str) -> None:
    await work.plan([(f"c{n}", wish(tool, text=tool)) for n, tool in enumerate(tools)])


async def test_steps_are_stored_before_the_first_of_them_runs(tmp_path: Path) -> None:
    gate = Gate()
    async with stage(tmp_path, None, *gate.tools) as here:
        work = await here.work()
        await planned(work, "wait", "wait")
        steps = await here.context.store.steps_of(work.scene.message.id)
        assert [s.status for s in steps] == ["queued", "queued"]
        assert not gate.begun.is_set()
        gate.go.set()
        assert [s.result for s in await work.run()] == ["waited wait"] * 2
        assert [m.step.status for m in here.told if isinstance(m, Moved)] == [
            "running",
            "running",
            "done",
            "done",
        ]


async def test_independent_steps_run_side_by_side(tmp_path: Path) -> None:
    both = asyncio.Barrier(2)

    async def meet(text: str) -> str:
        await both.wait()
        return text

    async with stage(tmp_path, None, made("meet", meet)) as here:
        work = await here.work()
        await planned(work, "meet", "meet")
        assert [s.status for s in await asyncio.wait_for(work.run(), 20)] == ["done", "done"]


async def test_one_failing_step_does_not_stop_the_others_but_what_builds_on_it(
    tmp_path: Path,
) -> None:
    async def fail(text: str) -> str:
        raise EngineFailed("The model broke; try again.")

    async with stage(tmp_path, FakeRunner("Rain."), made("fail", fail)) as here:
        work = await here.work()
        await work.plan(
            [
                ("a", wish("fail")),
                ("b", wish("speak", text="step:1")),
                ("c", wish("write", request="rain")),
            ]
        )
        steps = await work.run()
    assert [(s.status, s.result) for s in steps] == [
        ("failed", "The model broke; try again."),
        ("failed", "The step before it did not work out (fail)."),
        ("done", "Rain."),
    ]


async def test_one_bug_is_raised_and_its_siblings_are_recorded(tmp_path: Path) -> None:
    gate = Gate()
    async with stage(tmp_path, None, *gate.tools) as here:
        work = await here.work()
        await work.plan(
            [("a", wish("wait")), ("b", wish("break")), ("c", wish("speak", text="step:2"))]
        )
        with pytest.raises(ZeroDivisionError):
            await work.run()
        await work.close()
        assert await stored(here, work) == {
            "wait": "cancelled",
            "break": "failed",
            "speak": "cancelled",
        }
        assert "ZeroDivision" not in str([s.result for s in work.steps.values()])


async def test_a_person_cancels_also_what_has_not_begun(tmp_path: Path) -> None:
    gate = Gate()
    async with stage(tmp_path, None, *gate.tools) as here:
        work = await here.work()
        await work.plan([("a", wish("wait")), ("b", wish("speak", text="step:1"))])
        running = asyncio.create_task(work.run())
        await asyncio.wait_for(gate.begun.wait(), 20)
        work.stopped = True
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await work.close()
        assert await stored(here, work) == {"wait": "cancelled", "speak": "cancelled"}


async def test_steps_that_were_only_planned_are_cancelled_with_the_turn(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        work = await here.work()
        await work.plan([("a", wish("draw", prompt="a cat"))])
        await work.close()  # the turn ended in an error before they ran
        assert await stored(here, work) == {"draw": "cancelled"}


async def test_a_shutdown_leaves_steps_to_be_continued(tmp_path: Path) -> None:
    gate = Gate()
    async with stage(tmp_path, FakeRunner(), *gate.tools) as here:
        work = await here.work()
        await work.plan([("a", wish("wait", text="x")), ("b", wish("speak", text="step:1"))])

        async def turn(work: Work) -> None:
            try:
                await work.run()
            finally:
                await work.close()

        running = asyncio.create_task(turn(work))
        await asyncio.wait_for(gate.begun.wait(), 20)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert await stored(here, work) == {"wait": "queued", "speak": "queued"}

        steps = await here.context.store.steps_of(work.scene.message.id)
        second = Work(work.scene, here.context, here.tools, here.told.append)
        await second.restore(steps)
        gate.go.set()
        waited, spoken = await second.run()
        assert (waited.status, spoken.status) == ("done", "done")
        assert spoken.args["text"] == "waited x"  # what it builds on was made after the restart


async def test_what_was_interrupted_twice_is_given_up_for_good(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        work = await here.work()
        turn = work.scene.message.id
        twice = Step("draw", {"prompt": "a cat"}, ANN, ROOM, turn, "running", RESUMED)
        await here.context.store.plan([twice, darker(twice)])
        await work.restore(await here.context.store.steps_of(turn))
        assert [s.status for s in await work.run()] == ["failed", "failed"]
        assert await stored(here, work) == {"draw": "failed", "edit": "failed"}
        assert work.steps[twice.id].result == "It was interrupted twice; ask again."


async def test_a_finished_step_is_not_run_again_after_a_restart(tmp_path: Path) -> None:
    async with stage(tmp_path, FakeRunner()) as here:
        asset = await here.context.assets.put(picture(), "image/png")
        work = await here.work()
        turn = work.scene.message.id
        draw = Step("draw", {"prompt": "a cat"}, ANN, ROOM, turn, "done", assets=(asset,))
        await here.context.store.plan([draw, darker(draw)])
        await work.restore(await here.context.store.steps_of(turn))
        _, edited = await work.run()
        assert (edited.status, edited.parents) == ("done", (asset.sha256,))
        assert isinstance(here.context.runner, FakeRunner)
        assert not here.context.runner.pictures


async def test_the_number_of_steps_and_of_rounds_is_limited(tmp_path: Path) -> None:
    async with stage(tmp_path, FakeRunner()) as here:
        work = await here.work()
        with pytest.raises(TurnError, match="more than 12 steps"):
            await planned(work, *["recall"] * 13)
        assert not await stored(here, work)
        work = await here.work()
        for n in range(7):
            await work.plan([(f"c{n}", wish("recall", query="x"))])
        with pytest.raises(TurnError, match="round in circles"):
            await work.plan([("c8", wish("recall", query="x"))])


async def test_nothing_is_stored_when_a_question_has_to_be_asked(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        work = await here.work()
        with pytest.raises(Unclear):
            await work.plan(
                [("a", wish("draw", prompt="x")), ("b", wish("describe", image="last"))]
            )
        assert (await stored(here, work), work.steps) == ({}, {})


@pytest.mark.parametrize(
    ("made", "sentence"),
    [
        (wish("draw", prompt="x", count=50), "count must be at most 10, not 50."),
        (wish("draw"), "prompt is missing."),
        (wish("draw", prompt="x", image="7"), "image is not something this tool knows."),
        (wish("edit", image="last", instruction=""), "instruction must not be empty."),
        (wish("paint", prompt="x"), "There is no tool called 'paint'."),
        (wish("undo", steps=3), "steps is not something this tool knows."),
        (wish("speak", text="step:1"), "There is no call 1 before this one for step:1."),
    ],
)
async def test_a_wish_that_makes_no_sense_is_a_failed_step(
    tmp_path: Path, made: object, sentence: str
) -> None:
    async with stage(tmp_path) as here:
        answer, _ = await here.do(made)  # type: ignore[arg-type]  # parametrize knows no types
        assert answer.kind == "error"
        assert [(s.status, s.result) for s in answer.steps] == [("failed", sentence)]


async def test_a_text_that_looks_like_a_link_is_spoken_as_it_is(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        answer, _ = await here.do(wish("speak", text="step:one"))
        assert answer.steps[0].args["text"] == "step:one"
        assert answer.kind == "reply"

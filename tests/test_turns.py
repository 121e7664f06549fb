"""What a turn answers: what was made, what failed, what has to be asked."""

from pathlib import Path

from agents.turns import answer, perform, resume
from tests.fakes import FakeRunner
from tests.stage import stage, wish
from tools.errors import EngineFailed


async def test_an_answer_tells_what_every_step_did(tmp_path: Path) -> None:
    async with stage(tmp_path, FakeRunner("Roses.")) as here:
        made, _ = await here.do(
            wish("write", request="roses"),
            wish("draw", prompt="x", count=99),
            wish("speak", text="hi"),
        )
    assert made.kind == "reply"
    assert made.text.split("\n\n")[:2] == [
        "Roses.",
        "I could not draw: count must be at most 10, not 99.",
    ]
    assert [a.media_type for a in made.assets] == ["audio/ogg"]


async def test_a_turn_in_which_nothing_worked_is_an_error(tmp_path: Path) -> None:
    async with stage(tmp_path, FakeRunner(fails=EngineFailed("It broke."))) as here:
        made, _ = await here.do(wish("draw", prompt="x"), wish("speak", text="hi"))
    assert (made.kind, made.text) == (
        "error",
        "I could not draw: It broke.\n\nI could not speak: It broke.",
    )


async def test_a_question_has_options_and_no_steps(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        cats, _ = await here.do(wish("draw", prompt="a cat", count=3))
        asked, _ = await here.do(wish("draw", prompt="a dog"), wish("edit", instruction="darker"))
    assert (asked.kind, asked.text) == ("question", "There are 3 pictures; which one?")
    assert (asked.options, asked.steps, asked.assets) == (("1", "2", "3"), (), cats.assets)


async def test_cancelled_steps_are_named_once(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        work = await here.work()
        await work.plan([(str(n), wish("draw", prompt="x")) for n in range(3)])
        work.stopped = True
        await work.close()
        assert answer(work).text == "Cancelled: draw."
        assert answer(work, "Well then.").kind == "reply"


async def test_an_interrupted_turn_is_finished_and_tells_everything(tmp_path: Path) -> None:
    async with stage(tmp_path, FakeRunner("Roses.")) as here:
        work = await here.work()
        await perform(work, [wish("write", request="roses")])
        await work.plan([("b", wish("draw", prompt="a cat"))])
        steps = await here.context.store.steps_of(work.scene.message.id)
        again = await here.work()
        made = await resume(again, steps)
    assert made.text.startswith("Roses.\n\nA picture of a cat")
    assert [s.status for s in made.steps] == ["done", "done"]

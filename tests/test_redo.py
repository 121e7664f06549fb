""" "Again" and "undo": what a person expects after one step, several, edits and failures."""

from pathlib import Path
from typing import Any

import pytest

from agents.errors import Unclear
from agents.scene import look
from memory.records import Message, Step, User
from tests.fakes import ANN, ROOM, FakeRunner
from tests.stage import BEN, Stage, stage, wish
from tools.errors import EngineFailed


async def again(here: Stage, **more: Any) -> tuple[Step, ...]:
    changes = more.pop("changes", {})
    image = {"image": more.pop("image")} if "image" in more else {}
    answer, _ = await here.do(wish("again", changes=changes, **image), **more)
    return answer.steps


async def undo(here: Stage, **more: Any) -> tuple[str, list[str]]:
    answer, _ = await here.do(wish("undo"), **more)
    return answer.text, [a.sha256 for a in answer.assets]


async def last(here: Stage) -> list[str]:
    """The pictures of the set that "last" points into."""
    scene = await look(here.context.store, Message(ROOM, ANN, "?"))
    return [a.sha256 for a in scene.sets[0].of("image")] if scene.sets else []


async def test_again_draws_anew_with_what_is_to_be_different(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        await here.do(wish("draw", prompt="a cat", count=2, seed=5, aspect="16:9"))
        (step,) = await again(here)
        assert (step.args["prompt"], step.args["count"], step.args["aspect"]) == (
            "a cat",
            2,
            "16:9",
        )
        assert step.args["seed"] != 5
        (step,) = await again(here, changes={"prompt": "+ with a hat", "seed": 7})
        assert (step.args["prompt"], step.args["seed"]) == ("a cat with a hat", 7)
        (step,) = await again(here, changes={"prompt": "a dog", "aspect": "1:1"})
        assert (step.args["prompt"], step.args["aspect"]) == ("a dog", "1:1")
        (step,) = await again(here)  # what was changed stays changed
        assert (step.args["prompt"], step.args["aspect"]) == ("a dog", "1:1")


async def test_another_model_gets_its_own_number_of_steps_and_no_lora(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        await here.do(wish("draw", prompt="a cat", steps=3, lora="pixel"))
        (step,) = await again(here)
        assert (step.args["steps"], step.args["lora"]) == (3, "pixel")
        (step,) = await again(here, changes={"model": "small"})
        assert (step.args["steps"], step.args.get("lora", "")) == (20, "")


async def test_again_repeats_a_whole_request_with_what_builds_on_what(tmp_path: Path) -> None:
    async with stage(tmp_path, FakeRunner("One.", "Two.")) as here:
        first, _ = await here.do(
            wish("draw", prompt="a cat", count=2),
            wish("edit", image="step:1:2", instruction="darker"),
            wish("write", request="a haiku"),
            wish("speak", text="step:3"),
        )
        drawn, edited, wrote, spoken = await again(here)
        assert drawn.assets != first.steps[0].assets
        assert edited.parents == (drawn.assets[1].sha256,)
        assert (wrote.result, spoken.args["text"]) == ("Two.", "Two.")
        drawn, edited = await again(here, changes={"aspect": "16:9"})  # and what builds on it
        assert (drawn.tool, edited.parents) == ("draw", (drawn.assets[1].sha256,))


async def test_again_after_all_of_them(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        await here.do(wish("draw", prompt="a cat", count=2))
        darker, _ = await here.do(wish("edit", image="all", instruction="darker"))
        steps = await again(here)  # darker still, both
        assert [s.parents[0] for s in steps] == [a.sha256 for a in darker.assets]


async def test_again_after_an_edit(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        first, _ = await here.do(wish("draw", prompt="a cat"))
        darker, _ = await here.do(wish("edit", image="last", instruction="darker"))
        (step,) = await again(here, changes={"prompt": "+ with a hat"})
        assert (step.tool, step.args["instruction"]) == ("edit", "with a hat")
        assert step.parents == (darker.assets[0].sha256,)
        (anew,) = await again(here)  # drawn by chance: once more from the same picture
        assert (anew.parents, anew.args["instruction"]) == (step.parents, "with a hat")
        (step,) = await again(here, changes={"prompt": "+ in the snow"})
        assert step.args["instruction"] == "with a hat in the snow"
        (step,) = await again(here, image="#" + first.assets[0].sha256[:8])
        assert (step.tool, step.args["prompt"]) == ("draw", "a cat")


async def test_texts_are_asked_for_anew(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        await here.do(wish("write", request="a poem", kind="poem"))
        (step,) = await again(here, changes={"request": "+ shorter"})
        assert (step.args["request"], step.args["kind"]) == ("a poem shorter", "poem")
        await here.do(wish("brainstorm", theme="a bakery", count=3))
        (step,) = await again(here, changes={"request": "+ in French", "count": 2})
        assert (step.args["theme"], step.args["count"]) == ("a bakery in French", 2)


async def test_what_failed_is_tried_again(tmp_path: Path) -> None:
    runner = FakeRunner()
    async with stage(tmp_path, runner) as here:
        await here.do(wish("draw", prompt="a dog"))
        runner.fails = EngineFailed("It broke.")
        await here.do(wish("draw", prompt="a cat"))
        runner.fails = None
        (step,) = await again(here)
        assert (step.args["prompt"], step.status) == ("a cat", "done")
        await here.do(wish("draw", prompt="a cow"), wish("draw", prompt="x", count=50))
        assert [s.args["prompt"] for s in await again(here)] == ["a cow"]


async def test_everybody_repeats_and_undoes_their_own(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        await here.do(wish("draw", prompt="a cat"))
        _, dog = await here.do(wish("draw", prompt="a dog"), user=BEN)
        (step,) = await again(here)
        assert step.args["prompt"] == "a cat"
        (step,) = await again(here, reply_to=dog.id)
        assert step.args["prompt"] == "a dog"
        carl = User("console", "carl")
        (step,) = await again(here, user=carl)
        assert step.args["prompt"] == "a dog"  # nothing of one's own: the newest of all
        await undo(here, user=carl)
        answer, _ = await here.do(wish("undo"), user=carl)
        assert (answer.kind, answer.text) == (
            "error",
            "There is nothing of yours left to undo here.",
        )
        text, _ = await undo(here, user=carl, reply_to=dog.id)  # pointed at, it is meant
        assert text.startswith("Undone: A picture of a dog")


async def test_a_change_that_fits_nothing_is_a_question(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        work = await here.work()
        with pytest.raises(Unclear, match="nothing here to do again yet"):
            await work.plan([("a", wish("again"))])
        await here.do(wish("draw", prompt="a cat"))
        work = await here.work()
        with pytest.raises(Unclear, match="“voice” to change"):
            await work.plan([("a", wish("again", changes={"voice": "heart"}))])


async def test_undo_undo_undo_walks_back(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        cat = [(await here.do(wish("draw", prompt="a cat")))[0].assets[0].sha256]
        dark = [(await here.do(wish("edit", instruction="darker")))[0].assets[0].sha256]
        big = [(await here.do(wish("upscale")))[0].assets[0].sha256]
        assert await last(here) == big
        text, shown = await undo(here)
        assert (shown, await last(here)) == (dark, dark)
        assert text.startswith("Undone: The picture at 128x128")
        assert text.endswith("Back to the one before.")
        assert ((await undo(here))[1], await last(here)) == (cat, cat)
        text, shown = await undo(here)
        assert (text.startswith("Undone: A picture of a cat"), shown) == (True, [])
        assert await last(here) == []
        assert (await undo(here))[0] == "There is nothing of yours left to undo here."


async def test_after_an_undo_things_go_on_from_the_one_before(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        first, _ = await here.do(wish("draw", prompt="a cat"))
        dark, _ = await here.do(wish("edit", instruction="darker"))
        await undo(here)
        anew, _ = await here.do(wish("edit", instruction="darker"))
        assert anew.steps[0].parents == (first.assets[0].sha256,)
        assert anew.assets == dark.assets  # the same bytes as what was taken back
        bright, _ = await here.do(wish("edit", instruction="brighter"))
        assert bright.steps[0].parents == (anew.assets[0].sha256,)


async def test_undo_takes_back_the_whole_request(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        made, _ = await here.do(wish("draw", prompt="a cat", count=2))
        await here.do(wish("edit", image="all", instruction="darker"), wish("speak", text="hi"))
        _, shown = await undo(here)
        assert shown == [a.sha256 for a in made.assets]
        assert await last(here) == shown


async def test_a_voice_note_and_a_text_can_be_taken_back(tmp_path: Path) -> None:
    async with stage(tmp_path, FakeRunner("Roses.", "Violets.")) as here:
        cat, _ = await here.do(wish("draw", prompt="a cat"))
        await here.do(wish("write", request="roses"))
        await here.do(wish("speak", text="hello"))
        assert (await undo(here))[0].startswith('Undone: Read aloud: "hello"')
        assert (await undo(here))[0] == "Undone: Roses."
        assert await last(here) == [cat.assets[0].sha256]  # the picture was not touched


async def test_what_was_taken_back_can_still_be_named(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        cat, _ = await here.do(wish("draw", prompt="a cat"))
        await here.do(wish("draw", prompt="a dog"))
        _, gone = await here.do(wish("edit", instruction="darker"))
        await undo(here)
        id = f"#{gone.assets[0].sha256[:8]}"
        answer, _ = await here.do(wish("upscale", image=id), text=f"upscale {id}")
        assert answer.steps[0].parents == (gone.assets[0].sha256,)
        assert cat.assets != gone.assets

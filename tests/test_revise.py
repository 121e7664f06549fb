"""Which arguments of a plan's steps change when somebody says so."""

import pytest

from agents.approval import Reword, Skip, Swap
from agents.errors import Unclear
from agents.revise import left_out, reworded, rewritten, tuned
from memory.records import Step
from tests.fakes import ANN, ROOM
from tools.builtin import every_tool

TOOLS = {tool.name: tool for tool in every_tool()}


def step(tool: str, **args: object) -> Step:
    return Step(tool, args, ANN, ROOM, "turn")


WRITE = step("write", request="a haiku about rain", kind="poem")
DRAW = step("draw", prompt="rain", count=2)
SPEAK = step("speak", text=f"step:{WRITE.id}")
PLAN = (WRITE, DRAW, SPEAK)


def test_a_step_gets_words_and_flags() -> None:
    assert rewritten(PLAN, Reword(2, "a dog --ar 16:9 --n 3")) == {
        DRAW.id: {"prompt": "a dog", "aspect": "16:9", "count": 3}
    }
    assert rewritten(PLAN, Reword(2, "a house, wide")) == {
        DRAW.id: {"prompt": "a house", "aspect": "16:9"}
    }
    assert rewritten(PLAN, Reword(-1, "hello")) == {SPEAK.id: {"text": "hello"}}
    with pytest.raises(Unclear, match="There are 3 steps, no number 4"):
        rewritten(PLAN, Reword(4, "a dog"))
    with pytest.raises(Unclear, match="has no words to change"):
        rewritten([step("upscale", image="a")], Reword(1, "a dog"))


def test_words_are_swapped_wherever_they_stand() -> None:
    new = {WRITE.id: {"request": "a haiku about snow"}, DRAW.id: {"prompt": "snow"}}
    assert rewritten(PLAN, Swap("Rain", "snow")) == new
    assert rewritten(PLAN, Swap("", "snow")) == new  # it is what the plan is about
    with pytest.raises(Unclear, match="I do not find “train”"):
        rewritten(PLAN, Swap("train", "snow"))


def test_what_another_step_made_is_not_swapped() -> None:
    done = Step("write", WRITE.args, ANN, ROOM, "t", "done", "Rain falls.")
    read = step("speak", text="Rain falls.")
    assert rewritten([done, read], Swap("rain", "snow")) == {
        done.id: {"request": "a haiku about snow"}
    }


def test_a_topic_takes_the_place_of_what_the_first_words_are_about() -> None:
    assert rewritten([DRAW], Swap("", "snow")) == {DRAW.id: {"prompt": "snow"}}
    haiku = step("write", request="un haiku")
    assert rewritten([haiku], Swap("", "nieve", "sobre")) == {
        haiku.id: {"request": "un haiku sobre nieve"}
    }
    with pytest.raises(Unclear, match="I do not find “that”"):
        rewritten([SPEAK], Swap("", "snow"))


def test_again_swaps_only_what_says_so() -> None:
    assert reworded(PLAN, "about snow") == rewritten(PLAN, Swap("rain", "snow"))
    assert reworded(PLAN, "with snow instead of rain") == rewritten(PLAN, Swap("rain", "snow"))
    assert reworded([DRAW], "about snow") == {}  # a picture is about nothing
    assert reworded(PLAN, "with a hat") == {}


def test_flags_alone_go_to_the_steps_that_know_them() -> None:
    assert tuned(PLAN, "--ar 16:9", TOOLS) == {DRAW.id: {"aspect": "16:9"}}
    assert tuned([DRAW], "a dog", TOOLS) == {DRAW.id: {"prompt": "a dog"}}
    with pytest.raises(Unclear, match="Which step shall change"):
        tuned(PLAN, "a dog", TOOLS)


def test_what_builds_on_a_step_left_out_goes_too() -> None:
    assert left_out(PLAN, Skip((1,))) == {WRITE.id, SPEAK.id}
    assert left_out(PLAN, Skip((2, -1))) == {DRAW.id, SPEAK.id}
    with pytest.raises(Unclear, match="no number 9"):
        left_out(PLAN, Skip((9,)))

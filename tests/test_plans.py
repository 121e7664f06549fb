"""When a plan is shown, what it says, and what it costs."""

import pytest

from agents.plans import ALWAYS, LARGE, NEVER, Asking, Planner
from memory.records import Step
from tests.fakes import ANN, ROOM, catalogue
from tools.builtin import every_tool
from tools.compute.costs import GUESS, Costs, Price, Shape
from tools.price import price

TOOLS = {tool.name: tool for tool in every_tool()}
CAT = "ab" * 32


def step(tool: str, **args: object) -> Step:
    return Step(tool, args, ANN, ROOM, "turn", "queued")


def cheap(step: Step) -> Price:
    return Price(1.0, True)


def test_three_wishes_or_much_time_are_shown() -> None:
    planner = Planner(LARGE, TOOLS, cheap)
    steps = [step("draw", prompt="a cat")] * 4
    assert [planner.asks(wishes, steps) for wishes in (0, 1, 2, 3)] == [False, False, False, True]
    assert Planner(Asking(seconds=4), TOOLS, cheap).asks(1, steps)
    assert not Planner(Asking(seconds=4.1), TOOLS, cheap).asks(1, steps)
    assert Planner(ALWAYS, TOOLS).asks(1, steps)
    assert not NEVER.asks(9, steps)


def test_what_takes_something_back_or_fails_is_not_shown() -> None:
    planner = Planner(ALWAYS, TOOLS)
    draw = step("draw", prompt="a cat")
    assert not planner.asks(2, [draw, Step("undo", {}, ANN, ROOM, "turn", "done")])
    assert not planner.asks(3, [Step("draw", {}, ANN, ROOM, "turn", "failed", "No.")])
    assert not planner.asks(0, [])


def test_a_plan_in_plain_words() -> None:
    draw = step("draw", prompt="cats", count=2, aspect="16:9", style="comic")
    write = step("write", request="a haiku\nabout them", kind="poem")
    steps = [
        draw,
        step("edit", image=f"step:{draw.id}:2", instruction="darker"),
        step("upscale", image=CAT),
        write,
        step("speak", text=f"step:{write.id}", voice="soul"),
        step("vary", image=CAT, count=1),
        step("brainstorm", theme="a bakery {name}"),
        step("recall", query="the deadline"),
        Step("draw", {"prompt": "x"}, ANN, ROOM, "turn", "failed", "It is not allowed here."),
        step("frame", image=CAT, colour="red"),
    ]
    assert Planner(LARGE, TOOLS, cheap).lines(steps) == [
        "Plan: 10 steps, about 9 seconds of computing.",
        "1. draw 2 pictures of cats (aspect 16:9, style comic)",
        "2. change picture 2 of step 1: darker",
        "3. enlarge #abababab 2 times",
        "4. write a haiku about them",
        "5. read aloud the text of step 4 (voice soul)",
        "6. make a variation like #abababab",
        "7. find 5 ideas for a bakery {name}",
        "8. look up “the deadline” in this chat",
        "9. draw: this cannot be done. It is not allowed here.",
        "10. frame (image #abababab, colour red)",
    ]


def test_what_was_never_measured_is_called_a_guess() -> None:
    planner = Planner(LARGE, TOOLS)
    assert "(a guess" in planner.lines([step("draw", prompt="a cat")])[0]


def test_prices_are_those_of_the_work_a_step_asks_for() -> None:
    known, costs = catalogue(), Costs()
    assert price("draw", {"prompt": "a cat", "count": 3}, known, costs) == Price(
        3 * GUESS["picture"], False
    )
    costs.learn("small", Shape("picture", 64 * 64, 40), 1, 2.0)
    costs.learn("small", Shape("picture", 64 * 64, 40), 3, 5.0)
    assert price("draw", {"prompt": "a cat"}, known, costs) == Price(2.0, True)
    assert price("draw", {"prompt": "a cat", "count": 3}, known, costs) == Price(5.0, True)
    half = price("draw", {"prompt": "a cat", "steps": 10}, known, costs)
    assert half == Price(1.0, True)
    redrawn = price("vary", {"image": "step:1", "count": 1}, known, costs)
    assert redrawn == Price(1.0, True)
    assert price("edit", {"image": CAT, "instruction": "darker"}, known, costs) == Price(0, True)
    edited = price("edit", {"image": CAT, "instruction": "with a hat"}, known, costs)
    assert edited is not None
    assert edited.seconds == pytest.approx(1.2)


@pytest.mark.parametrize("tool", [name for name in TOOLS if name != "draw"])
def test_every_tool_of_ours_has_a_price(tool: str) -> None:
    args: dict[str, dict[str, object]] = {
        "vary": {"image": CAT},
        "edit": {"image": CAT, "instruction": "at night"},
        "write": {"request": "step:1"},
        "brainstorm": {"theme": "x", "count": 3},
        "speak": {"text": "step:1"},
    }
    assert price(tool, args.get(tool, {}), catalogue(), Costs()) is not None


def test_what_cannot_be_done_and_what_others_added_has_none() -> None:
    assert price("frame", {}, catalogue(), Costs()) is None
    assert price("draw", {"prompt": "x", "model": "none"}, catalogue(), Costs()) is None
    assert price("draw", {"prompt": "x", "count": 99}, catalogue(), Costs()) is None

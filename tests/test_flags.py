"""Flags as Midjourney writes them: what is heeded, and what is told not to be."""

from pathlib import Path

import pytest

from agents.understanding.understand import understand
from agents.understanding.wishes import Hints, Wish
from tests.fakes import FakeRunner, model, workshop
from tools.image import Draw, draw


@pytest.mark.parametrize(
    ("said", "prompt", "unheeded"),
    [
        ("draw a cat --chaos 50 --ar 16:9", "a cat", "--chaos 50"),
        ("/imagine a cat --v 6.1 --stylize 750", "a cat", "--v 6.1, --stylize 750"),
        ("zeichne ein Haus --s 250 --n 2", "ein Haus", "--s 250"),
        ("draw a fox --sref https://a.b/c-d.png --no text", "a fox", "--sref https://a.b/c-d.png"),
        ("draw a cat --seed hello", "a cat", "--seed hello"),
        ("draw a cat --tile --style watercolour", "a cat", "--tile"),
        ("draw a sign -- raw wood", "a sign -- raw wood", None),
        ("draw a poster — v for vendetta", "a poster — v for vendetta", None),
    ],
)
def test_flags_that_mean_nothing_here_leave_the_prompt(
    said: str, prompt: str, unheeded: str | None
) -> None:
    (wish,) = understand(said, Hints())
    assert isinstance(wish, Wish)
    assert (wish.tool, wish.args["prompt"]) == ("draw", prompt)
    assert wish.args.get("unheeded") == unheeded


async def test_they_are_told(tmp_path: Path) -> None:
    async with workshop(tmp_path, FakeRunner(), [model("tiny")]) as one:
        told = await draw.run(Draw(prompt="a cat", seed=1, unheeded="--chaos 50"), one)
        quiet = await draw.run(Draw(prompt="a cat", seed=1), one)
    assert told.text == f"{quiet.text} I do not know --chaos 50 and left it out."

"""Which pictures of its own message a wish is about."""

import pytest

from agents.understanding.outputs import PICTURES, USUAL, image
from agents.understanding.understand import understand
from agents.understanding.wishes import Hints, Wish
from tools.builtin import ORDER
from tools.tool import TOOLS

TWO, FOUR = Wish("draw", {"count": 2}), Wish("vary", {"image": "last"})
ONE = Wish("draw", {"prompt": "a cat"})


def test_how_many_a_tool_makes_is_known() -> None:
    fields = {name: TOOLS.load(name).args.model_fields for name in PICTURES}
    usual = {n: f["count"].default for n, f in fields.items() if "count" in f}
    assert {name: many for name, many in usual.items() if many > 1} == USUAL
    assert set(PICTURES) <= set(ORDER)


@pytest.mark.parametrize(
    ("meant", "before", "made"),
    [
        ("2", (TWO,), "step:1:2"),
        ("1,2", (TWO,), "step:1:1,2"),
        ("3", (TWO,), "step:1:3"),  # there is none; an older picture is not meant either
        ("3", (TWO, FOUR), "step:2:3"),
        ("7", (Wish("draw", {"count": 9}), FOUR), "step:1:7"),
        ("last", (TWO,), "step:1:2"),
        ("last", (ONE,), "step:1"),
        ("2", (ONE, ONE), "step:2"),
        ("2", (ONE,), "2"),
        ("2", (), "2"),
        ("2", (TWO, Wish("upscale", {"image": "step:1"})), "step:2:2"),
        ("1", (TWO, Wish("edit", {"image": "step:1:2"})), "step:1:1"),
        ("other", (TWO, Wish("edit", {"image": "step:1:2"})), "step:1:1"),
        ("other", (TWO,), "other"),
        ("by:bob:2", (TWO,), "by:bob:2"),
    ],
)
def test_which_one_is_meant(meant: str, before: tuple[Wish, ...], made: str) -> None:
    assert image(meant, before, Hints()) == made


def test_what_is_counted_may_be_named_again() -> None:
    *_, last = understand("draw three old red houses and make the second red house darker")
    assert last.args == {"image": "step:1:2", "instruction": "darker"}
    *_, last = understand("draw three red houses and make the second red")
    assert last.args == {"image": "step:1:2", "instruction": "red"}

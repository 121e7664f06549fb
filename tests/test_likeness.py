"""Words that fit what a picture was made from, whatever their endings."""

import pytest

from agents.likeness import tokens


@pytest.mark.parametrize(
    ("said", "made"),
    [
        ("the cat", "two smiling cats"),
        ("dresses", "a red dress"),
        ("rote", "einen roten Apfel"),
        ("das Auto", "das Auto"),
        ("roja", "un coche rojo"),
        ("машину", "красная машина"),
        ("кот", "рыжего кота"),
        ("红色的", "一个红苹果"),
        ("赤い", "赤い車"),
    ],
)
def test_what_fits(said: str, made: str) -> None:
    assert tokens(said) <= tokens(made)


@pytest.mark.parametrize(
    ("said", "made"),
    [
        ("car", "a cat"),
        ("red cat", "a cat"),
        ("gelbe", "roten Apfel"),
        ("кот", "дом"),
        ("蓝", "红"),
    ],
)
def test_what_does_not(said: str, made: str) -> None:
    assert not tokens(said) <= tokens(made)

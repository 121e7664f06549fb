"""Plurals become singulars and nothing else changes."""

import pytest

from tools.plurals import singular


@pytest.mark.parametrize(
    ("many", "one"),
    [
        ("smiling cats", "smiling cat"),
        ("Red Rockets, flat", "Red Rocket, flat"),
        ("birthday cakes", "birthday cake"),
        ("foxes and wolves", "fox and wolf"),
        ("three witches", "three witch"),
        ("strawberries", "strawberry"),
        ("tomatoes in shoes", "tomato in shoe"),
        ("a bus, a cactus, tennis and a dress", "a bus, a cactus, tennis and a dress"),
        ("a pair of glasses", "a pair of glasses"),
        ("a man with his dog", "a man with his dog"),
        ("微笑的猫", "微笑的猫"),
    ],
)
def test_singular(many: str, one: str) -> None:
    assert singular(many) == one

"""Rooms in six languages by people who never learnt commands, as they really say things."""

import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from agents.rooms.reading import read
from agents.rooms.state import STAGES, Stage
from tests.test_room_words import ROOM, shown
from tests.test_rooms import POSTERS

SAID: dict[str, Any] = tomllib.loads(Path(__file__).with_name("room_world.toml").read_text("utf-8"))
RIGHT = 0.96
"""Share that must be understood; what is not is left to the assistant, and changes no room."""
WRONG = 1
"""Messages a language that may be taken for something else."""
_TELLS = ("ask", "status", "now")
"""What answers and changes nothing."""


def meant(text: str, stage: Stage, language: str) -> str:
    """Return what a message means, "" when it changes nothing."""
    found = shown(read(text, replace(ROOM, stage=stage, language=language), POSTERS))
    return "" if found.partition(" ")[0] in _TELLS else found


def judged(language: str) -> Iterator[tuple[str, str]]:
    """Yield right, missed or wrong of each message, and what it was taken for."""
    for stage in STAGES:
        for text, wanted in SAID[language].get(stage, {}).items():
            known = [wanted] if isinstance(wanted, str) else wanted
            found = meant(text, stage, language)
            right = found in ["" if one in _TELLS else one for one in known]
            verdict = "right" if right else "wrong" if found else "missed"
            yield verdict, f"{stage}: {text} -> {found!r}, not {known[0]!r}"


@pytest.mark.parametrize("language", SAID)
def test_nearly_all_of_what_is_said_is_understood_and_little_misread(language: str) -> None:
    found = list(judged(language))
    counts, amiss = Counter(v for v, _ in found), [row for v, row in found if v != "right"]
    assert counts["right"] >= RIGHT * len(found), "\n".join(amiss)
    assert counts["wrong"] <= WRONG, "\n".join(amiss)


@pytest.mark.parametrize("language", SAID)
def test_chatter_changes_no_room(language: str) -> None:
    said: list[str] = SAID[language]["chat"]["say"]
    rows = [
        (text, at, meant(text, at, language)) for text, at in zip(said, cycle(STAGES), strict=False)
    ]
    assert not [row for row in rows if row[2]]

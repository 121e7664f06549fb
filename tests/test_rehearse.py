"""What `atelier plan` prints."""

import json
from pathlib import Path

import pytest

from bot.rehearse import plan
from bot.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data")


def test_a_plan_names_what_an_earlier_step_would_make(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert plan(settings, "draw four cats, then make the second one darker", as_json=True) == 0
    assert json.loads(capsys.readouterr().out) == {
        "steps": [
            {"tool": "draw", "args": {"prompt": "cats", "count": 4}},
            {"tool": "edit", "args": {"image": "step:1:2", "instruction": "darker"}},
        ],
        "text": "",
        "seconds": 10.0 * 4,
        "known": False,
    }
    assert not settings.data.exists()


@pytest.mark.parametrize(
    ("text", "status", "says"),
    [("", 1, "empty"), ("make it darker", 0, "no pictures here"), ("/help", 0, "own words")],
)
def test_what_makes_nothing_is_words(
    settings: Settings, capsys: pytest.CaptureFixture[str], text: str, status: int, says: str
) -> None:
    assert plan(settings, text, as_json=True) == status
    printed = json.loads(capsys.readouterr().out)
    assert printed["steps"] == []
    assert says in printed["text"]


def test_people_read_a_table(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    plan(settings, "draw two cats and read aloud: hello", as_json=False)
    assert capsys.readouterr().out == (
        "Plan: 2 steps, about 21 seconds of computing (a guess: not all of this was measured here "
        "yet).\n1. draw 2 pictures of cats\n2. read aloud “hello”\n"
    )

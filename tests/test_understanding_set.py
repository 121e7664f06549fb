"""The understanding set: that it is well formed, and how much of it is understood."""

import tomllib

import pytest

from agents.understanding.understand import warm
from tests import understanding_report as report
from tests.test_understanding import TUNED
from tests.test_understanding import chats as old_chats
from tests.test_understanding import requests as old_requests
from tests.understanding_cases import FOLDER, KNOWN, LANGUAGES, PARTS, singles
from tools.builtin import ORDER
from tools.tool import TOOLS

THRESHOLDS = tomllib.loads((FOLDER / "thresholds.toml").read_text("utf-8"))
WISHES = (*ORDER, "again", "undo", "cancel", "help")
SINGLES = [case for part in PARTS for case in singles(part)]


@pytest.fixture(scope="module")
def reads() -> list[report.Read]:
    warm()
    return [report.by_rules(case) for case in SINGLES]


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_has_enough_of_both_parts(language: str) -> None:
    mine = [c for c in SINGLES if c.language == language]
    asking = [c for c in mine if not c.chat]
    held = [c for c in asking if c.part == "untouched"]
    assert len(asking) >= (60 if language == "en" else 50)
    assert len(mine) - len(asking) >= 20
    assert 0.3 <= len(held) / len(asking) <= 0.36
    assert {w.tool for c in asking for w in c.wanted[0]} == set(WISHES)


def test_what_is_asked_for_are_arguments_that_exist() -> None:
    for case in SINGLES:
        assert case.known in KNOWN, case
        for wish in (w for right in case.wanted for w in right):
            assert wish.tool in WISHES, case
            if wish.tool in ORDER:
                assert set(wish.args) <= set(TOOLS.load(wish.tool).args.model_fields), case


def test_no_message_stands_there_twice() -> None:
    older = [c for name in (*TUNED, "held_out") for c in old_requests(name)]
    said = [(known, text) for known, text, _ in older]
    said += [chat for name in (*TUNED, "held_out") for chat in old_chats(name)]
    new = [(c.known, c.text) for c in SINGLES]
    assert len(set(new)) == len(new)
    assert not set(new) & set(said)


def test_the_untouched_files_say_that_they_are() -> None:
    for path in FOLDER.glob("**/untouched/*.toml"):
        assert path.read_text("utf-8").startswith("# UNTOUCHED: nobody who tunes")


@pytest.mark.parametrize("part", PARTS)
def test_enough_requests_are_understood(part: str, reads: list[report.Read]) -> None:
    mine = [r for r in reads if r.case.part == part]
    assert report.requests(mine).share >= THRESHOLDS["requests"][part]
    assert report.wrong_on_chat(mine).share <= THRESHOLDS["wrong_on_chat"][part]

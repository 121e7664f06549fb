"""The understanding set: that it is well formed, and how much of it is understood."""

import asyncio
import tomllib
from pathlib import Path

import pytest

from bot.settings import ChatModel, Settings
from memory.errors import AtelierError
from tests import understanding_report as report
from tests.chat_server import Answer, call, calls, serving, words
from tests.test_understanding import TUNED
from tests.test_understanding import chats as old_chats
from tests.test_understanding import requests as old_requests
from tests.understanding_cases import (
    FOLDER,
    KNOWN,
    LANGUAGES,
    PARTS,
    Case,
    Dialogue,
    Line,
    agree,
    dialogues,
    singles,
    wanted,
    wishes,
)
from tests.understanding_past import SHOWS
from tests.understanding_turns import Judged, judge, turns_of
from tools.builtin import ORDER
from tools.tool import TOOLS

THRESHOLDS = tomllib.loads((FOLDER / "thresholds.toml").read_text("utf-8"))
WISHES = (*ORDER, "again", "undo", "cancel", "help")
SINGLES = [case for part in PARTS for case in singles(part)]
AMBIGUOUS = Dialogue(
    "two",
    "en",
    "set",
    (
        Line("A", "draw 2 cats", wanted('draw(prompt="cats", count=2)')),
        Line("A", "make it red", wanted("question()")),
    ),
)
TALKS = [talk for part in PARTS for talk in dialogues(part)]


@pytest.fixture(scope="module")
def reads() -> list[report.Read]:
    return [report.by_rules(case) for case in SINGLES]


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_has_enough_of_both_parts(language: str) -> None:
    mine = [c for c in SINGLES if c.language == language]
    asking = [c for c in mine if not c.chat]
    held = [c for c in asking if c.part == "untouched"]
    assert len(asking) >= (60 if language == "en" else 50)
    assert len(mine) - len(asking) >= 20
    assert 0.3 <= len(held) / len(asking) <= 0.36
    tools = {w.tool for c in asking for w in c.wanted[0]}
    assert tools == set(WISHES) - {"compare", "show"}  # those stand in ../shown.toml


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


def test_there_are_enough_dialogues_of_both_parts() -> None:
    assert len(TALKS) >= 150
    assert sum(d.language == "en" for d in TALKS) >= 60
    assert {d.language for d in TALKS} == set(LANGUAGES)
    assert 0.3 <= sum(d.part == "untouched" for d in TALKS) / len(TALKS) <= 0.36
    assert sum(any(line.asks for line in d.lines) for d in TALKS) >= 25
    assert len({(d.language, d.name) for d in TALKS}) == len(TALKS)


def test_what_dialogues_ask_for_exists() -> None:
    for talk in TALKS:
        for number, line in enumerate(talk.lines, 1):
            assert -number < line.reply < number, talk
            for wish in (w for right in line.wanted for w in right):
                assert wish.tool in (*ORDER, "undo", "cancel", "help", "question", SHOWS), talk


def test_the_untouched_files_say_that_they_are() -> None:
    for path in FOLDER.glob("**/untouched/*.toml"):
        assert path.read_text("utf-8").startswith("# UNTOUCHED: nobody who tunes")


@pytest.mark.parametrize("part", PARTS)
def test_enough_requests_are_understood(part: str, reads: list[report.Read]) -> None:
    mine = [r for r in reads if r.case.part == part]
    assert report.requests(mine).share >= THRESHOLDS["requests"][part]
    assert report.wrong_on_chat(mine).share <= THRESHOLDS["wrong_on_chat"][part]


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> list[Judged]:
    return asyncio.run(judge(TALKS, settings=Settings(data=tmp_path_factory.mktemp("none"))))


@pytest.mark.parametrize("part", PARTS)
def test_enough_of_the_dialogues_is_understood(part: str, judged: list[Judged]) -> None:
    mine = [j for j in judged if j.dialogue.part == part]
    assert report.messages(mine).share >= THRESHOLDS["dialogue_messages"][part]
    assert report.wrong_pictures(mine) <= THRESHOLDS["wrong_pictures"][part]


async def test_a_chat_model_is_heard_as_the_grammar_is_read(tmp_path: Path) -> None:
    some = SINGLES[::29]
    found = await turns_of(some, settings=Settings(data=tmp_path))
    assert [w for w, _ in found] == [report.by_rules(case).found for case in some]


def _as_a_server_says(request: Answer) -> Answer:
    done = request["messages"][-1]["role"] == "tool"
    return words("Here.") if done else calls(call("edit", {"image": "1", "instruction": "red"}))


async def test_a_server_is_measured_the_same_way(tmp_path: Path) -> None:
    case = Case(
        "en", "set", "pictures", "the first one red", wanted('edit(image="1", instruction="red")')
    )
    async with serving(_as_a_server_says) as server:
        chat = ChatModel(model="server", url=server.url, name="some")
        settings = Settings(data=tmp_path, chat=chat)
        ((heard, _),) = await turns_of([case], "server", settings)
        judged = await judge([AMBIGUOUS], "server", settings)
    assert agree(heard, case.wanted)
    assert [(j.right, j.wrong_picture) for j in judged] == [(False, False), (False, True)]


async def test_a_server_that_is_down_is_told(tmp_path: Path) -> None:
    chat = ChatModel(model="server", url="http://127.0.0.1:9/v1", name="some")
    settings = Settings(data=tmp_path, chat=chat)
    with pytest.raises(AtelierError):
        await turns_of(SINGLES[:1], "server", settings)
    with pytest.raises(AtelierError, match="rules"):
        await judge([AMBIGUOUS], "server", settings)


@pytest.mark.parametrize(
    ("found", "asked", "same"),
    [
        ('draw(prompt="a cat", count=1)', 'draw(prompt="a cat")', True),
        ('draw(prompt="a cat", count=2)', 'draw(prompt="a cat")', False),
        ('draw(prompt="a cat")', 'draw(prompt=("cats", "a cat"))', True),
        ('draw(prompt="a cat"), undo()', 'draw(prompt="a cat")', False),
        ('draw(prompt="it", negative="b, a")', 'draw(prompt="it", negative="a，b")', True),
        ('again(changes={"count": 2})', 'again(changes={"count": (2, 3)})', True),
        ('again(changes={"count": 4})', 'again(changes={"count": (2, 3)})', False),
        ('write(request="to English: hi")', 'write(request="…: hi")', True),
        ('write(request="to English: ho")', 'write(request="…: hi")', False),
        ("", "", True),
        ("undo()", "", False),
    ],
)
def test_what_counts_as_right(found: str, asked: str, same: bool) -> None:
    assert agree(wishes(found), wanted(asked)) is same

"""What a team says that never learnt commands, stage by stage: what it does, and what it must not.

Each row of the tables is a message and its effect; one of several is enough where " | " stands,
and * is any text. A third "miss" marks what is not understood yet: that must change nothing.
"""

import tomllib
from datetime import timedelta
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from agents.rooms.asked import Decision
from agents.rooms.deciding import decide
from agents.rooms.opening import opening
from agents.rooms.reading import read
from agents.rooms.undoing import fresh
from memory.records import User, now
from tests.room_talk_log import CLEO, at, effect
from tests.test_rooms import ANA, BEN, TEMPLATES

FOLDER = Path(__file__).with_name("room_talk")
LOOSE = ("brief", "choice", "review")
"""The stages in which most can be meant."""
TABLES = sorted(file.stem for file in FOLDER.glob("*.toml"))


def is_idle(found: str) -> bool:
    return not found or found.startswith("tell: ")


def fits(found: str, meant: str) -> bool:
    forms = [form.strip() for form in meant.split(" | ")]
    told = "tell" in forms and found.startswith("tell: ")
    undone = "undo" in forms and found.startswith("undo: ")
    return told or undone or any(fnmatchcase(found, form) for form in forms)


@pytest.mark.parametrize("name", TABLES)
def test_what_people_say_does_what_they_mean(name: str) -> None:
    wrong = []
    for stage, rows in tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8")).items():
        for text, meant, *missed in rows:
            found = effect(stage, text)
            right = is_idle(found) if missed else fits(found, meant)
            wrong += [] if right else [f"{stage}: {text} -> {found!r}, not {meant!r}"]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", ["chatter", "near"])
def test_what_means_nothing_changes_nothing(name: str) -> None:
    lines = (FOLDER / f"{name}.txt").read_text("utf-8").splitlines()
    found = [(stage, text, effect(stage, text)) for text in lines for stage in LOOSE]
    assert not [one for one in found if not is_idle(one[2])]


def decided(stage: str, text: str, user: User = ANA) -> Decision:
    log = at(stage)
    return decide(log.asked(user), read(text, log.room, log.template, user=user))


def test_two_wishes_of_a_message_are_both_done() -> None:
    both = decided("review", "the slogan is great, and we can skip the radio line", BEN)
    assert [(d.kind, d.data["piece"]) for d in both.drafts] == [("approved", [3]), ("drop", 5)]
    assert "Approved by Ben: Slogan." in both.told
    assert "Left out: Radio line." in both.told


def test_what_has_to_wait_or_was_not_understood_is_told() -> None:
    first = decided("review", "redo poster 1 please, and the slogan is great")
    assert first.task is not None
    assert (first.task.numbers, [d.kind for d in first.drafts]) == ((1,), ["comment"])
    assert "say the rest again" in first.told
    half = decided("outline", "leave out the announcement, the slogan wiggles its ears")
    assert [d.kind for d in half.drafts] == ["drop"]
    assert "I did not understand “the slogan wiggles its ears”." in half.told


@pytest.mark.parametrize(
    ("stage", "text", "does"),
    [
        ("review", "both posters look great", "approve 1 2"),
        ("review", "beide Plakate sind super", "approve 1 2"),
        ("review", "poster 1 and 2 are both fine", "approve 1 2"),
        ("review", "Plakat 1: top", "approve 1"),
        ("review", "I like poster 1 a lot", "approve 1"),
        ("review", "I'd like poster 1 a bit darker", "change 1: darker"),
        ("outline", "leave poster 1 to me", "carer 1"),
        ("ideas", "put the fox and the moon together", "combine 1 3"),
        ("ideas", "wie würde die 3 aussehen?", "sketch 3"),
        ("choice", "cleo> das gleiche wie Ben", "vote 2"),
        ("choice", "cleo> not 2", ""),
        ("review", "comapre the versions of poster 2", "compare 2"),
    ],
)
def test_pieces_and_ideas_are_pointed_at_in_many_ways(stage: str, text: str, does: str) -> None:
    assert effect(stage, text) == does


@pytest.mark.parametrize(
    ("text", "request_"),
    [
        ("poster 1: a dog on a roof", "a dog on a roof"),
        ("poster 1 could use some fog", ", some fog"),
        ("make poster 1 darker", ", darker"),
        ("Plakat 1 ist mir zu bunt", ", less bunt"),
        ("mehr Schnee auf Plakat 1", ", mehr Schnee"),
    ],
)
def test_a_plan_is_added_to_unless_it_is_said_anew(text: str, request_: str) -> None:
    (draft,) = decided("outline", text).drafts
    planned = at("outline").room.pieces[0].request
    meant = f"{planned}{request_}" if request_.startswith(",") else request_
    assert draft.data["request"] == meant


def test_forget_it_means_what_was_just_said_and_nothing_older() -> None:
    events = at("outline").events
    assert fresh(events, CLEO, now())
    assert not fresh(events, CLEO, now() + timedelta(hours=1))
    assert not fresh(at("making").events, CLEO, now())  # the room has gone on since
    assert not fresh(events, User("terminal", "dan", "Dan"), now())


@pytest.mark.parametrize(
    "text",
    [
        "hey everyone, let's make a poster series for the jazz night!",
        "the boss called. we need to make posters for the jazz night please",
        "ok team: can we make a poster series for the jazz night",
    ],
)
def test_a_room_is_opened_behind_a_greeting(text: str) -> None:
    assert opening(text, TEMPLATES) == ("poster-series", "jazz night")
    assert opening("we have a poster series at home, haha", TEMPLATES) is None

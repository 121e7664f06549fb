"""Many small events become a calm stream of views."""

from dataclasses import replace

import pytest

from agents.events import Begun, Moved, Said
from bot.progress import Board, Standing, in_a_line
from memory.records import Chat, Step, User
from tools.jobs import Note

ANA, CHAT = User("x", "ana"), Chat("x", "1")
DRAW = Step("draw", {}, ANA, CHAT, "turn", "running")
SPEAK = Step("speak", {}, ANA, CHAT, "turn", "running")
WRITE = Step("write", {}, ANA, CHAT, "turn", "running")


class Screen:
    def __init__(self, interval: float = 1.0) -> None:
        self.now, self.views = 0.0, list[Standing]()
        self.board = Board("request", self.views.append, interval, lambda: self.now)


def test_a_new_phase_is_shown_at_once_and_the_same_one_only_now_and_then() -> None:
    screen = Screen()
    for second in (0, 0.2, 0.4, 1.1):
        screen.now = second
        screen.board(Moved(DRAW, Note("running", done=int(second * 10), total=20)))
    assert [v.fraction for v in screen.views] == [0.0, 0.55]
    screen.board.phase("writing")
    assert screen.views[-1].phase == "writing"


def test_the_share_is_that_of_all_steps_together() -> None:
    screen = Screen(0)
    screen.board(Moved(DRAW, Note("running", done=20, total=20)))
    screen.board(Moved(SPEAK, Note("queued", 1, eta=3.0)))
    view = screen.views[-1]
    assert (view.tool, view.phase, view.position, view.eta) == ("speak", "queued", 1, 3.0)
    assert view.fraction == 0.5


def test_a_preview_stays_until_there_is_a_newer_one() -> None:
    screen = Screen(0)
    screen.board(Moved(DRAW, Note("running", done=1, total=9, preview=b"\xff\xd8jpeg")))
    screen.board(Moved(DRAW, Note("running", done=2, total=9)))
    assert screen.views[-1].preview == b"\xff\xd8jpeg"


def test_words_grow_as_they_are_written() -> None:
    screen = Screen(0)
    screen.board(Said("Hello "))
    screen.board(Said("there"))
    assert screen.views[-1].text == "Hello there"
    screen.board(Moved(WRITE, Note("running", done=1, total=9, preview="Once 猫".encode()[:-1])))
    assert screen.views[-1].text == "Once "
    assert screen.views[-1].preview is None


def test_what_is_heard_is_words_and_no_picture() -> None:
    screen = Screen(0)
    heard = Step("transcribe", {}, ANA, CHAT, "turn", "running")
    screen.board(Moved(heard, Note("running", done=1, total=2, preview=b"Good morning")))
    assert (screen.views[-1].text, screen.views[-1].preview) == ("Good morning", None)


def test_of_several_steps_each_is_told() -> None:
    screen = Screen(0)
    steps = [replace(s, status="queued") for s in (WRITE, DRAW, SPEAK)]
    screen.board(Begun(tuple(steps)))
    screen.board(Moved(steps[0], Note("queued", position=2)))
    assert screen.views[-1].plan == (
        "1/3 write waits, number 2 in line · 2/3 draw waits · 3/3 speak waits"
    )
    screen.board(Moved(replace(WRITE, status="done")))
    screen.board(Moved(steps[1], Note("running", done=4, total=10)))
    view = screen.views[-1]
    assert view.plan == "1/3 ✓ write · 2/3 draw 40 % · 3/3 speak waits"
    assert in_a_line(view).startswith("Working: 1/3 ✓ write · ")
    assert view.fraction == pytest.approx(1.4 / 3)
    screen.board(Moved(replace(DRAW, status="failed")))
    screen.board(Moved(steps[2], Note("loading")))
    assert screen.views[-1].plan == "1/3 ✓ write · 2/3 ✗ draw · 3/3 speak: loading the model"


def test_of_two_steps_the_one_at_work_is_told() -> None:
    screen = Screen(0)
    screen.board(Begun((DRAW, SPEAK)))
    screen.board(Moved(DRAW, Note("running", done=1, total=2)))
    assert (screen.views[-1].plan, screen.views[-1].fraction) == ("", 0.25)

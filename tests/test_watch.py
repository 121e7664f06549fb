"""The live line while a request is worked on."""

import io
import os
import pty
import termios

import pytest
from rich.console import Console

from bot.adapters.console.watch import Watch, no_echo
from bot.progress import Standing


def console(*, terminal: bool = True, term: str = "xterm") -> Console:
    return Console(
        file=io.StringIO(),
        force_terminal=terminal,
        width=80,
        _environ={"TERM": term, "COLUMNS": "80"},
    )


def printed(where: Console) -> str:
    assert isinstance(where.file, io.StringIO)
    return where.file.getvalue()


def test_it_shows_something_at_once_and_takes_it_away() -> None:
    where = console()
    watch = Watch(where)
    watch.update(Standing("m", "received"))
    assert "Got it" in printed(where)
    watch.clear()
    watch.clear()
    assert printed(where).endswith(("\x1b[2K", "\x1b[?25h"))


def test_a_pipe_hears_nothing() -> None:
    where = console(terminal=False)
    Watch(where).update(Standing("m", "running"))
    assert printed(where) == ""


def test_a_terminal_that_cannot_redraw_hears_each_phase_once() -> None:
    where = console(term="dumb")
    watch = Watch(where)
    for view in (Standing("m", "thinking"), Standing("m", "running"), Standing("m", "running")):
        watch.update(view)
    assert printed(where) == "Thinking ...\nWorking ...\n"


def test_keys_are_not_echoed_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "r") as keyboard:
        monkeypatch.setattr("sys.stdin", keyboard)
        before = termios.tcgetattr(theirs)[3]
        with no_echo():
            assert not termios.tcgetattr(theirs)[3] & termios.ECHO
        assert termios.tcgetattr(theirs)[3] == before
    os.close(ours)


def test_without_a_terminal_there_is_no_echo_to_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", None)
    with no_echo():
        pass

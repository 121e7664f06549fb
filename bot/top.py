"""`atelier top`: a live table of a running Atelier; imports nothing that takes long."""

import os
import select
import sys
import termios
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from rich.console import Console
from rich.live import Live

from bot.control import ask, dump
from bot.frame import frame
from bot.settings import Settings

EVERY = 1.0
"""Seconds between two frames, at least."""
_CALM = 20.0  # times as long as an answer took: a long queue is not asked for all the time
ROWS = 20
"""Rows of users and of the queue, at most."""
_WIDE = 200  # columns, where a program reads them


def top(settings: Settings, *, once: bool, as_json: bool) -> int:
    """Show how the running Atelier stands until q or Ctrl-C (blocks); raises AtelierError.

    Once, or where nobody could watch, only one frame is printed.
    """
    if as_json:
        sys.stdout.write(dump(ask(settings.data)).decode() + "\n")
        return 0
    console = Console(highlight=False)
    if once or not console.is_terminal:
        if not console.is_terminal:
            console.width = _WIDE
        console.print(frame(ask(settings.data), ROWS))
        return 0
    with suppress(KeyboardInterrupt):
        _watch(settings, console)
    return 0


def _watch(settings: Settings, console: Console) -> None:
    with _keys() as pressed, Live(console=console, screen=True, auto_refresh=False) as live:
        while True:
            asked = time.monotonic()
            snapshot = ask(settings.data)
            pause = max(EVERY, _CALM * (time.monotonic() - asked))
            free = console.height - len(snapshot.status.workers) - 12
            live.update(frame(snapshot, max(3, free // 2)), refresh=True)
            if pressed(pause) in ("q", "Q"):
                return


@contextmanager
def _keys() -> Iterator[Callable[[float], str]]:
    """Give what waits so many seconds at most and returns the key pressed meanwhile, if any."""
    if not sys.stdin.isatty():
        yield _pause
        return
    file = sys.stdin.fileno()
    before = termios.tcgetattr(file)
    tty.setcbreak(file)
    try:
        yield lambda seconds: _key(file, seconds)
    finally:
        termios.tcsetattr(file, termios.TCSADRAIN, before)


def _key(file: int, seconds: float) -> str:
    ready, _, _ = select.select([file], [], [], seconds)
    return os.read(file, 1).decode("ascii", "replace") or "q" if ready else ""  # or it hung up


def _pause(seconds: float) -> str:
    time.sleep(seconds)
    return ""

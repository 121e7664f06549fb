"""The live line below the conversation while a request is worked on."""

import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console, RenderableType
from rich.live import Live
from rich.spinner import Spinner

from bot.adapters.console import show
from bot.progress import Standing, in_words


class Watch:
    """Shows how a request stands, with the time that has passed, until it is cleared."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._console, self._clock = console, clock
        self._live: Live | None = None
        self._spinner = Spinner("dots")
        self._view: Standing | None = None
        self._since, self._said = 0.0, ""

    def update(self, view: Standing) -> None:
        """Redraw; where nothing can be redrawn, say each phase once (in a pipe nothing at all)."""
        self._view = view
        if not self._console.is_terminal:
            return
        if self._console.is_dumb_terminal:
            self._say(in_words(view))
        elif self._live is None:
            self._since = self._clock()
            self._live = Live(
                get_renderable=self._draw,
                console=self._console,
                transient=True,
                refresh_per_second=8,
                redirect_stdout=False,
            )
            self._live.start(refresh=True)

    def clear(self) -> None:
        """Take the line away."""
        self._said = ""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _draw(self) -> RenderableType:
        if self._view is None:
            return ""
        passed = self._clock() - self._since
        return show.standing(self._view, passed, self._console, self._spinner)

    def _say(self, words: str) -> None:
        if words != self._said:
            self._said = words
            self._console.print(f"{words} ...", markup=False)


@contextmanager
def no_echo() -> Iterator[None]:
    """Keep keys that are pressed meanwhile from being printed into what is drawn."""
    try:
        file = sys.stdin.fileno()
        before = termios.tcgetattr(file)
    except (termios.error, OSError, ValueError, AttributeError):
        yield
        return
    quiet = [*before[:3], before[3] & ~termios.ECHO, *before[4:]]
    termios.tcsetattr(file, termios.TCSADRAIN, quiet)
    try:
        yield
    finally:
        termios.tcsetattr(file, termios.TCSADRAIN, before)

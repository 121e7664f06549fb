"""Line editing for people: history, completion of commands and of @paths."""

import re
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion, PathCompleter
from prompt_toolkit.document import Document
from prompt_toolkit.history import FileHistory

from bot.commands import COMMANDS

_PATH = re.compile(r"(?:^|\s)@([^\s\"']*)$")


class Typed(FileHistory):
    """What was typed before, in a file; typing goes on when that cannot be written."""

    def store_string(self, string: str) -> None:
        """Append a line to the file."""
        with suppress(OSError):
            super().store_string(string)

    def load_history_strings(self) -> Iterable[str]:
        """Return the lines of the file, newest first."""
        try:
            return list(super().load_history_strings())
        except OSError:
            return []


class Words(Completer):
    """Completes commands at the start of a line, and paths behind an @."""

    _paths = PathCompleter(expanduser=True)

    def get_completions(self, document: Document, event: CompleteEvent) -> Iterable[Completion]:
        """Yield what may follow the cursor."""
        text = document.text_before_cursor
        if text.startswith("/") and " " not in text:
            for name, about in COMMANDS.items():
                if name.startswith(text[1:].lower()):
                    yield Completion(f"/{name}", -len(text), display_meta=about)
        elif match := _PATH.search(text):
            yield from self._paths.get_completions(Document(match[1]), event)


def editor(history: Path) -> Callable[[], Awaitable[str | None]]:
    """Return what asks for a line and gives None when the person wants to leave.

    Ctrl-D leaves; so does Ctrl-C, unless it first takes away what is typed already.
    """
    session: PromptSession[str] = PromptSession(
        history=Typed(str(history)), completer=Words(), reserve_space_for_menu=6
    )

    async def ask() -> str | None:
        while True:
            try:
                # Signals stay with the program; a Ctrl-C that is typed comes as a key.
                return await session.prompt_async("› ", handle_sigint=False)
            except EOFError:
                return None
            except KeyboardInterrupt:
                if not session.default_buffer.text:
                    return None

    return ask

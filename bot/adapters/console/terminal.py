"""The terminal for people: type, watch it happen, look at what came."""

import asyncio
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.live import Live

from bot import intake
from bot.adapter import Handler, Received, Reply
from bot.adapters.console import CHAT, show
from bot.commands import COMMANDS, Command, parse
from bot.desk import Desk
from bot.progress import Standing
from memory.assets import Assets
from memory.errors import AtelierError
from memory.records import Asset, Message, User

WELCOME = (
    "[bold]Atelier[/]. I am a program; what I make is made by AI. Tell me what you would like "
    "(/help, /quit). To send a picture or sound, put its path in the line as @path."
)
ME = User(CHAT.platform, "you", "you")


@dataclass(slots=True)
class TerminalOutbox:
    """Prints replies; a live line below them shows how the request stands."""

    console: Console
    assets: Assets
    live: Live | None = field(default=None, init=False)

    async def send(self, reply: Reply) -> tuple[str, ...]:
        """Print a reply and take the progress away."""
        self.clear()
        await show.reply(reply, self.assets, self.console)
        return (reply.message.id,)

    def show(self, standing: Standing) -> None:
        """Redraw the progress; in a pipe, where nothing can be redrawn, say nothing."""
        if not self.console.is_terminal:
            return
        view = show.standing(standing, show.can_show_pictures(self.console))
        if self.live is None:
            self.live = Live(view, console=self.console, transient=True, refresh_per_second=10)
            self.live.start()
        self.live.update(view)

    async def notice(self, text: str, *, error: bool = False) -> None:
        """Print a sentence."""
        self.clear()
        self.console.print(text, style="red" if error else "", markup=False)

    def clear(self) -> None:
        """Take the progress away."""
        if self.live is not None:
            self.live.stop()
            self.live = None


class Terminal:
    """The adapter: one line after another; Ctrl-C stops the request, at the prompt it quits."""

    name = CHAT.platform

    def __init__(self, desk: Desk, assets: Assets, history: Path) -> None:
        self._desk, self._assets, self._history = desk, assets, history
        self._console = Console(highlight=False)
        self._outbox = TerminalOutbox(self._console, assets)

    async def run(self, handle: Handler) -> None:
        """Talk until /quit, the end of input, or Ctrl-C at the prompt."""
        self._console.print(WELCOME)
        await self._interruptible(self._desk.recover(self.name, lambda _: self._outbox))
        ask = self._prompt() if sys.stdin.isatty() else _read_line
        while (line := await ask()) is not None:
            if not line.strip():
                continue
            if self._quits(line):
                break
            try:
                message = await self._message(line)
            except AtelierError as error:
                await self._outbox.notice(str(error), error=True)
                continue
            await self._interruptible(handle(Received(message), self._outbox))

    def _quits(self, line: str) -> bool:
        try:
            return parse(line) == Command("quit")
        except AtelierError:
            return False

    async def _message(self, line: str) -> Message:
        words = line.split(" ")
        paths = [w for w in words if w.startswith(("@/", "@./", "@~")) or _is_file(w)]
        assets: list[Asset] = [await intake.take(p[1:], self._assets) for p in paths[: intake.MOST]]
        text = " ".join(w for w in words if w not in paths)
        return Message(CHAT, ME, text, tuple(assets))

    async def _interruptible(self, coroutine: object) -> None:
        """Await a request; the first Ctrl-C cancels it, the second one quits."""
        loop = asyncio.get_running_loop()
        task = asyncio.ensure_future(coroutine)  # type: ignore[call-overload]
        presses = 0

        def pressed() -> None:
            nonlocal presses
            presses += 1
            if presses > 1:
                task.cancel()
            else:
                self._desk.cancel(CHAT)

        loop.add_signal_handler(signal.SIGINT, pressed)
        try:
            await task
        finally:
            loop.remove_signal_handler(signal.SIGINT)
            self._outbox.clear()

    def _prompt(self) -> "Callable[[], asyncio.Future[str | None]]":
        # Line editing is only loaded where there is somebody to edit lines.
        from prompt_toolkit import PromptSession
        from prompt_toolkit.completion import WordCompleter
        from prompt_toolkit.history import FileHistory

        commands = WordCompleter([f"/{name}" for name in COMMANDS], sentence=True)
        session: PromptSession[str] = PromptSession(
            "› ", history=FileHistory(str(self._history)), completer=commands
        )

        async def ask() -> str | None:
            try:
                return await session.prompt_async()
            except (EOFError, KeyboardInterrupt):
                return None

        return ask  # type: ignore[return-value]


def _is_file(word: str) -> bool:
    return word.startswith("@") and len(word) > 1 and Path(word[1:]).is_file()


async def _read_line() -> str | None:
    raw = await asyncio.to_thread(sys.stdin.readline)
    return raw.rstrip("\n") if raw else None

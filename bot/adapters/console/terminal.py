"""The terminal for people: type, watch it happen, look at what came."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from rich.console import Console

from bot import intake
from bot.adapter import Handler, Received, Reply
from bot.adapters.console import CHAT, attach, show
from bot.adapters.console.stdin import raw_lines, text_of
from bot.adapters.console.watch import Watch, no_echo
from bot.commands import Command, parse
from bot.desk import Desk
from bot.progress import Standing
from bot.signals import Signals
from bot.trail import Trail
from memory.assets import Assets
from memory.errors import AtelierError
from memory.records import Chat, Message, User
from tools.errors import Refused

_MOMENT = 0.5
ME = User(CHAT.platform, "you", "you")


class TerminalOutbox:
    """Prints replies; a live line below them shows how the request stands."""

    def __init__(self, console: Console, assets: Assets) -> None:
        self._console, self._assets = console, assets
        self.watch = Watch(console)

    async def send(self, reply: Reply, trail: Trail) -> None:
        """Print a reply and take the progress away."""
        self.watch.clear()
        await show.reply(reply, self._assets, self._console)

    async def update(self, reply: Reply, trail: Trail) -> bool:
        """Leave it: what is printed stays, and /project shows how it is now."""
        return True

    async def thread(self, trail: Trail, title: str) -> Chat | None:
        """Return None: there is but one conversation here."""
        return None

    async def pin(self, trail: Trail) -> bool:
        """Leave it: nothing can be pinned here."""
        return True

    async def remove(self, trail: Trail) -> None:
        """Refuse: what is written stays."""
        raise Refused("Nothing can be taken away here; /undo takes back a result.")

    def show(self, standing: Standing) -> None:
        """Redraw the progress."""
        self.watch.update(standing)

    async def notice(self, text: str, *, error: bool = False) -> None:
        """Print a sentence."""
        self.watch.clear()
        self._console.print(text, style="red" if error else "", markup=False)


class Terminal:
    """The adapter: one line after another; Ctrl-C stops the request, at the prompt it quits."""

    name = CHAT.platform

    def __init__(
        self,
        desk: Desk,
        assets: Assets,
        history: Path,
        signals: Signals,
        console: Console,
        file: int = 0,
    ) -> None:
        self._desk, self._assets, self._history = desk, assets, history
        self._signals, self._console, self._file = signals, console, file
        self._outbox = TerminalOutbox(console, assets)

    async def run(self, handle: Handler) -> None:
        """Talk until /quit, the end of input, Ctrl-C at the prompt, or a second one."""
        await self._work(self._desk.recover(self.name, lambda _: self._outbox))
        async for line in self._lines():
            if _command(line) == Command("quit"):
                break
            try:
                message = await self._message(line)
            except AtelierError as error:
                await self._outbox.notice(str(error), error=True)
                continue
            self._outbox.show(Standing(message.id, "received"))
            await self._work(handle(Received(message), self._outbox))
            if _command(line) == Command("forget", "yes"):
                self._history.unlink(missing_ok=True)

    async def _lines(self) -> AsyncIterator[str]:
        """Yield what is typed; in a pipe, every line of it."""
        if self._console.is_terminal and os.isatty(self._file):
            # Line editing is only loaded where there is somebody to edit lines.
            from bot.adapters.console.prompt import editor

            ask: Callable[[], Awaitable[str | None]] = editor(self._history)
            while (line := await ask()) is not None:
                if line.strip():
                    yield line
            return
        async for raw in raw_lines(self._file):
            try:
                yield text_of(raw)
            except Refused as error:
                await self._outbox.notice(str(error), error=True)

    async def _message(self, line: str) -> Message:
        words, paths = attach.split(line)
        if len(paths) > intake.MOST:
            raise Refused(f"You can send at most {intake.MOST} files at once.")
        assets = [await intake.take(path, self._assets) for path in paths]
        return Message(CHAT, ME, words, tuple(assets))

    async def _work(self, work: Awaitable[None]) -> None:
        """Await a request; the first Ctrl-C cancels it, the second one quits."""
        task = asyncio.ensure_future(work)
        leaving: list[asyncio.TimerHandle] = []

        def pressed() -> None:
            if self._desk.cancel(CHAT) or leaving:
                return
            # What is cancelled gets a moment to be noted as such, or the next start would do it.
            leaving.append(asyncio.get_running_loop().call_later(_MOMENT, self._leave))

        self._signals.pressed = pressed
        try:
            with no_echo():
                await task
        except AtelierError as error:
            await self._outbox.notice(str(error), error=True)
        finally:
            self._signals.pressed = None
            self._outbox.watch.clear()
        if leaving:
            self._leave()
            await asyncio.sleep(0)

    def _leave(self) -> None:
        self._signals.stop(signal.SIGINT)


def _command(line: str) -> Command | None:
    try:
        return parse(line)
    except AtelierError:
        return None

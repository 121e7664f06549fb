"""What `run` and `chat` do; whatever takes long to import is imported once people see something."""

import asyncio
import sys
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from importlib import import_module
from typing import TYPE_CHECKING

from bot import garbage, heap, shelf, signals, wakeup
from bot.errors import SettingsError
from bot.settings import Settings
from bot.signals import Signals
from memory.errors import AtelierError
from memory.imports import hidden

if TYPE_CHECKING:
    from bot.adapter import Adapter, Handler
    from bot.adapters.console.events import Events
    from bot.adapters.console.inbox import Inbox
    from bot.app import App
    from bot.lobby import Lobby
    from tools.compute.pool import Pool

_SIGN_IN = 3.0
"""Seconds platforms have for themselves before anything else is loaded."""
_CONSOLE = ("bot.adapters.console.lines", "bot.app", "memory.migrations")
_TURN = 0.0005
"""Seconds one thread may go on while another one waits."""


def platforms(settings: Settings, wanted: str | None) -> tuple[str, ...]:
    """Return the platforms to serve, by default all with a token; none: the terminal.

    Raises SettingsError when the one asked for has no token.
    """
    given = {"discord": settings.discord, "telegram": settings.telegram}
    ready = tuple(name for name, section in given.items() if section.token.get_secret_value())
    if wanted in given and wanted not in ready:
        raise SettingsError(
            f"{wanted.title()} needs a token: set ATELIER_{wanted.upper()}__TOKEN, or token under "
            f"[{wanted}] in atelier.toml."
        )
    return ready if wanted is None else tuple(name for name in ready if name == wanted)


def host(settings: Settings, names: Sequence[str]) -> int:
    """Serve chat platforms side by side until a signal comes; return the exit status (blocks)."""
    shelf.ensure(settings)
    return signals.run(lambda _: _host(settings, names))


def talk(settings: Settings) -> int:
    """Talk in the terminal until the person leaves; return the exit status (blocks)."""
    shelf.ensure(settings)
    return signals.run(lambda heard: _talk(settings, heard))


def lines(settings: Settings, *, dry_run: bool) -> int:
    """Write a JSON object per event for each line of input; return the exit status (blocks)."""
    return signals.run(lambda heard: _lines(settings, heard, dry_run=dry_run))


async def _host(settings: Settings, names: Sequence[str]) -> int:
    from bot.lobby import claimed

    with claimed(settings) as lobby:
        here = [import_module(f"bot.adapters.{name}").adapter(settings, lobby) for name in names]
        serving = asyncio.create_task(_side_by_side(here, lobby.handle))
        try:
            await _there(here, serving)
            await _open(settings, lobby, serving)
        finally:
            await _end(serving)
    return 0


async def _side_by_side(adapters: Sequence["Adapter"], handle: "Handler") -> None:
    try:
        async with asyncio.TaskGroup() as group:
            for adapter in adapters:
                group.create_task(adapter.run(handle))
    except* AtelierError as errors:
        raise errors.exceptions[0] from None


async def _there(adapters: Sequence["Adapter"], serving: "asyncio.Task[None]") -> None:
    """Wait until all platforms are there, or one keeps us waiting, or may not be served."""
    ready = asyncio.create_task(_all_ready(adapters))
    try:
        either = {serving, ready}
        await asyncio.wait(either, timeout=_SIGN_IN, return_when=asyncio.FIRST_COMPLETED)
    finally:
        ready.cancel()
    if serving.done():
        await serving


async def _all_ready(adapters: Sequence["Adapter"]) -> None:
    for adapter in adapters:
        await adapter.ready.wait()


async def _open(settings: Settings, lobby: "Lobby", serving: "asyncio.Task[None]") -> None:
    """Open the house behind the platforms; it stays open until the last of them has ended."""
    heap.tidy()
    wakeup.soon()
    sys.setswitchinterval(_TURN)
    await asyncio.to_thread(_load, "bot.app", "memory.migrations")
    from bot.app import opened

    async with opened(settings, lobby, interval=0.5) as app:
        try:
            lobby.open(app)
            _warm(app)
            await serving
        finally:
            await _end(serving)


async def _end(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.wait({task})


async def _talk(settings: Settings, heard: Signals) -> int:
    from bot.adapters.console.screen import screen

    console = screen()
    await asyncio.to_thread(_load, *_CONSOLE)
    from bot.adapters.console.terminal import Terminal
    from bot.app import opened

    async with opened(settings) as app:
        _warm(app)
        history = settings.data / "typed"
        terminal = Terminal(app.desk, app.studio.assets, history, heard, console)
        await terminal.run(app.handle)
    return 0


async def _lines(settings: Settings, heard: Signals, *, dry_run: bool) -> int:
    from bot.adapters.console.events import Events
    from bot.adapters.console.inbox import Inbox

    events = Events(sys.stdout.buffer, heard.stop)
    try:
        async with Inbox(events) as inbox:
            await _serve(settings, inbox, events, dry_run=dry_run)
    except AtelierError as error:  # nothing can be served: a script is told, and the log too
        events.told("error", None, str(error))
        raise
    return 0


async def _serve(settings: Settings, inbox: "Inbox", events: "Events", *, dry_run: bool) -> None:
    if not dry_run:
        await asyncio.to_thread(shelf.ensure, settings)
    await asyncio.to_thread(_load, *_CONSOLE)
    from bot.adapters.console.lines import Lines

    async with _place(settings, dry_run=dry_run) as app:
        if not dry_run:
            _warm(app)
        studio = app.studio
        await Lines(app.desk, studio.assets, studio.store, inbox, events).run(app.handle)


def _place(settings: Settings, *, dry_run: bool) -> "AbstractAsyncContextManager[App]":
    from agents.plans import Asking
    from bot.app import opened, rehearsal

    if dry_run:  # what would be held up for approval is shown with its price
        return rehearsal(settings, Asking(**settings.plan.model_dump()))
    return opened(settings, interval=0.5)


def _load(*names: str) -> None:
    """Import most of what will be needed; in a thread, so that people see something meanwhile."""
    with hidden("numpy", "pandas"):  # sqlite-utils would load them, only to know their types
        for name in names:
            import_module(name)
    import_module("tools.builtin").every_tool()


def _warm(app: "App") -> None:
    """Start loading what the first request will need while the person still types."""
    from tools.compute.pool import Pool

    if isinstance(app.studio.runner, Pool):
        app.background(_prepare(app.studio.runner))
    app.background(_understand(app))


async def _understand(app: "App") -> None:
    """Load what understands requests, the last that is loaded by this process."""
    from agents.understanding.understand import warm

    # The import of the language framework must not make the screen wait for its turn: with
    # Python's 5 ms the first sign of life after Enter took 1.2 s.
    sys.setswitchinterval(_TURN)
    try:
        await asyncio.gather(asyncio.to_thread(warm), app.studio.assistant())
    finally:
        garbage.settle()


async def _prepare(pool: "Pool") -> None:
    """Load what is needed first, one after the other: two at once would only slow the first."""
    for task in ("draw", "write", "remember"):
        await pool.prepare(task)

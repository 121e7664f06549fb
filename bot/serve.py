"""What `run`, `chat` and `plan` do."""

import json
import sys
from contextlib import AbstractAsyncContextManager

from agents.scene import look
from agents.turns import Answer
from agents.work import Moved, Said, Work
from bot.adapters.console import CHAT
from bot.adapters.console.lines import Lines
from bot.adapters.console.terminal import ME, Terminal
from bot.app import App, opened, rehearsal
from bot.desk import HISTORY, hints
from bot.errors import SettingsError
from bot.settings import Settings
from bot.shelf import ensure
from memory.records import Message
from tools.compute.pool import Pool


def platforms(settings: Settings, wanted: str | None) -> None:
    """Check that the platforms asked for can be served; raises SettingsError."""
    for name, given in (("discord", settings.discord), ("telegram", settings.telegram)):
        token = given.token.get_secret_value()
        if wanted == name and not token:
            raise SettingsError(
                f"{name.title()} needs a token: set ATELIER_{name.upper()}__TOKEN, or token under "
                f"[{name}] in atelier.toml."
            )
        if wanted == name or (token and wanted is None):
            raise SettingsError(
                f"This version of Atelier talks in the terminal only, not on {name.title()} yet; "
                "start it with: atelier run terminal."
            )


async def talk(settings: Settings) -> int:
    """Talk in the terminal until the person leaves."""
    ensure(settings)
    async with opened(settings) as app:
        _warm(app)
        history = settings.data / "typed"
        await Terminal(app.desk, app.studio.assets, history).run(app.handle)
    return 0


async def lines(settings: Settings, *, dry_run: bool) -> int:
    """Handle standard input line by line, writing one JSON object per event."""
    where: AbstractAsyncContextManager[App]
    if dry_run:
        where = rehearsal(settings)
    else:
        ensure(settings)
        where = opened(settings, interval=0.5)
    async with where as app:
        if not dry_run:
            _warm(app)
        await Lines(app.desk, app.studio.assets).run(app.handle)
    return 0


def _warm(app: App) -> None:
    """Start loading what the first request will need while the person still types."""
    if isinstance(app.studio.runner, Pool):
        app.background(app.studio.runner.prepare("draw"))
    app.background(app.studio.assistant())


async def plan(settings: Settings, text: str, *, as_json: bool) -> int:
    """Print what a request would do."""
    async with rehearsal(settings) as app:
        studio = app.studio
        message = Message(CHAT, ME, text)
        scene = await look(studio.store, message)
        work = studio.work(scene, _ignore)
        assistant = await studio.assistant()
        found = await assistant.answer(work, scene.past[-HISTORY:], hints(scene))
        _print(found, work, as_json=as_json)
    return 0 if found.kind != "error" else 1


def _ignore(_: Said | Moved) -> None:
    """Take what happens meanwhile; a plan is over in a moment."""


def _print(found: Answer, work: Work, *, as_json: bool) -> None:
    order = {step.id: n for n, step in enumerate(work.planned, 1)}
    planned = [(s.tool, _named(s.args, order)) for s in work.planned]
    steps = [{"tool": tool, "args": args} for tool, args in planned]
    text = "" if found.kind == "reply" and steps else found.text
    if as_json:
        sys.stdout.write(json.dumps({"steps": steps, "text": text}, ensure_ascii=False) + "\n")
        return
    for number, (tool, args) in enumerate(planned, 1):
        words = ", ".join(f"{k}={v!r}" for k, v in args.items())
        sys.stdout.write(f"{number}. {tool}({words})\n")
    if text:
        sys.stdout.write(f"{text}\n")


def _named(args: dict[str, object], order: dict[str, int]) -> dict[str, object]:
    """Return arguments with "step:<id>" written as "step:<number>"."""
    named: dict[str, object] = {}
    for name, value in args.items():
        head, _, rest = str(value).partition(":")
        step, _, n = rest.partition(":")
        known = head == "step" and step in order
        named[name] = f"step:{order[step]}{':' + n if n else ''}" if known else value
    return named

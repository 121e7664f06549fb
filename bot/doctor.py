"""`atelier doctor`: what works here and what does not, in plain words."""

import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from bot.app import catalogue
from bot.settings import Settings
from memory.errors import AtelierError, DataFolderBusy
from memory.folder import DataFolder
from tools import files
from tools.compute.devices import Machine

ROOM = 2_000_000_000
"""Free bytes below which the disk is called nearly full."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at; only a `bad` one keeps Atelier from working."""

    state: str
    what: str


def examine(settings: Settings) -> int:
    """Print what was found; return 1 if something must be mended first."""
    found = list(_look(settings))
    for finding in found:
        sys.stdout.write(f"{finding.state:>4}  {finding.what}\n")
    return 1 if any(f.state == "bad" for f in found) else 0


def _look(settings: Settings) -> Iterator[Finding]:
    yield _python()
    yield _room("data", settings.data)
    yield _room("models", settings.models)
    yield _folder(settings)
    yield _device()
    yield from _models(settings)
    yield _chat(settings)
    for name, given in (("Discord", settings.discord), ("Telegram", settings.telegram)):
        state = "a token is set" if given.token.get_secret_value() else "no token set (not needed)"
        yield Finding("ok", f"{name}: {state}.")


def _python() -> Finding:
    good = sys.version_info >= (3, 11)
    return Finding("ok" if good else "bad", f"Python {platform.python_version()} (3.11 or newer).")


def _room(name: str, path: Path) -> Finding:
    place = next(p for p in (path, *path.parents) if p.exists())
    free = shutil.disk_usage(place).free
    state = "ok" if free > ROOM else "warn"
    return Finding(state, f"Disk for {name}: {free / 1e9:.1f} GB free.")


def _folder(settings: Settings) -> Finding:
    try:
        with DataFolder.claim(settings.data):
            return Finding("ok", "The data folder can be written.")
    except DataFolderBusy:
        return Finding("ok", "The data folder is in use by a running Atelier.")
    except AtelierError as error:
        return Finding("bad", str(error))


def _device() -> Finding:
    machine = Machine.here()
    size = f"{machine.cores} cores, {machine.memory / 1024:.0f} GiB of memory"
    if machine.gpus:
        gpus = ", ".join(f"{m / 1024:.0f} GiB" for m in machine.gpus)
        return Finding("ok", f"GPU: {gpus}; {size}.")
    gpu = "Apple GPU" if machine.apple else "no GPU, so the small starter models are the right ones"
    return Finding("ok", f"Device: {gpu}; {size}.")


def _models(settings: Settings) -> Iterator[Finding]:
    try:
        known = catalogue(settings)
    except AtelierError as error:
        yield Finding("bad", str(error))
        return
    for name in dict.fromkeys(known.profiles[known.profile].values()):
        good = name in known.models and files.verify(known.models[name], settings.models)
        hint = "is here and whole" if good else "is missing or broken; run: atelier models fetch"
        yield Finding("ok" if good else "bad", f"Model {name} {hint}.")


def _chat(settings: Settings) -> Finding:
    if settings.chat.model == "rules":
        return Finding("ok", "Requests are understood by the built-in rules.")
    try:
        answer = httpx.get(
            f"{settings.chat.url.rstrip('/')}/models",
            headers={"Authorization": f"Bearer {settings.chat.key.get_secret_value()}"},
            timeout=5,
        )
        answer.raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL):
        return Finding("bad", "The chat server does not answer; start it or check chat.url.")
    return Finding("ok", f"The chat server answers; it is asked for {settings.chat.name}.")

"""`atelier doctor`: what works here and what does not, in plain words."""

import os
import platform
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from pydantic import SecretStr

from agents.rooms.templates import faults
from bot import environment
from bot.settings import ModelServer, Settings
from bot.shelf import catalogue
from memory.errors import AtelierError, DataFolderBusy
from memory.folder import DataFolder
from tools import files
from tools.compute.devices import Machine
from tools.compute.gateway import knock

ROOM = 2_000_000_000
"""Free bytes below which the disk is called nearly full."""
_PYTHONS = ((3, 11), (3, 12), (3, 13), (3, 14))
NONE = 50_000_000
"""Free bytes below which nothing can be kept any more."""


State = Literal["ok", "warn", "bad"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at; only a `bad` one keeps Atelier from working."""

    state: State
    what: str
    found: str


def examine(settings: Settings) -> int:
    """Print what was found and what to do about it; return 1 if something is bad."""
    bad = warned = 0
    for finding in look(settings):
        sys.stdout.write(f"{finding.state:<4}  {finding.what:<12}  {finding.found}\n")
        sys.stdout.flush()
        bad += finding.state == "bad"
        warned += finding.state == "warn"
    sys.stdout.write(f"\n{_verdict(bad, warned)}\n")
    return 1 if bad else 0


def _verdict(bad: int, warned: int) -> str:
    if bad:
        return f"{bad} to be mended first (bad, above)."
    return f"Atelier can start; {warned} to look at (warn, above)." if warned else "All is well."


def look(settings: Settings) -> Iterator[Finding]:
    """Yield what there is to say, one thing after the other (blocks for seconds)."""
    yield _python()
    yield _device(settings)
    yield _room("room: data", settings.data)
    yield _room("room: models", settings.models)
    yield _folder(settings)
    yield from _models(settings)
    yield from _templates(settings.data / "templates")
    if settings.clustered:
        yield _cluster(settings.cluster.address)
    yield from _servers(settings)
    yield _chat(settings)
    yield from _discord(settings)
    yield from _telegram(settings)
    for name, meant in environment.unknown(os.environ).items():
        yield Finding("warn", "environment", environment.told(name, meant))


def _without(platform: str) -> Finding:
    how = f'"{platform}, click by click" in the README tells how to get one'
    return Finding("ok", platform, f"No token is set, so nobody is served there; {how}.")


def _discord(settings: Settings) -> Iterator[Finding]:
    if not settings.discord.token.get_secret_value():
        yield _without("Discord")
        return
    # Only this needs the network.
    from bot.adapters.discord import checkup

    yield from checkup.look(settings.discord)


def _python() -> Finding:
    version = platform.python_version()
    if sys.version_info[:2] in _PYTHONS:
        return Finding("ok", "Python", f"{version}.")
    return Finding("warn", "Python", f"{version} is untried; 3.11 to 3.14 are known to work.")


def _device(settings: Settings) -> Finding:
    machine = Machine.here()
    try:
        settings.compute.workers(machine)
    except AtelierError as error:
        return Finding("bad", "device", str(error))
    size = f"{machine.cores} cores, {machine.memory / 1024:.0f} GiB of memory"
    if machine.gpus:
        gpus = ", ".join(f"{m / 1024:.0f} GiB" for m in machine.gpus)
        return Finding("ok", "device", f"GPU with {gpus}; {size}.")
    gpu = "Apple GPU" if machine.apple else "no GPU, so the small starter models are the right ones"
    return Finding("ok", "device", f"{size}; {gpu}.")


def _room(what: str, path: Path) -> Finding:
    place = next(p for p in (path.absolute(), *path.absolute().parents) if p.exists())
    free = shutil.disk_usage(place).free
    found = f"{free / 1e9:.1f} GB free on the disk."
    if free > ROOM:
        return Finding("ok", what, found)
    return Finding("warn" if free > NONE else "bad", what, f"{found} Make room.")


def _folder(settings: Settings) -> Finding:
    what = "data folder"
    try:
        with DataFolder.claim(settings.data):
            return Finding("ok", what, "It can be written.")
    except DataFolderBusy:
        return Finding("ok", what, "A running Atelier works on it.")
    except AtelierError as error:
        return Finding("bad", what, str(error))


def _templates(folder: Path) -> Iterator[Finding]:
    """Yield what is wrong with own kinds of sets, and how many are right."""
    wrong = faults([folder])
    yield from (Finding("warn", "templates", why) for why in wrong.values())
    if own := len([*folder.glob("*.toml")]) - len(wrong):
        yield Finding("ok", "templates", f"{own} of your own for project rooms.")


def _models(settings: Settings) -> Iterator[Finding]:
    try:
        known = catalogue(settings)
    except AtelierError as error:
        yield Finding("bad", "models", str(error))
        return
    if settings.cluster.address:
        yield Finding("ok", "models", "They are looked for on the nodes of the cluster.")
        return
    tasks: dict[str, list[str]] = {}
    for task, name in known.profiles[known.profile].items():
        tasks.setdefault(name, []).append(task)
    for name, able in tasks.items():
        try:
            model = known.find(known.models[name].tasks[0], name) if name in known.models else None
        except AtelierError as error:
            yield Finding("bad", "model", f"{error} Put its name into accept in atelier.toml.")
            continue
        if model is not None and model.source.server:
            continue  # its server is asked for it
        whole = model is not None and files.verify(model, settings.models)
        hint = "here and whole" if whole else f"missing or broken; run: atelier models fetch {name}"
        yield Finding("ok" if whole else "bad", "model", f"{name} ({', '.join(able)}): {hint}.")


def _telegram(settings: Settings) -> Iterator[Finding]:
    if not settings.telegram.token.get_secret_value():
        yield _without("Telegram")
        return
    from bot.adapters.telegram import check

    yield from check.look(settings.telegram)


def _cluster(address: str) -> Finding:
    if find_spec("ray") is None:
        return Finding("bad", "cluster", "Ray is missing; run: pip install 'atelier[cluster]'.")
    try:
        knock(address)
    except AtelierError as error:
        return Finding("bad", "cluster", str(error))
    where = f"The Ray cluster at {address}" if address else "A Ray of its own on this machine"
    return Finding("ok", "cluster", f"{where} is to compute; the start says whether it does.")


def _chat(settings: Settings) -> Finding:
    chat = settings.chat
    if chat.model == "rules":
        return Finding("ok", "requests", "The built-in rules understand them.")
    if chat.model == "local":
        return _local(settings)
    names = _listed(chat.url, chat.key)
    if isinstance(names, Trouble):
        return Finding("bad", "chat server", f"It {names.what}; start it, or mend chat.url.")
    if chat.name not in names:
        there = ", ".join(names[:5]) or "none"
        return Finding("bad", "chat server", f"It has no {chat.name}; set chat.name to: {there}.")
    return Finding("ok", "chat server", f"It answers and has {chat.name}.")


def _local(settings: Settings) -> Finding:
    try:
        model = catalogue(settings).find("chat", settings.chat.name)
    except AtelierError as error:
        return Finding("bad", "requests", str(error))
    if model.source.server:
        fault = f"{model.name} runs on a server; set chat.model to server for it."
        return Finding("bad", "requests", fault)
    return Finding("ok", "requests", f"The text model {model.name} understands them.")


def _servers(settings: Settings) -> Iterator[Finding]:
    """Say of each server whether it answers and has what the catalogue wants of it."""
    try:
        known = catalogue(settings)
    except AtelierError:
        return  # that is a finding of its own
    wanted: dict[str, dict[str, str]] = {name: {} for name in settings.servers}
    for model in known.models.values():
        if model.source.server:
            names = wanted.setdefault(model.source.server, {})
            names[model.name] = model.source.name or model.name
    for server, names in wanted.items():
        finding = _serves(server, settings.servers.get(server), names)
        used = set(known.profiles[known.profile].values()) & set(names)
        yield finding if used or finding.state == "ok" else replace(finding, state="warn")


def _serves(name: str, server: ModelServer | None, wanted: Mapping[str, str]) -> Finding:
    """Look at one server; `wanted` are its names for models, by the catalogue's."""
    what, section = f"server {name}", f"servers.{name}"
    if server is None:
        return Finding(
            "bad", what, f"{', '.join(wanted)} needs it; add [{section}] to atelier.toml."
        )
    there = _listed(server.url, server.key)
    if isinstance(there, Trouble):
        hint = f"It {there.what}; start it, or mend {section}.url or .key."
        return Finding("warn" if there.answers else "bad", what, hint)
    if missing := sorted(set(wanted.values()) - set(there)):
        has = ", ".join(there[:5]) or "none"
        return Finding("bad", what, f"It has no {', '.join(missing)}; it has: {has}.")
    if not wanted:
        return Finding("warn", what, "It answers, but no model of the catalogue runs on it.")
    return Finding("ok", what, f"It answers and has {', '.join(sorted(wanted))}.")


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong with a server ("does not answer"); it `answers` though it has no such list."""

    what: str
    answers: bool = False


def _listed(url: str, key: SecretStr) -> list[str] | Trouble:
    """Return the names of the models a server lists."""
    # Only this needs the network.
    import httpx

    secret = key.get_secret_value()
    headers = {"Authorization": f"Bearer {secret}"} if secret else {}
    try:
        answer = httpx.get(f"{url.rstrip('/')}/models", headers=headers, timeout=5)
        if answer.status_code in (401, 403):
            return Trouble("wants another key")
        if answer.status_code == httpx.codes.NOT_FOUND:
            return Trouble("does not list its models", answers=True)
        return [str(model["id"]) for model in answer.raise_for_status().json()["data"]]
    except httpx.HTTPStatusError as error:
        return Trouble(f"fails with HTTP {error.response.status_code}")
    except (httpx.HTTPError, httpx.InvalidURL):
        return Trouble("does not answer")
    except (ValueError, KeyError, TypeError):
        return Trouble("sends something that is no list of models")

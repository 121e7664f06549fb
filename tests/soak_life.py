"""A real `python -m bot run` under the soak: started, killed, asked to end, and watched."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import linear_regression

from tests import discord_server as discord
from tests.bench.report import child_environment
from tests.telegram_server import TelegramServer

_BAD = ("Traceback", " ERROR ", " CRITICAL ", "bug ", "never retrieved", "never awaited")
"""What is in a line of the log that tells of something nobody expected."""
_PAGE = os.sysconf("SC_PAGE_SIZE")


def resident(pid: int) -> float:
    """Return the memory a process has, in MB; 0 when it is gone."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]) * _PAGE / 1e6
    except OSError:
        return 0.0


def children(pid: int) -> set[int]:
    """Return the processes that a process has started."""
    found = set()
    for folder in Path("/proc").iterdir():
        with suppress(OSError, ValueError):
            text = (folder / "stat").read_text("utf-8")
            if int(text.rpartition(")")[2].split()[1]) == pid:
                found.add(int(folder.name))
    return found


async def until(true: Callable[[], object], seconds: float, every: float = 0.2) -> bool:
    """Wait until something holds, or so many seconds; return whether it does."""
    end = time.monotonic() + seconds
    while not (found := bool(true())) and time.monotonic() < end:  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(every)
    return found


def on_telegram(server: TelegramServer) -> dict[str, str]:
    """Return the environment of a bot that is to serve a server's people."""
    return {
        "ATELIER_TELEGRAM__TOKEN": server.token,
        "ATELIER_TELEGRAM__BASE_URL": f"{server.url}/bot",
        "ATELIER_TELEGRAM__BASE_FILE_URL": f"{server.url}/file/bot",
    }


def on_discord(server: discord.Server) -> dict[str, str]:
    """Return the same for Discord."""
    return {
        "ATELIER_DISCORD__TOKEN": server.token,
        "ATELIER_DISCORD__API_URL": server.api_url,
        "ATELIER_DISCORD__GATEWAY_URL": server.gateway_url,
        "ATELIER_DISCORD__CDN_URL": server.url,
    }


@dataclass
class Life:
    """One process from its start to its end; times in seconds since the start, memory in MB."""

    process: asyncio.subprocess.Process
    born: float
    ready: float = 0.0
    memory: list[tuple[float, float]] = field(default_factory=list)
    end: str = ""
    ending: float = 0.0
    orphans: int = 0

    @property
    def age(self) -> float:
        return time.time() - self.born

    def look(self) -> None:
        """Note how much memory it has now."""
        if (now := resident(self.process.pid)) > 0:
            self.memory.append((self.age, now))

    @property
    def age_at_end(self) -> float:
        """Its age when it was last looked at."""
        return self.memory[-1][0] if self.memory else 0.0

    @property
    def growth(self) -> float:
        """Return the MB by which it grew after the first 45 s, when everything is loaded."""
        last = self.age_at_end
        return self.mean(last - 15, last + 1) - self.mean(45, 55) if last > 70 else 0.0

    @property
    def slope(self) -> float:
        """Return the MB an hour by which it grew in its last two thirds, by a line through them."""
        last = self.age_at_end
        found = [one for one in self.memory if one[0] >= last / 3]
        if len(found) < 2:
            return 0.0
        return 3600 * linear_regression(*zip(*found, strict=True)).slope

    def mean(self, begin: float, end: float) -> float:
        """Return the mean memory between two ages."""
        found = [size for age, size in self.memory if begin <= age < end]
        return sum(found) / len(found) if found else 0.0


@dataclass
class Bot:
    """The bot through all its lives; `deaf` are the times in which Discord told it nothing."""

    telegram: TelegramServer
    discord: discord.Server
    root: Path
    lives: list[Life] = field(default_factory=list)
    deaf: list[tuple[float, float]] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)

    @property
    def life(self) -> Life:
        return self.lives[-1]

    @property
    def database(self) -> Path:
        return self.root / "data" / "atelier.db"

    async def start(self) -> None:
        """Start the process and wait until it hears both platforms."""
        known, polls = set(self.discord.gateway.sessions), self.telegram.count("deleteWebhook")
        with (self.root / "log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bot", "run", "--data", str(self.root / "data"),
                stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, env=self._environment(),
            )  # fmt: skip
        life = Life(process, time.time())
        self.lives.append(life)

        def there() -> bool:
            polled = self.telegram.count("deleteWebhook") > polls
            return (polled and self._signed_in(known)) or process.returncode is not None

        await until(there, 60, 0.01)
        life.ready = life.age
        if life.ready > 30:
            self.troubles.append(f"life {len(self.lives)} was ready after {life.ready:.0f} s only")

    def _signed_in(self, known: set[str]) -> bool:
        sessions = self.discord.gateway.sessions.items()
        return any(session.link for id, session in sessions if id not in known)

    def _environment(self) -> dict[str, str]:
        where = on_telegram(self.telegram) | on_discord(self.discord)
        return child_environment(ATELIER_LOG="info", **where)

    async def again(self, how: signal.Signals, pause: float) -> None:
        """End the process by a signal and start it anew."""
        began = time.time()
        await self.end(how)
        await asyncio.sleep(pause)
        await self.start()
        self.deaf.append((began - 1.0, time.time()))

    async def end(self, how: signal.Signals) -> None:
        """End the process by a signal, and see that what it started ends as well."""
        life = self.life
        workers, began = children(life.process.pid), time.time()
        with suppress(ProcessLookupError):
            life.process.send_signal(how)
        try:
            await asyncio.wait_for(life.process.wait(), 20)
        except TimeoutError:
            self.troubles.append(f"life {len(self.lives)} did not end by {how.name}")
            life.process.kill()
            await life.process.wait()
        life.end, life.ending = how.name, time.time() - began
        await until(lambda: not any(map(resident, workers)), 10)
        life.orphans = sum(resident(pid) > 0 for pid in workers)

    async def relinked(self) -> None:
        """Wait until Discord has a session again that somebody listens to."""
        began = time.time()
        await until(lambda: self._signed_in(set()), 30, 0.05)
        self.deaf.append((began - 0.5, time.time() + 0.5))

    def complaints(self) -> list[str]:
        """Return the lines of the log that tell of something nobody expected."""
        lines = (self.root / "log").read_text("utf-8", "replace").splitlines()
        return [line for line in lines if any(bad in line for bad in _BAD)]

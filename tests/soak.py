"""The soak: `python -m tests.soak --minutes 10 --seed 1`; exit status 1 when something is wrong.

The real bot, with the starter models, serves people on both platforms' test servers over real
sockets in real time, while connections break, calls are refused or their answers lost, and the
process is killed. At the end every request must have one answer, and none two.
"""

import argparse
import asyncio
import random
import signal
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import mkdtemp

from tests import discord_server as discord
from tests import telegram_server as telegram
from tests.discord_rates import GLOBAL, REAL
from tests.soak_life import Bot, until
from tests.soak_people import KINDS, Ask, Somebody, crowd
from tests.soak_report import is_sent, report, stored
from tests.telegram_clock import WallClock
from tests.telegram_faults import broken, dropped, flood, lost

_CALLS = ("sendMessage", "editMessageText", "editMessageMedia", "sendChatAction", "getUpdates",
          "answerCallbackQuery", "sendVoice", "getFile", "deleteMessage")  # fmt: skip
_ROUTES = ("POST /channels/.*/messages", "PATCH /channels", "DELETE /channels", "POST /.*/typing",
           "POST /interactions", "PATCH /webhooks", "GET /attachments")  # fmt: skip
_PATIENCE = 45.0
"""Seconds somebody waits for an answer before they ask for something else."""
_QUIET = 180.0
"""Seconds in which everything must be answered once there is no more trouble."""


@dataclass
class Soak:
    """One run; `chaos` counts what went wrong on purpose; `steady`: no kills."""

    bot: Bot
    people: Sequence[Somebody]
    dice: random.Random
    asks: list[Ask] = field(default_factory=list)
    chaos: Counter[str] = field(default_factory=Counter)
    over: bool = False
    steady: bool = False

    async def run(self, seconds: float) -> None:
        """Let everybody ask and everything break for some seconds, then wait until it is quiet."""
        await self.bot.start()
        end = time.monotonic() + seconds
        tasks = [asyncio.create_task(self._live(one)) for one in self.people]
        tasks += [asyncio.create_task(self._watch())]
        try:
            await self._trouble(end)
        finally:
            self.over = True
        self._mend()
        await asyncio.gather(*tasks[:-1])
        await self._settle()
        tasks[-1].cancel()
        await self.bot.end(signal.SIGTERM)

    async def _live(self, one: Somebody) -> None:
        await asyncio.sleep(one.dice.uniform(0, 4))
        while not self.over:
            (kind,) = one.dice.choices(list(KINDS), list(KINDS.values()))
            if (ask := one.ask(kind)) is not None:
                self.asks.append(ask)
                patience = 5.0 if "queue" in ask.kind else _PATIENCE
                await until(partial(self._may_go, ask), patience)
            await asyncio.sleep(one.dice.uniform(1, 5))

    def _may_go(self, ask: Ask) -> bool:
        return self.over or ask.shown() > 0

    async def _watch(self) -> None:
        """Note the memory; a process that ends by itself is a trouble."""
        while True:
            self.bot.life.look()
            code = self.bot.life.process.returncode
            if code is not None and not self.bot.life.end:
                self.bot.life.end = f"by itself, {code}"
                self.bot.troubles.append(f"life {len(self.bot.lives)} ended by itself ({code})")
            await asyncio.sleep(1)

    async def _trouble(self, end: float) -> None:
        restart = time.monotonic() + self.dice.uniform(40, 60)
        acts: list[Callable[[], object]] = [self._call, self._call, self._route, self._route]
        acts += [self._telegram_cut, self._gateway]
        while time.monotonic() < end:
            await asyncio.sleep(self.dice.uniform(1, 4))
            if time.monotonic() > restart and not self.steady:
                how = self.dice.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM])
                self.chaos[how.name] += 1
                await self.bot.again(how, self.dice.uniform(0, 3))
                restart = time.monotonic() + self.dice.choice([50, 60, 70, 80, 150])
            elif asyncio.iscoroutine(done := self.dice.choice(acts)()):
                await done

    def _call(self) -> None:
        """Let the next calls of a method of Telegram's go wrong."""
        kinds = {"429": flood(self.dice.randint(1, 3)), "502": broken(), "dropped": dropped(),
                 "lost": lost()}  # fmt: skip
        name = self.dice.choice(list(kinds))
        self.bot.telegram.fail(self.dice.choice(_CALLS), kinds[name])
        self.chaos[f"telegram {name}"] += 1

    def _route(self) -> None:
        """Let the next request to a route of Discord's go wrong."""
        kinds: dict[str, dict[str, float]] = {
            "429": {"status": 429, "retry_after": self.dice.choice([0.3, 1.0, 2.0])},
            "502": {"status": 502},
            "503": {"status": 503},
            "dropped": {"status": 0},
            "lost": {"status": 0, "after": True},
        }
        name = self.dice.choice(list(kinds))
        self.bot.discord.fail(self.dice.choice(_ROUTES), **kinds[name])
        self.chaos[f"discord {name}"] += 1

    def _telegram_cut(self) -> None:
        self.bot.telegram.cut()
        self.chaos["telegram cut"] += 1

    async def _gateway(self) -> None:
        """Break Discord's gateway in one of its ways."""
        gateway = self.bot.discord.gateway
        ways: dict[str, Callable[[], None]] = {
            "drop": gateway.drop,
            "reconnect": gateway.ask_to_reconnect,
            "close 4000": lambda: gateway.close(4000),
            "invalid, resumable": lambda: gateway.invalidate(resumable=True),
            "invalid": gateway.invalidate,
        }
        name = self.dice.choice(list(ways))
        self.chaos[f"gateway {name}"] += 1
        ways[name]()
        if name == "invalid":
            await self.bot.relinked()

    def _mend(self) -> None:
        """End all trouble."""
        self.bot.telegram._faults.clear()
        self.bot.discord.faults.clear()

    async def _settle(self) -> None:
        """Wait until everything that was heard is answered, and what is shown stands still."""
        await until(lambda: not self.unanswered(), _QUIET, 1.0)
        await asyncio.sleep(8)

    def unanswered(self) -> list[Ask]:
        """Return the requests that have no answer, but for those the bot could not hear."""
        with closing(sqlite3.connect(self.bot.database)) as base:
            missing = [a for a in self.asks if "queue" not in a.kind and not a.shown()]
            heard = [(ask, stored(base, ask)) for ask in missing]
        return [a for a, known in heard if not (is_sent(known) or (known is None and self.deaf(a)))]

    def deaf(self, ask: Ask) -> bool:
        """Whether Discord could not tell the bot of a request; it does not tell it later."""
        when = [begin <= ask.at <= end for begin, end in self.bot.deaf]
        return ask.platform == "discord" and any(when)


async def soaked(minutes: float, seed: int, root: Path, *, steady: bool) -> bool:
    async with (
        telegram.serving(clock=WallClock()) as one,
        discord.serving(rates=REAL, global_rate=GLOBAL) as two,
    ):
        soak = Soak(Bot(one, two, root), crowd(one, two, seed), random.Random(seed))
        soak.steady = steady
        await soak.run(minutes * 60)
        return report(soak)


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steady", action="store_true", help="no kills: one long life")
    given = parser.parse_args()
    root = Path(mkdtemp(prefix="atelier-soak-"))
    print(f"{given.minutes:g} minutes, seed {given.seed}, everything kept in {root}", flush=True)
    return 0 if asyncio.run(soaked(given.minutes, given.seed, root, steady=given.steady)) else 1


if __name__ == "__main__":
    sys.exit(main())

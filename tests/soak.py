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
from tests.bench.report import table
from tests.discord_rates import GLOBAL, REAL
from tests.soak_life import Bot, until
from tests.soak_people import KINDS, Ask, Somebody, crowd
from tests.telegram_clock import WallClock
from tests.telegram_faults import broken, dropped, flood, lost

_CALLS = ("sendMessage", "editMessageText", "editMessageMedia", "sendChatAction", "getUpdates",
          "answerCallbackQuery", "sendVoice", "getFile", "deleteMessage")  # fmt: skip
_ROUTES = ("POST /channels/.*/messages", "PATCH /channels", "DELETE /channels", "POST /.*/typing",
           "POST /interactions", "PATCH /webhooks", "GET /attachments")  # fmt: skip
Stored = list[tuple[str, str, str]]
_PATIENCE = 45.0
"""Seconds somebody waits for an answer before they ask for something else."""
_GROWTH = 30.0
"""MB by which a life may grow between its first minute and its end."""
_QUIET = 180.0
"""Seconds in which everything must be answered once there is no more trouble."""


@dataclass
class Soak:
    """One run; `chaos` counts what went wrong on purpose, `floods` what the servers refused."""

    bot: Bot
    people: Sequence[Somebody]
    dice: random.Random
    asks: list[Ask] = field(default_factory=list)
    chaos: Counter[str] = field(default_factory=Counter)
    over: bool = False

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
            if time.monotonic() > restart:
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
            heard = [(ask, _replies(base, ask)) for ask in missing]
        return [
            a for a, known in heard if not (_is_sent(known) or (known is None and self.deaf(a)))
        ]

    def deaf(self, ask: Ask) -> bool:
        """Whether Discord could not tell the bot of a request; it does not tell it later."""
        when = [begin <= ask.at <= end for begin, end in self.bot.deaf]
        return ask.platform == "discord" and any(when)


def _is_sent(replies: Stored | None) -> bool:
    return bool(replies) and all(status != "pending" for *_, status in replies or ())


def _replies(base: sqlite3.Connection, ask: Ask) -> Stored | None:
    """Return id, kind and delivery of the stored replies; None when it was never stored."""
    marks = ",".join("?" * len(ask.posts()))
    request = base.execute(
        "SELECT m.id FROM posts p JOIN messages m ON m.seq = p.message JOIN chats c"
        f" ON c.number = m.chat WHERE c.platform = ? AND c.id = ? AND p.id IN ({marks})"
        " AND m.author IS NOT NULL AND p.part >= 0",
        (ask.platform, ask.chat, *ask.posts()),
    ).fetchone()
    if request is None:
        return None
    return base.execute(
        "SELECT m.id, d.kind, d.status FROM messages m JOIN deliveries d ON d.message = m.seq"
        " WHERE m.reply_to = ?",
        request,
    ).fetchall()


@dataclass
class Verdict:
    """What became of every request of a platform."""

    ends: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


def judge(soak: Soak, platform: str) -> Verdict:
    """Count the answers of every request: on the server, and in the bot's own books."""
    found = Verdict()
    loose = _loose(soak.bot.discord)
    with closing(sqlite3.connect(soak.bot.database)) as base:
        for ask in (a for a in soak.asks if a.platform == platform):
            if "queue" in ask.kind:
                found.ends["notices asked for"] += 1
                continue
            replies = _replies(base, ask)
            shown = ask.shown() + sum(id in loose for id, *_ in replies or ())
            end = _end(shown, replies, deaf=soak.deaf(ask))
            found.ends[end] += 1
            found.kinds[" ".join(kind for _, kind, _ in replies or ())] += 1
            if end not in ("once", "not heard"):
                found.wrong.append(f"{end}: {ask.platform} {ask.kind} {ask.posts()} {replies}")
    return found


def _end(shown: int, replies: Stored | None, *, deaf: bool) -> str:
    if replies is None and not shown and deaf:
        return "not heard"
    if shown != 1:
        return "lost" if not shown else "twice"
    sent = replies is not None and [status for *_, status in replies] == ["sent"]
    return "once" if sent else "shown once, noted otherwise"


def _loose(server: discord.Server) -> set[str]:
    """Return our ids of the replies that reply to nothing: their interaction got no answer."""
    loose = [m for m in server.messages() if m.reply_to is None and m.nonce]
    return {(m.nonce or "")[:-1] for m in loose}


def report(soak: Soak) -> bool:
    """Print what was seen; return whether all of it was right."""
    bot, wrong = soak.bot, list(soak.bot.troubles)
    head = ("", "requests", "once", "not heard", "lost", "twice", "otherwise", "notices")
    rows = []
    for platform in ("telegram", "discord"):
        found = judge(soak, platform)
        wrong += found.wrong
        ends = found.ends
        total = ends.total() - ends["notices asked for"]
        names = ("once", "not heard", "lost", "twice", "shown once, noted otherwise",
                 "notices asked for")  # fmt: skip
        rows.append((platform, *map(str, (total, *(ends[name] for name in names)))))
        print(f"  {platform}: answers of kind {dict(found.kinds)}")
    table("Requests and their answers", rows, head)
    print(f"\nTrouble made: {dict(sorted(soak.chaos.items()))}")
    lives(bot)
    wrong += _broken_rules(bot)
    wrong += [f"in the log: {line}" for line in bot.complaints()]
    wrong += [f"life {number} grew by {life.growth:.0f} MB" for number, life in
              enumerate(bot.lives, 1) if life.growth > _GROWTH]  # fmt: skip
    wrong += [f"{life.orphans} workers outlived their bot" for life in bot.lives if life.orphans]
    print(f"\n{len(wrong)} things are wrong." if wrong else "\nNothing is wrong.")
    for line in wrong[:60]:
        print(f"  {line}")
    return not wrong


def _broken_rules(bot: Bot) -> list[str]:
    """Return what a careful bot would not have done.

    What is only said too often is told apart: a process that was killed knows nothing of that.
    """
    every = [*bot.telegram.violations, *bot.discord.violations]
    floods = [v for v in every if "Too Many Requests" in v or "asked too often" in v]
    late = [v for v in every if "10062" in v]
    print(f"\nRefused for saying too much: {len(floods)}; acknowledged too late: {len(late)}")
    print(f"Buttons that spin still: {len(bot.telegram.unanswered)}")
    return [f"broke a rule: {v}" for v in every if v not in floods and v not in late]


def lives(bot: Bot) -> None:
    """Print the memory over time of every life."""
    head = ("life", "seconds", "ready s", "MB at 10 s", "at 50 s", "last 15 s", "most", "end")
    rows = []
    for number, life in enumerate(bot.lives, 1):
        last = life.memory[-1][0] if life.memory else 0.0
        sizes = (life.mean(5, 15), life.mean(45, 55), life.mean(last - 15, last + 1))
        most = max((size for _, size in life.memory), default=0.0)
        rows.append((str(number), f"{last:.0f}", f"{life.ready:.1f}",
                     *(f"{size:.0f}" for size in (*sizes, most)),
                     f"{life.end} ({life.ending:.1f} s)"))  # fmt: skip
    table("Memory of the bot's own process", rows, head)


async def soaked(minutes: float, seed: int, root: Path) -> bool:
    async with (
        telegram.serving(clock=WallClock()) as one,
        discord.serving(rates=REAL, global_rate=GLOBAL) as two,
    ):
        soak = Soak(Bot(one, two, root), crowd(one, two, seed), random.Random(seed))
        await soak.run(minutes * 60)
        return report(soak)


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    root = Path(mkdtemp(prefix="atelier-soak-"))
    print(f"{given.minutes:g} minutes, seed {given.seed}, everything kept in {root}", flush=True)
    return 0 if asyncio.run(soaked(given.minutes, given.seed, root)) else 1


if __name__ == "__main__":
    sys.exit(main())

"""How soon the real bot is there on each platform, and how soon it acknowledges while it draws.

Each platform's server for tests runs in this process and the bot, with the starter models, in
another; both and the worker that draws share the cores, this process before all others. An empty
program is asked all the while, too: what its answer takes is the machine's, not ours.
"""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory

from tests import discord_server as discord
from tests import telegram_server as telegram
from tests.bench.floor import first_in_line, floor
from tests.bench.report import Fact, child_environment, note, shown, table
from tests.soak_life import on_discord, on_telegram, resident
from tests.telegram_clock import WallClock
from tests.telegram_flood import UNLIMITED

STARTS, ASKED, EVERY = 5, 150, 0.15
WISH = "draw a red apple --n 1"


@dataclass(frozen=True)
class Started:
    """Seconds until a platform has the bot, and its MB then and after the first answer."""

    ready: float
    then: float
    later: float = 0.0


@asynccontextmanager
async def bot(folder: str, **where: str) -> AsyncIterator[int]:
    """Run the bot and enter its process id; it is killed at the end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "run", "--data", folder, stdin=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL, env=child_environment(**where),
    )  # fmt: skip
    try:
        yield process.pid
    finally:
        process.kill()
        await process.wait()


async def started(
    where: dict[str, str],
    there: Callable[[], Awaitable[object]],
    answered: Callable[[], Awaitable[object]] | None,
) -> Started:
    """Start the bot once; `there` waits until it is ready, `answered` asks and waits."""
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        born = time.perf_counter()
        async with bot(folder, **where) as pid:
            await there()
            ready, then = time.perf_counter() - born, resident(pid)
            if answered is None:
                return Started(ready, then)
            await answered()
            return Started(ready, then, resident(pid))


async def telegram_starts() -> list[Started]:
    found = []
    for number in range(STARTS + 1):
        async with telegram.serving(clock=WallClock()) as server:

            async def there() -> object:
                return await server.wait_for(lambda: server.updates.polled, 30)

            async def answered() -> object:
                ana = server.person("Ana")
                ana.says(WISH)
                return await server.wait_for(
                    lambda: any(post.answered for post in server.messages(ana)), 60
                )

            last = answered if number == STARTS else None
            found.append(await started(on_telegram(server), there, last))
    return found[1:]


async def discord_starts() -> list[Started]:
    found = []
    for number in range(STARTS + 1):
        async with discord.serving() as server:

            async def there() -> object:
                return await server.wait_for(lambda: server.gateway.sessions, 30)

            async def answered() -> object:
                server.person("Ana").mentions(WISH)
                return await server.message(lambda message: message.files, seconds=60)

            last = answered if number == STARTS else None
            found.append(await started(on_discord(server), there, last))
    return found[1:]


async def telegram_acks() -> list[float]:
    """Return the seconds from a message to the "typing" it is acknowledged by."""
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        async with (
            telegram.serving(clock=WallClock(), limits=UNLIMITED, spec=None) as server,
            bot(folder, **on_telegram(server)),
        ):
            await server.wait_for(lambda: server.updates.polled, 30)
            first = server.person("First")
            first.says(WISH)
            await server.wait_for(lambda: any(p.answered for p in server.messages(first)), 60)
            asked = {}
            for number in range(ASKED):
                person = server.person(f"P{number}")
                asked[person.id] = time.time()
                person.says(WISH)
                await asyncio.sleep(EVERY)
            await asyncio.sleep(2)
            typed = [call for call in server.calls if call.method.lower() == "sendchataction"]
            return _first(asked, ((int(call.values["chat_id"]), call.at) for call in typed))


def _first(asked: dict[int, float], heard: Iterable[tuple[int, float]]) -> list[float]:
    """Return how long after each request the first was heard from where it was made."""
    came: dict[int, float] = {}
    for where, at in heard:
        came.setdefault(where, at)
    return [came[where] - at for where, at in asked.items() if where in came]


async def discord_acks() -> tuple[list[float], list[float]]:
    """Return the seconds from a message to the first sign, and from a command to its deferral."""
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        async with discord.serving(spec=None) as server, bot(folder, **on_discord(server)):
            await server.wait_for(lambda: server.gateway.sessions and server.commands.sets, 30)
            server.person("First").mentions(WISH)
            await server.message(lambda message: message.files, seconds=60)
            asked, commands = {}, []
            for number in range(2 * ASKED):
                person = server.person(f"P{number}")
                if number % 2:
                    commands.append(person.slash("imagine", person.direct, prompt="a red apple"))
                else:
                    asked[person.direct.id] = time.time()
                    person.mentions(WISH, person.direct)
                await asyncio.sleep(EVERY)
            await asyncio.sleep(2)
            # where much is said at once, no "typing" is shown and the status comes first
            typed = ((int(r.path.split("/")[2]), r.at) for r in server.asked("POST", "/channels/"))
            return _first(asked, typed), [c.latency for c in commands if c.callback]


async def _acks() -> list[tuple[str, ...]]:
    async with floor() as least:
        typing = await telegram_acks()
        messages, commands = await discord_acks()
    return [
        _row("Telegram: message to typing", typing),
        _row("Discord: message to first sign", messages),
        _row("Discord: command to deferral", commands),
        _row("an empty program's echo meanwhile", least),
    ]


def _row(name: str, seconds: list[float]) -> tuple[str, ...]:
    p99 = quantiles(seconds, n=100)[98]
    times = (median(seconds), p99, max(seconds))
    return name, str(len(seconds)), *(shown(value, "ms") for value in times), "p99 5 ms"


def _start_row(name: str, found: list[Started]) -> tuple[str, ...]:
    ready = [one.ready for one in found]
    most = f"{min(ready):.2f} - {max(ready):.2f} s"
    then = median(one.then for one in found)
    return name, f"{median(ready):.2f} s", most, f"{then:.0f} MB", f"{found[-1].later:.0f} MB"


def main() -> list[Fact]:
    os.environ.setdefault("ATELIER_MODELS", str(Path(".models").absolute()))
    starts = [
        _start_row("Telegram", asyncio.run(telegram_starts())),
        _start_row("Discord", asyncio.run(discord_starts())),
    ]
    head = ("", "ready", "range", "memory then", "after an answer")
    table("From the start of the process to being there (targets: 0.5 s, 80 MB)", starts, head)
    first_in_line()
    rows = asyncio.run(_acks())
    table("From an event to its acknowledgement, pictures being drawn",
          rows, ("", "events", "median", "p99", "most", "target"))  # fmt: skip
    note("the server, the bot and the worker that draws share the cores")
    rows.pop()
    facts = [Fact(f"{row[0]}, ready", f"{row[1]}, {row[3]}", "target: 0.5 s, 80 MB")
             for row in starts]  # fmt: skip
    return facts + [Fact(row[0], f"{row[2]}, p99 {row[3]}", "target: p99 5 ms") for row in rows]


if __name__ == "__main__":
    main()

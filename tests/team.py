"""A team makes a campaign kit, its bot killed in every stage: `python -m tests.team`.

Ana and Ben are on Discord, Cat is on Telegram and joins by a code; the real bot with the starter
models serves the test servers, and dies by SIGKILL once in every stage while it works. At the end
the pack is opened and read: all pieces there, the brief kept in each, nothing made or said twice.
`--seeds N` plays it N times instead, killed at moments that dice choose.
"""

import argparse
import asyncio
import itertools
import json
import random
import re
import signal
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from tests import discord_people, packs, telegram_people
from tests import discord_server as discord
from tests import telegram_server as telegram
from tests.discord_records import THREAD, Channel, Message
from tests.soak_life import Bot, until
from tests.soak_people import is_progress
from tests.telegram_clock import WallClock
from tests.telegram_world import Post

_PATIENCE = 600.0
_FIRST = re.compile(r"[0-9a-f]{20}0")
"""The nonce of an answer's first message; its sounds and files follow in others."""
_OFTEN, _SOON, _SPREAD = 0.5, 0.02, 500.0
"""How likely the dice kill after a message, how soon at first, and how many times later at last."""
MUST, NEVER = "GreenLeaf", "coffee"


@dataclass
class Team:
    """The three, and what was said to them; `wrong` is what must not have happened."""

    bot: Bot
    ana: discord_people.Person
    ben: discord_people.Person
    cat: telegram_people.Person
    thread: Channel | None = None
    dice: random.Random | None = None
    """What chooses when the bot dies, in place of the script."""
    wrong: list[str] = field(default_factory=list)
    kills: int = 0

    async def open(self) -> None:
        """Open the room in a thread, and let Cat join it."""
        self.ana.mentions("/project new campaign-kit for green tea")
        channels = self.bot.discord.world.channels
        await self._until(lambda: any(c.kind == THREAD for c in channels.values()), "a thread")
        self.thread = next(c for c in channels.values() if c.kind == THREAD)
        await self._until(lambda: self.board, "a board")
        said = self.ana.mentions("/project share", self.thread)
        await self._until(lambda: self._code(said), "a code")
        self.cat.says(f"/project join {self._code(said)}")
        await self._until(lambda: any("Stage:" in p.text for p in self._posts()), "a second board")

    async def says(self, who: str, text: str, *, kill: float | None = None) -> str:
        """Let somebody say something, the bot die so many seconds later, and return the answer."""
        began = time.monotonic()
        if who == "cat":
            post = self.cat.says(text)
            there = self._on_telegram(post)
        else:
            assert self.thread is not None
            said = getattr(self, who).says(text, self.thread)
            there = self._on_discord(said)
        if self.dice is not None:
            kill = _SOON * _SPREAD ** self.dice.random() if self.dice.random() < _OFTEN else None
        if kill is not None:
            await asyncio.sleep(kill)
            self.kills += 1
            await self.bot.again(signal.SIGKILL, 0)
        await self._until(lambda: there(), f"an answer to {text!r}")
        await asyncio.sleep(1)
        found = there()
        if len(found) != 1:
            self.wrong.append(f"{text!r} was answered {len(found)} times")
        mark = " (killed)" if kill is not None else ""
        print(f"  {who}: {text}{mark}  [{time.monotonic() - began:.0f} s]", flush=True)
        print("      " + (found[0] if found else "-").replace("\n", "\n      "), flush=True)
        return found[0] if found else ""

    @property
    def board(self) -> str:
        """What the board in the thread says."""
        assert self.thread is not None
        return next((m.content for m in self._messages() if "Stage:" in m.content), "")

    def _on_discord(self, said: Message) -> Any:
        def there() -> list[str]:
            mine = [m for m in self._messages() if m.reply_to is said]
            return [m.content for m in mine if _FIRST.fullmatch(m.nonce or "")]

        return lambda: [t for t in there() if not is_progress(t)][:9]

    def _on_telegram(self, said: Post) -> Any:
        def there() -> list[str]:
            mine = [p for p in self._posts() if p.reply_to is said and not p.album]
            return [p.text for p in mine if p.answered or not is_progress(p.text)]

        return there

    def _messages(self) -> list[Message]:
        world, server = self.bot.discord.world, self.bot.discord
        return [m for m in server.messages(self.thread) if m.author is world.bot]

    def _posts(self) -> list[Post]:
        return [p for p in self.bot.telegram.messages(self.cat) if p.by_bot]

    def _code(self, said: Message) -> str:
        texts = [m.content for m in self._messages() if m.reply_to is said]
        found = [m for t in texts if (m := re.search(r"/project join (\w+)", t))]
        return found[0][1] if found else ""

    async def _until(self, true: Any, what: str) -> None:
        if not await until(true, _PATIENCE):
            self.wrong.append(f"there never was {what}")


async def play(team: Team) -> None:
    """Take a campaign kit from brief to pack."""
    await team.open()
    await team.says("ana", f"3 pictures, audience is office workers, must say {MUST}", kill=0.3)
    await team.says("ben", f"never mention {NEVER}, keep it cheerful")
    await team.says("cat", "we need 4 pictures")  # against Ana's
    await team.says("ana", "no, 2 pictures")
    await team.says("ben", "next", kill=6)
    await team.says("cat", "how about a giant tea cup in a park")
    await team.says("ben", "1: at night, with fewer people", kill=5)
    await team.says("ana", "next")
    await team.says("ana", "2")
    await team.says("cat", "3", kill=0.3)
    await team.says("ben", "next")  # a tie
    for who in ("ana", "ben", "cat"):
        await team.says(who, "3")
    await team.says("cat", "next", kill=0.3)
    await team.says("cat", "I take visual 1", kill=0.3)
    await team.says("ana", "add a picture of a tea leaf in the rain", kill=0.1)
    await team.says("ben", "drop the newsletter", kill=0.1)
    await team.says("ben", "next", kill=9)
    await team.says("ana", "redo visual 2", kill=4)
    await team.says("cat", f"change the claim to “{MUST}: take a break.”")
    await team.says("ben", "approve all")
    card = await team.says("ana", "next", kill=1)
    if "falling out" in card:
        await team.says("ben", "fix all", kill=4)
    told = await team.says("cat", "next", kill=1)
    if "The pack" not in told:
        await team.says("cat", "/project anyway", kill=1)


def read(team: Team, database: Path) -> list[str]:
    """Return what is wrong with the room's log and its pack."""
    wrong = list(team.wrong)
    with closing(sqlite3.connect(database)) as conn:
        rows = conn.execute(
            "SELECT kind, author, message, key, data FROM room_events ORDER BY number"
        ).fetchall()
        steps = conn.execute("SELECT turn, tool, args, status FROM steps").fetchall()
        sha = json.loads([r for r in rows if r[0] == "packed"][-1][4])["assets"] if rows else []
    mine = [r for r in rows if r[0] in ("brief", "vote", "approved", "comment", "carer", "chosen")]
    wrong += [f"nobody said {kind}" for kind, author, *_ in mine if author is None]
    twice = Counter((turn, tool, args) for turn, tool, args, _ in steps)
    wrong += [f"made twice: {one}" for one, many in twice.items() if many > 1]
    stages = [json.loads(r[4])["stage"] for r in rows if r[0] == "stage"]
    wrong += [f"{a} followed itself" for a, b in itertools.pairwise(stages) if a == b]
    once = Counter(r[0] for r in rows if r[0] in ("add", "drop", "carer"))
    wrong += [f"{kind} happened {many} times" for kind, many in once.items() if many != 1]
    if not sha:
        return [*wrong, "there is no pack"]
    zips = [next(database.parent.rglob(f"{one}*")).read_bytes() for one in sha]
    found = packs.read(zips, packs.Wanted((MUST,), (NEVER,), "1:1"))
    print(f"\n{found.pieces} pieces, {found.files} files, {found.checked} checks of them")
    wrong += found.wrong
    return wrong if found.pieces == 6 else [*wrong, f"{found.pieces} pieces, not 6"]


async def played(root: Path, seed: int | None = None) -> int:
    """Play it once, with the kills of a seed if there is one, and say what went wrong."""
    async with telegram.serving(clock=WallClock()) as chats, discord.serving() as guild:
        bot = Bot(chats, guild, root)
        people = guild.person("Ana"), guild.person("Ben"), chats.person("Cat")
        team = Team(bot, *people, dice=None if seed is None else random.Random(seed))
        await bot.start()
        try:
            await play(team)
        finally:
            await bot.end(signal.SIGTERM)
    wrong = read(team, bot.database) + bot.complaints()[:5]
    name = "" if seed is None else f"seed {seed}: "
    print(f"{name}{team.kills} kills, {len(wrong)} things wrong", *wrong, sep="\n- ", flush=True)
    return len(wrong)


def main(arguments: Sequence[str]) -> int:
    """Play it once, or as many times as there are seeds."""
    parser = argparse.ArgumentParser(prog="tests.team", description=__doc__)
    parser.add_argument("--folder", type=Path, default=None)
    parser.add_argument("--seeds", type=int, default=0, help="how many times with random kills")
    parser.add_argument("--seed", type=int, default=1, help="the first of them")
    given = parser.parse_args(arguments)
    root = given.folder or Path(mkdtemp(prefix="team-"))
    seeds = range(given.seed, given.seed + given.seeds)
    places: dict[int | None, Path] = {n: root / f"seed{n}" for n in seeds} or {None: root}
    for place in places.values():
        place.mkdir(parents=True, exist_ok=True)
    wrong = [asyncio.run(played(place, n)) for n, place in places.items()]
    return 1 if any(wrong) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""A team makes a campaign kit, its bot killed in every stage: `python -m tests.team`.

Ana and Ben are on Discord, Cat is on Telegram and joins by a code; the real bot with the starter
models serves the test servers, and dies by SIGKILL once in every stage while it works. At the end
the pack is opened and read: all pieces there, the brief kept in each, nothing made or said twice.
"""

import argparse
import asyncio
import io
import itertools
import json
import re
import signal
import sqlite3
import sys
import time
import zipfile
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from PIL import Image

from tests import discord_people, telegram_people
from tests import discord_server as discord
from tests import telegram_server as telegram
from tests.discord_records import THREAD, Channel, Message
from tests.soak_life import Bot, until
from tests.soak_people import is_progress
from tests.telegram_clock import WallClock
from tests.telegram_world import Post
from tools.constraints import has

_PATIENCE = 600.0
_FIRST = re.compile(r"[0-9a-f]{20}0")
"""The nonce of an answer's first message; its sounds and files follow in others."""
MUST, NEVER = "GreenLeaf", "coffee"


@dataclass
class Team:
    """The three, and what was said to them; `wrong` is what must not have happened."""

    bot: Bot
    ana: discord_people.Person
    ben: discord_people.Person
    cat: telegram_people.Person
    thread: Channel | None = None
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
    await team.says("cat", "I take visual 1")
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
    for one in sha:
        wrong += _packed(next(database.parent.rglob(f"{one}*")).read_bytes())
    return wrong if sha else [*wrong, "there is no pack"]


def _packed(data: bytes) -> list[str]:
    wrong = []
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        names = archive.namelist()
        for name in names:
            if name.startswith("texts/"):
                text = archive.read(name).decode()
                wrong += [] if has(text, MUST) else [f"{name} does not say {MUST}: {text}"]
                wrong += [f"{name} says {NEVER}"] if has(text, NEVER) else []
            if name.startswith("originals/"):
                with Image.open(io.BytesIO(archive.read(name))) as picture:
                    square = picture.width == picture.height
                    wrong += [] if square else [f"{name} is {picture.size}, not square"]
    pieces = len(manifest["pieces"])
    print(f"\n{pieces} pieces, {len(names)} files: {', '.join(names)}")
    return wrong if pieces == 6 else [*wrong, f"{pieces} pieces, not 6"]


async def main(arguments: Sequence[str]) -> int:
    """Play it once and say what went wrong."""
    parser = argparse.ArgumentParser(prog="tests.team", description=__doc__)
    parser.add_argument("--folder", type=Path, default=None)
    given = parser.parse_args(arguments)
    root = given.folder or Path(mkdtemp(prefix="team-"))
    root.mkdir(parents=True, exist_ok=True)
    async with telegram.serving(clock=WallClock()) as chats, discord.serving() as guild:
        bot = Bot(chats, guild, root)
        people = guild.person("Ana"), guild.person("Ben"), chats.person("Cat")
        team = Team(bot, *people)
        await bot.start()
        try:
            await play(team)
        finally:
            await bot.end(signal.SIGTERM)
    wrong = read(team, bot.database) + bot.complaints()[:5]
    print(f"{team.kills} kills, {len(wrong)} things wrong", *wrong, sep="\n- ")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))

"""Project rooms on both platforms in which everybody talks, votes and presses at once.

`python -m tests.bench.storm`: the real bot with models that answer at once, behind the servers for
tests, which keep the platforms' limits. Says what was lost, crossed or doubled, how long people
waited, and how often boards were edited.
"""

import argparse
import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from typing import Any

from agents.rooms.fold import fold
from bot.adapters.telegram.platform import Telegram
from memory.records import Chat
from memory.rooms import RoomEvent
from tests import discord_people, telegram_people
from tests import discord_server as discord
from tests import telegram_server as telegram
from tests.bench.report import Fact, note, shown, table
from tests.discord_bot import signed_in
from tests.discord_rates import GLOBAL, REAL
from tests.discord_records import THREAD
from tests.discord_records import Message as Said
from tests.fakes import FakeRunner
from tests.rooms import Room, room
from tests.telegram_bot import given
from tests.telegram_clock import WallClock
from tests.telegram_world import Post

IDEAS = ("Brass Fox: A fox plays.", "Night Train: A train hums.", "Paper Moon: A paper moon.",
         "Cool Cats: Cats share a bass.")  # fmt: skip
_PATIENCE = 600.0


@dataclass
class Talk:
    """One room: who is in it, where; `asked` has what they said and when it was answered."""

    chat: Chat
    people: Sequence[Any]
    says: Callable[[Any, str], Said | Post]
    presses: Callable[[Any, str], object]
    board: Callable[[], Said | Post | None]
    answers: Callable[[], Sequence[Said | Post]]
    asked: list[Said | Post] = field(default_factory=list)

    def waits(self) -> dict[int, float]:
        """Return the seconds until each of what was said was answered, by its number."""
        by = {id(one.reply_to): one for one in self.answers() if one.reply_to is not None}
        return {
            n: _at(by[id(said)]) - said.at for n, said in enumerate(self.asked) if id(said) in by
        }

    def doubled(self) -> int:
        """Count what was answered more than once."""
        found = Counter(id(one.reply_to) for one in self.answers() if one.reply_to is not None)
        return sum(found[id(said)] > 1 for said in self.asked)


def _at(answer: Said | Post) -> float:
    return answer.edited or answer.at if isinstance(answer, Post) else answer.at


@asynccontextmanager
async def house(root: Path) -> AsyncIterator[tuple[Room, discord.Server, telegram.TelegramServer]]:
    """Enter a bot that serves both platforms, whose servers keep the limits."""
    async with (
        discord.serving(rates=REAL, global_rate=GLOBAL, spec=None) as guild,
        telegram.serving(clock=WallClock(), spec=None) as chats,
        room(root / "assets", FakeRunner(*IDEAS * 500), root / "rooms.db") as here,
        signed_in(guild, here),
    ):
        here.studio.boards.calm = 1.2
        adapter = Telegram(given(chats), here.desk, here.studio)
        polling = asyncio.create_task(adapter.run(here.handle))
        await chats.wait_for(lambda: chats.updates.polled)
        try:
            yield here, guild, chats
        finally:
            polling.cancel()
            await asyncio.wait({polling})


async def on_discord(guild: discord.Server, number: int, people: int) -> Talk:
    """Open a room in a thread of a channel of its own."""
    team = [guild.person(f"D{number}p{n}") for n in range(people)]
    channel, channels = guild.world.channel(guild.guild, f"room{number}"), guild.world.channels
    team[0].mentions("/project new campaign-kit for tea", channel)

    def there() -> Any:
        threads = (c for c in channels.values() if c.kind == THREAD and c.parent is channel)
        return next((t for t in threads if any("Stage:" in m.content for m in t.messages)), None)

    thread = await guild.wait_for(there, _PATIENCE)

    def board() -> Said:
        return next(m for m in guild.messages(thread) if "Stage:" in m.content)

    def presses(who: discord_people.Person, action: str) -> object:
        shown = board()
        return who.presses(shown, next(id for id in shown.buttons if id.endswith(action)))

    return Talk(
        Chat("discord", str(thread.id)), team, lambda who, text: who.says(text, thread), presses,
        board, lambda: [m for m in guild.messages(thread) if (m.nonce or "").endswith("0")],
    )  # fmt: skip


async def on_telegram(chats: telegram.TelegramServer, number: int, people: int) -> Talk:
    """Open a room in a group of its own, of which the bot is an admin."""
    team = [chats.person(f"T{number}p{n}") for n in range(people)]
    group = chats.group(f"room{number}", *team)
    group.room.bot = "administrator"
    team[0].says("/project new campaign-kit for tea", group)

    def board() -> Post | None:
        return next((p for p in chats.messages(group) if "Stage:" in p.text), None)

    await chats.wait_for(board, _PATIENCE)

    def presses(who: telegram_people.Person, action: str) -> object:
        shown = board()
        assert shown is not None
        return who.presses(shown, f"project:{action.rpartition('project:')[2]}")

    return Talk(
        Chat("telegram", str(group.id)), team, lambda who, text: who.says(text, group), presses,
        board, lambda: [p for p in chats.messages(group) if p.edited or p.answered],
    )  # fmt: skip


async def settled(true: Callable[[], Any], what: str) -> None:
    """Wait until something is true."""
    end = time.monotonic() + _PATIENCE
    while not (await found if asyncio.iscoroutine(found := true()) else found):
        if time.monotonic() > end:
            raise TimeoutError(what)
        await asyncio.sleep(0.2)


async def log(here: Room, talk: Talk) -> tuple[str, list[RoomEvent]]:
    id = await here.studio.rooms.here(talk.chat)
    return id, await here.studio.rooms.events(id)


@dataclass
class Found:
    """What came of it; `waits` by platform, `edits` of boards by platform, while all talked."""

    said: int = 0
    lost: int = 0
    crossed: int = 0
    doubled: int = 0
    votes: int = 0
    advances: list[int] = field(default_factory=list)
    waits: dict[str, list[float]] = field(default_factory=dict)
    noted: dict[str, list[float]] = field(default_factory=dict)
    edits: dict[str, list[int]] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0


async def stormed(root: Path, rooms: int, people: int, each: int) -> Found:
    """Let everybody in all rooms talk, press "next" twice, vote and press "next" twice again."""
    async with house(root) as (here, guild, chats):
        on = [on_discord(guild, n, people) for n in range(rooms)]
        talks = await asyncio.gather(*on, *(on_telegram(chats, n, people) for n in range(rooms)))
        await here.studio.boards.settle()
        await _warm(await on_discord(guild, rooms, 1))
        found = Found(said=len(talks) * people * each)
        before = {id(talk): _edits(talk) for talk in talks}
        began = time.monotonic()
        for n in range(each):
            for talk in talks:
                for who in talk.people:
                    talk.asked.append(talk.says(who, f"never mention {_word(talk, who)}n{n}"))
        await settled(lambda: all(len(t.waits()) == people * each for t in talks), "answers")
        found.seconds = time.monotonic() - began
        await here.studio.boards.settle()
        for talk in talks:
            await _read(here, talk, each, found)
            edits = found.edits.setdefault(talk.chat.platform, [])
            edits.append(_edits(talk) - before[id(talk)])
        await _twice(here, talks, "project:next brief", "ideas")
        await settled(lambda: all(_offers(t, "project:more ideas") for t in talks), "ideas")
        await _twice(here, talks, "project:next ideas", "choice")
        for talk in talks:
            for n, who in enumerate(talk.people):
                talk.presses(who, f"project:vote {1 + n % 3}")
        await settled(lambda: _voted(here, talks, people), "votes")
        await _twice(here, talks, "project:next choice", "")
        for talk in talks:
            _, events = await log(here, talk)
            found.votes += len({e.author for e in events if e.kind == "vote"})
            stages = Counter(e.data.get("stage") for e in events if e.kind == "stage")
            found.advances += stages.values()
        told = sum(request.status == 429 for request in guild.requests)
        found.refused = {"discord": told, "telegram": chats.flood.refused}
        return found


async def _warm(talk: Talk) -> None:
    """Let the words that people say be compiled, as the program does when it starts."""
    talk.asked.append(talk.says(talk.people[0], "never mention warm"))
    await settled(lambda: talk.waits(), "a warm reader")


def _word(talk: Talk, who: Any) -> str:
    return f"{talk.chat.platform[0]}{abs(int(talk.chat.id))}p{talk.people.index(who)}"


def _edits(talk: Talk) -> int:
    board = talk.board()
    return board.edits if isinstance(board, Post) else len(board.edits) if board else 0


async def _read(here: Room, talk: Talk, each: int, found: Found) -> None:
    id, events = await log(here, talk)
    wanted = {
        f"{_word(talk, who)}n{n}": str(who.account.id if hasattr(who, "account") else who.id)
        for who in talk.people
        for n in range(each)
    }
    noted = [e for e in events if e.kind == "brief" and e.data["name"] == "never"]
    by = {str(word): e for e in noted for word in e.data["value"]}  # type: ignore[attr-defined]
    found.lost += len(set(wanted) - set(fold(id, events).brief.never))
    found.crossed += sum(e.author is None or wanted.get(w) != e.author.id for w, e in by.items())
    found.doubled += talk.doubled() + len(noted) - len(by)
    found.waits.setdefault(talk.chat.platform, []).extend(talk.waits().values())
    said = min(one.at for one in talk.asked)
    times = [e.at.timestamp() - said for e in by.values()]
    found.noted.setdefault(talk.chat.platform, []).extend(times)


async def _twice(here: Room, talks: Sequence[Talk], action: str, stage: str) -> None:
    """Let two people in each room press the same button at the same moment."""
    await settled(lambda: all(_offers(talk, action) for talk in talks), action)
    for talk in talks:
        for who in talk.people[:2]:
            talk.presses(who, action)
    if stage:
        await settled(lambda: all(_shows(talk, f"Stage: {stage}") for talk in talks), stage)


def _offers(talk: Talk, action: str) -> bool:
    board = talk.board()
    if isinstance(board, Post):
        return any(b.get("callback_data") == action for row in board.buttons for b in row)
    return board is not None and any(id.endswith(action) for id in board.buttons)


def _shows(talk: Talk, words: str) -> bool:
    board = talk.board()
    return words in (board.text if isinstance(board, Post) else board.content if board else "")


async def _voted(here: Room, talks: Sequence[Talk], people: int) -> bool:
    ballots = [fold(*await log(here, talk)).ballot for talk in talks]
    return all(ballot is not None and len(ballot.votes) == people for ballot in ballots)


def main(arguments: Sequence[str] = ()) -> list[Fact]:
    """Print what came of ten rooms on each platform with ten people each."""
    parser = argparse.ArgumentParser(prog="tests.bench.storm", description=__doc__)
    for name, usual in (("rooms", 10), ("people", 10), ("each", 1)):
        parser.add_argument(f"--{name}", type=int, default=usual, help="on each platform")
    asked = parser.parse_args(arguments)
    with TemporaryDirectory() as folder:
        found = asyncio.run(stormed(Path(folder), asked.rooms, asked.people, asked.each))
    rows = [
        (name, *_quantiles(found.noted[name]), *_quantiles(found.waits[name]),
         f"{min(found.edits[name])}-{max(found.edits[name])}", str(found.refused[name]))
        for name in found.waits
    ]  # fmt: skip
    head = ("", "noted p50", "p99", "answer p50", "p99", "board edits a room", "refused (429)")
    table(f"{2 * asked.rooms} rooms, {asked.people} people each, all at once", rows, head)
    note(f"{found.said} said: {found.lost} lost, {found.crossed} crossed, {found.doubled} doubled")
    note(f"{found.votes} votes counted; all answered after {found.seconds:.0f} s")
    note(f"a stage was advanced by two clicks at once: {sorted(set(found.advances))} times")
    fact = f"{found.lost} lost, {found.crossed} crossed of {found.said}"
    return [Fact("said at once in 20 rooms through both platforms", fact)]


def _quantiles(seconds: Sequence[float]) -> tuple[str, str]:
    cuts = quantiles(seconds, n=100)
    return shown(cuts[49], "s"), shown(cuts[98], "s")


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])

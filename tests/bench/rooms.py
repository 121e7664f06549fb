"""Project rooms in which everybody talks at once, grown ones, and a house full of them.

What is lost, what is crossed, how long it takes: `python -m tests.bench.rooms`
"""

import argparse
import asyncio
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from agents.rooms.fold import fold
from bot.adapter import Pressed, Received
from memory.records import Chat, Message, User
from memory.rooms import Draft, Said
from tests.bench.report import Fact, note, shown, table
from tests.fakes import FakeRunner
from tests.rooms import CHAT, Room, room
from tests.soak_life import resident

IDEAS = ("Brass Fox: A fox plays.", "Night Train: A train hums.", "Paper Moon: A paper moon.",
         "Cool Cats: Cats share a bass.")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Talk:
    """What came of it: contributions made, lost and crossed, advances of a stage, seconds."""

    said: int
    lost: int
    crossed: int
    advances: tuple[int, ...]
    seconds: float


async def talked(root: Path, rooms: int, people: int, each: int) -> Talk:
    """Let everybody in every room say something `each` times at once, then press one button."""
    async with room(root, FakeRunner(*IDEAS), root / "rooms.db") as here:
        chats = [Chat(CHAT.platform, f"c{n}") for n in range(rooms)]
        team = [User(CHAT.platform, f"p{n}", f"P{n}") for n in range(people)]
        for chat in chats:
            await _say(here, "/project new campaign-kit for tea", team[0], chat)
        words = [
            (f"never mention {chat.id}{user.id}n{n}", user, chat)
            for n in range(each)
            for user in team
            for chat in chats
        ]
        began = time.perf_counter()
        await asyncio.gather(*(_say(here, *one) for one in words))
        seconds = time.perf_counter() - began
        presses = [
            Pressed(user, chat, (await _seat(here, chat)), "project:next brief")
            for chat in chats
            for user in team[:2]
        ]
        await asyncio.gather(*(here.handle(press, here.outbox) for press in presses))
        return await _read(here, chats, team, each, seconds)


async def _say(here: Room, text: str, user: User, chat: Chat) -> None:
    await here.handle(Received(Message(chat, user, text)), here.outbox)


async def _seat(here: Room, chat: Chat) -> str:
    id = await here.studio.rooms.here(chat)
    return next(s.board for s in await here.studio.rooms.seats(id))


async def _read(
    here: Room, chats: Sequence[Chat], team: Sequence[User], each: int, seconds: float
) -> Talk:
    lost = crossed = 0
    advances = []
    for chat in chats:
        id = await here.studio.rooms.here(chat)
        events = await here.studio.rooms.events(id)
        wanted = {f"{chat.id}{user.id}n{n}": user for user in team for n in range(each)}
        noted = [e for e in events if e.kind == "brief" and e.data["name"] == "never"]
        by = {str(word): e.author for e in noted for word in e.data["value"]}  # type: ignore[attr-defined]
        lost += len(set(wanted) - set(fold(id, events).brief.never))
        crossed += sum(wanted.get(word) != author for word, author in by.items())
        advances.append(sum(e.kind == "stage" for e in events))
    return Talk(len(chats) * len(team) * each, lost, crossed, tuple(advances), seconds)


@dataclass(frozen=True, slots=True)
class Size:
    """Seconds of a message in a room and until its board shows it, of one that is not about the
    room, and of the first after a restart; how many events the room has.
    """

    events: int
    said: float
    overheard: float
    restarted: float


async def sized(root: Path, said: int, ideas: int, pieces: int, versions: int) -> Size:
    """Measure a room with so many contributions, ideas, and pieces of so many versions each."""
    async with room(root, FakeRunner(*IDEAS), root / "rooms.db") as here:
        me = User(CHAT.platform, "p0", "P0")
        await _say(here, "/project new campaign-kit for tea", me, CHAT)
        await _grow(here, said, ideas, pieces, versions)
        told = await _timed(here, me, "never mention {n}", called=True)
        overheard = await _timed(here, me, "hello number {n}, how are you", called=False)
        events = len(await here.studio.rooms.events(await here.studio.rooms.here(CHAT)))
    async with room(root, FakeRunner(*IDEAS), root / "rooms.db") as here:
        again = await _timed(here, me, "never mention z{n}", called=True, times=1)
    return Size(events, told, overheard, again)


async def _grow(here: Room, said: int, ideas: int, pieces: int, versions: int) -> None:
    rooms = here.studio.rooms
    id = await rooms.here(CHAT)
    rows = [{"kind": "picture", "title": f"Visual {n}", "request": "a cup"} for n in range(pieces)]
    drafts = [Draft("outline", {"pieces": rows}), Draft("stage", {"stage": "review"})]
    drafts += [Draft("idea", {"title": f"Idea {n}", "description": "x" * 80}) for n in range(ideas)]
    drafts += [
        Draft("made", {"piece": 1 + n % pieces, "asset": f"{n:064x}"}, made=True)
        for n in range(pieces * versions)
    ]
    drafts += [
        draft
        for n in range(said)
        for draft in (
            Draft("comment", {"piece": 1 + n % pieces, "text": f"darker, please, said {n}"}),
            Draft("outcome", {"told": "Noted.", "question": False, "buttons": []}),
        )
    ]
    for at in range(0, len(drafts) if pieces else 0, 100):
        who = User(CHAT.platform, f"p{at // 100 % 10}", f"P{at // 100 % 10}")
        await rooms.add(id, drafts[at : at + 100], Said(who, f"m{at}", f"m{at}"))


async def _timed(here: Room, who: User, form: str, *, called: bool, times: int = 11) -> float:
    found = []
    for n in range(times):
        begin = time.perf_counter()
        message = Message(CHAT, who, form.format(n=f"w{n}"))
        await here.handle(Received(message, called=called), here.outbox)
        await here.studio.boards.settle()
        found.append(time.perf_counter() - begin)
    return median(found)


async def woken(root: Path, rooms: int) -> tuple[float, float, float]:
    """Return seconds until so many rooms are seen to after a start, the longest that everything
    else waited meanwhile, and the MB that took.
    """
    async with room(root, FakeRunner(*IDEAS), root / "rooms.db") as here:
        for n in range(rooms):
            who, chat = User(CHAT.platform, f"p{n}", f"P{n}"), Chat(CHAT.platform, f"c{n}")
            await _say(here, "/project new campaign-kit for tea", who, chat)
        await here.studio.boards.settle()
    before = resident(os.getpid())
    async with room(root, FakeRunner(*IDEAS), root / "rooms.db") as here:
        waits = [0.0]
        watch = asyncio.create_task(_watch(waits))
        begin = time.perf_counter()
        await here.desk.recover(CHAT.platform, lambda message: here.outbox)
        await here.studio.boards.settle()
        seconds = time.perf_counter() - begin
        watch.cancel()
        return seconds, max(waits), resident(os.getpid()) - before


async def _watch(waits: list[float]) -> None:
    while True:
        begin = time.perf_counter()
        await asyncio.sleep(0.001)
        waits.append(time.perf_counter() - begin)


def _sizes() -> None:
    rows = []
    for wanted in ((0, 0, 0, 0), (2_000, 300, 40, 30)):
        with TemporaryDirectory() as folder:
            found = asyncio.run(sized(Path(folder), *wanted))
        times = (found.said, found.overheard, found.restarted)
        rows.append((f"{found.events:,} events", *(shown(one, "ms") for one in times)))
    head = ("a room of", "a message and its board", "none of its business", "first after a start")
    table(
        "Growth: a room with 2,000 contributions, 300 ideas, 40 pieces of 30 versions", rows, head
    )
    with TemporaryDirectory() as folder:
        seconds, longest, size = asyncio.run(woken(Path(folder), 500))
    note(f"500 rooms: all seen to {seconds:.1f} s after a start, {size:.0f} MB more;")
    note(f"nothing else waited longer than {shown(longest, 'ms')} meanwhile")


def main(arguments: Sequence[str] = ()) -> list[Fact]:
    """Print what came of twenty rooms with ten people each."""
    parser = argparse.ArgumentParser(prog="tests.bench.rooms", description=__doc__)
    for name, usual in (("rooms", 20), ("people", 10), ("each", 3)):
        parser.add_argument(f"--{name}", type=int, default=usual)
    given = parser.parse_args(arguments)
    with TemporaryDirectory() as folder:
        talk = asyncio.run(talked(Path(folder), given.rooms, given.people, given.each))
    rate = talk.said / talk.seconds
    note(f"{given.rooms} rooms, {given.people} people each: {talk.said} contributions at once")
    note(f"lost {talk.lost}, crossed {talk.crossed}, {rate:.0f} a second")
    note(f"stages advanced by two clicks at once: {sorted(set(talk.advances))} times each")
    _sizes()
    fact = f"{talk.lost} lost, {talk.crossed} crossed of {talk.said}"
    return [Fact("contributions to 20 project rooms at once", fact)]


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])

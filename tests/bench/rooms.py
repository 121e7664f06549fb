"""Project rooms in which everybody talks at once: what is lost, what is crossed, how long it takes.

`python -m tests.bench.rooms`
"""

import argparse
import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from agents.rooms.fold import fold
from bot.adapter import Pressed, Received
from memory.records import Chat, Message, User
from tests.bench.report import Fact, note
from tests.fakes import FakeRunner
from tests.rooms import CHAT, Room, room

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
    fact = f"{talk.lost} lost, {talk.crossed} crossed of {talk.said}"
    return [Fact("contributions to 20 project rooms at once", fact)]


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])

"""/queue as somebody in a chat reads it, over a real pool with fake models."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.adapter import Received
from bot.queue import MINE, OTHERS
from memory.records import Chat, Message, User
from tests.fakes import catalogue as tasks
from tests.rooms import ANA, BEN, CHAT, FakeOutbox, Room, room
from tests.test_desk import Gate
from tests.test_pool import HERE, LIMIT, PAINT, House, catalogue
from tools.catalogue import Catalogue
from tools.compute.admission import Role
from tools.compute.costs import Shape
from tools.compute.devices import WorkerPlan
from tools.compute.pool import Pool
from tools.compute.scheduler import Scheduler

EQUAL = Role()
EVERYTHING = WorkerPlan("all", "cpu", frozenset({"*"}), 1, 1000)


@asynccontextmanager
async def studio(
    root: Path, role: Role = EQUAL, known: Callable[[Path], Catalogue] = catalogue
) -> AsyncIterator[tuple[Room, House]]:
    scheduler = Scheduler(roles=lambda user: role)
    if known is catalogue:
        scheduler.costs.learn("m", Shape("picture", 64, 1), 1, 20.0)
    else:
        name = known(root).find("draw").name
        scheduler.costs.learn(name, Shape("picture", 64, 1), 1, 10.0)
    plan = PAINT if known is catalogue else EVERYTHING
    pool = Pool(known(root), root, [plan], engines="fake_engines:ENGINES", scheduler=scheduler)
    async with asyncio.timeout(LIMIT), pool, room(root / "assets", pool) as here:
        yield here, House(pool, root)


async def asked(here: Room, user: User = ANA) -> list[str]:
    outbox = FakeOutbox()
    await here.handle(Received(Message(CHAT, user, "/queue")), outbox)
    return outbox.notices[0].splitlines()


@pytest.fixture(autouse=True)
def engines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(HERE)


async def test_yours_come_first_and_others_have_their_names(tmp_path: Path) -> None:
    async with studio(tmp_path) as (here, house):
        await here.studio.store.add(Message(CHAT, BEN, "hello"))
        running = await house.block(BEN.key)
        mine, _ = await house.waiting("echo", ANA.key)
        theirs, _ = await house.waiting("echo other", "discord:77")
        told = await asked(here)
        assert told[0] == "Yours:"
        assert told[1].startswith("- a picture with m: number 1 in line, done in about ")
        assert told[2] == "Others:"
        assert told[3].startswith("- a picture with m for Ben: 50% done, about ")
        assert told[4].startswith("- a picture with m for 77: number 2 in line")
        assert (await asked(here, BEN))[1].startswith("- a picture with m: 50% done")
        house.release()
        await asyncio.gather(running, mine, theirs)
        assert await asked(here) == ["Nothing is running and nothing waits."]


async def test_a_long_queue_is_told_in_short(tmp_path: Path) -> None:
    async with studio(tmp_path) as (here, house):
        running = await house.block(ANA.key)
        tasks = [(await house.waiting(f"echo {n}", ANA.key))[0] for n in range(MINE + 2)]
        tasks += [(await house.waiting(f"echo -{n}", BEN.key))[0] for n in range(OTHERS + 37)]
        told = await asked(here)
        assert len(told) == 1 + MINE + 1 + 1 + OTHERS + 1
        assert told[MINE + 1].startswith("- and 3 more, the last done in about ")
        assert told[-1].startswith("- and 37 more, the last done in about ")
        for task in (running, *tasks):
            task.cancel()
        await asyncio.gather(running, *tasks, return_exceptions=True)


async def test_a_name_is_one_short_line_without_tricks(tmp_path: Path) -> None:
    mallory = User("discord", "9", "\x1b[2JEve\u202e\n" + "x" * 500)
    async with studio(tmp_path) as (here, house):
        await here.studio.store.add(Message(Chat("discord", "1"), mallory, "hello"))
        running = await house.block(mallory.key)
        told = await asked(here)
        assert told[1].startswith("- a picture with m for [2JEve xxx")
        assert all(line.isprintable() for line in told)
        assert len(told[1]) < 100
        house.release()
        await running


async def test_requests_that_are_not_in_the_queue_yet_are_told_too(tmp_path: Path) -> None:
    gate = Gate()
    async with room(tmp_path, gate) as here:
        first = asyncio.create_task(here.say("draw a cat"))
        await asyncio.wait_for(gate.entered.wait(), LIMIT)
        second = asyncio.create_task(here.say("draw a dog"))
        while len(await here.studio.store.open_turns("terminal")) < 2:
            pass
        assert await asked(here) == [
            "Yours:",
            "- your request here is being thought through",
            "- 1 request waits here until the one before is answered",
        ]
        assert await asked(here, BEN) == ["Nothing is running and nothing waits."]
        gate.go.set()
        await asyncio.gather(first, second)


async def test_a_budget_is_told_and_one_that_is_spent_is_refused_in_one_sentence(
    tmp_path: Path,
) -> None:
    async with studio(tmp_path, Role(budget=2.0), lambda _: tasks()) as (here, _):
        assert (await asked(here))[-1] == (
            "Of today's 2 seconds of computing you have 2 seconds left."
        )
        reply = await here.say("draw a cat")
        assert reply.kind == "error"
        assert "computing, more than the 2 seconds you have a day" in reply.message.text
        assert [s.status for s in reply.steps] == ["failed"]


async def test_quota_tells_what_is_left_and_when_it_renews(tmp_path: Path) -> None:
    async with studio(tmp_path, Role(2.0, 60.0)) as (here, house):
        told = (await here.told("/quota")).splitlines()
        assert told[0] == "Of today's 60 seconds of computing you have 60 seconds left."
        assert (
            told[1] == "Today (UTC) you have used 0 seconds of computing, with what waits for you."
        )
        assert told[2].startswith("It is 60 seconds again in ")
        assert told[3] == "Your share of the machine weighs 2, usual is 1."
        mine, _ = await house.waiting("echo", ANA.key)
        assert "you have 40 seconds left" in await here.told("/quota")
        assert "you have 60 seconds left" in await here.told("/quota", BEN)
        mine.cancel()
    (tmp_path / "free").mkdir()
    async with studio(tmp_path / "free") as (here, _):
        assert "no bound" in await here.told("/quota")
    async with room(tmp_path / "dry") as here:
        assert "nothing is counted" in await here.told("/quota")

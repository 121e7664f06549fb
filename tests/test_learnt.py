"""What a restart must not forget: what things cost, and what of a budget is spent."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.learnt import remembered
from memory.database import Database
from memory.errors import StorageFull
from memory.store import Store
from tests.test_pool import HERE, LIMIT, PAINT, House, Told, catalogue
from tools.compute.admission import Role
from tools.compute.costs import Shape
from tools.compute.pool import Pool
from tools.compute.scheduler import Scheduler
from tools.errors import QueueFull

DAY = 86_400.0


@asynccontextmanager
async def house(root: Path, budget: float | None = None) -> AsyncIterator[House]:
    """Enter a pool whose scheduler remembers what an earlier one in the same folder knew."""
    clock = time.time() - time.monotonic()
    scheduler = Scheduler(roles=lambda user: Role(budget=budget), epoch=clock)
    engines = "fake_engines:ENGINES"
    async with (
        asyncio.timeout(LIMIT),
        Database(root / "atelier.db") as database,
        remembered(scheduler, Store(database)),
        Pool(catalogue(root), root, [PAINT], engines=engines, scheduler=scheduler) as pool,
    ):
        (root / "gate").unlink(missing_ok=True)
        yield House(pool, root)


async def test_the_first_eta_after_a_restart_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(HERE)
    etas = []
    for _ in range(2):
        async with house(tmp_path) as here:
            told = Told()
            await here.run("echo", told=told)
            etas.append(told.notes[0].eta)
    assert etas[0] is None
    assert etas[1] is not None


async def test_a_budget_that_is_spent_stays_spent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(HERE)
    async with house(tmp_path) as here:
        await here.run("echo")
        (ann,) = here.pool.status().users
    async with house(tmp_path, budget=ann.today) as here:
        assert here.pool.status().users[0].today == pytest.approx(ann.today)
        with pytest.raises(QueueFull, match=r"you have 0 seconds left of today's"):
            await here.run("echo")


async def test_what_only_waited_when_it_ended_is_not_counted_as_spent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(HERE)
    async with house(tmp_path) as here:
        task = await here.block()
        assert here.pool.status().users[0].today > 0
    with pytest.raises(asyncio.CancelledError):
        await task
    async with house(tmp_path) as here:
        assert here.pool.status().users == ()


async def test_it_is_also_written_on_the_way() -> None:
    scheduler = Scheduler()
    async with Database(None) as database:
        store, written = Store(database), asyncio.Event()

        class Watched(Store):
            async def keep(self, name: str, facts: object) -> None:
                assert isinstance(facts, dict)
                await store.keep(name, facts)
                written.set()

        async with remembered(scheduler, Watched(database), every=0.001):
            scheduler.costs.learn("m", Shape("picture", 64, 2), 1, 3.0)
            await asyncio.wait_for(written.wait(), LIMIT)
            assert await store.kept("costs") == scheduler.costs.dump()
            assert await store.kept("spent") == {}  # unchanged, so not written


@pytest.mark.parametrize("value", ["{", "[1]", "7", '{"seconds": 5, "spent": [], "day": "x"}'])
async def test_damaged_facts_are_passed_over(value: str, caplog: pytest.LogCaptureFixture) -> None:
    async with Database(None) as database:
        sql = f"INSERT INTO facts VALUES ('costs', '{value}'), ('spent', '{value}')"
        await database(lambda db: db.conn.execute(sql))
        with caplog.at_level(logging.WARNING, "memory"):
            async with remembered(Scheduler(), Store(database)):
                pass
    damaged = value == "{" or not value.startswith("{")
    assert [r.message for r in caplog.records] == (
        [f"what was kept as {n!r} is damaged and is begun anew" for n in ("costs", "spent")]
        if damaged
        else []
    )


async def test_yesterdays_spending_is_forgotten() -> None:
    now = asyncio.get_running_loop().time()
    yesterday, today = Scheduler(epoch=0.0), Scheduler(epoch=DAY)
    yesterday.ledger.spend("ann", 5.0, now)
    async with Database(None) as database:
        store = Store(database)
        await store.keep("spent", yesterday.ledger.dump())
        async with remembered(today, store):
            assert today.ledger.users(now) == set()


async def test_a_full_disk_is_only_logged(caplog: pytest.LogCaptureFixture) -> None:
    scheduler = Scheduler()

    class Full(Store):
        async def keep(self, name: str, facts: object) -> None:
            raise StorageFull("The disk is full.")

    async with Database(None) as database, remembered(scheduler, Full(database)):
        scheduler.costs.learn("m", Shape("picture", 64, 2), 1, 3.0)
    assert "cannot be kept: The disk is full." in caplog.text

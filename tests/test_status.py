"""What a pool says of itself while real worker processes run fake models."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from tests.test_pool import HERE, LIMIT, PAINT, SPEAK, House, catalogue
from tools.compute.admission import Admission, Role
from tools.compute.pool import Pool
from tools.compute.scheduler import Scheduler
from tools.compute.status import Status
from tools.compute.tally import Work
from tools.errors import EngineFailed, QueueFull, Refused


@asynccontextmanager
async def opened(root: Path, **settings: Any) -> AsyncIterator[House]:
    pool = Pool(catalogue(root), root, [PAINT, SPEAK], engines="fake_engines:ENGINES", **settings)
    async with asyncio.timeout(2 * LIMIT), pool:
        yield House(pool, root)


@pytest.fixture
async def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    monkeypatch.syspath_prepend(HERE)
    roles = {"ann": Role(2.0, 600.0)}
    scheduler = Scheduler(Admission(per_user=2), roles=lambda u: roles.get(u, Role()))
    async with opened(tmp_path, scheduler=scheduler) as house:
        yield house


def pictures(status: Status) -> Work:
    (work,) = status.work
    assert work.kind == "picture"
    return work


async def test_before_anything_was_asked_nothing_is_counted(house: House) -> None:
    status = house.pool.status()
    assert [(w.name, w.state, w.pid, w.models) for w in status.workers] == [
        ("pictures", "off", None, ()),
        ("words", "off", None, ()),
    ]
    assert (status.queue, status.users, status.work, status.waits) == ((), (), (), None)
    assert status.pace.jobs == 0


async def test_workers_users_and_the_queue_while_one_works_and_others_wait(house: House) -> None:
    first = await house.block("ann")
    second, _ = await house.waiting("echo", "bob")
    third, _ = await house.waiting("echo", "cy")
    status = house.pool.status()
    paint, speak = status.workers
    assert (paint.state, speak.state, paint.memory, paint.device) == ("busy", "off", 1000, "cpu")
    assert [job.id for job in status.queue[:1]] == list(paint.jobs)
    assert [(j.user, j.status, j.kind) for j in status.queue] == [
        ("ann", "running", "picture"),
        ("bob", "queued", "picture"),
        ("cy", "queued", "picture"),
    ]
    assert (status.running, status.waiting) == (1, 2)
    ann, bob, _ = status.users
    assert (ann.user, ann.running, ann.waiting, ann.weight, ann.budget) == ("ann", 1, 0, 2.0, 600.0)
    assert (bob.user, bob.running, bob.waiting, bob.budget) == ("bob", 0, 1, None)
    assert ann.today > 0  # what it should cost is reserved
    bare = house.pool.status(queue=False)
    assert (bare.queue, bare.waiting) == ((), 2)
    house.release()
    await asyncio.gather(first, second, third)
    status = house.pool.status()
    assert (status.queue, status.running, status.waiting) == ((), 0, 0)
    assert status.workers[0].state == "idle"
    assert status.workers[0].pid == await house.pid()


async def test_warming_up_is_nobodys_work(house: House) -> None:
    await house.pool.prepare("draw")
    status = house.pool.status()
    assert (status.users, status.work, status.workers[0].state) == ((), (), "idle")


async def test_each_request_is_counted_once_by_how_it_ended(house: House) -> None:
    await house.run("echo", "echo")
    with pytest.raises(EngineFailed):
        await house.run("fail on purpose")
    with pytest.raises(Refused):
        await house.run("refuse please")
    blocked = await house.block()
    waiting = [(await house.waiting(f"echo {n}"))[0] for n in range(2)]
    with pytest.raises(QueueFull):
        await house.run("echo more")
    waiting[0].cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting[0]
    house.release()
    await asyncio.gather(blocked, waiting[1])
    status = house.pool.status()
    work = pictures(status)
    assert (work.done, work.failed, work.cancelled, work.refused) == (3, 1, 1, 2)
    assert (work.artifacts, status.pace.artifacts, status.pace.jobs) == (4, 4, 3)
    assert sum(work.waiting.counts) == sum(work.computing.counts) == 3
    assert 0 < work.computing.total == pytest.approx(status.pace.seconds)


async def test_who_asked_for_the_same_counts_and_shows_too_but_is_computed_once(
    house: House,
) -> None:
    blocked = await house.block("dan")
    tasks = [(await house.waiting("echo same", user))[0] for user in ("ann", "bob")]
    house.release()
    await asyncio.gather(blocked, *tasks)
    work = pictures(house.pool.status())
    assert (work.done, work.artifacts, sum(work.waiting.counts)) == (3, 2, 3)
    assert sum(work.computing.counts) == 2


async def test_who_joins_what_runs_already_is_seen_running(house: House) -> None:
    prompt = f"wait {house.gate}"
    first, _ = await house.busy(prompt, "ann")
    second, _ = await house.busy(prompt, "bob")
    status = house.pool.status()
    assert [(j.user, j.status) for j in status.queue] == [("ann", "running"), ("bob", "running")]
    assert len({job.id for job in status.queue}) == 2
    assert [(u.user, u.running) for u in status.users] == [("ann", 1), ("bob", 1)]
    house.release()
    await asyncio.gather(first, second)


async def test_a_lost_worker_is_counted(house: House) -> None:
    await house.run("crash_once " + str(house.files / "marker"))
    worker = house.pool.status().workers[0]
    assert (worker.crashes, worker.restarts) == (1, 1)


async def test_waiting_is_measured_until_the_work_begins(house: House) -> None:
    blocked = await house.block()
    asked = asyncio.get_running_loop().time()
    second, _ = await house.waiting("echo")
    released = asyncio.get_running_loop().time()
    house.release()
    await asyncio.gather(blocked, second)
    waits = house.pool.status().waits
    assert waits is not None
    assert 0 < waits.p50 <= waits.p90 <= waits.p99
    assert waits.p99 >= released - asked


async def test_it_goes_through_json_and_back(house: House) -> None:
    await house.run("echo")
    adapter = TypeAdapter(Status)
    status = house.pool.status()
    text = adapter.dump_json(status)
    assert json.loads(text)["workers"][0]["name"] == "pictures"
    assert adapter.validate_json(text) == status

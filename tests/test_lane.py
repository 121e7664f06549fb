"""A lane alone: which of its jobs is to blame when the worker is silent."""

import asyncio
from pathlib import Path

import pytest

from tests.test_pool import PAINT, catalogue
from tools.compute.lane import Lane, WorkerLost
from tools.compute.messages import Loading, News, Order, Run, Setup
from tools.jobs import Job

LIMIT = 10.0


class Silent:
    """A worker that says only that it begins on some jobs, and then nothing."""

    def __init__(self, begins: set[str]) -> None:
        self.pid, self.ended = 1, False
        self._begins = begins
        self._news: asyncio.Queue[News | None] = asyncio.Queue()

    def send(self, order: Order) -> None:
        if isinstance(order, Run) and order.job.user in self._begins:
            self._news.put_nowait(Loading(order.job.id))

    async def hear(self) -> News:
        if (news := await self._news.get()) is None:
            raise EOFError
        return news

    def kill(self) -> None:
        self.ended = True
        self._news.put_nowait(None)

    async def close(self) -> None:
        self.kill()


async def ends(files: Path, begins: set[str]) -> list[str]:
    """Return how the jobs of "ann" and "bob" end in a worker that begins only on some."""

    async def connect(setup: Setup) -> Silent:
        return Silent(begins)

    lane = Lane(Setup(PAINT, files, "", 0), connect, grace=LIMIT, patience=0.05)
    model = catalogue(files).models["m"]
    runs = [Run(Job("m", (), user), model) for user in ("ann", "bob")]
    work = asyncio.gather(
        *(lane.perform(run, lambda news: None) for run in runs), return_exceptions=True
    )
    found = await asyncio.wait_for(work, LIMIT)
    await lane.close()
    return [f"lost {one.begun}" if isinstance(one, WorkerLost) else repr(one) for one in found]


@pytest.mark.parametrize(
    ("begins", "expected"),
    [
        ({"ann"}, ["TimeoutError()", "lost False"]),
        ({"ann", "bob"}, ["lost True", "lost True"]),
        (set(), ["lost False", "lost False"]),
    ],
)
async def test_the_one_job_a_silent_worker_had_begun_on_is_to_blame(
    tmp_path: Path, begins: set[str], expected: list[str]
) -> None:
    assert await ends(tmp_path, begins) == expected

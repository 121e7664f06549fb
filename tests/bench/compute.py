"""What the pool costs: a job that does nothing, and the start of a worker process."""

import asyncio
import multiprocessing
import os
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.report import Fact, Times, alternate, compared, silent, table
from tools.catalogue import Catalogue, Model, Source
from tools.compute.devices import WorkerPlan
from tools.compute.pool import Pool
from tools.jobs import Artifact, Job, PictureSpec

REPEATS, CALLS, STARTS = 5, 100, 5
LARGE = 65_536
PLANS = (WorkerPlan("pictures", "cpu", frozenset({"fake"}), 1, 1000),)
OURS, PEER = "Atelier's pool", "ProcessPoolExecutor"


def plain(size: int) -> bytes:
    """Do what the fake engine does, in the executor's process."""
    return os.urandom(1) * size


def fresh(folder: Path) -> Pool:
    source = Source(folder=folder)
    model = Model(name="m", family="fake", tasks=("draw",), source=source, licence="MIT", memory=1)
    known = Catalogue({"m": model}, {"starter": {"draw": "m"}})
    return Pool(known, folder, PLANS, engines="tests.fake_engines:ENGINES")


async def job(pool: Pool, size: int) -> list[Artifact]:
    spec = PictureSpec(f"big {size}", 0, 8, 8, 1, 0.0)
    return await pool.run(Job("m", (spec,), "bench"), silent)


def executor() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))


async def in_executor(other: ProcessPoolExecutor, size: int) -> bytes:
    return await asyncio.get_running_loop().run_in_executor(other, plain, size)


async def starts(folder: Path) -> dict[str, Times]:
    """Time a new process to its first answer."""

    async def ours() -> None:
        async with fresh(folder) as pool:
            await job(pool, 1)
            found[OURS].append(time.perf_counter() - start)

    async def peer() -> None:
        with executor() as other:
            await in_executor(other, 1)
            found[PEER].append(time.perf_counter() - start)

    found: dict[str, list[float]] = {OURS: [], PEER: []}
    for _ in range(STARTS):
        for one in (ours, peer):
            start = time.perf_counter()
            await one()
    return {name: Times(tuple(seconds)) for name, seconds in found.items()}


async def jobs(folder: Path, size: int) -> dict[str, Times]:
    """Time one job after the other."""
    with executor() as other:
        async with fresh(folder) as pool:
            peers = {OURS: lambda: job(pool, size), PEER: lambda: in_executor(other, size)}
            return await alternate(peers, REPEATS, calls=CALLS)


async def compare(folder: Path) -> list[Fact]:
    small, large = await jobs(folder, 1), await jobs(folder, LARGE)
    started = await starts(folder)
    title = f"Compute: a job that does nothing, {CALLS} a repetition, the answer"
    table(f"{title} 1 byte", compared(small, PEER, "us"))
    table(f"{title} {LARGE:,} bytes", compared(large, PEER, "us"))
    table("Compute: a new worker to its first answer", compared(started, PEER, "ms"))
    job_beside, start_beside = small[PEER].show("us"), started[PEER].show("ms")
    return [
        Fact("a job through the pool", small[OURS].show("us"), f"{PEER} {job_beside}"),
        Fact("start of a worker", started[OURS].show("ms"), f"{PEER} {start_beside}"),
    ]


def main() -> list[Fact]:
    with TemporaryDirectory() as folder:
        return asyncio.run(compare(Path(folder)))


if __name__ == "__main__":
    main()

"""What a job costs in a Ray worker beside a child process, and how long a dead node is missed."""

import asyncio
import os
import time
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.bench.compute import PLANS
from tests.bench.report import Fact, shown, table
from tests.ray_cluster import ENGINES, Nodes, Site, ray_cluster, site
from tests.test_pool import Told, catalogue
from tools.compute.pool import Pool
from tools.jobs import Job, Note, PictureSpec

JOBS, DEATHS = 500, 3
RAY, CHILD = "Ray worker on this machine", "child process"

_numbers = count()


async def handed(pool: Pool) -> tuple[float, float]:
    """Return the seconds from a job to the first news of it, and to its end."""
    heard: list[float] = []

    def told(note: Note) -> None:
        if note.phase == "running" and not heard:
            heard.append(time.perf_counter() - start)

    spec = PictureSpec(f"echo {next(_numbers)}", 0, 8, 8, 1, 0.0)
    start = time.perf_counter()
    await pool.run(Job("m", (spec,), "bench"), told)
    return heard[0], time.perf_counter() - start


class Again(Told):
    """Notices when its job is queued once more, and then runs again."""

    def __init__(self) -> None:
        super().__init__()
        self.lost, self.back = False, asyncio.Event()

    def __call__(self, note: Note) -> None:
        super().__call__(note)
        if note.phase == "queued" and self.busy.is_set():
            self.lost = True
        elif note.phase == "running" and self.lost:
            self.back.set()


async def dies(here: Site, nodes: Nodes) -> float:
    """Return the seconds from a node's end until a job it ran runs elsewhere."""
    node = await asyncio.to_thread(nodes.add)
    while node.node_id not in here.cluster._nodes:
        here.changed.clear()
        await here.changed.wait()
    lane = here.pool._dispatch.lanes[f"{here.cluster._nodes[node.node_id].host}/pictures"]
    jobs: list[tuple[asyncio.Task[Any], Again]] = []
    while not lane._posts:
        told, gate = Again(), here.files / f"gate{next(_numbers)}"
        os.mkfifo(gate)
        jobs.append((asyncio.create_task(here.run(f"wait {gate}", told=told)), told))
        await told.busy.wait()
    for task, _ in jobs[:-1]:
        task.cancel()
    await asyncio.gather(*(task for task, _ in jobs[:-1]), return_exceptions=True)
    start = time.perf_counter()
    await asyncio.to_thread(nodes.kill, node)
    task, told = jobs[-1]
    await told.back.wait()
    seconds = time.perf_counter() - start
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return seconds


async def compare(folder: Path, nodes: Nodes) -> list[Fact]:
    known = catalogue(folder)
    found: dict[str, list[tuple[float, float]]] = {CHILD: [], RAY: []}
    async with (
        Pool(known, folder, PLANS, engines=ENGINES) as local,
        site(nodes.address, folder) as here,
    ):
        for pool, name in ((local, CHILD), (here.pool, RAY)):
            for _ in range(5):
                await handed(pool)
            found[name].clear()
        for _ in range(JOBS):
            for pool, name in ((local, CHILD), (here.pool, RAY)):
                found[name].append(await handed(pool))
        deaths = [await dies(here, nodes) for _ in range(DEATHS)]
    rows = [(name, *_row(times)) for name, times in found.items()]
    head = ("", "first news", "p99", "end", "p99")
    table(f"Cluster: a job that does nothing, {JOBS} in turn, medians", rows, head)
    missed = ", ".join(shown(seconds, "s") for seconds in deaths)
    table("Cluster: a node's end until its job runs on another", [("seconds", missed)], ("", ""))
    ray, child = ("; p99 ".join(row[1:3]) for row in (rows[1], rows[0]))
    return [
        Fact("a job to a Ray worker, until first news", ray, f"child process {child}"),
        Fact("a node dies until its job runs elsewhere", shown(sorted(deaths)[DEATHS // 2], "s")),
    ]


def _row(times: list[tuple[float, float]]) -> tuple[str, ...]:
    row: list[str] = []
    for column in zip(*times, strict=True):
        ordered = sorted(column)
        row += (shown(ordered[len(ordered) * part // 100], "ms") for part in (50, 99))
    return tuple(row)


def main() -> list[Fact]:
    with TemporaryDirectory() as folder, ray_cluster(1, Path(folder)) as nodes:
        return asyncio.run(compare(Path(folder), nodes))


if __name__ == "__main__":
    main()

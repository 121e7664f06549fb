"""Whatever breaks among the workers, every request ends once, in the right state."""

import asyncio
import os
import random
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # it has no types
import pytest

from tests.chaos import Chaos, catalogue
from tests.ray_cluster import Havoc, Nodes, lent, one_worker, ray_cluster
from tests.rooms import room
from tools.compute.devices import WorkerPlan
from tools.compute.pool import Pool

PLANS = [WorkerPlan(f"w{n}", "cpu", frozenset({"chaos"}), 1, 1000) for n in range(3)]


def workers() -> list[int]:
    found = []
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):  # it has just ended
            if "tools.compute.process" in child.cmdline():
                found.append(child.pid)
    return found


async def test_200_requests_survive_killed_workers_a_hang_no_memory_and_a_cancel(
    tmp_path: Path,
) -> None:
    dice = random.Random(11)
    known = catalogue(tmp_path)
    async with (
        Pool(known, tmp_path, PLANS, engines="tests.chaos:ENGINES", patience=4.0) as pool,
        room(tmp_path / "assets", pool) as here,
    ):
        here.studio.catalogue = known
        chaos = Chaos(here, tmp_path)

        async def kill() -> None:
            with suppress(ProcessLookupError):
                for pid in dice.sample(there := workers(), min(1, len(there))):
                    os.kill(pid, signal.SIGKILL)
                    chaos.killed.add(pid)

        await asyncio.wait_for(chaos.run(kill, 200, every=20), 120)
        ends = await chaos.check()
        assert len(chaos.killed) >= 6
        assert ends["cancelled"] == 1
        assert ends["done"] >= 190
        assert pool.queue() == []
    assert workers() == []


@pytest.fixture
def nodes(models_dir: Path) -> Iterator[Nodes]:
    with ray_cluster(3, models_dir) as started:
        yield started


# Ray's test cluster leaves the pipes and processes of nodes it has killed to the collector.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_200_requests_survive_killed_nodes_and_workers_of_a_cluster_just_as_well(
    nodes: Nodes, tmp_path: Path
) -> None:
    known = catalogue(tmp_path, steps=100)
    async with (
        lent(
            nodes.address, known, tmp_path, one_worker, engines="tests.chaos:ENGINES", patience=4.0
        ) as (cluster, pool),
        room(tmp_path / "assets", pool) as here,
    ):
        here.studio.catalogue = known
        gateway, chaos = cluster._gateway, Chaos(here, tmp_path)
        havoc = Havoc(nodes, pool, chaos.killed)
        await asyncio.wait_for(chaos.run(havoc, 200, every=25), 120)
        ends = await chaos.check()
        await havoc.over()
        assert cluster._gateway is gateway
        assert havoc.lost >= 3
        assert len(chaos.killed) >= 3
        assert ends["cancelled"] == 1
        assert ends["done"] >= 190
        assert pool.queue() == []

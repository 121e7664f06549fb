"""A real Ray cluster of several nodes on this machine, and what tests do to it."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.test_pool import House, catalogue
from tools.compute.cluster import Cluster
from tools.compute.devices import WorkerPlan
from tools.compute.pool import Pool

ROOT = Path(__file__).parent.parent
LIMIT = 30.0
ENGINES = "tests.fake_engines:ENGINES"


class Nodes:
    """A head that lends nothing, and nodes of one CPU each that come and go."""

    def __init__(self, address: str, cluster: Any) -> None:
        self.address, self._cluster = address, cluster

    def add(self) -> Any:
        """Start a node and wait until the head knows it."""
        return self._cluster.add_node(num_cpus=1, object_store_memory=80 * 2**20)

    def kill(self, node: Any) -> None:
        """End all processes of a node at once, as if its plug were pulled."""
        self._cluster.remove_node(node, allow_graceful=False)


@contextmanager
def ray_cluster(nodes: int, models: Path) -> Iterator[Nodes]:
    """Start a head and some nodes; their workers find the fake engines and the real models."""
    from ray.cluster_utils import Cluster as Machines

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        patch.setenv("ATELIER_MODELS", str(models))
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_AUTH_MODE", "disabled")
        patch.setenv("RAY_kill_worker_timeout_milliseconds", "1000")
        head = {"num_cpus": 0, "include_dashboard": False, "object_store_memory": 80 * 2**20}
        machines = Machines(initialize_head=True, head_node_args=head, shutdown_at_exit=False)
        try:
            here = Nodes(machines.address, machines)
            for _ in range(nodes):
                here.add()
            yield here
        finally:
            machines.shutdown()


class Site(House):
    """A pool on a cluster, with fake models."""

    def __init__(self, pool: Pool, cluster: Cluster, files: Path) -> None:
        super().__init__(pool, files)
        self.cluster, self.changed = cluster, asyncio.Event()
        self._tell(pool)

    def _tell(self, pool: Pool) -> None:
        """Set `changed` whenever a worker has joined or left."""
        join, leave = pool.join, pool.leave

        def joined(worker: WorkerPlan) -> None:
            join(worker)
            self.changed.set()

        async def left(name: str) -> None:
            await leave(name)
            self.changed.set()

        pool.join, pool.leave = joined, left  # type: ignore[method-assign]

    async def wait_at(self, name: str) -> asyncio.Task[Any]:
        """Start a job like no other that waits at a gate of its own."""
        os.mkfifo(self.files / name)
        return (await self.busy(f"wait {self.files / name}"))[0]

    def open(self, name: str) -> None:
        """Let the job at a gate go on."""
        (self.files / name).write_bytes(b"x")

    @property
    def workers(self) -> list[str]:
        """The names of the workers there are."""
        return sorted(lane.name for lane in self.pool._lanes)


@asynccontextmanager
async def site(address: str, files: Path, **settings: Any) -> AsyncIterator[Site]:
    """Open a pool on a cluster as the bot does."""
    async with Cluster(address) as cluster:
        known, settings = catalogue(files), {"engines": ENGINES} | settings
        async with Pool(known, files, (), connect={"ray": cluster.connect}, **settings) as pool:
            here = Site(pool, cluster, files)
            with cluster.serving(pool):
                yield here


async def ended(pid: int) -> None:
    """Return once a process has ended."""
    try:
        watched = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    gone = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(watched, gone.set)
    try:
        await asyncio.wait_for(gone.wait(), LIMIT)
    finally:
        loop.remove_reader(watched)
        os.close(watched)


def kill(pid: int, how: int = signal.SIGKILL) -> None:
    """Send a signal."""
    os.kill(pid, how)

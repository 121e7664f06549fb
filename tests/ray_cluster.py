"""A real Ray cluster of several nodes on this machine, and what tests do to it."""

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.test_pool import House, catalogue
from tools.catalogue import Catalogue
from tools.compute.cluster import Cluster, Workers
from tools.compute.devices import Machine, WorkerPlan, plan
from tools.compute.pool import Pool

ROOT = Path(__file__).parent.parent
LIMIT = 30.0
ENGINES = "tests.fake_engines:ENGINES"


class Nodes:
    """A head that lends nothing, and nodes of one CPU each that come and go."""

    def __init__(self, address: str, cluster: Any) -> None:
        self.address, self._cluster = address, cluster
        self.alive: list[Any] = []

    def add(self) -> Any:
        """Start a node and wait until the head knows it."""
        self.alive.append(self._cluster.add_node(num_cpus=1, object_store_memory=80 * 2**20))
        return self.alive[-1]

    def kill(self, node: Any) -> None:
        """End all processes of a node at once, as if its plug were pulled."""
        self.alive.remove(node)
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


class Havoc:
    """Breaks workers of a pool on a cluster in a random order; a node joins for each `lost`."""

    def __init__(self, nodes: Nodes, pool: Pool, killed: set[int]) -> None:
        self._nodes, self._pool, self._killed = nodes, pool, killed
        self._dice = random.Random(31)
        self._deeds = [*[self._one_worker] * 3, *[self._one_node] * 2, self._every_node]
        self._dice.shuffle(self._deeds)
        self.lost = 0
        self._joining: list[asyncio.Task[None]] = []
        self._turn = asyncio.Lock()

    async def __call__(self) -> None:
        """Do the next deed."""
        await self._deeds.pop()()

    async def over(self) -> None:
        """Wait until all nodes that should join have."""
        await asyncio.gather(*self._joining)

    async def _one_worker(self) -> None:
        if pids := [pid for lane in self._pool._lanes if (pid := lane.pid)]:
            self._killed.add(pid := self._dice.choice(pids))
            with suppress(ProcessLookupError):
                kill(pid)

    async def _one_node(self) -> None:
        await self._lose(self._dice.sample(self._nodes.alive, min(1, len(self._nodes.alive))))

    async def _every_node(self) -> None:
        await self._lose(list(self._nodes.alive))

    async def _lose(self, nodes: list[Any]) -> None:
        for node in nodes:
            lanes = [lane for lane in self._pool._lanes if lane.plan.place == node.node_id]
            self._killed |= {pid for lane in lanes if (pid := lane.pid)}
            await asyncio.to_thread(self._nodes.kill, node)
            self.lost += 1
            self._joining.append(asyncio.create_task(self._join()))

    async def _join(self) -> None:
        async with self._turn:  # Ray's test cluster starts one at a time
            await asyncio.to_thread(self._nodes.add)


def one_worker(machine: Machine) -> list[WorkerPlan]:
    """Have one worker on each node, for `tests.chaos`."""
    return [WorkerPlan("w", "cpu", frozenset({"chaos"}), 1, 1000)]


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
async def lent(
    address: str, known: Catalogue, files: Path, workers: Workers = plan, **settings: Any
) -> AsyncIterator[tuple[Cluster, Pool]]:
    """Open a pool on a cluster as the bot does."""
    async with (
        Cluster(address, workers) as cluster,
        Pool(known, files, (), connect={"ray": cluster.connect}, **settings) as pool,
    ):
        with cluster.serving(pool):
            yield cluster, pool


@asynccontextmanager
async def site(address: str, files: Path, **settings: Any) -> AsyncIterator[Site]:
    """Open a pool with fake models on a cluster."""
    settings = {"engines": ENGINES} | settings
    async with lent(address, catalogue(files), files, **settings) as (cluster, pool):
        yield Site(pool, cluster, files)


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

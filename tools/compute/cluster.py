"""The workers of a Ray cluster: its nodes join and leave the pool as they come and go.

Ray itself is spoken to by a process of its own, the gateway. When that has lost the cluster it
ends, and another one is started until the cluster is back.
"""

import asyncio
import logging
import pickle
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.util import find_spec
from itertools import count
from typing import Any, Self

from tools.compute.child import Piped
from tools.compute.devices import Machine, WorkerPlan, plan
from tools.compute.envelopes import (
    Began,
    Begin,
    Joined,
    Left,
    Over,
    Reach,
    Said,
    Surveyed,
    Unreachable,
)
from tools.compute.messages import Setup
from tools.compute.pool import Pool
from tools.compute.ray_link import RayLink
from tools.errors import ToolError

log = logging.getLogger("atelier.worker")

REACH = 60.0
"""Seconds a cluster has to be reached, or a Ray of our own to start."""
START = 120.0
"""Seconds an actor has to start; it waits meanwhile when other work of Ray fills its node."""
AGAIN = 5.0
"""Seconds between attempts to reach a cluster that was lost."""

Workers = Callable[[Machine], Sequence[WorkerPlan]]

_SILENT = "The Ray cluster does not answer; start it, or mend cluster.address."


@dataclass(frozen=True, slots=True)
class _Node:
    """A node, its workers, and the share of its CPUs that Ray sets aside for each."""

    host: str
    workers: tuple[WorkerPlan, ...]
    share: float


class Cluster:
    """A Ray cluster as seen from here; an async context manager that raises ToolError.

    `address` is "auto" for the Ray this machine is a node of, "host:port" of such a Ray's head, or
    empty for a Ray of our own on this machine, which ends with us. `workers` says which ones a
    node should run.
    """

    def __init__(self, address: str = "", workers: Workers = plan) -> None:
        self._address, self._workers = address, workers
        self._gateway: Piped | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._links: dict[int, RayLink] = {}
        self._numbers = count(1)
        self._nodes: dict[str, _Node] = {}
        self._pool: Pool | None = None
        self._leaving: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        if find_spec("ray") is None:
            raise ToolError("A cluster needs Ray; run: pip install 'atelier[cluster]'.")
        if self._address.startswith("ray://"):
            raise ToolError(
                "Atelier works as a node of its Ray cluster, not through ray://; run `ray start "
                '--address=HEAD:6379 --num-cpus=0` here and set cluster.address to "auto".'
            )
        await self._reach()
        self._keeping = asyncio.create_task(self._keep())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.wait((self._keeping,))
        self._lose()
        await asyncio.gather(*self._leaving, return_exceptions=True)
        if self._gateway is not None:
            await self._gateway.close()

    @contextmanager
    def serving(self, pool: Pool) -> Iterator[None]:
        """Have the nodes' workers join and leave a pool whose `ray` workers `connect` starts."""
        self._pool = pool
        for node in self._nodes.values():
            for worker in node.workers:
                pool.join(worker)
        try:
            yield
        finally:
            self._pool = None

    async def connect(self, setup: Setup) -> RayLink:
        """Start a worker on the node its plan names. Raises OSError when that is not possible."""
        node, gateway = self._nodes.get(setup.plan.place), self._gateway
        if node is None or gateway is None:
            raise OSError("the node is gone")
        number = next(self._numbers)
        link = self._links[number] = RayLink(number, setup, gateway)
        gpus = int(setup.plan.device.startswith("cuda"))
        gateway.send(Begin(number, setup, node.share, gpus))
        try:
            await asyncio.wait_for(asyncio.shield(link.began), START)
        except BaseException as error:
            if isinstance(error, TimeoutError):
                log.error("%s did not start; is its node taken by others?", setup.plan.name)
            link.began.cancel()
            link.kill()
            raise
        return link

    async def _reach(self) -> None:
        """Start a gateway and hear of the nodes there are; raises ToolError."""
        gateway = await Piped.open("tools.compute.gateway", "cluster", self._environment())
        self._gateway = gateway
        gateway.send(Reach(self._address))
        try:
            async with asyncio.timeout(REACH):
                while not isinstance(word := await gateway.hear(), Surveyed):
                    self._take(word)
        except BaseException as error:
            self._lose()
            gateway.kill()
            await gateway.close()
            if isinstance(error, TimeoutError | EOFError):
                raise ToolError(_SILENT) from error
            raise

    def _environment(self) -> dict[str, str]:
        quiet = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}
        if self._address:
            return quiet
        # Without a token of its own Ray would leave one in the user's home folder.
        return quiet | {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}

    async def _keep(self) -> None:
        """Hear what happens, and reach the cluster again when it was lost."""
        assert self._gateway is not None
        while True:
            try:
                while True:
                    self._take(await self._gateway.hear())
            except EOFError:
                log.error("the Ray cluster is lost; trying to reach it again")
            self._lose()
            await self._gateway.close()
            while True:
                try:
                    await self._reach()
                    log.warning("the Ray cluster is back")
                    break
                except (ToolError, OSError) as error:
                    log.info("%s", error)
                    await asyncio.sleep(AGAIN)

    def _take(self, word: Any) -> None:
        if isinstance(word, Unreachable):
            raise ToolError(word.sentence)
        if isinstance(word, Said) and word.number in self._links:
            self._links[word.number].said(pickle.loads(word.news))
        elif isinstance(word, Began) and word.number in self._links:
            began = self._links[word.number].began
            if not began.done():
                began.set_result(word.pid)
        elif isinstance(word, Over) and word.number in self._links:
            self._links.pop(word.number).end(word.reason)
        elif isinstance(word, Joined):
            self._join(word)
        elif isinstance(word, Left) and word.node in self._nodes:
            self._leave(word.node)

    def _join(self, word: Joined) -> None:
        host = word.host.partition(".")[0]
        taken = {node.host for node in self._nodes.values()}
        names = (host, *(f"{host}-{i}" for i in range(2, len(taken) + 2)))
        name = next(n for n in names if n not in taken)
        try:
            workers = plans(word.node, name, word.machine, self._workers)
        except ToolError as error:
            log.warning("the node %s is not used: %s", name, error)
            return
        share = word.machine.cores / max(1, len(workers))
        # Ray takes fractions of one CPU, but not of several.
        share = float(int(share)) if share >= 1 else int(share * 1000) / 1000
        self._nodes[word.node] = _Node(name, workers, share)
        log.info("the node %s joins with %d workers", name, len(workers))
        if self._pool is not None:
            for worker in workers:
                self._pool.join(worker)

    def _leave(self, node: str) -> None:
        """Have a node's workers leave; each in a task, so that all know at once."""
        gone = self._nodes.pop(node)
        if self._pool is not None:
            log.warning("the node %s leaves", gone.host)
            for worker in gone.workers:
                task = asyncio.create_task(self._pool.leave(worker.name))
                self._leaving.add(task)
                task.add_done_callback(self._leaving.discard)

    def _lose(self) -> None:
        for node in list(self._nodes):
            self._leave(node)
        for link in self._links.values():
            link.end("the cluster is lost")
        self._links.clear()


def plans(
    node: str, name: str, machine: Machine, workers: Workers = plan
) -> tuple[WorkerPlan, ...]:
    """Return the workers for a node, each GPU's the only one it sees; raises ToolError."""
    return tuple(
        replace(
            worker,
            name=f"{name}/{worker.name}",
            device="cuda" if worker.device.startswith("cuda") else worker.device,
            kind="ray",
            place=node,
        )
        for worker in workers(machine)
        if machine.cores or worker.device != "cpu"
    )

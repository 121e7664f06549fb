"""The process that speaks to a Ray cluster: the bot's orders come in, news of actors goes out.

Ray ends a process when it has lost its cluster for a minute, takes over signals and prints: it does
so to this one. When the orders end, so do this process and its actors.
"""

import asyncio
import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from typing import Any, BinaryIO

from tools.compute.actor import Actor, look
from tools.compute.devices import Machine
from tools.compute.envelopes import (
    Began,
    Begin,
    End,
    Joined,
    Left,
    Over,
    Reach,
    Said,
    Surveyed,
    Tell,
    Unreachable,
)
from tools.compute.messages import read_order
from tools.compute.process import ToParent, be_a_child, sender, take_pipes
from tools.errors import ToolError

log = logging.getLogger("atelier.worker")

EVERY = 1.0
"""Seconds between two looks at which nodes there are."""
FIRST = 15.0
"""Seconds the first nodes have to say what they are, before Atelier starts without them."""
AGAIN = 30.0
"""Seconds until a node that could not be looked at is asked again."""

_ANSWERS = 5.0  # seconds a cluster has to take a connection
_STORE = 2**29  # bytes of shared memory for a Ray of our own; results are a few MB each
_LEAVE = 4.0  # seconds Ray has to end what it started


class Gateway:
    """Starts, feeds and hears actors, and watches the nodes; `ray` is the module, connected."""

    def __init__(self, ray: Any, send: Callable[[object], None]) -> None:
        self._ray, self._send = ray, send
        self._home = ray.get_runtime_context().get_node_id()
        # One thread each, so that orders keep their sequence while news is waited for.
        groups = {"orders": 1, "news": 1}
        self._actor = ray.remote(concurrency_groups=groups)(Actor)
        # A process of its own: CUDA remembers the GPUs it was first asked about.
        self._look = ray.remote(num_cpus=0, max_calls=1)(look)
        self._actors: dict[int, Any] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._nodes: set[str] = set()
        self._greetings: set[asyncio.Task[None]] = set()
        self._surveying = asyncio.Lock()

    async def watch(self) -> None:
        """Tell of nodes that join and leave, until our own is gone."""
        await self._survey()
        if self._greetings:
            await asyncio.wait(self._greetings, timeout=FIRST)
        self._send(Surveyed())
        while True:
            if not await self._survey():
                break
            await asyncio.sleep(EVERY)
        log.error("Ray on this machine has ended")

    def obey(self, order: Begin | Tell | End) -> None:
        """Follow an order of the bot."""
        if isinstance(order, Begin):
            self._tasks[order.number] = asyncio.create_task(self._run(order))
        elif isinstance(order, End):
            if order.number in self._tasks:
                self._tasks[order.number].cancel()
        elif order.number in self._actors:
            obey = self._actors[order.number].obey.options(concurrency_group="orders")
            obey.remote(order.order)

    async def _run(self, begin: Begin) -> None:
        """Have an actor from its start to its end, and say so."""
        number, reason = begin.number, ""
        try:
            self._actors[number] = await asyncio.to_thread(self._start, begin)
            await self._hear(number, self._actors[number])
        except asyncio.CancelledError:
            log.debug("actor %d is not wanted any more", number)
        except self._ray.exceptions.ActorUnavailableError as error:
            reason = str(error).strip()
            self._doubt(begin.setup.plan.place)
        except self._ray.exceptions.RayError as error:
            reason = str(error).strip()
        except Exception:
            log.exception("actor %d is lost", number)
            reason = "it could not be reached"
        finally:
            del self._tasks[number]  # from here on it is not to be cancelled
            if (actor := self._actors.pop(number, None)) is not None:
                self._ray.kill(actor)  # what it holds is given to others when it is gone
            await self._survey()
            self._send(Over(number, reason))

    def _doubt(self, node: str) -> None:
        """Let a node leave that may be gone; Ray takes long to be sure. Else it joins again."""
        if node in self._nodes:
            self._nodes.discard(node)
            self._send(Left(node))

    def _start(self, begin: Begin) -> Any:
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        plan = begin.setup.plan
        options = self._actor.options(
            num_cpus=begin.cpus,
            num_gpus=begin.gpus,
            max_restarts=0,  # who gave it a job starts it again
            scheduling_strategy=NodeAffinitySchedulingStrategy(plan.place, soft=False),
        )
        return options.remote(begin.setup)

    async def _hear(self, number: int, actor: Any) -> None:
        self._send(Began(number, await actor.pid.remote()))
        hear = actor.hear.options(concurrency_group="news")
        while True:
            for news in await hear.remote():
                if news is None:
                    return
                self._send(Said(number, news))

    async def _survey(self) -> bool:
        """Look which nodes there are; False when our own is not among them."""
        async with self._surveying:
            try:
                found = await asyncio.to_thread(self._ray.nodes)
            except self._ray.exceptions.RayError as error:
                # what does not concern the head goes on without it
                log.warning("the head of the cluster does not answer: %s", error)
                return True
            nodes = {node["NodeID"]: node for node in found if node["Alive"]}
            for gone in self._nodes - nodes.keys():
                self._send(Left(gone))
            for name in nodes.keys() - self._nodes:
                greeting = asyncio.create_task(self._greet(nodes[name]))
                self._greetings.add(greeting)
                greeting.add_done_callback(self._greetings.discard)
            self._nodes = set(nodes)
            return self._home in nodes

    async def _greet(self, node: dict[str, Any]) -> None:
        """Ask a node that has something to compute with what that is."""
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        name, host = node["NodeID"], node["NodeManagerHostname"]
        cores, gpus = (int(node["Resources"].get(what, 0)) for what in ("CPU", "GPU"))
        if not cores and not gpus:
            return
        there = NodeAffinitySchedulingStrategy(name, soft=False)
        while name in self._nodes:
            try:
                seen = await self._look.options(scheduling_strategy=there).remote()
            except self._ray.exceptions.RayError as error:
                log.warning("the node %s cannot be used: %s", host, str(error).strip())
                await asyncio.sleep(AGAIN)
                continue
            if name in self._nodes:
                self._send(Joined(name, host, lent(seen, cores, gpus)))
            return


def lent(seen: Machine, cores: int, gpus: int) -> Machine:
    """Return what Ray may use of a machine; which of its GPUs that will be is not known."""
    return Machine(cores, seen.memory, (min(seen.gpus),) * gpus if seen.gpus else ())


def join(address: str) -> Any:
    """Connect to a cluster, or start one, and return Ray (blocks); raises ToolError."""
    knock(address)
    import ray

    own: dict[str, Any] = {"include_dashboard": False, "object_store_memory": _STORE}
    more = {} if address else own
    try:
        ray.init(address=address or "local", log_to_driver=False, configure_logging=False, **more)
    except ConnectionError as error:
        where = "on this machine" if address == "auto" else f"at {address} with this machine in it"
        raise ToolError(
            f"There is no Ray {where}; run `ray start --address=HEAD:6379 --num-cpus=0` here, "
            "or mend cluster.address."
        ) from error
    except ray.exceptions.AuthenticationError as error:
        raise ToolError(
            "The Ray cluster asks for its token; set RAY_AUTH_MODE=token and RAY_AUTH_TOKEN here "
            "as on its head."
        ) from error
    except (Exception, SystemExit) as error:
        log.exception("no Ray at %s", address)
        raise ToolError("Ray cannot be started or joined; the log says why.") from error
    return ray


def knock(address: str) -> None:
    """Raise ToolError when nobody answers at host:port; Ray itself would try for two minutes."""
    if address in ("", "auto", "local"):
        return
    host, _, port = address.rpartition(":")
    if not (host and port.isdecimal()):
        raise ToolError(f"The setting cluster.address is auto or host:port, not {address!r}.")
    try:
        socket.create_connection((host, int(port)), _ANSWERS).close()
    except (OSError, OverflowError, UnicodeError) as error:
        raise ToolError(
            f"The Ray cluster at {address} does not answer; start it, or mend cluster.address."
        ) from error


async def serve(orders: BinaryIO, send: Callable[[object], None]) -> None:
    """Do what the bot orders until there are no more orders, or no cluster any more."""
    inbox: asyncio.Queue[Any] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    listener = threading.Thread(target=_listen, args=(orders, loop, inbox), daemon=True)
    listener.start()
    first = await inbox.get()
    assert isinstance(first, Reach)
    try:
        ray = join(first.address)
    except ToolError as error:
        send(Unreachable(str(error)))
        return
    be_a_child()  # not before: Ray takes SIGTERM for itself
    gateway = Gateway(ray, send)
    obeying = asyncio.create_task(_obey(gateway, inbox))
    watching = asyncio.create_task(gateway.watch())
    done, _ = await asyncio.wait((obeying, watching), return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        if (failure := task.exception()) is not None:
            log.error("the gateway broke", exc_info=failure)
    if obeying in done:
        ray.shutdown()
    os._exit(0)  # a thread may be waiting for a cluster that is gone


async def _obey(gateway: Gateway, inbox: "asyncio.Queue[Any]") -> None:
    while (order := await inbox.get()) is not None:
        gateway.obey(order)


def _listen(orders: BinaryIO, loop: asyncio.AbstractEventLoop, inbox: "asyncio.Queue[Any]") -> None:
    try:
        while True:
            order: Any = read_order(orders)
            loop.call_soon_threadsafe(inbox.put_nowait, order)
    except EOFError:
        loop.call_soon_threadsafe(inbox.put_nowait, None)
    time.sleep(_LEAVE)  # Ray may be waiting for a cluster that is gone
    os._exit(0)


def main() -> None:
    """Set the process up, then serve."""
    orders, news = take_pipes()
    send = sender(news)
    logging.basicConfig(level=logging.INFO, handlers=[ToParent(send)])
    logging.captureWarnings(True)
    asyncio.run(serve(orders, send))
    os._exit(0)


if __name__ == "__main__":
    main()

"""OpenAI-compatible servers as workers: a lane for each request a server takes at once.

The client of a server is shared by its lanes and lives in this process; a server that is down
fails the jobs it is given, never the lane.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from tools.catalogue import Model
from tools.compute.answers import Steps, failure
from tools.compute.audio import hear, speak
from tools.compute.client import PAUSE, SILENCE, Client, Server
from tools.compute.completions import write
from tools.compute.devices import WorkerPlan
from tools.compute.images import draw
from tools.compute.link import Connect
from tools.compute.messages import (
    Cancel,
    Cancelled,
    Done,
    Failed,
    News,
    Order,
    Progress,
    Ready,
    Run,
    Setup,
)
from tools.errors import Refused, ToolError
from tools.jobs import Artifact, HearingSpec, PictureSpec, Spec, SpeechSpec, TextSpec
from tools.jobs import Progress as Tell

log = logging.getLogger("atelier.servers")

Made = tuple[Artifact, float]
"""What was made of a spec, and the seconds a server took for it."""


def plans(servers: Sequence[Server]) -> tuple[WorkerPlan, ...]:
    """Return a worker for each request that each server takes at once."""
    return tuple(
        WorkerPlan(
            f"{server.name}-{number}",
            device="server",
            families=frozenset({"server"}),
            threads=0,
            memory=0,
            kind="server",
            place=server.name,
        )
        for server in servers
        for number in range(1, server.at_once + 1)
    )


@asynccontextmanager
async def connected(
    servers: Sequence[Server], silence: float = SILENCE, pause: float = PAUSE
) -> AsyncIterator[Connect]:
    """Enter the clients of servers; what is given starts links to them, for a Pool."""
    async with AsyncExitStack() as stack:
        clients: dict[str, Client] = {}
        for server in servers:
            # in a thread: it imports httpx and reads the certificates
            client = await asyncio.to_thread(Client, server, silence, pause)
            clients[server.name] = await stack.enter_async_context(client)

        async def connect(setup: Setup) -> ServerLink:
            return ServerLink(clients[setup.plan.place])

        yield connect


class ServerLink:
    """A lane's end of a server: does one job at a time, its specs side by side."""

    pid: int | None = None

    def __init__(self, client: Client) -> None:
        self._client = client
        self._news: asyncio.Queue[News | None] = asyncio.Queue()
        self._tasks: dict[str, asyncio.Task[Done | Failed]] = {}
        self.ended = False
        self._news.put_nowait(Ready())

    def send(self, order: Order) -> None:
        """Begin or cancel a job; a request cannot be paused and goes on."""
        if isinstance(order, Run) and not self.ended:
            task = asyncio.create_task(self._answer(order))
            self._tasks[order.job.id] = task
            task.add_done_callback(partial(self._over, order.job.id))
        elif isinstance(order, Cancel) and order.id in self._tasks:
            self._tasks[order.id].cancel()

    async def hear(self) -> News:
        """Return what there is to say next; raises EOFError when it has ended."""
        news = await self._news.get()
        if news is None:
            raise EOFError
        return news

    def kill(self) -> None:
        """Give up what is asked of the server."""
        if not self.ended:
            self.ended = True
            self._news.put_nowait(None)
        for task in self._tasks.values():
            task.cancel()

    async def close(self) -> None:
        """Give up what is asked of the server, and wait until it is."""
        self.kill()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def _over(self, id: str, task: asyncio.Task[Done | Failed]) -> None:
        del self._tasks[id]
        self._news.put_nowait(Cancelled(id) if task.cancelled() else task.result())

    async def _answer(self, run: Run) -> Done | Failed:
        id = run.job.id
        try:
            made = await self._all(run)
        except ToolError as error:
            return failure(id, run.model, error)
        except Exception as error:
            log.exception("job %s broke %s", id, run.model.name)
            return failure(id, run.model, error)
        return Done(id, [artifact for artifact, _ in made], sum(seconds for _, seconds in made))

    async def _all(self, run: Run) -> list[Made]:
        """Have the specs made side by side, as far as this job's share of the server allows."""
        specs, client = run.job.specs, self._client
        say = self._news.put_nowait
        if specs:  # said here, so that the first words need not wait for their turn to be told
            say(Progress(run.job.id, 0, sum(map(_size, specs))))
        tells = _parts(specs, Steps(run.job.id, say, lambda: False))
        waiting, busy = deque(range(len(specs))), dict[asyncio.Task[Made], int]()
        made: dict[int, Made] = {}
        client.jobs += 1
        try:
            while waiting or busy:
                while waiting and len(busy) < client.share:
                    number = waiting.popleft()
                    work = _make(client, run.model, specs[number], tells[number])
                    busy[asyncio.create_task(work)] = number
                done, _ = await asyncio.wait(busy, return_when=asyncio.FIRST_COMPLETED)
                made |= {busy.pop(task): task.result() for task in done}
        finally:
            client.jobs -= 1
            for task in busy:
                task.cancel()
            await asyncio.gather(*busy, return_exceptions=True)
        return [made[number] for number in range(len(specs))]


async def _make(client: Client, model: Model, spec: Spec, tell: Tell) -> Made:
    if isinstance(spec, TextSpec):
        made = await write(client, model, spec, tell)
    elif isinstance(spec, PictureSpec):
        made = await draw(client, model, spec)
    elif isinstance(spec, SpeechSpec):
        made = await speak(client, model, spec)
    elif isinstance(spec, HearingSpec):
        made = await hear(client, model, spec)
    else:
        raise Refused("Servers are not asked what texts mean; choose a local model to remember.")
    words = made[0].data if made[0].media_type == "text/plain" else None
    tell(_size(spec), _size(spec), words)
    return made


def _size(spec: Spec) -> int:
    """Return how many steps a spec counts for; only texts are heard of while they are made."""
    return spec.max_tokens if isinstance(spec, TextSpec) else 1


def _parts(specs: Sequence[Spec], whole: Tell) -> list[Tell]:
    """Return the progress of each spec, which together make the whole; the first has previews."""
    done, total = [0] * len(specs), sum(map(_size, specs))

    def part(number: int, now: int, _: int, preview: bytes | None) -> None:
        done[number] = now
        whole(sum(done), total, None if number else preview)

    return [partial(part, number) for number in range(len(specs))]

"""How soon a message is acknowledged while two hundred jobs run, and how soon a worker has its job.

Everything is real but the models: the desk, SQLite on disk, the rules, the pool, four workers.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory

from bot.adapter import Received
from bot.progress import Standing
from memory.records import Chat, Message, User
from tests.bench.report import Fact, note, shown, silent, table
from tests.rooms import FakeOutbox, Room, room
from tools.catalogue import Catalogue, Model, Source
from tools.compute.devices import WorkerPlan
from tools.compute.pool import Pool
from tools.errors import EngineFailed
from tools.jobs import Artifact, Engine, Job, PictureSpec, Progress, Spec
from tools.registry import Registry

ENGINES: Registry[type[Engine]] = Registry("engine", "tools.engines", "atelier.engine.busy")
RUNNING, ASKED, HANDED, WORKERS = 200, 300, 300, 4
STEP = 0.02
"""Seconds of a step: that of a picture of 512 pixels on a large card."""


@dataclass(eq=False)
class Endless:
    spec: PictureSpec
    done: int = 0
    finished: bool = field(default=False, init=False)

    total = 10**6


@ENGINES.register("busy")
class Busy:
    """Makes steps for ever, many at once; what it is asked whole, it answers with the time."""

    def __init__(self, model: Model, files: Path, device: str) -> None: ...
    def load(self) -> None: ...
    def unload(self) -> None: ...

    def can_step(self, spec: Spec) -> bool:
        return isinstance(spec, PictureSpec) and spec.prompt != "now"

    def open(self, spec: Spec) -> Endless:
        assert isinstance(spec, PictureSpec)
        return Endless(spec)

    def step(self, sessions: Sequence[Endless]) -> None:
        time.sleep(STEP)
        for session in sessions:
            session.done += 1

    def room(self, sessions: Sequence[Endless]) -> int:
        return max(0, RUNNING // WORKERS - len(sessions))

    def show(self, sessions: Sequence[Endless]) -> bytes | None:
        return bytes(4_000)  # a small preview

    def close(self, session: Endless) -> Artifact:
        raise EngineFailed("It never ends.")

    def close_all(self, sessions: Sequence[Endless]) -> list[Callable[[], Artifact]]:
        return []

    def drop(self, session: Endless) -> None: ...

    def generate(self, specs: Sequence[Spec], progress: Progress) -> list[Artifact]:
        return [Artifact(b"", "text/plain", {"began": time.monotonic()}) for _ in specs]


class Clock(FakeOutbox):
    """Says when a message was acknowledged, and when its picture is being drawn."""

    def __init__(self) -> None:
        super().__init__()
        self.acknowledged: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self.drawing = asyncio.Event()

    def show(self, standing: Standing) -> None:
        if not self.acknowledged.done():
            self.acknowledged.set_result(time.monotonic())
        if standing.phase == "running":
            self.drawing.set()


def known(folder: Path) -> Catalogue:
    source = Source(folder=folder)
    model = Model(name="m", family="busy", tasks=("draw",), source=source, licence="MIT",
                  steps=150, memory=1)  # fmt: skip
    return Catalogue({"m": model}, {"starter": {"draw": "m"}})


def pool_in(folder: Path, workers: int) -> Pool:
    plans = [WorkerPlan(f"w{n}", "cpu", frozenset({"busy"}), 1, 1000) for n in range(workers)]
    return Pool(known(folder), folder, plans, engines="tests.bench.busy:ENGINES")


async def handed(folder: Path) -> list[float]:
    """Return the seconds from asking the pool to the first line of the engine, in its process."""
    found = []
    async with pool_in(folder, 1) as pool:
        for seed in range(HANDED):
            spec = PictureSpec("now", seed, 8, 8, 1, 0.0)
            asked = time.monotonic()
            (artifact,) = await pool.run(Job("m", (spec,), "bench"), silent)
            found.append(float(str(artifact.facts["began"])) - asked)
    return found[1:]


def request(n: int) -> Message:
    return Message(Chat("bench", str(n)), User("bench", str(n // 5), "Ann"), "draw a red teapot")


def ask(here: Room, n: int, tasks: set[asyncio.Task[None]]) -> Clock:
    """Send a message."""
    outbox, message = Clock(), request(n)

    async def handle() -> None:
        await here.handle(Received(message), outbox)

    tasks.add(asyncio.create_task(handle()))
    return outbox


async def busy(folder: Path) -> tuple[list[float], int]:
    """Return the seconds to an acknowledgement each, and how many jobs ran meanwhile."""
    async with (
        pool_in(folder, WORKERS) as pool,
        room(folder / "assets", pool, folder / "bench.db") as here,
    ):
        here.studio.catalogue = known(folder)
        tasks: set[asyncio.Task[None]] = set()
        for clock in [ask(here, n, tasks) for n in range(RUNNING)]:
            await clock.drawing.wait()
        found = []
        for n in range(ASKED):
            asked = time.monotonic()
            found.append(await ask(here, RUNNING + n, tasks).acknowledged - asked)
            await asyncio.sleep(0.01)
        running = sum(job.status == "running" for job in pool.queue())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return found, running


def row(name: str, seconds: list[float], target: str) -> tuple[str, ...]:
    p99 = quantiles(seconds, n=100)[98]
    return name, shown(median(seconds), "us"), shown(p99, "us"), shown(max(seconds), "us"), target


def main() -> list[Fact]:
    with TemporaryDirectory() as first, TemporaryDirectory() as second:
        handing = asyncio.run(handed(Path(first)))
        found, running = asyncio.run(busy(Path(second)))
    acks = row(f"acknowledging a message while {running} jobs run", found, "p99 5 ms")
    hands = row("handing a job to a worker", handing, "1 ms")
    head = ("", "median", "p99", "most", "target")
    table(f"A busy house: {ASKED} messages, {HANDED} jobs", [acks, hands], head)
    note("acknowledged: from the event to the first sign of life, before anything is stored")
    return [
        Fact(acks[0], f"{acks[1]}, p99 {acks[2]}", "target: p99 5 ms"),
        Fact(hands[0], f"{hands[1]}, p99 {hands[2]}", "target: 1 ms"),
    ]


if __name__ == "__main__":
    main()

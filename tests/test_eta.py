"""The time somebody is told when their job is queued, against when it is really done."""

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

from tests.simulation import House, Request
from tests.test_pool import PAINT, Told, catalogue
from tools.compute.admission import Admission
from tools.compute.costs import Costs, Kind, Shape
from tools.compute.pool import Pool
from tools.compute.scheduler import Scheduler
from tools.compute.tickets import Ticket
from tools.jobs import Job, PictureSpec

OPEN = Admission(10**6, 10**6, 1e12)
HOUR, STEP, LOADING = 3600.0, 0.25, 4.0
MODELS: dict[str, tuple[Kind, float, int]] = {
    "sketch": ("picture", 0.16, 4),
    "large": ("picture", 0.5, 1),
    "upscale": ("picture", 0.05, 2),
    "words": ("text", 1.7, 4),
    "voice": ("speech", 0.4, 1),
}
"""Kind, seconds for one unit of size and step, and how often it is asked for."""


def workers(count: int) -> list[str]:
    return [f"w{number}" for number in range(count)]


def mixed(seed: int, count: int, noise: float) -> Iterator[tuple[Ticket, float]]:
    """Yield jobs for any of so many workers and how long they take; few users ask for most."""
    draw = random.Random(seed)
    users = [f"u{number}" for number in range(40)]
    names, often = list(MODELS), [often for *_, often in MODELS.values()]
    able = frozenset(workers(count))
    for number in range(10**6):
        model = draw.choices(names, often)[0]
        kind, unit, _ = MODELS[model]
        size, steps = draw.choice([1, 2, 4]), draw.choice([4, 8, 20, 30])
        shape = Shape(kind, size << 18, steps if kind == "picture" else 1)
        (user,) = draw.choices(users, [1 / (rank + 1) for rank in range(40)])
        seconds = unit * size * shape.steps * draw.lognormvariate(0.0, noise)
        yield Ticket(f"j{number}", user, model, 1, able, shape, 1), seconds


def traffic(seed: int, count: int, load: float, noise: float = 0.2) -> list[Request]:
    """Return an hour of jobs that come at random; `load` 1.0 is all that the workers can do."""
    mean = sum(seconds for _, (_, seconds) in zip(range(4000), mixed(9, 1, 0.0), strict=False))
    draw, now, found = random.Random(seed), 0.0, []
    for ticket, seconds in mixed(seed, count, noise):
        if (now := now + draw.expovariate(load * count / (mean / 4000))) > HOUR:
            break
        found.append(Request(now, ticket, seconds))
    return found


class Telling(Scheduler):
    """Ours, and what it tells first about each job: when, and in how many seconds it is done."""

    def __init__(self, count: int, costs: Costs | None = None) -> None:
        super().__init__(OPEN, memory=dict.fromkeys(workers(count), 4), costs=costs)
        self.told: dict[str, tuple[float, float]] = {}

    def submit(self, ticket: Ticket, now: float) -> None:
        super().submit(ticket, now)
        self.tell(now)

    def tell(self, now: float) -> None:
        for job in self.changes(now):
            if job.eta is not None:
                self.told.setdefault(job.id, (now, job.eta))

    def error(self, done: Request) -> float:
        at, eta = self.told[done.ticket.id]
        return abs(at + eta - done.ended) / (done.ended - at)


def house(ours: Telling, count: int) -> House:
    return House(ours, workers(count), STEP, lambda model: LOADING, fits=4, hook=ours.tell)


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("load", [0.4, 0.7, 0.8])
@pytest.mark.parametrize("count", [1, 3])
def test_what_is_told_first_comes_true_within_30_percent_in_the_median(
    count: int, load: float, seed: int
) -> None:
    ours = Telling(count)
    done = house(ours, count).run(traffic(seed, count, load))
    errors = [ours.error(one) for one in done if one.ticket.id in ours.told]
    assert len(errors) > 0.9 * len(done)
    assert median(errors) <= 0.3


@pytest.mark.parametrize(("count", "most"), [(1, 0.15), (3, 0.25)])
def test_a_long_queue_to_which_nobody_comes_is_foretold(count: int, most: float) -> None:
    """Speech and text overtake pictures on credit, and pictures have their part all the same."""
    before = Telling(count)
    house(before, count).run(traffic(3, count, 0.5))
    ours = Telling(count, before.costs)
    queue = [Request(0.0, *job) for _, job in zip(range(150), mixed(4, count, 0.2), strict=False)]
    for one in queue:
        ours.submit(one.ticket, 0.0)
    eta = {job.id: job.eta or 0.0 for job in ours.line(0.0)}
    again = Telling(count, before.costs)
    done = house(again, count).run(queue)
    assert median(abs(eta[one.ticket.id] - one.ended) / one.ended for one in done) <= most


async def test_a_real_pool_keeps_what_it_tells(tmp_path: Path) -> None:
    draw, loop = random.Random(5), asyncio.get_running_loop()

    async def ask(steps: int, user: str) -> float:
        """Return by how much the first eta was wrong."""
        told, came = Told(), loop.time()
        work = PictureSpec(f"paint {steps} {draw.random()}", 0, 8, 8, steps, 0.0)
        await pool.run(Job("m", (work,), user), told)
        took, eta = loop.time() - came, told.notes[0].eta
        return 1.0 if eta is None else abs(eta - took) / took

    files, known = tmp_path, catalogue(tmp_path)
    async with Pool(known, files, [PAINT], engines="tests.fake_engines:ENGINES") as pool:
        for _ in range(3):
            await ask(20, "ann")
        many = [ask(draw.choice([8, 16, 32]), user) for user in ("ann", "bob", "eve") * 5]
        assert median(await asyncio.gather(*many)) <= 0.3

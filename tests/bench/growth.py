"""What grows when there is more of everything: jobs in the queue, users, models under a budget.

Run it from the root: `python -m tests.bench.growth`; `--plot FILE` draws it as a PNG.
"""

import argparse
import asyncio
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.bench.report import Fact, note, silent, table
from tests.bench.scheduling import OPEN, QUEUED, USERS, cost, shaped, steps
from tests.policies import Fifo
from tests.simulation import House, Policy, quantile, traffic
from tests.tiny_models import added, save_sdxl
from tools.catalogue import Catalogue
from tools.compute.devices import WorkerPlan
from tools.compute.messages import Done, Run, Setup
from tools.compute.pool import Pool
from tools.compute.scheduler import Scheduler
from tools.compute.worker import Worker
from tools.jobs import Job, PictureSpec

MODELS, FITS, PICTURES = (1, 2, 4, 8, 20), 4, 40
CROWDS = (10, 100, 1_000)
HOURS, LOAD = 2.0, 0.31


@dataclass
class Growth:
    """By how many there are: microseconds a job, seconds a picture, seconds of waiting."""

    queue: dict[int, tuple[float, float]] = field(default_factory=dict)
    users: dict[int, tuple[float, float]] = field(default_factory=dict)
    models: dict[int, tuple[float, float]] = field(default_factory=dict)
    waits: dict[int, tuple[float, float]] = field(default_factory=dict)


def waited(users: int, policy: Policy) -> float:
    """Return the p99 wait of all but one, who asks for four times as much as they together."""
    horizon = HOURS * 3600
    flood = traffic(5, 1, 4 * LOAD, horizon, steps)
    for number, one in enumerate(flood):
        object.__setattr__(one.ticket, "id", f"flood{number}")
        object.__setattr__(one.ticket, "user", "flood")
    requests = shaped(flood + traffic(1, users, LOAD, horizon, steps))
    done = House(policy, step=0.243).run(requests, until=horizon)
    return quantile([one.wait for one in done if one.ticket.user != "flood"], 0.99)


def several(folder: Path, count: int) -> Catalogue:
    """Return so many models, all of them the same weights; only FITS of them fit."""
    model = added(folder, 'tasks = ["draw"]\n').model_copy(update={"memory": 100})
    models = {f"m{n}": model.model_copy(update={"name": f"m{n}"}) for n in range(count)}
    return Catalogue(models, {"starter": {"draw": "m0"}})


def wishes(count: int) -> list[Job]:
    """Return one picture each, of a model chosen at random, for eight users."""
    dice = random.Random(3)
    return [
        Job(f"m{dice.randrange(count)}", (PictureSpec("a cat", n, 64, 64, 4, 1.0),), f"u{n % 8}")
        for n in range(PICTURES)
    ]


async def pooled(known: Catalogue, folder: Path, plan: WorkerPlan, jobs: Sequence[Job]) -> float:
    """Return seconds a picture when all are asked for at once."""
    async with Pool(known, folder, [plan], scheduler=Scheduler(OPEN)) as pool:
        await pool.run(Job("m0", (), ""), silent)
        start = time.perf_counter()
        await asyncio.gather(*(pool.run(job, silent) for job in jobs))
        return (time.perf_counter() - start) / len(jobs)


def in_order(known: Catalogue, folder: Path, plan: WorkerPlan, jobs: Sequence[Job]) -> float:
    """Return seconds a picture by the same worker, one job after the other as they came."""
    worker = Worker(Setup(plan, folder), silent)
    worker.answer(Run(Job("m0", (), ""), known.models["m0"]))
    start = time.perf_counter()
    for job in jobs:
        assert isinstance(worker.answer(Run(job, known.models[job.model])), Done)
    return (time.perf_counter() - start) / len(jobs)


def measure() -> Growth:
    import torch

    grown = Growth()
    for queued in QUEUED:
        grown.queue[queued] = cost(queued, 100, telling=False), cost(queued, 100, telling=True)
    for users in USERS:
        grown.users[users] = cost(10_000, users, telling=False), cost(10_000, users, telling=True)
    for users in CROWDS:
        grown.waits[users] = waited(users, Fifo()), waited(users, Scheduler(OPEN))
    torch.set_num_threads(2)
    plan = WorkerPlan("w", "cpu", frozenset({"diffusion"}), 2, FITS * 100)
    with TemporaryDirectory() as place:
        save_sdxl(Path(place) / "weights")
        for count in MODELS:
            known, jobs = several(Path(place), count), wishes(count)
            peer = in_order(known, Path(place), plan, jobs)
            grown.models[count] = peer, asyncio.run(pooled(known, Path(place), plan, jobs))
    return grown


def tables(grown: Growth) -> None:
    costs = ("", "deciding", "and telling places")
    for title, found in (("jobs queued, 100 users", grown.queue), ("users, 10,000", grown.users)):
        rows = [(f"{n:,}", *(f"{value:.0f} us" for value in pair)) for n, pair in found.items()]
        table(f"Growth: a job's share of the scheduler, by {title}", rows, costs)
    waits = [(f"{n:,}", *(f"{value:.0f} s" for value in pair)) for n, pair in grown.waits.items()]
    title = "Growth: p99 wait beside one who asks for 80 %, by users, simulated"
    table(title, waits, ("", "first come", "ours"))
    rows = [(str(n), *(f"{value * 1e3:.0f} ms" for value in p)) for n, p in grown.models.items()]
    title = f"Growth: a picture of a tiny SDXL, by models in use; {FITS} fit"
    table(title, rows, ("", "in order", "ours"))
    note(f"{PICTURES} pictures of 8 users at once; one worker with 2 threads does both")


def plot(grown: Growth, file: Path) -> None:
    """Draw four panels; needs matplotlib (the extra `bench`)."""
    import_module("matplotlib").use("Agg")
    figure, panels = import_module("matplotlib.pyplot").subplots(1, 4, figsize=(16, 3.6))
    decided = ("deciding", "and telling places")
    _panel(panels[0], "jobs in the queue (100 users)", "us a job", grown.queue, decided)
    panels[0].axhline(100, color="grey", linestyle=":", label="target")
    _panel(panels[1], "users (10,000 jobs queued)", "us a job", grown.users, decided)
    panels[1].axhline(100, color="grey", linestyle=":", label="target")
    ways = ("first come, first served", "Atelier")
    _panel(panels[2], "users, beside one who asks for 80 %", "p99 wait, s", grown.waits, ways)
    panels[2].set(yscale="log", ylim=(1, 10_000))
    _panel(panels[3], f"models in use ({FITS} fit)", "s a picture", grown.models, ways)
    for panel in panels:
        panel.legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(file, dpi=90)


def _panel(
    panel: Any, what: str, unit: str, found: dict[int, tuple[float, float]], names: Sequence[str]
) -> None:
    for place, name in enumerate(names):
        panel.plot(list(found), [pair[place] for pair in found.values()], marker="o", label=name)
    panel.set(xscale="log", xlabel=what, ylabel=unit)
    panel.set_ylim(bottom=0)


def main(arguments: Sequence[str] = ()) -> list[Fact]:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plot", type=Path, help="PNG to draw")
    chosen = parser.parse_args(arguments)
    grown = measure()
    tables(grown)
    if chosen.plot:
        plot(grown, chosen.plot)
    most, ten = grown.queue[QUEUED[-1]], grown.queue[QUEUED[0]]
    first, ours = grown.models[MODELS[-1]]
    return [
        Fact("scheduling a job, 10,000 queued", f"{most[0]:.0f} us", f"10 queued {ten[0]:.0f} us"),
        Fact("the same with telling places", f"{most[1]:.0f} us", f"10 queued {ten[1]:.0f} us"),
        Fact(
            f"a picture with {MODELS[-1]} models in use, {FITS} fit",
            f"{ours * 1e3:.0f} ms",
            f"in order of arrival {first * 1e3:.0f} ms",
        ),
    ]


if __name__ == "__main__":
    main(sys.argv[1:])

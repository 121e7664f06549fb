"""Who waits how long under which policy.

Run it from the root: `python -m tests.bench.scheduling`.

Jobs of 4, 8, 20 and 30 steps at 1024x1024, a step as long as on an H200 (0.243 s, SGLang PR
#22183), come at random in simulated time, so the waits do not depend on the machine. What deciding
costs is measured by `tests.bench.growth`.
"""

import random
import time
from collections import Counter
from dataclasses import replace
from itertools import count
from statistics import median

from tests.policies import DeficitRoundRobin, Fifo, RoundRobin, Whole
from tests.simulation import House, Policy, Request, jain, quantile, request, traffic
from tools.compute.admission import Admission
from tools.compute.costs import Shape
from tools.compute.scheduler import Scheduler
from tools.compute.tickets import Ticket

STEP = 0.243
OPEN = Admission(10**7, 10**7, 1e12)
QUEUED = (10, 100, 1_000, 10_000)
USERS = (1, 10, 100, 1_000)
ROUNDS = 3_000
GPU = frozenset({"gpu"})


def steps(draw: random.Random) -> float:
    return draw.choice([4, 8, 20, 30]) * STEP


def policies() -> dict[str, Policy]:
    return {
        "first come, first served": Fifo(),
        "round robin, by job": RoundRobin(),
        "deficit round robin": DeficitRoundRobin(),
        "ours, jobs run whole": Whole(OPEN, memory={"gpu": 2}),
        "ours": Scheduler(OPEN, memory={"gpu": 2}),
    }


def shaped(requests: list[Request], models: int = 1) -> list[Request]:
    draw = random.Random(2)
    for one in requests:
        shape = Shape("picture", 1024 * 1024, round(one.seconds / STEP))
        model = f"m{min(int(draw.paretovariate(0.8)) - 1, models - 1)}"
        one.ticket = replace(one.ticket, shape=shape, model=model, memory=1)
        one.seconds *= draw.lognormvariate(0.0, 0.2)
    return requests


def flooded(load: float, horizon: float) -> list[Request]:
    """Return what 1,000 users ask for, and one who asks for four times as much as all of them."""
    found = traffic(5, 1, 4 * load, horizon, steps)
    for number, one in enumerate(found):
        one.ticket = replace(one.ticket, id=f"flood{number}", user="flood")
    return shaped(found + traffic(1, 1000, load, horizon, steps))


def flood_table(load: float = 0.31, hours: float = 4.0) -> None:
    print(f"\nOne of 1,001 asks for 80 %; load {5 * load:.2f} in all, {hours:.0f} hours.")
    print(
        f"{'the others wait (s)':28}{'p50':>9}{'p99':>9}{'without that one, p99':>24}{'ratio':>8}"
    )
    horizon = hours * 3600
    for (name, policy), alone in zip(policies().items(), policies().values(), strict=True):
        done = House(policy, step=STEP).run(flooded(load, horizon), until=horizon)
        waits = [one.wait for one in done if one.ticket.user != "flood"]
        quiet = House(alone, step=STEP).run(
            shaped(traffic(1, 1000, load, horizon, steps)), until=horizon
        )
        p99 = quantile([one.wait for one in quiet], 0.99)
        beside = quantile(waits, 0.99)
        print(f"{name:28}{median(waits):9.1f}{beside:9.1f}{p99:24.1f}{beside / p99:8.2f}")


def share_table() -> None:
    print("\n20 users, one job each always waiting, user n's of 4 + 2n steps; Jain's index of the")
    print("device-seconds of the first 20 minutes; makespan of 2 h at load 1.5, 4 models, 2 fit.")
    print(f"{'':28}{'Jain':>9}{'makespan (s)':>14}{'loads':>8}{'short p50 (s)':>15}")
    for name, policy in policies().items():
        jobs = [request(0.0, f"u{n}", (4 + 2 * n) * STEP, i) for i in range(200) for n in range(20)]
        had: Counter[str] = Counter()
        for one in House(policy, step=STEP).run(shaped(jobs), until=1200.0):
            had[one.ticket.user] += round(one.seconds * 1000)
        busy = policies()[name]
        house = House(busy, step=STEP, loading=lambda model: 4.0, fits=2)
        done = house.run(shaped(traffic(4, 50, 1.5, 7200.0, steps), 4))
        short = median(one.wait for one in done if one.ticket.shape.steps <= 8)
        fair = jain([float(had[f"u{n}"]) for n in range(20)])
        makespan = max(one.ended for one in done)
        print(f"{name:28}{fair:9.3f}{makespan:14.0f}{house.swaps:8}{short:15.1f}")


def cost(queued: int, users: int, *, telling: bool) -> float:
    """Return microseconds to submit, take and finish one job while so many wait."""
    draw, numbers, now = random.Random(1), count(), 0.0
    shapes = [Shape("picture", 1024 * 1024, n) for n in (4, 8, 20, 30)]
    tickets = [
        Ticket(str(next(numbers)), f"u{draw.randrange(users)}", draw.choice("mn"), 1, GPU, shape)
        for shape in draw.choices(shapes, k=queued + ROUNDS)
    ]
    scheduler = Scheduler(OPEN)
    for ticket in tickets[:queued]:
        scheduler.submit(ticket, now)
    scheduler.changes(now)
    begin = time.process_time()
    for ticket in tickets[queued:]:
        now += 0.1
        taken = scheduler.next("gpu", now)
        assert taken is not None
        if telling:
            scheduler.changes(now)
        scheduler.finished(taken.id, now + 0.1, 0.1)
        scheduler.submit(ticket, now + 0.1)
        if telling:
            scheduler.changes(now + 0.1)
    return (time.process_time() - begin) / ROUNDS * 1e6


def main() -> None:
    flood_table()
    share_table()


if __name__ == "__main__":
    main()

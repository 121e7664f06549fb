"""A burst of mixed pictures: drawn step by step in company, against diffusers' own ways.

Every way draws the same requests with the same weights and seeds in one process, in turn; the
pictures are compared before anything is timed. Run it from the root: `python -m
tests.bench.stepping`, or with a word only the cases that have it in their name: `starter`.
"""

import itertools
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tests.tiny_models import added, save_sdxl
from tools.catalogue import Catalogue
from tools.engines.diffusion import Diffusion
from tools.engines.passes import together
from tools.engines.pieces import keywords, piece
from tools.engines.pipelines import parameters, silence
from tools.engines.sessions import Drawing
from tools.files import locate
from tools.jobs import PictureSpec

ROUNDS = int(os.environ.get("ROUNDS", "5"))
MOST = 8
"""Pictures in one call of the request batches."""

Done = dict[int, tuple[float, Image.Image]]
"""By request: seconds from the burst to the picture, and the picture."""


@dataclass
class Case:
    """One model and the requests that arrive at once."""

    name: str
    engine: Diffusion
    specs: list[PictureSpec]

    @property
    def pipe(self) -> Any:
        return self.engine._pipe("draw")

    def given(self, specs: list[PictureSpec]) -> dict[str, Any]:
        model, takes = self.engine._model, parameters(self.pipe)
        return keywords([piece(model, spec, takes) for spec in specs], model, takes)


def one_at_a_time(case: Case) -> Iterator[tuple[int, Image.Image]]:
    for place, spec in enumerate(case.specs):
        yield place, case.pipe(**case.given([spec])).images[0]


def request_batches(case: Case) -> Iterator[tuple[int, Image.Image]]:
    groups: dict[tuple[int, float], list[int]] = {}
    for place, spec in enumerate(case.specs):
        groups.setdefault((spec.steps, spec.guidance), []).append(place)
    for group in groups.values():
        for places in (group[i : i + MOST] for i in range(0, len(group), MOST)):
            images = case.pipe(**case.given([case.specs[i] for i in places])).images
            yield from zip(places, images, strict=True)


def in_company(case: Case) -> Iterator[tuple[int, Image.Image]]:
    """Shortest first, as a scheduler would that serves equal users."""
    engine = case.engine
    order = sorted(range(len(case.specs)), key=lambda i: case.specs[i].steps, reverse=True)
    active: dict[Drawing, int] = {}
    while order or active:
        while order and (not active or engine.room(list(active))):
            place = order.pop()
            active[engine.open(case.specs[place])] = place
        engine.step(list(active))
        over = [session for session in active if session.finished]
        engine._stepper.finish(over)
        for session in over:
            if session.strand.error is not None:
                raise session.strand.error
            assert session.strand.result is not None
            yield active.pop(session), session.strand.result


Way = Callable[[Case], Iterator[tuple[int, Image.Image]]]
WAYS: dict[str, Way] = {
    "one at a time": one_at_a_time,
    "request batches": request_batches,
    "step by step": in_company,
}


def timed(way: Way, case: Case) -> Done:
    start = time.perf_counter()
    with silence():
        return {place: (time.perf_counter() - start, image) for place, image in way(case)}


def apart(one: Done, other: Done) -> int:
    """Return the largest difference of any value (0-255) of the same requests drawn two ways."""
    return max(
        int(np.abs(np.asarray(one[i][1]).astype(int) - np.asarray(other[i][1])).max()) for i in one
    )


def check(case: Case) -> int:
    """Return the largest difference of any value between any two ways."""
    every = [timed(way, case) for way in WAYS.values()]
    return max(apart(one, other) for one, other in itertools.combinations(every, 2))


def limit(case: Case) -> tuple[float, int, dict[int, float]]:
    """Return the least seconds for all denoising, the best rows, and seconds of a pass by rows."""
    import torch

    session = case.engine.open(replace(case.specs[0], guidance=1.0))
    call = session.strand.question
    assert call is not None
    passes: dict[int, float] = {}
    for rows in (1, 2, 4, 8, 16, 32):
        with torch.no_grad():
            together([call] * rows)
            runs = []
            for _ in range(5):
                start = time.perf_counter()
                together([call] * rows)
                runs.append(time.perf_counter() - start)
        passes[rows] = min(runs)
    case.engine.drop(session)
    rows = min(passes, key=lambda n: passes[n] / n)
    total = sum(spec.steps * (2 if spec.guidance > 1 else 1) for spec in case.specs)
    return passes[rows] / rows * total, rows, passes


def burst(count: int, steps: tuple[int, ...], base: PictureSpec) -> list[PictureSpec]:
    guidance, specs = itertools.cycle((2.0, 3.5, 5.0)), []
    for place in range(count):
        prompt = f"a {('cat', 'red apple', 'robot', 'tree')[place % 4]}"
        specs.append(
            replace(base, prompt=prompt, seed=place, steps=steps[place * 7 % len(steps)],
                    guidance=next(guidance))
        )  # fmt: skip
    return specs


def cases(folder: Path) -> Iterator[Case]:
    import torch

    torch.manual_seed(0)
    save_sdxl(folder / "weights", big=True)
    model = added(folder, 'tasks = ["draw"]\n')
    tiny = Diffusion(model, locate(model, folder), "cpu")
    mixed = (4, 8, 20, 30)
    yield Case("tiny SDXL, unsaturated", tiny, burst(24, mixed, PictureSpec("", 0, 64, 64, 4, 1)))
    starter = Catalogue.read().find("draw", "starter")
    engine = Diffusion(starter, locate(starter, folder), "cpu")
    yield Case("starter", engine, burst(24, mixed, PictureSpec("", 0, 64, 64, 4, 1)))
    large = PictureSpec("", 0, 384, 384, 4, 1)
    yield Case("tiny SDXL, saturated", tiny, burst(8, (2, 4, 6, 8), large))


def race(case: Case, rounds: int) -> dict[str, float]:
    """Time every way in turn, print how they did and return their pictures a second."""
    runs: dict[str, list[Done]] = {name: [] for name in WAYS}
    for _ in range(rounds):
        for name, way in WAYS.items():
            runs[name].append(timed(way, case))
    middling = statistics.median(spec.steps for spec in case.specs)
    short = [i for i, spec in enumerate(case.specs) if spec.steps < middling]
    base = statistics.median(max(t for t, _ in run.values()) for run in runs["one at a time"])
    paces = {}
    for name, every in runs.items():
        took = [max(t for t, _ in run.values()) for run in every]
        middle = statistics.median(took)
        paces[name] = len(case.specs) / middle
        p50 = statistics.median(statistics.median(t for t, _ in run.values()) for run in every)
        quick = statistics.median(statistics.median(run[i][0] for i in short) for run in every)
        print(
            f"  {name:16} {paces[name]:6.2f} pictures/s ({base / middle:4.2f}x;"
            f" {min(took):.2f}-{max(took):.2f} s), median wait {p50:5.2f} s, short {quick:5.2f} s"
        )
    return paces


def report(case: Case) -> None:
    case.engine.load()
    print(f"\n{case.name}: {len(case.specs)} pictures; largest difference {check(case)} of 255")
    race(case, ROUNDS)
    least, rows, passes = limit(case)
    print(f"  limit by passes of {rows} rows alone {len(case.specs) / least:6.2f} pictures/s")
    print("  pass by rows: " + ", ".join(f"{n}: {s * 1e3:.1f} ms" for n, s in passes.items()))
    knee = case.engine._stepper.knee
    print(f"  the knee, as measured on the way: {[knee.cap(key) for key in knee._known]} rows")


def main(wanted: str = "") -> None:
    import torch  # after tools.engines, which says how its threads wait

    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        for case in cases(Path(folder)):
            if wanted in case.name:
                report(case)


if __name__ == "__main__":
    main(*sys.argv[1:])

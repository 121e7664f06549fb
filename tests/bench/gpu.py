"""Large picture models on a GPU, with random weights of their published sizes (`shapes.py`).

How long a pass of the denoiser takes, what share of the device's peak that is, from how many rows
on more of them only wait, what compiling gains, and how soon mixed requests are done in company.
A row is a picture, or half of one where guidance asks for a second answer.

The engine reads a model from a folder; here it is given a pipeline that was made on the device,
by `Built`, and everything after the reading is its own. Without CUDA it only tells what it would
do, from the same calls of the denoiser, counted on the meta device.
"""

import gc
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tests.bench import stepping
from tests.bench.denoising import Bench, asked, counted, knee, pass_of, peak, stepped
from tests.bench.report import Fact, note, shown, table
from tests.bench.shapes import SHAPES, Shape, build, weights
from tools.engines.diffusion import Diffusion
from tools.engines.passes import Call
from tools.engines.pipelines import Pipelines, silence
from tools.errors import OutOfMemory
from tools.jobs import PictureSpec
from tools.model import Model, Running

BySize = dict[int, dict[int, float]]
"""Seconds of a pass by size in pixels and rows."""

GPU = Bench("cuda", "bfloat16", (512, 1024), (1, 2, 4, 8), 10, 8192, 8, 3)


class Built(Pipelines):
    """The pipelines over one that is already in memory."""

    def __init__(self, pipe: Any, model: Model, device: str) -> None:
        self._built = pipe
        super().__init__(model, Path(), device, model.run.offload)

    def _read(self, files: Path) -> Any:
        return self._built


def by_itself(case: stepping.Case) -> Iterator[tuple[int, Image.Image]]:
    for place, spec in enumerate(case.specs):
        yield from ((place, image) for _, image in stepping.in_company(replace(case, specs=[spec])))


def differences(case: stepping.Case) -> dict[str, int]:
    """Return how far (0-255) pictures lie from those of the plain pipeline, drawn one at a time.

    Empty where one is of one colour: so broken numbers (NaN) come out, and all are equal.
    """
    plain = stepping.timed(stepping.one_at_a_time, case)
    if any(np.ptp(np.asarray(image)) == 0 for _, image in plain.values()):
        return {}
    ways: dict[str, stepping.Way] = {
        "by our engine, each by itself": by_itself,
        "in company": stepping.in_company,
        "in diffusers' own batches": stepping.request_batches,
    }
    return {name: stepping.apart(plain, stepping.timed(way, case)) for name, way in ways.items()}


def mixed(shape: Shape, engine: Diffusion, size: int, bench: Bench) -> list[Fact]:
    """Draw requests that differ in prompt, seed, steps and guidance, at once and one at a time."""
    import torch

    base = PictureSpec("", 0, size, size, 4, 1)
    what = f"{bench.requests} mixed requests of {shape.name} at {size}"
    case = stepping.Case(what, engine, stepping.burst(bench.requests, shape.steps, base))
    print(f"\n{what}, eager, of {', '.join(map(str, shape.steps))} steps")
    try:
        return raced(case, bench.rounds)
    except (torch.OutOfMemoryError, OutOfMemory, MemoryError):
        note("not enough memory, left out")
        return []


def raced(case: stepping.Case, rounds: int) -> list[Fact]:
    """Compare the pictures, and if our engine draws the same as diffusers, the time they take."""
    found = differences(case)
    for name, most in found.items():
        note(f"{name}: at most {most} of 255 from the plain pipeline")
    if found.get("by our engine, each by itself", 255) > 1:
        note("the pictures are not the same or of one colour, so they are not timed")
        return []
    paces = stepping.race(case, rounds)
    ours, plain = paces["step by step"], paces["one at a time"]
    beside = f"diffusers one at a time {plain:.2f} ({ours / plain:.2f}x)"
    return [Fact(case.name, f"{ours:.2f} pictures/s", beside)]


def measured(shape: Shape, bench: Bench, top: float) -> list[Fact]:
    """Measure a model on the device and print it, the operations beside a peak of `top`."""
    model = shape.model(bench.dtype)
    with silence():
        pipe = build(shape, bench.device, bench.dtype)
    engine = Diffusion(model, Path(), bench.device)
    engine._pipelines = Built(pipe, model, bench.device)
    calls = {size: asked(engine._pipe("draw"), model, size) for size in bench.sizes}
    work = {size: partial(pass_of, call) for size, call in calls.items()}
    eager = {size: stepped(one, bench) for size, one in work.items()}
    facts = [fact for size in bench.sizes for fact in mixed(shape, engine, size, bench)]
    quick = model.model_copy(update={"run": Running(compile=True)})
    Built(pipe, quick, bench.device).get("draw")
    compiled = {size: stepped(one, bench) for size, one in work.items()}
    return _told(shape, top, counted(shape, bench, calls), eager, compiled) + facts


def _told(
    shape: Shape, top: float, counts: Mapping[int, int], eager: BySize, compiled: BySize
) -> list[Fact]:
    """Print passes at all sizes; a fact for each is the one at the knee."""
    rows: list[tuple[str, ...]] = []
    facts: list[Fact] = []
    for size in counts:
        both = {n: (eager[size][n], compiled[size][n]) for n in eager[size] if n in compiled[size]}
        cells = {n: _cells(counts[size] * n, *took, top) for n, took in both.items()}
        rows += [(f"{size} px, rows: {n}", *found) for n, found in cells.items()]
        if cells:
            best = min(knee(compiled[size]), max(cells))
            _, slow, slow_share, quick, share, _ = cells[best]
            what = f"a pass of {shape.name} at {size}, rows: {best}, compiled"
            ours = f"{quick}, {share} of the device's peak"
            facts.append(Fact(what, ours, f"eager {slow}, {slow_share}"))
    head = ("", "TFLOP", "eager", "of peak", "compiled", "of peak", "gain")
    table(f"{shape.name}: a pass of the denoiser, random weights", rows, head)
    for size in counts:
        for name, took in (("eager", eager[size]), ("compiled", compiled[size])):
            beyond = " or more" if took and knee(took) > max(took) else ""
            note(f"knee at {size}, {name}: {min(knee(took), max(took, default=0))} rows{beyond}")
    return facts


def _cells(work: int, eager: float, compiled: float, top: float) -> tuple[str, ...]:
    return (
        f"{work / 1e12:.3g}",
        shown(eager, "ms"),
        f"{work / eager / top:.0%}",
        shown(compiled, "ms"),
        f"{work / compiled / top:.0%}",
        f"{eager / compiled:.2f}x",
    )


def plan(shape: Shape, bench: Bench) -> None:
    """Print what would be measured: nothing is computed, and hardly any memory is taken."""
    with silence():
        pipe = build(shape, "cpu", bench.dtype, real=False)
    calls = {size: asked(pipe, shape.model(bench.dtype), size) for size in bench.sizes}
    counts = counted(shape, bench, calls)
    large = weights(getattr(pipe, shape.part)) / 1e9
    print(f"\n{shape.name}: a denoiser of {large:.2f} billion weights in {bench.dtype}")
    rows = [
        (f"{size} px", *(f"{counts[size] * n / 1e12:.3g}" for n in bench.rows))
        for size in bench.sizes
    ]
    table("TFLOP of a pass of the denoiser, by rows", rows, ("", *map(str, bench.rows)))
    for size, call in calls.items():
        note(f"a row at {size}: {', '.join(_inputs(call))}")
    note(f"then {bench.requests} requests of {', '.join(map(str, shape.steps))} steps at once")


def _inputs(call: Call) -> Iterator[str]:
    from torch.utils._pytree import tree_leaves

    for name, value in call.values.items():
        for leaf in tree_leaves(value):
            if getattr(leaf, "shape", ()):
                yield f"{name} {'x'.join(map(str, leaf.shape))}"


def main(bench: Bench = GPU, shapes: tuple[Shape, ...] = SHAPES) -> list[Fact]:
    import torch

    if bench.device == "cuda" and not torch.cuda.is_available():
        note("there is no CUDA device, so this is only what would be measured on one")
        for shape in shapes:
            plan(shape, bench)
        return []
    top, facts = peak(bench), list[Fact]()
    print(f"\nThe device's peak, by a product of matrices: {top / 1e12:.3g} TFLOP/s {bench.dtype}")
    for shape in shapes:
        try:
            facts += measured(shape, bench, top)
        except torch.OutOfMemoryError:
            note(f"{shape.name}: not enough memory, left out")
        gc.collect()
        if bench.device == "cuda":
            torch.cuda.empty_cache()
    return facts


if __name__ == "__main__":
    main()

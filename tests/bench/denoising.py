"""Passes of a denoiser: asked for by its pipeline, timed on a device, counted without one."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from statistics import median
from typing import Any

from tests.bench.report import note
from tests.bench.shapes import Shape, hollow
from tools.engines.knee import LOOKS, Knee
from tools.engines.passes import Call, together
from tools.engines.pieces import keywords, piece
from tools.engines.pipelines import parameters, silence
from tools.engines.prompts import Prompts
from tools.engines.sessions import Drawing
from tools.engines.stepper import Stepper
from tools.errors import JobCancelled
from tools.jobs import PictureSpec
from tools.model import Model

PROMPT = "a red apple on an old wooden table, late light from the left"
"""Klein and Z-Image read a token per letter here, which is about a real prompt's length."""
WARM = 3


@dataclass(frozen=True, slots=True)
class Bench:
    """Where is measured, and how often; sizes in pixels, `matrix` is the side of the peak's."""

    device: str
    dtype: str
    sizes: tuple[int, ...]
    rows: tuple[int, ...]
    repeats: int
    matrix: int
    requests: int
    rounds: int


def asked(pipe: Any, model: Model, size: int) -> Call:
    """Return what a pipeline first asks its denoiser for a picture without guidance: one row."""
    takes = parameters(pipe)
    ready = piece(model, PictureSpec(PROMPT, 0, size, size, 4, 0.0), takes)
    with silence():
        drawing = Drawing(pipe, ready, keywords([ready], model, takes), takes, Prompts(), 4)
        Stepper("cpu").begin(drawing)
    if drawing.strand.error is not None:
        raise drawing.strand.error
    call = drawing.strand.question
    assert call is not None
    drawing.strand.throw(JobCancelled())
    return call


def pass_of(call: Call, rows: int) -> object:
    return together([call] * rows)


def counted(shape: Shape, bench: Bench, calls: Mapping[int, Call]) -> dict[int, int]:
    """Return the operations of a row by size; a pass has as many for each of its rows."""
    denoiser = hollow(shape.denoiser, bench.dtype)
    return {size: operations(denoiser, call, 1) for size, call in calls.items()}


def operations(denoiser: Any, call: Call, rows: int) -> int:
    """Return the floating-point operations of a pass of a denoiser on the meta device."""
    import torch
    from torch.utils._pytree import tree_map
    from torch.utils.flop_counter import FlopCounterMode

    values = tree_map(lambda v: v.to("meta") if hasattr(v, "to") else v, call.values)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        pass_of(replace(call, function=denoiser, values=values), rows)
    return int(counter.get_total_flops())


def clock(work: Callable[[], object], bench: Bench) -> float:
    """Return the median seconds of some work, by the device's own clock where it has one."""
    import torch

    with torch.no_grad():
        for _ in range(WARM):
            work()
        if bench.device != "cuda":
            return median(_watched(work) for _ in range(bench.repeats))
        mark = partial(torch.cuda.Event, enable_timing=True)
        marks = [(mark(), mark()) for _ in range(bench.repeats)]
        for start, end in marks:
            start.record()
            work()
            end.record()
        torch.cuda.synchronize()
        return float(median(start.elapsed_time(end) for start, end in marks)) / 1e3


def _watched(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def peak(bench: Bench) -> float:
    """Return the operations a second of a large product of matrices."""
    import torch

    side = bench.matrix
    one = torch.randn(side, side, device=bench.device, dtype=getattr(torch, bench.dtype))
    often = replace(bench, repeats=10 * bench.repeats)  # short ones, and clocks rise with work
    return 2 * side**3 / clock(lambda: one @ one, often)


def stepped(work: Callable[[int], object], bench: Bench) -> dict[int, float]:
    """Return the seconds of a pass by rows, as far as the memory goes."""
    import torch

    found: dict[int, float] = {}
    for rows in bench.rows:
        try:
            found[rows] = clock(partial(work, rows), bench)
        except torch.OutOfMemoryError:
            note(f"{rows} rows and more: not enough memory, left out")
            break
    return found


def knee(seconds: Mapping[int, float]) -> int:
    """Return how many rows our engine would put into a pass that takes these seconds by rows.

    More than the most there are: it would try still more.
    """
    known = Knee()
    for rows, took in seconds.items():
        for _ in range(LOOKS):
            known.learn("", rows, took)
    return known.cap("")

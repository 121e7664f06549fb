"""Running a pipeline from beginning to end, for models whose steps cannot be taken apart."""

from collections.abc import Callable
from typing import Any

from PIL import Image

from tools.catalogue import Model
from tools.engines.pieces import artifact, keywords, piece, planned
from tools.engines.pipelines import parameters
from tools.engines.preview import Preview
from tools.engines.steps import Steps, watched
from tools.jobs import Adapter, Artifact, PictureSpec, Progress

Pipe = Callable[[str], Any]
"""Gives the pipeline of a task."""
Switch = Callable[[tuple[Adapter, ...]], None]
"""Puts the adapters of a batch in force."""


def draw_whole(
    model: Model,
    pipe: Pipe,
    switch: Switch,
    specs: list[PictureSpec],
    preview: Preview,
    progress: Progress,
) -> list[Artifact]:
    """Make one PNG per spec, in order; specs that agree in their numbers share a batch (blocks)."""
    batches = _batches(pipe, specs)
    steps = Steps(progress, preview, sum(planned(specs[b[0]]) for b in batches))
    made: dict[int, Artifact] = {}
    for batch in batches:
        switch(specs[batch[0]].adapters)
        together = _batch(model, pipe, [specs[i] for i in batch], steps)
        made |= dict(zip(batch, together, strict=True))
    progress(steps.total, steps.total, None)
    return [made[i] for i in range(len(specs))]


def _batches(pipe: Pipe, specs: list[PictureSpec]) -> list[list[int]]:
    """Return the places of specs that can share a batch."""
    groups: dict[object, list[int]] = {}
    for place, spec in enumerate(specs):
        key: object = (spec.task, spec.width, spec.height, spec.steps, spec.guidance, spec.adapters)
        if spec.task != "draw":
            # a list of pictures means several references to some pipelines
            alone = "strength" not in parameters(pipe(spec.task))
            key = (key, spec.strength, place if alone else None)
        groups.setdefault(key, []).append(place)
    return list(groups.values())


def _batch(model: Model, pipe: Pipe, specs: list[PictureSpec], steps: Steps) -> list[Artifact]:
    chosen = pipe(specs[0].task)
    takes = parameters(chosen)
    pieces = [piece(model, spec, takes) for spec in specs]
    wide, high = pieces[0].frame.native
    steps.start(planned(specs[0]), wide / high)
    given = keywords(pieces, model, takes)
    with watched(chosen, takes, given, steps):
        images: list[Image.Image] = chosen(**given).images
    steps.end()
    if steps.latents is not None:
        steps.preview.learn(steps.latents, images)
    return [artifact(*pair, takes) for pair in zip(pieces, images, strict=True)]

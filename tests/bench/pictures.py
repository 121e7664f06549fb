"""Seconds per picture of the built-in model: through the pool, and by diffusers alone."""

import asyncio
import io
import time
from importlib import import_module
from typing import Any

import numpy as np
from PIL import Image

from bot.settings import read
from tests.bench.report import Fact, Times, alternate, compared, note, silent, table
from tools.catalogue import Catalogue, Model
from tools.compute.devices import Machine, WorkerPlan, plan
from tools.compute.pool import Pool
from tools.files import locate
from tools.framing import finish, frame
from tools.jobs import Artifact, Job, PictureSpec

COLD, REPEATS = 3, 5
PROMPTS = ("a red apple", "a smiling cat", "a blue car", "a green tree")
ONE, FOUR, SERIAL, BATCH = "Atelier", "Atelier", "diffusers, one by one", "diffusers, one batch"


def specs(model: Model, count: int) -> tuple[PictureSpec, ...]:
    side = model.enlarge_to or model.width
    return tuple(
        PictureSpec(prompt, seed, side, side, model.steps, model.guidance)
        for seed, prompt in enumerate(PROMPTS[:count], 1)
    )


class Plain:
    """The same weights in diffusers' own pipeline, called as its documentation does."""

    def __init__(self, model: Model, threads: int) -> None:
        torch, diffusers = import_module("torch"), import_module("diffusers")
        torch.set_num_threads(threads)
        diffusers.utils.logging.set_verbosity_error()
        self._torch, self._model = torch, model
        self._pipe = diffusers.StableDiffusionPipeline.from_pretrained(
            locate(model, read().models), local_files_only=True
        )
        self._pipe.set_progress_bar_config(disable=True)

    def draw(self, wanted: tuple[PictureSpec, ...]) -> list[Any]:
        generators = [self._torch.Generator("cpu").manual_seed(s.seed) for s in wanted]
        images: list[Any] = self._pipe(
            [s.prompt for s in wanted],
            width=self._model.width,
            height=self._model.height,
            num_inference_steps=self._model.steps,
            guidance_scale=self._model.guidance,
            generator=generators,
        ).images
        return images

    def one_by_one(self, wanted: tuple[PictureSpec, ...]) -> list[Any]:
        return [image for spec in wanted for image in self.draw((spec,))]


async def through(pool: Pool, model: Model, count: int) -> list[Artifact]:
    return await pool.run(Job(model.name, specs(model, count), "bench"), silent)


async def cold(known: Catalogue, model: Model, workers: tuple[WorkerPlan, ...]) -> Times:
    """Time a new pool's first picture: worker process, libraries, weights, steps, PNG."""
    seconds = []
    for _ in range(COLD):
        start = time.perf_counter()
        async with Pool(known, read().models, workers) as pool:
            await through(pool, model, 1)
            seconds.append(time.perf_counter() - start)
    return Times(tuple(seconds))


def difference(model: Model, made: list[Artifact], plain: list[Any]) -> int:
    """Return by how many of 256 levels our pictures differ most from the plain ones, framed."""
    side = model.enlarge_to or model.width
    around = frame(model, side, side)
    pairs = zip(made, plain, strict=True)
    return max(
        int(np.abs(_levels(Image.open(io.BytesIO(a.data))) - _levels(finish(b, around))).max())
        for a, b in pairs
    )


def _levels(picture: Image.Image) -> "np.ndarray[Any, np.dtype[np.int16]]":
    return np.asarray(picture.convert("RGB"), np.int16)


async def compare() -> list[Fact]:
    known = Catalogue.read()
    model = known.find("draw")
    workers = tuple(w for w in plan(Machine.here(), "cpu") if w.name == "pictures")
    threads = workers[0].threads
    first = await cold(known, model, workers)
    plain = Plain(model, threads)
    async with Pool(known, read().models, workers) as pool:
        same = difference(model, await through(pool, model, 4), plain.draw(specs(model, 4)))
        one = await alternate(
            {ONE: lambda: through(pool, model, 1), SERIAL: lambda: plain.draw(specs(model, 1))},
            REPEATS,
        )
        four = await alternate(
            {
                FOUR: lambda: through(pool, model, 4),
                SERIAL: lambda: plain.one_by_one(specs(model, 4)),
                BATCH: lambda: plain.draw(specs(model, 4)),
            },
            REPEATS,
            first=False,
        )
    note_of = f"{model.name}, {model.steps} steps, {model.width}x{model.height}, {threads} threads"
    rows = [("Atelier, cold", first.show(), first.range(), str(COLD), "")]
    table(f"Pictures: one, {note_of}", rows + compared(one, SERIAL))
    table(f"Pictures: four in one request, {note_of}", compared(four, BATCH))
    note("ours also enlarges to 512 pixels, writes PNGs and crosses the pipe; cold = new worker")
    note(f"greatest difference to diffusers' own pictures: {same} of 255 levels")
    return [
        Fact("first picture by a new worker", first.show()),
        Fact("one picture, warm", one[ONE].show(), f"diffusers alone {one[SERIAL].show()}"),
        Fact(
            "four pictures, warm",
            four[FOUR].show(),
            f"diffusers alone {four[SERIAL].show()} one by one, {four[BATCH].show()} in a batch",
        ),
    ]


def main() -> list[Fact]:
    return asyncio.run(compare())


if __name__ == "__main__":
    main()

"""Pictures by diffusers: drawn, varied, filled in or edited, any pipeline it can load."""

import gc
import io
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from PIL import Image

from memory.errors import AtelierError
from tools.catalogue import Model
from tools.engines import ENGINES
from tools.engines.pipelines import Pipelines, parameters, silence
from tools.engines.preview import Preview
from tools.engines.steps import Steps, watched
from tools.errors import EngineFailed, JobCancelled, OutOfMemory
from tools.framing import Frame, finish, fit, fit_mask, frame, restore
from tools.jobs import Artifact, PictureSpec, Progress, Spec
from tools.pictures import flat, open_picture
from tools.plurals import singular

log = logging.getLogger(__name__)

REFERENCE_SIDE = 1536
"""Longer side in pixels to which a picture is reduced before it is looked at for an edit."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One spec made ready: what the pipeline gets, and how the result is framed."""

    spec: PictureSpec
    frame: Frame
    original: Image.Image | None = None
    image: Image.Image | None = None
    mask: Image.Image | None = None


@ENGINES.register("diffusion")
class Diffusion:
    """Runs one diffusers model on one device; specs that agree in their numbers share a batch."""

    def __init__(self, model: Model, files: Path, device: str) -> None:
        self._model, self._files, self._device = model, files, device
        self._pipelines: Pipelines | None = None
        self._preview = Preview(None)

    def load(self) -> None:
        """Read the weights and put them on the device (blocks for seconds)."""
        if self._pipelines is not None:
            return
        with _boundary(self._model.name, "loading"), silence():
            pipelines = Pipelines(self._model, self._files, self._device)
            pipe = pipelines.get(
                next(t for t in ("draw", *self._model.tasks) if t in self._model.tasks)
            )
            self._preview = Preview(getattr(pipe, "vae", None))
        self._pipelines = pipelines

    def unload(self) -> None:
        """Drop the weights and give the device's memory back."""
        import torch

        self._pipelines, self._preview = None, Preview(None)
        gc.collect()
        if self._device.startswith("cuda"):
            torch.cuda.empty_cache()

    def generate(self, specs: Sequence[Spec], progress: Progress) -> list[Artifact]:
        """Make one PNG per spec, in order; a picture does not depend on what shares its batch.

        Raises EngineFailed, OutOfMemory or Refused (an unreadable picture) and lets
        JobCancelled from `progress` through.
        """
        self.load()
        pictures = [spec for spec in specs if isinstance(spec, PictureSpec)]
        if len(pictures) != len(specs):
            raise EngineFailed(f"The model {self._model.name} only makes pictures.")
        with _boundary(self._model.name, "drawing"), silence():
            return self._generate(pictures, progress)

    def _generate(self, specs: list[PictureSpec], progress: Progress) -> list[Artifact]:
        batches = self._batches(specs)
        steps = Steps(progress, self._preview, sum(_planned(specs[b[0]]) for b in batches))
        made: dict[int, Artifact] = {}
        for batch in batches:
            made |= dict(zip(batch, self._batch([specs[i] for i in batch], steps), strict=True))
        progress(steps.total, steps.total, None)
        return [made[i] for i in range(len(specs))]

    def _batches(self, specs: list[PictureSpec]) -> list[list[int]]:
        """Return the places of specs that can share a forward pass."""
        groups: dict[object, list[int]] = {}
        for place, spec in enumerate(specs):
            key: object = (spec.task, spec.width, spec.height, spec.steps, spec.guidance)
            if spec.task != "draw":
                # a list of pictures means several references to some pipelines
                alone = "strength" not in parameters(self._pipe(spec.task))
                key = (key, spec.strength, place if alone else None)
            groups.setdefault(key, []).append(place)
        return list(groups.values())

    def _batch(self, specs: list[PictureSpec], steps: Steps) -> list[Artifact]:
        pipe = self._pipe(specs[0].task)
        takes = parameters(pipe)
        pieces = [self._piece(spec, takes) for spec in specs]
        wide, high = pieces[0].frame.native
        steps.start(_planned(specs[0]), wide / high)
        keywords = _keywords(pieces, takes) | {
            name: value for name, value in self._model.options.items() if name in takes
        }
        with watched(pipe, takes, keywords, steps):
            images: list[Image.Image] = pipe(**keywords).images
        steps.end()
        if steps.latents is not None:
            self._preview.learn(steps.latents, images)
        return [_artifact(*pair, takes) for pair in zip(pieces, images, strict=True)]

    def _pipe(self, task: str) -> Any:
        if self._pipelines is None:
            raise EngineFailed(f"The model {self._model.name} is not loaded.")
        return self._pipelines.get(task)

    def _piece(self, spec: PictureSpec, takes: frozenset[str]) -> Piece:
        around = frame(self._model, spec.width, spec.height)
        if self._model.singular:
            spec = replace(spec, prompt=singular(spec.prompt))
        if spec.task == "draw":
            return Piece(spec, around)
        if spec.image is None:
            raise EngineFailed(f"To {spec.task} there has to be a picture.")
        original = flat(open_picture(spec.image))
        if "strength" not in takes and "width" in takes:  # a reference keeps its own shape
            reference = original.copy()
            reference.thumbnail((REFERENCE_SIDE, REFERENCE_SIDE), Image.Resampling.LANCZOS)
            return Piece(spec, around, original, reference)
        image, fitted = fit(original, around)
        mask = Image.new("L", original.size, 255)  # without one, everything may change
        if spec.mask is not None:
            mask = flat(open_picture(spec.mask), "black").convert("L")
        return Piece(spec, fitted, original, image, fit_mask(mask, original, around))


def _keywords(pieces: list[Piece], takes: frozenset[str]) -> dict[str, Any]:
    """Return what a pipeline is called with, limited to the keywords it has."""
    import torch

    spec, (wide, high) = pieces[0].spec, pieces[0].frame.native
    images = [piece.image for piece in pieces]
    guidance = "true_cfg_scale" if "true_cfg_scale" in takes else "guidance_scale"
    keywords = {
        "prompt": [piece.spec.prompt for piece in pieces],
        "negative_prompt": [piece.spec.negative for piece in pieces],
        "width": wide,
        "height": high,
        "num_inference_steps": spec.steps,
        guidance: spec.guidance,
        # on the CPU whatever the device, so that a seed means the same picture everywhere
        "generator": [torch.Generator("cpu").manual_seed(piece.spec.seed) for piece in pieces],
    }
    if spec.task != "draw":
        keywords |= {
            "image": images,
            "mask_image": [piece.mask for piece in pieces],
            # at least one step must be left of them
            "strength": min(1.0, max(spec.strength, 1.01 / spec.steps)),
        }
    return {name: value for name, value in keywords.items() if name in takes}


def _planned(spec: PictureSpec) -> int:
    """Return how many steps will be made; img2img leaves out the first ones."""
    if spec.task in ("draw", "edit"):
        return spec.steps
    return max(1, min(spec.steps, int(spec.steps * spec.strength)))


def _artifact(piece: Piece, image: Image.Image, takes: frozenset[str]) -> Artifact:
    spec = piece.spec
    if spec.task == "inpaint" and piece.original is not None and spec.mask is not None:
        mask = flat(open_picture(spec.mask), "black").convert("L")
        picture = restore(image, piece.original, mask, piece.frame)
    else:
        picture = finish(image, piece.frame)
    file = io.BytesIO()
    picture.save(file, "PNG", compress_level=2)
    facts: dict[str, object] = {
        "width": picture.width,
        "height": picture.height,
        "seed": spec.seed,
        "steps": spec.steps,
        "guidance": spec.guidance,
        "native_width": image.width,
        "native_height": image.height,
    }
    heeded = "negative_prompt" in takes and spec.guidance > 1
    return Artifact(
        file.getvalue(),
        "image/png",
        facts | ({"ignored": ["negative"]} if spec.negative and not heeded else {}),
    )


@contextmanager
def _boundary(name: str, doing: str) -> Iterator[None]:
    """Turn whatever breaks inside into one sentence; the log gets the rest."""
    import torch

    try:
        yield
    except (AtelierError, JobCancelled):
        raise
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise OutOfMemory(
            f"There was not enough memory for {doing} with {name}; "
            "ask for fewer or smaller pictures."
        ) from error
    except Exception as error:
        log.exception("%s failed while %s", name, doing)
        raise EngineFailed(
            f"The model {name} broke while {doing} ({type(error).__name__}); the log says more."
        ) from error

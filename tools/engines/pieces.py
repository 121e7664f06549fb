"""One picture to be made: what its pipeline gets, and how the result is framed and written."""

from dataclasses import dataclass, replace
from typing import Any

from PIL import Image

from tools.catalogue import Model
from tools.errors import EngineFailed
from tools.framing import Frame, finish, fit, fit_mask, frame, restore
from tools.jobs import Artifact, PictureSpec
from tools.pictures import flat, open_picture, png
from tools.plurals import singular

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


def piece(model: Model, spec: PictureSpec, takes: frozenset[str]) -> Piece:
    """Return a spec made ready for a pipeline that takes these keywords.

    Raises Refused for what is no picture, EngineFailed where there is none.
    """
    around = frame(model, spec.width, spec.height)
    if model.singular:
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


def keywords(pieces: list[Piece], model: Model, takes: frozenset[str]) -> dict[str, Any]:
    """Return what a pipeline is called with, limited to the keywords it has."""
    import torch

    spec, (wide, high) = pieces[0].spec, pieces[0].frame.native
    images = [piece.image for piece in pieces]
    guidance = "true_cfg_scale" if "true_cfg_scale" in takes else "guidance_scale"
    wanted = {
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
        wanted |= {
            "image": images,
            "mask_image": [piece.mask for piece in pieces],
            # at least one step must be left of them
            "strength": min(1.0, max(spec.strength, 1.01 / spec.steps)),
        }
    return {name: value for name, value in (wanted | model.options).items() if name in takes}


def planned(spec: PictureSpec) -> int:
    """Return how many steps will be made; img2img leaves out the first ones."""
    if spec.task in ("draw", "edit"):
        return spec.steps
    return max(1, min(spec.steps, int(spec.steps * spec.strength)))


def artifact(piece: Piece, image: Image.Image, takes: frozenset[str]) -> Artifact:
    """Return the picture as PNG in its frame; takes tens of milliseconds, in any thread."""
    spec = piece.spec
    if spec.task == "inpaint" and piece.original is not None and spec.mask is not None:
        mask = flat(open_picture(spec.mask), "black").convert("L")
        picture = restore(image, piece.original, mask, piece.frame)
    else:
        picture = finish(image, piece.frame)
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
        png(picture),
        "image/png",
        facts | ({"ignored": ["negative"]} if spec.negative and not heeded else {}),
    )

"""Pictures from a server: `/images/generations` and `/images/edits`, framed like local ones."""

import asyncio
import base64
import json
from typing import TYPE_CHECKING

from PIL import Image, ImageOps

from tools.catalogue import Model
from tools.compute.client import Client, Request, Upload
from tools.engines.pieces import Piece, artifact, piece
from tools.errors import EngineFailed, Refused
from tools.jobs import Artifact, PictureSpec
from tools.pictures import flat, open_picture, png

if TYPE_CHECKING:
    import httpx

# The names of vLLM-Omni and SGLang; OpenAI's own models know none of them.
_SPARE = frozenset(
    {
        "response_format",
        "seed",
        "num_inference_steps",
        "guidance_scale",
        "negative_prompt",
        "strength",
        "mask_image",
    }
)


async def draw(client: Client, model: Model, spec: PictureSpec) -> tuple[Artifact, float]:
    """Return a PNG with the facts of a local one, and the seconds the server took.

    Raises Refused, EngineFailed or ModelUnavailable.
    """
    takes = frozenset({"width", "height", "negative_prompt"})
    if spec.task in ("vary", "inpaint"):
        takes |= {"strength"}
    ready = await asyncio.to_thread(piece, model, spec, takes)
    files = await asyncio.to_thread(_files, ready)
    path = "/images/edits" if files else "/images/generations"
    request = Request(model, path, _fields(ready, takes), files, _SPARE)
    data, seconds = await client.ask(request, _read)
    takes -= client.lacks(model.name)
    return await asyncio.to_thread(_framed, ready, data, takes, client.name), seconds


async def _read(response: "httpx.Response") -> bytes:
    return base64.b64decode(json.loads(await response.aread())["data"][0]["b64_json"])


def _fields(ready: Piece, takes: frozenset[str]) -> dict[str, object]:
    # One picture a request: of several the server would choose the seeds of all but the first.
    spec, (wide, high) = ready.spec, ready.frame.native
    fields: dict[str, object] = {
        "prompt": spec.prompt,
        "n": 1,
        "size": f"{wide}x{high}",
        "response_format": "b64_json",
        "seed": spec.seed,
        "num_inference_steps": spec.steps,
        "guidance_scale": spec.guidance,
    }
    if spec.negative:
        fields["negative_prompt"] = spec.negative
    if "strength" in takes:
        fields["strength"] = spec.strength
    return fields


def _files(ready: Piece) -> dict[str, Upload]:
    """Return the picture and, twice, what to repaint: transparent for OpenAI, white for vLLM."""
    if ready.image is None:
        return {}
    files: dict[str, Upload] = {"image": ("image.png", png(ready.image), "image/png")}
    if ready.spec.mask is not None and ready.mask is not None:
        clear = ready.image.convert("RGBA")
        clear.putalpha(ImageOps.invert(ready.mask))
        files["mask"] = ("mask.png", png(clear), "image/png")
        files["mask_image"] = ("mask_image.png", png(ready.mask), "image/png")
    return files


def _framed(ready: Piece, data: bytes, takes: frozenset[str], server: str) -> Artifact:
    try:
        image = flat(open_picture(data))
    except Refused as error:
        form = "The server {server} sent no picture that can be read."
        raise EngineFailed(form, server=server) from error
    if image.size != ready.frame.native:  # some know a few sizes only
        image = ImageOps.fit(image, ready.frame.native, Image.Resampling.LANCZOS)
    return artifact(ready, image, takes)

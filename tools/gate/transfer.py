"""A picture brought to the light and colours of its set. All of it blocks."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageFilter

from tools.colours import lab, srgb
from tools.gate.colour import Array
from tools.gate.signature import PLAIN, Signature
from tools.pictures import open_picture

GRID = 33
"""Points of each side of the colour table; between them Pillow interpolates."""
_STRETCH = 0.4, 2.5
_SOFT = 0.5, 1.5


def recoloured(picture: Image.Image, own: Signature, others: Sequence[Signature]) -> Image.Image:
    """Return a picture with the light, contrast and colours of the others' median.

    Mean and deviation of each CIELAB channel of the subject are moved, as by Reinhard, Ashikhmin,
    Gooch, Shirley, "Color Transfer between Images" (2001); a plain ground becomes the others'.
    Every colour goes to one colour, so it is one table for a picture of any size.
    """
    steps = np.linspace(0, 255, GRID).round().astype(np.uint8)
    blue, green, red = np.meshgrid(steps, steps, steps, indexing="ij")  # Pillow: red is fastest
    grid = lab(np.stack([red, green, blue], axis=-1).reshape(-1, 3)).astype(np.float64)
    moved = srgb(_moved(grid, own, others))
    table = ImageFilter.Color3DLUT(GRID, moved.ravel().tolist())
    changed = picture.convert("RGB").filter(table)
    if picture.mode == "RGBA":
        changed.putalpha(picture.getchannel("A"))
    return changed


def recoloured_bytes(data: bytes, own: Signature, others: Sequence[Signature]) -> Image.Image:
    """Return the same for an encoded picture. Raises Refused if it cannot be read."""
    return recoloured(open_picture(data), own, others)


def _moved(colours: Array, own: Signature, others: Sequence[Signature]) -> Array:
    mean = np.median([one.mean for one in others], axis=0)
    deviation = np.median([one.deviation for one in others], axis=0)
    stretch = np.clip(deviation / np.maximum(own.deviation, 0.5), *_STRETCH)
    subject = (colours - own.mean) * stretch + mean
    if not own.plain:
        return np.asarray(subject, np.float64)
    behind = np.median([one.ground for one in others], axis=0)
    ground = colours - own.ground + behind
    far = np.sqrt(((colours - own.ground) ** 2).sum(axis=1, keepdims=True)) / PLAIN
    share = np.clip((far - _SOFT[0]) / (_SOFT[1] - _SOFT[0]), 0, 1)
    return np.asarray(share * subject + (1 - share) * ground, np.float64)

"""A picture brought to the light, colours and smoothness of its set. All of it blocks."""

from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image, ImageFilter

from tools.colours import lab, srgb
from tools.gate.colour import PLAIN_CHROMA, Array, Palette, strays
from tools.gate.signature import PLAIN, Signature

GRID = 33
"""Points of each side of the colour table; between them Pillow interpolates."""
WINDOW = 5
"""Pixels of each side of the square whose median is taken."""
_STRETCH = 0.4, 2.5
_SOFT = 0.5, 1.5
_GIVES = 0.4, 1.0, 1.0
"""Shares of its way to an allowed colour that lightness, a* and b* of a colour take."""
_NEAR = 8.0, 16.0
"""CIEDE2000 from an allowed colour up to which a colour stays, and from which on it moves."""


def recoloured(picture: Image.Image, own: Signature, others: Sequence[Signature]) -> Image.Image:
    """Return a picture with the light, contrast and colours of the others' median.

    Mean and deviation of each CIELAB channel of the subject are moved, as by Reinhard, Ashikhmin,
    Gooch, Shirley, "Color Transfer between Images" (2001); a plain ground becomes the others'.
    Every colour goes to one colour, so it is one table for a picture of any size.
    """
    return _looked_up(picture, lambda colours: _moved(colours, own, others))


def repainted(picture: Image.Image, own: Signature, allowed: Palette) -> Image.Image:
    """Return a picture with its main colours moved to the nearest allowed ones.

    A colour goes where the main colours near it go (Shepard, "A two-dimensional interpolation
    function for irregularly-spaced data", 1968); whites, greys and a plain ground stay.
    """
    return _looked_up(picture, lambda colours: _towards(colours, own, allowed))


def smoothed(picture: Image.Image) -> Image.Image:
    """Return a picture without its noise, outlines kept: a running median (Tukey, 1977), twice."""
    once = picture.convert("RGB").filter(ImageFilter.MedianFilter(WINDOW))
    return _as_clear(picture, once.filter(ImageFilter.MedianFilter(WINDOW)))


def _as_clear(picture: Image.Image, changed: Image.Image) -> Image.Image:
    if picture.mode == "RGBA":
        changed.putalpha(picture.getchannel("A"))
    return changed


def _looked_up(picture: Image.Image, moved: Callable[[Array], Array]) -> Image.Image:
    """Return a picture with every CIELAB colour moved, by a table."""
    steps = np.linspace(0, 255, GRID).round().astype(np.uint8)
    blue, green, red = np.meshgrid(steps, steps, steps, indexing="ij")  # Pillow: red is fastest
    grid = lab(np.stack([red, green, blue], axis=-1).reshape(-1, 3)).astype(np.float64)
    table = ImageFilter.Color3DLUT(GRID, srgb(moved(grid)).ravel().tolist())
    return _as_clear(picture, picture.convert("RGB").filter(table))


def _towards(colours: Array, own: Signature, allowed: Palette) -> Array:
    main, found = own.palette.colours, strays(own.palette, allowed)
    goal = allowed.colours[found.nearest]
    steps = (goal - main) * _GIVES
    steps *= np.clip((found.distances - _NEAR[0]) / (_NEAR[1] - _NEAR[0]), 0, 1)[:, None]
    apart = ((colours[:, None, :] - main[None, :, :]) ** 2).sum(axis=2)
    weights = own.palette.shares / (apart + 1)
    way = (weights @ steps) / weights.sum(axis=1, keepdims=True)
    chroma = np.hypot(colours[:, 1], colours[:, 2])
    share = np.clip(chroma / PLAIN_CHROMA - _SOFT[0], 0, 1)
    if own.plain:
        far = np.sqrt(((colours - own.ground) ** 2).sum(axis=1)) / PLAIN
        share = share * np.clip((far - _SOFT[0]) / (_SOFT[1] - _SOFT[0]), 0, 1)
    return np.asarray(colours + share[:, None] * way, np.float64)


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

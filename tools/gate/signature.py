"""What is measured of one picture, at small size: light, colours and surface of its subject."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tools.colours import lab
from tools.gate.colour import Array, Palette, palette
from tools.gate.texture import Mask, edges, grain, patterns, spectrum
from tools.pictures import flat, open_picture

SIDE = 96
"""Pixels of the longer side at which light and colours are measured."""
SURFACE = 512
"""Pixels of the longer side at which the surface is measured."""
PLAIN = 12.0
"""CIELAB distance from the border's colour within which a pixel belongs to a plain ground."""
VIVID = 90
"""Percentile of the chroma that says how colourful a subject is; its white parts do not count."""
PAPER = np.array([100.0, 0.0, 0.0])
_BORDER = 0.7
_SUBJECT = 0.03


@dataclass(frozen=True, slots=True, eq=False)
class Signature:
    """What was measured; colours are CIELAB's, shares are 0 to 1.

    All but `ground`, the border's colour, and `grain` are of the subject: of what differs from a
    `plain` ground, or of the whole picture where there is none. `mean` and
    `deviation` are (3,), `tint` is the median (a*, b*).
    """

    palette: Palette
    mean: Array
    deviation: Array
    tint: Array
    chroma: float
    ground: Array
    plain: bool
    spectrum: Array
    patterns: Array
    edges: float
    grain: float

    @property
    def light(self) -> float:
        """How light the subject is, L*."""
        return float(self.mean[0])

    @property
    def strength(self) -> float:
        """How far it is from the white of paper, in CIELAB: washed out is near."""
        return float(np.linalg.norm(self.mean - PAPER))

    @property
    def contrast(self) -> float:
        """How far its lightness spreads: the standard deviation of L* (Peli, 1990)."""
        return float(self.deviation[0])


def measure(data: bytes) -> Signature:
    """Measure an encoded picture; 10 to 30 ms (blocks). Raises Refused if it cannot be read."""
    return of_picture(flat(open_picture(data)))


def of_picture(picture: Image.Image) -> Signature:
    """Measure a decoded RGB picture (blocks)."""
    small, large = _sized(picture, SIDE), _sized(picture, SURFACE)
    pixels = np.asarray(small)
    colours = lab(pixels.reshape(-1, 3)).astype(np.float64).reshape(pixels.shape)
    ground, subject = parts(colours)
    seen = colours[subject]
    grey = large.convert("L")
    levels = np.asarray(grey, np.float32)
    where = np.asarray(Image.fromarray(subject).resize(large.size, Image.Resampling.NEAREST))
    return Signature(
        palette=palette(pixels[subject]),
        mean=seen.mean(axis=0),
        deviation=seen.std(axis=0),
        tint=np.median(seen[:, 1:], axis=0),
        chroma=float(np.percentile(np.hypot(seen[:, 1], seen[:, 2]), VIVID)),
        ground=ground,
        plain=not subject.all(),
        spectrum=spectrum(grey, where),
        patterns=patterns(levels, where),
        edges=edges(levels, where),
        grain=grain(levels),
    )


def _sized(picture: Image.Image, side: int) -> Image.Image:
    scale = side / max(picture.size)
    size = max(8, round(picture.width * scale)), max(8, round(picture.height * scale))
    how = Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC
    return picture if size == picture.size else picture.resize(size, how)


def parts(colours: Array) -> tuple[Array, Mask]:
    """Return the border's median colour of (H, W, 3) CIELAB, and where the subject is."""
    sides = (colours[:2], colours[-2:], colours[:, :2], colours[:, -2:])
    border = np.concatenate([side.reshape(-1, 3) for side in sides])
    ground = np.median(border, axis=0)
    plain = (_far(border, ground) <= PLAIN).mean() >= _BORDER
    subject: NDArray[np.bool_] = _far(colours, ground) > PLAIN
    if not plain or subject.mean() < _SUBJECT:
        subject = np.ones(colours.shape[:2], bool)
    return np.asarray(ground, np.float64), subject


def _far(colours: Array, one: Array) -> Array:
    return np.asarray(np.sqrt(((colours - one) ** 2).sum(axis=-1)), np.float64)

"""Colours as people see them apart: CIEDE2000, weighted palettes and the distance of two."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tools.colours import lab

Array = NDArray[np.float64]

SIZE = 6
"""Colours in a palette."""


@dataclass(frozen=True, slots=True, eq=False)
class Palette:
    """The main colours of a picture: (K, 3) CIELAB under D65, and their shares, which sum to 1."""

    colours: Array
    shares: Array


def palette(srgb: NDArray[np.uint8], most: int = SIZE) -> Palette:
    """Return the palette of (N, 3) sRGB pixels: by median cut."""
    row = Image.fromarray(srgb.reshape(1, -1, 3))
    found = row.quantize(most, Image.Quantize.MEDIANCUT)
    counts = np.bincount(np.asarray(found).ravel(), minlength=most)[:most]
    table = np.array(found.getpalette() or [], np.uint8).reshape(-1, 3)[:most]
    used = np.flatnonzero(counts[: len(table)])
    return Palette(lab(table[used]).astype(np.float64), counts[used] / counts[used].sum())


def of_card(codes: tuple[str, ...]) -> Palette:
    """Return a palette from colours such as "#1a2b3c", all of one weight."""
    values = np.array([list(bytes.fromhex(code.removeprefix("#"))) for code in codes], np.uint8)
    return Palette(lab(values).astype(np.float64), np.full(len(codes), 1 / len(codes)))


def apart(one: Palette, other: Palette) -> float:
    """Return how far two palettes are apart, in CIEDE2000 units.

    The relaxed earth mover's distance: every colour moves to the nearest of the other side, and
    the dearer of the two directions counts. A lower bound of Rubner et al., "The Earth Mover's
    Distance as a Metric for Image Retrieval" (2000), by Kusner et al., "From Word Embeddings To
    Document Distances" (2015), section 4.
    """
    costs = ciede2000(one.colours[:, None, :], other.colours[None, :, :])
    there, back = one.shares @ costs.min(axis=1), other.shares @ costs.min(axis=0)
    return float(max(there, back))


SHADES = 2.0
"""Weight k_L of lightness where a colour stands for its shades, as is usual for textiles."""
PLAIN_CHROMA = 12.0
"""Chroma up to which a colour is a white, a grey or a black, which go with every palette."""


@dataclass(frozen=True, slots=True, eq=False)
class Strays:
    """How far each of a picture's main colours is from the allowed ones, and its share.

    `distances` (K,) are CIEDE2000 with light and dark shades of a colour near it, `nearest` (K,)
    the places of the allowed colours; `shares` (K,) sum to 1 over all that is coloured at all, and
    are 0 where nothing is.
    """

    distances: Array
    nearest: NDArray[np.intp]
    shares: Array

    @property
    def mean(self) -> float:
        """How far the picture is from what is allowed; it need not use all of that."""
        return float(self.shares @ self.distances)


def strays(one: Palette, allowed: Palette) -> Strays:
    """Return how far a picture's colours are from allowed ones; whites and greys do not count."""
    costs = ciede2000(one.colours[:, None, :], allowed.colours[None, :, :], SHADES)
    coloured = np.hypot(one.colours[:, 1], one.colours[:, 2]) > PLAIN_CHROMA
    shares = one.shares * coloured
    return Strays(costs.min(axis=1), costs.argmin(axis=1), shares / max(1e-9, shares.sum()))


def ciede2000(one: Array, other: Array, shades: float = 1.0) -> Array:
    """Return the CIEDE2000 differences of (..., 3) CIELAB colours, broadcast against each other.

    Formulas and names from Sharma, Wu, Dalal, "The CIEDE2000 Color-Difference Formula" (2005);
    the weight k_L is `shades`, k_C and k_H are 1.
    """
    light, chroma, hue, cross, mean_light, mean_chroma, mean_hue = _polar(one, other)
    t = (
        1
        - 0.17 * np.cos(np.radians(mean_hue - 30))
        + 0.24 * np.cos(np.radians(2 * mean_hue))
        + 0.32 * np.cos(np.radians(3 * mean_hue + 6))
        - 0.20 * np.cos(np.radians(4 * mean_hue - 63))
    )
    turn = 30 * np.exp(-(((mean_hue - 275) / 25) ** 2))
    rotation = -np.sin(np.radians(2 * turn)) * 2 * _saturated(mean_chroma)
    square = (mean_light - 50) ** 2
    s_light = 1 + 0.015 * square / np.sqrt(20 + square)
    s_chroma, s_hue = 1 + 0.045 * mean_chroma, 1 + 0.015 * mean_chroma * t
    turned = 2 * np.sqrt(cross) * np.sin(np.radians(hue) / 2)
    parts = (light / s_light / shades, chroma / s_chroma, turned / s_hue)
    total = parts[0] ** 2 + parts[1] ** 2 + parts[2] ** 2 + rotation * parts[1] * parts[2]
    return np.asarray(np.sqrt(np.maximum(total, 0)), np.float64)


def _polar(one: Array, other: Array) -> tuple[Array, ...]:
    """Return the differences of lightness, chroma and hue (degrees), and their means."""
    plain = np.hypot(one[..., 1], one[..., 2]), np.hypot(other[..., 1], other[..., 2])
    stretch = 1.5 - 0.5 * 2 * _saturated((plain[0] + plain[1]) / 2) / 2
    a1, a2 = stretch * one[..., 1], stretch * other[..., 1]
    c1, c2 = np.hypot(a1, one[..., 2]), np.hypot(a2, other[..., 2])
    h1 = np.degrees(np.arctan2(one[..., 2], a1)) % 360
    h2 = np.degrees(np.arctan2(other[..., 2], a2)) % 360
    grey, wide = c1 * c2 == 0, np.abs(h2 - h1) > 180
    hue = np.where(grey, 0, (h2 - h1 + 180) % 360 - 180)
    half = np.where(wide & (h1 + h2 < 360), 180, np.where(wide, -180, 0))
    mean_hue = np.where(grey, h1 + h2, (h1 + h2) / 2 + half)
    mean_light = (one[..., 0] + other[..., 0]) / 2
    return other[..., 0] - one[..., 0], c2 - c1, hue, c1 * c2, mean_light, (c1 + c2) / 2, mean_hue


def _saturated(chroma: Array) -> Array:
    seventh = chroma**7
    return np.asarray(np.sqrt(seventh / (seventh + 25.0**7)), np.float64)

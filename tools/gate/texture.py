"""How a surface looks: local contrast by scale, patterns, edges, grain. All of it blocks."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Array = NDArray[np.float64]
Levels = NDArray[np.float32]
Mask = NDArray[np.bool_]

SCALES = (1, 2, 4, 8, 16)
"""Radii, in pixels, between which local contrast is measured."""
FAINT = 0.1
"""Levels (of 256) of local contrast that are as good as none."""
STEP = 3.0
"""Levels (of 256) that a neighbour must be brighter to count as brighter."""
EDGE = 12.0
"""Levels a pixel (Sobel's gradient) from which on it counts as an edge."""


def spectrum(grey: Image.Image, where: Mask) -> Array:
    """Return log2 of the local contrast in each octave: a Laplacian pyramid's energies.

    Burt and Adelson, "The Laplacian Pyramid as a Compact Image Code" (1983), with box filters.
    """
    levels = [np.asarray(grey, np.float32)]
    levels += [
        np.asarray(grey.filter(ImageFilter.BoxBlur(radius)), np.float32) for radius in SCALES
    ]
    bands = [fine - coarse for fine, coarse in pairwise(levels)]
    return np.array([np.log2(FAINT + np.sqrt(np.mean(band[where] ** 2))) for band in bands])


def patterns(grey: Levels, where: Mask) -> Array:
    """Return the histogram of rotation invariant uniform local binary patterns (10 bins).

    Ojala, Pietikäinen, Mäenpää, "Multiresolution Gray-Scale and Rotation Invariant Texture
    Classification with Local Binary Patterns" (2002): LBP riu2 of 8 neighbours at radius 1.
    """
    high, wide = grey.shape
    around = ((-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1))
    middle = grey[1:-1, 1:-1] + STEP
    bits = np.stack([grey[1 + y : high - 1 + y, 1 + x : wide - 1 + x] > middle for y, x in around])
    changes = (bits != np.roll(bits, 1, axis=0)).sum(axis=0)
    codes = np.where(changes <= 2, bits.sum(axis=0), 9)[where[1:-1, 1:-1]]
    counts = np.bincount(codes, minlength=10).astype(np.float64)
    return np.asarray(counts / max(1.0, counts.sum()), np.float64)


def edges(grey: Levels, where: Mask) -> float:
    """Return the share of pixels on an edge, by Sobel's gradient."""
    rows = grey[:-2] + 2 * grey[1:-1] + grey[2:]
    lines = grey[:, :-2] + 2 * grey[:, 1:-1] + grey[:, 2:]
    steep = np.hypot(rows[:, 2:] - rows[:, :-2], lines[2:] - lines[:-2]) / 8
    inside = where[1:-1, 1:-1]
    return float((steep > EDGE)[inside].mean()) if inside.any() else 0.0


def grain(grey: Levels) -> float:
    """Return the standard deviation of the noise, in levels of 256.

    Immerkaer, "Fast Noise Variance Estimation" (1996), with the median in place of the mean,
    so that drawn lines do not count.
    """
    across = grey[:, :-2] - 2 * grey[:, 1:-1] + grey[:, 2:]
    both = across[:-2] - 2 * across[1:-1] + across[2:]
    return float(np.median(np.abs(both)) / 0.6745 / 6) if both.size else 0.0

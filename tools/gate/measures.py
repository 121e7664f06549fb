"""Each measure as a distance of two pictures, with the spread that is usual within a set."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tools.gate.card import Remedy
from tools.gate.colour import apart, ciede2000
from tools.gate.signature import Signature

Distance = Callable[[Signature, Signature], float]


@dataclass(frozen=True, slots=True)
class Measure:
    """One way in which two pictures differ, and what mends a picture that differs so.

    `spread` and `usual`, in the distance's unit, say how far pictures of one set differ anyway:
    `usual` is the median of two of a drawn set, which a reference is held to; `spread` was chosen
    on drawn sets so that at most one clean set in a hundred shows this fault; how often all of
    them together are right and wrong is what `python -m tests.bench.gate` prints.
    """

    name: str
    distance: Distance
    spread: float
    usual: float
    remedy: Remedy


def _ground(one: Signature, other: Signature) -> float:
    return float(ciede2000(one.ground, other.ground))


def _tint(one: Signature, other: Signature) -> float:
    """Return the distance in the plane of a* and b*, in which hues lie apart."""
    return float(np.linalg.norm(one.tint - other.tint))


def _chroma(one: Signature, other: Signature) -> float:
    """Return by how many doublings one is more colourful, as contrasts are seen (Weber)."""
    return float(abs(np.log2((PALE + one.chroma) / (PALE + other.chroma))))


def _strength(one: Signature, other: Signature) -> float:
    """Return by how many doublings one is further from the white of paper, in CIELAB."""
    return float(abs(np.log2((PALE + one.strength) / (PALE + other.strength))))


def _texture(one: Signature, other: Signature) -> float:
    return float(np.linalg.norm(one.spectrum - other.spectrum))


def _sharpness(one: Signature, other: Signature) -> float:
    """Return how differently the finest contrasts fall off; their strength does not count."""
    return float(np.linalg.norm(np.diff(one.spectrum)[:2] - np.diff(other.spectrum)[:2]))


def _pattern(one: Signature, other: Signature) -> float:
    """Return Hellinger's distance of two histograms, 0 to 1."""
    return float(np.linalg.norm(np.sqrt(one.patterns) - np.sqrt(other.patterns)) / 2**0.5)


def _grain(one: Signature, other: Signature) -> float:
    return float(abs(np.log2(1 + one.grain) - np.log2(1 + other.grain)))


PALE = 5.0
"""Chroma below which differences are those of greys."""
MEASURES = (
    Measure("palette", lambda a, b: apart(a.palette, b.palette), 6.0, 12.0, "recolour"),
    Measure("tint", _tint, 17.0, 21.0, "recolour"),
    Measure("chroma", _chroma, 0.46, 0.20, "recolour"),
    Measure("strength", _strength, 0.23, 0.24, "recolour"),
    Measure("light", lambda a, b: abs(a.light - b.light), 9.1, 8.3, "recolour"),
    Measure("contrast", lambda a, b: abs(a.contrast - b.contrast), 5.2, 4.5, "recolour"),
    Measure("ground", _ground, 2.0, 0.0, "recolour"),
    Measure("texture", _texture, 0.67, 0.75, "redraw"),
    Measure("sharpness", _sharpness, 0.14, 0.20, "redraw"),
    Measure("pattern", _pattern, 0.082, 0.11, "redraw"),
    Measure("edges", lambda a, b: abs(a.edges - b.edges), 0.08, 0.051, "redraw"),
    Measure("grain", _grain, 0.2, 0.0, "smooth"),
)
CARD = "card"
"""The measure of a piece against the colours that the style card allows."""
CONTENT = "content"
"""The measure of picture embeddings: the cosine distance of two."""
BESIDE = {CONTENT: 0.05}
"""The spreads of measures that not every set has; not tuned on drawn sets."""
FAR_FROM_CARD = 28.0
"""CIEDE2000 (of shades) from the style card's colours from which on a piece leaves it.

Chosen on drawn pictures of one colour: 1 in 100 of those that are of it is further away.
"""

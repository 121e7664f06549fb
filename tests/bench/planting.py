"""Outliers for the consistency gate's trials, made of real pictures."""

import io
import random
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from PIL import Image, ImageChops, ImageFilter, ImageOps

from tests.bench.gallery import STYLES, Look
from tools.pictures import flat, open_picture, png
from tools.pixels import Operation, apply

FAR = {
    "blue": ("orange", "yellow"),
    "green": ("orange", "purple"),
    "yellow": ("blue", "purple"),
    "purple": ("green", "yellow"),
    "orange": ("blue", "purple", "green"),
}
"""Colours that nobody takes for each other."""

Gallery = dict[Look, bytes]
Plant = Callable[[Look, Gallery, random.Random], bytes]


def palette(look: Look, gallery: Gallery, rng: random.Random) -> bytes:
    """The same thing drawn in a far colour, or with its hues turned."""
    if rng.random() < 0.5:
        return gallery[replace(look, colour=rng.choice(FAR[look.colour]))]
    hue, saturation, value = _picture(gallery[look]).convert("HSV").split()
    turn = rng.randrange(85, 171)
    turned = Image.fromarray((np.asarray(hue) + np.uint8(turn)).astype(np.uint8))
    return png(Image.merge("HSV", (turned, saturation, value)).convert("RGB"))


def light(look: Look, gallery: Gallery, rng: random.Random) -> bytes:
    """Much darker, as by night, or washed out."""
    picture = _picture(gallery[look])
    how = rng.choice(("darker", "night", "lighter"))
    if how == "darker":
        return png(apply(picture, Operation("brightness", percent=rng.uniform(-70, -50))))
    if how == "night":
        return png(apply(picture, Operation("night")))
    return png(Image.blend(picture, Image.new("RGB", picture.size, "white"), 0.65))


def style(look: Look, gallery: Gallery, rng: random.Random) -> bytes:
    """In another technique: pencil, mosaic, halftone or hatching."""
    return png(rng.choice((_pencil, _mosaic, _halftone, _hatching))(_picture(gallery[look])))


def noise(look: Look, gallery: Gallery, rng: random.Random) -> bytes:
    """As a photograph in poor light: noise of the sensor and of light itself, then JPEG."""
    levels = np.asarray(_picture(gallery[look]), np.float64)
    draw = np.random.default_rng(rng.randrange(2**32))
    sigma = np.sqrt(rng.uniform(8, 20) ** 2 + levels * rng.uniform(0.2, 1.0))
    noisy = Image.fromarray(np.clip(levels + draw.normal(0, sigma), 0, 255).astype(np.uint8))
    file = io.BytesIO()
    noisy.save(file, "JPEG", quality=85)
    return file.getvalue()


def stranger(look: Look, gallery: Gallery, rng: random.Random) -> bytes:
    """A picture of another set: other subject, other style, far colour."""
    other = rng.choice([name for name in STYLES if name != look.style])
    subject = rng.choice(sorted({one.subject for one in gallery} - {look.subject}))
    colour = rng.choice(FAR[look.colour])
    return gallery[replace(look, style=other, subject=subject, colour=colour)]


PLANTS: dict[str, Plant] = {
    "other palette": palette,
    "other light": light,
    "other technique": style,
    "photo noise": noise,
    "other set's picture": stranger,
}


def hatched(data: bytes) -> bytes:
    """A picture under a hatching."""
    return png(_hatching(_picture(data)))


def mosaic(data: bytes) -> bytes:
    """A picture in few large squares."""
    return png(_mosaic(_picture(data)))


def _picture(data: bytes) -> Image.Image:
    return flat(open_picture(data))


def _pencil(picture: Image.Image) -> Image.Image:
    """Dodge the grey picture by its blurred negative."""
    grey = picture.convert("L")
    soft = np.asarray(ImageOps.invert(grey).filter(ImageFilter.GaussianBlur(6)), np.float64)
    dodged = np.asarray(grey, np.float64) * 255 / np.maximum(1, 255 - soft)
    return Image.fromarray(np.clip(dodged, 0, 255).astype(np.uint8)).convert("RGB")


def _mosaic(picture: Image.Image) -> Image.Image:
    few = picture.resize((16, 16), Image.Resampling.BOX)
    return few.resize(picture.size, Image.Resampling.NEAREST)


def _halftone(picture: Image.Image) -> Image.Image:
    """Dots whose size follows the darkness, in the picture's colours."""
    y, x = np.mgrid[: picture.height, : picture.width]
    screen = (np.sin(x / 4) * np.sin(y / 4) + 1) * 127
    dots = np.asarray(picture.convert("L"), np.float64) < screen
    inked = np.where(dots[..., None], np.asarray(picture), 255)
    return Image.fromarray(inked.astype(np.uint8))


def _hatching(picture: Image.Image) -> Image.Image:
    y, x = np.mgrid[: picture.height, : picture.width]
    lines = Image.fromarray((((x + y) // 6 % 2) * 110 + 145).astype(np.uint8))
    return ImageChops.multiply(picture, lines.convert("RGB"))

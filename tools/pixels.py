"""What Pillow can do to a picture: one small function for each operation of `retouch.toml`."""

from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image, ImageEnhance, ImageFilter, ImageOps, ImageStat

from tools.cutout import cover_on_white, cut_out
from tools.errors import Refused

MAX_SIDE = 8192
LIGHT = ("brightness", "contrast", "warmth")


@dataclass(frozen=True, slots=True)
class Operation:
    """One change: `value` is signed and 1 is the usual amount; rotations are degrees clockwise.

    `percent` replaces `value` when somebody named a number; `width` and `height` are pixels for
    resize and a ratio for crop; `says` is how a person would call what was done.
    """

    name: str
    value: float = 1.0
    percent: float = 0.0
    width: int = 0
    height: int = 0
    says: str = ""


def apply(picture: Image.Image, operation: Operation) -> Image.Image:
    """Return a changed copy of an RGB or RGBA picture (blocks).

    Transparency is kept, and under a change of light the white that a sticker stands on.
    """
    if operation.name in SHAPES:
        return SHAPES[operation.name](picture, operation)
    changed = COLOURS[operation.name](picture.convert("RGB"), operation)
    if picture.mode == "RGBA":
        changed.putalpha(picture.getchannel("A"))
    elif operation.name in LIGHT and (cover := cover_on_white(picture)) is not None:
        changed = Image.composite(changed, picture, cover)
    return changed


def brightness(picture: Image.Image, how: Operation) -> Image.Image:
    """Darker multiplies (white paper darkens too), brighter bends the curve (nothing clips)."""
    if how.percent:
        return ImageEnhance.Brightness(picture).enhance(max(0.05, _factor(how)))
    power = max(0.15, 0.65 ** abs(how.value))
    if how.value < 0:
        return picture.point([round(v * power) for v in range(256)] * 3)
    return picture.point([round(255 * (v / 255) ** power) for v in range(256)] * 3)


def contrast(picture: Image.Image, how: Operation) -> Image.Image:
    """Spread or draw together around the mean."""
    return ImageEnhance.Contrast(picture).enhance(_factor(how, 1.35))


def saturation(picture: Image.Image, how: Operation) -> Image.Image:
    """More or less colour."""
    return ImageEnhance.Color(picture).enhance(_factor(how, 1.5))


def warmth(picture: Image.Image, how: Operation) -> Image.Image:
    """More red and less blue, or the other way round."""
    shift = how.percent / 100 if how.percent else 0.14 * how.value
    shift = min(0.5, max(-0.5, shift))
    red, green, blue = picture.split()
    return Image.merge("RGB", (_times(red, 1 + shift), green, _times(blue, 1 - shift)))


def greyscale(picture: Image.Image, how: Operation) -> Image.Image:
    """Luminance only."""
    return picture.convert("L").convert("RGB")


def sepia(picture: Image.Image, how: Operation) -> Image.Image:
    """The brown of old photographs."""
    return ImageOps.colorize(picture.convert("L"), "#1f1006", "#fff3d9", mid="#a17848")


def invert(picture: Image.Image, how: Operation) -> Image.Image:
    """The negative."""
    return ImageOps.invert(picture)


def blur(picture: Image.Image, how: Operation) -> Image.Image:
    """Soften; the radius goes with the picture's size."""
    radius = max(picture.size) * 0.006 * max(0.1, how.value)
    return picture.filter(ImageFilter.GaussianBlur(max(0.6, radius)))


def sharpen(picture: Image.Image, how: Operation) -> Image.Image:
    """Unsharp mask."""
    radius = max(1.0, max(picture.size) * 0.002)
    return picture.filter(ImageFilter.UnsharpMask(radius, round(120 * max(0.1, how.value)), 2))


def hue(picture: Image.Image, how: Operation) -> Image.Image:
    """Turn everything coloured to one hue (`value`, degrees); a grey picture is tinted instead."""
    import numpy as np  # only then: it takes longer to load than all tools

    angle = round(how.value / 360 * 255) % 256
    h, s, v = picture.convert("HSV").split()
    coloured = np.asarray(s) >= 40
    if coloured.mean() < 0.02:
        tint = Image.new("HSV", (1, 1), (angle, 200, 200)).convert("RGB").getpixel((0, 0))
        assert isinstance(tint, tuple)
        return ImageOps.colorize(picture.convert("L"), "black", "white", mid=tint[:3])
    turned = Image.fromarray(np.where(coloured, angle, np.asarray(h)).astype(np.uint8))
    return Image.merge("HSV", (turned, s, v)).convert("RGB")


def night(picture: Image.Image, how: Operation) -> Image.Image:
    """Dark and bluish, as films shoot night by day ("day for night"): blue fades least."""
    red, green, blue = picture.split()
    return Image.merge("RGB", (_times(red, 0.28), _times(green, 0.34), _times(blue, 0.6)))


def crop(picture: Image.Image, how: Operation) -> Image.Image:
    """Cut the largest piece of a ratio out of the middle."""
    ratio = how.width / how.height
    width = min(picture.width, max(1, round(picture.height * ratio)))
    height = min(picture.height, max(1, round(picture.width / ratio)))
    left, top = (picture.width - width) // 2, (picture.height - height) // 2
    return picture.crop((left, top, left + width, top + height))


def rotate(picture: Image.Image, how: Operation) -> Image.Image:
    """Turn clockwise; quarter turns are exact, others grow the picture in its corners' colour."""
    quarters = {90: Image.Transpose.ROTATE_270, 180: Image.Transpose.ROTATE_180}
    quarters[270] = Image.Transpose.ROTATE_90
    angle = how.value % 360
    if angle in quarters:
        return picture.transpose(quarters[int(angle)])
    corner = picture.getpixel((0, 0))
    return picture.rotate(-angle, Image.Resampling.BICUBIC, expand=True, fillcolor=corner)


def flip(picture: Image.Image, how: Operation) -> Image.Image:
    """Top to bottom."""
    return ImageOps.flip(picture)


def mirror(picture: Image.Image, how: Operation) -> Image.Image:
    """Left to right."""
    return ImageOps.mirror(picture)


def resize(picture: Image.Image, how: Operation) -> Image.Image:
    """To exact pixels (cut to fit, never stretched) or to a percentage (Lanczos).

    Raises Refused when a side would exceed MAX_SIDE.
    """
    scale = how.percent / 100
    size = (how.width, how.height)
    if scale:
        size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    if max(size) > MAX_SIDE or min(size) < 1:
        raise Refused(
            "A picture of {size} pixels cannot be made: each side must be between 1 and {most}.",
            size=f"{size[0]}x{size[1]}",
            most=MAX_SIDE,
        )
    return ImageOps.fit(picture, size, Image.Resampling.LANCZOS)


def cutout(picture: Image.Image, how: Operation) -> Image.Image:
    """Make the plain background transparent. Raises Refused when it is not plain."""
    return cut_out(picture)


def luminance(picture: Image.Image) -> float:
    """Return the mean brightness, 0 (black) to 255 (white), ITU-R 601 weights."""
    return ImageStat.Stat(picture.convert("L")).mean[0]


def _factor(how: Operation, usual: float = 1.0) -> float:
    if how.percent:
        return max(0.0, 1 + how.percent / 100)
    return float(usual**how.value)


def _times(channel: Image.Image, factor: float) -> Image.Image:
    return channel.point([min(255, round(v * factor)) for v in range(256)])


Change = Callable[[Image.Image, Operation], Image.Image]

COLOURS: dict[str, Change] = {
    f.__name__: f
    for f in (
        brightness,
        contrast,
        saturation,
        warmth,
        greyscale,
        sepia,
        invert,
        blur,
        sharpen,
        hue,
        night,
    )
}
SHAPES: dict[str, Change] = {f.__name__: f for f in (crop, rotate, flip, mirror, resize, cutout)}

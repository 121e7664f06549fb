"""How pictures of any shape pass through a model that wants its own: fitted before, framed after.

Nothing is stretched. A picture whose ends are plain is cropped, any other is set on white and the
white is cut off again afterwards.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from tools.catalogue import Model

Box = tuple[int, int, int, int]

PLAIN = 20
"""Levels (of 256) within which an area still counts as one colour."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What is generated, which part of it is kept, and the size of the finished picture.

    All in pixels; `keep` is (left, top, right, bottom) within the generated picture.
    """

    native: tuple[int, int]
    keep: Box
    final: tuple[int, int]


def frame(model: Model, width: int, height: int) -> Frame:
    """Return the frame for a picture of the wanted size; `width` and `height` give the shape.

    A model that knows one shape only draws that one, and its plain background is extended.
    """
    if model.shapes:
        native = width, height = _round(width, model.multiple), _round(height, model.multiple)
    else:
        native = model.width, model.height
    scale = max(1.0, model.enlarge_to / max(width, height))
    final = max(1, round(width * scale)), max(1, round(height * scale))
    return Frame(native, (0, 0, *native), final)


def fit(picture: Image.Image, around: Frame) -> tuple[Image.Image, Frame]:
    """Return an RGB picture at the frame's native size, and the frame that undoes the fitting."""
    wide, high = around.native
    if _plain_ends(picture, wide / high):
        box = _centred(picture.size, wide / high)
        return picture.resize(around.native, Image.Resampling.LANCZOS, box=box), around
    scale = min(wide / picture.width, high / picture.height)
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    left, top = (wide - size[0]) // 2, (high - size[1]) // 2
    sheet = Image.new("RGB", around.native, "white")
    sheet.paste(picture.resize(size, Image.Resampling.LANCZOS), (left, top))
    keep = (left, top, left + size[0], top + size[1])
    return sheet, Frame(around.native, keep, around.final)


def fit_mask(mask: Image.Image, picture: Image.Image, around: Frame) -> Image.Image:
    """Return a mask (white: repaint) laid over the picture exactly as `fit` laid the picture."""
    whole = mask.convert("L").resize(picture.size, Image.Resampling.BILINEAR)
    ratio = around.native[0] / around.native[1]
    if _plain_ends(picture, ratio):
        box = _centred(picture.size, ratio)
        return whole.resize(around.native, Image.Resampling.BILINEAR, box=box)
    _, fitted = fit(picture, around)
    left, top, right, bottom = fitted.keep
    sheet = Image.new("L", around.native, 0)
    sheet.paste(whole.resize((right - left, bottom - top), Image.Resampling.BILINEAR), (left, top))
    return sheet


def finish(picture: Image.Image, around: Frame) -> Image.Image:
    """Return the finished picture: cut, enlarged, and its background extended to the shape."""
    kept = picture.convert("RGB")
    if around.keep != (0, 0, *picture.size):
        kept = kept.crop(around.keep)
    wide, high = around.final
    scale = min(wide / kept.width, high / kept.height)
    size = min(wide, round(kept.width * scale)), min(high, round(kept.height * scale))
    if scale >= 2:
        kept = _without_specks(kept)
    inner = _enlarge(kept, (max(1, size[0]), max(1, size[1])))
    if inner.size == around.final:
        return inner
    sheet = Image.new("RGB", around.final, _background(kept))
    sheet.paste(inner, ((wide - inner.width) // 2, (high - inner.height) // 2))
    return sheet


def restore(
    picture: Image.Image, original: Image.Image, mask: Image.Image, around: Frame
) -> Image.Image:
    """Return the finished picture with everything the mask left black as it was before."""
    scale = max(1.0, max(around.final) / max(around.native))
    size = round(around.native[0] * scale), round(around.native[1] * scale)
    large = Frame(size, (0, 0, *size), around.final)
    before, fitted = fit(original, large)
    where = fit_mask(mask, original, large).filter(ImageFilter.GaussianBlur(max(size) / 256))
    after = _enlarge(picture.convert("RGB"), size)
    return finish(Image.composite(after, before, where), fitted)


def _enlarge(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Resize; where much is enlarged, round off the old pixels' corners and firm the edges."""
    scale = size[0] / picture.width
    if scale < 2:
        return picture.resize(size, Image.Resampling.LANCZOS)
    large = picture.resize(size, Image.Resampling.BICUBIC)
    smooth = large.filter(ImageFilter.GaussianBlur(0.375 * scale))
    return smooth.filter(ImageFilter.UnsharpMask(radius=scale, percent=160, threshold=0))


def _round(side: int, multiple: int) -> int:
    return max(multiple, round(side / multiple) * multiple)


def _centred(size: tuple[int, int], ratio: float) -> tuple[float, float, float, float]:
    """Return the largest centred box of a ratio (width / height) within a size."""
    wide = min(size[0], size[1] * ratio)
    high = wide / ratio
    left, top = (size[0] - wide) / 2, (size[1] - high) / 2
    return left, top, left + wide, top + high


def _plain_ends(picture: Image.Image, ratio: float) -> bool:
    """Say whether a centred crop to the ratio would lose only plain background, if anything."""
    left, top, right, bottom = (round(side) for side in _centred(picture.size, ratio))
    # up to one row in fifty is rounding of sizes, not content
    if left * 50 <= picture.width and top * 50 <= picture.height:
        return True
    pixels = np.asarray(picture)
    ends = (pixels[:top], pixels[bottom:], pixels[:, :left], pixels[:, right:])
    lost = np.concatenate([end.reshape(-1, 3) for end in ends])
    # specks do not count: autoencoders leave some, mostly in the corners
    low, high = np.percentile(lost, (0.2, 99.8), axis=0)
    return bool((high - low <= PLAIN).all())


def _without_specks(picture: Image.Image) -> Image.Image:
    """Paint over the corners of a plain background, where small autoencoders leave specks."""
    pixels = np.array(picture)
    plain = _plain(pixels)
    if plain is not None:
        for corner in (np.s_[:2, :2], np.s_[:2, -2:], np.s_[-2:, :2], np.s_[-2:, -2:]):
            pixels[corner] = plain
    return Image.fromarray(pixels)


def _background(picture: Image.Image) -> tuple[int, int, int]:
    """Return the colour along a picture's edge, white where that is not one colour."""
    plain = _plain(np.asarray(picture))
    return plain or (255, 255, 255)


def _plain(pixels: npt.NDArray[np.uint8]) -> tuple[int, int, int] | None:
    edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    low, middle, high = np.percentile(edge, (5, 50, 95), axis=0)
    if (high - low > PLAIN).any():
        return None
    red, green, blue = (round(float(value)) for value in middle)
    return red, green, blue

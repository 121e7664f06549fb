"""Several pictures on one numbered sheet, and pictures made small enough. All of it blocks."""

import io
import math
from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

from tools.errors import Refused
from tools.pictures import flat, open_picture

CELL = 768
"""Pixels of the longer side of a picture on a sheet, at most."""
_GAP = 8
_QUALITIES = (95, 88, 78)
_SMALLEST = 64


DARK, LIGHT = (24, 24, 27), (231, 229, 228)
"""What may be between the pictures of a sheet."""


def sheet(
    pictures: Sequence[bytes],
    cell: int = CELL,
    labels: Sequence[str] = (),
    ground: tuple[int, int, int] = DARK,
) -> bytes:
    """Return a JPEG of all pictures in their order, row by row, with a number or label on each."""
    shown = [_small(data, cell) for data in pictures]  # one at a time is large
    wide, high = max(p.width for p in shown), max(p.height for p in shown)
    columns = math.ceil(math.sqrt(len(shown)))
    lines = math.ceil(len(shown) / columns)
    size = columns * (wide + _GAP) - _GAP, lines * (high + _GAP) - _GAP
    whole = Image.new("RGB", size, ground)
    for number, picture in enumerate(shown):
        x, y = number % columns * (wide + _GAP), number // columns * (high + _GAP)
        whole.paste(picture, (x + (wide - picture.width) // 2, y + (high - picture.height) // 2))
        _mark(
            whole,
            x,
            y,
            labels[number] if labels else str(number + 1),
            max(18, min(wide, high) // 10),
        )
    return _encoded(whole, "JPEG", _QUALITIES[0])


def fit(data: bytes, most: int, longest: int = 0) -> tuple[bytes, str]:
    """Return a picture in at most `most` bytes, and its kind, such as "png".

    As it is if that is possible; else as JPEG of ever lower quality, then ever smaller. `longest`
    limits width and height together, in pixels. Raises Refused when it cannot be read.
    """
    with Image.open(io.BytesIO(data)) as header:
        kind, total = str(header.format).lower(), header.width + header.height
    if len(data) <= most and not 0 < longest < total:
        return data, kind
    picture = flat(open_picture(data))
    if 0 < longest < total:
        picture.thumbnail((longest // 2, longest // 2))
    while max(picture.size) > _SMALLEST:
        for quality in _QUALITIES:
            made = _encoded(picture, "JPEG", quality)
            if len(made) <= most:
                return made, "jpeg"
        picture = picture.resize((round(picture.width * 0.7), round(picture.height * 0.7)))
    raise Refused("That picture cannot be made small enough to be sent here.")


def _small(data: bytes, cell: int) -> Image.Image:
    picture = flat(open_picture(data))
    picture.thumbnail((cell, cell), Image.Resampling.LANCZOS)
    return picture


def _mark(whole: Image.Image, x: int, y: int, label: str, size: int) -> None:
    """Write a number into the upper left corner of a cell, readable on any picture."""
    draw, font = ImageDraw.Draw(whole), ImageFont.load_default(size)
    pad = size // 3
    left, top, right, bottom = draw.textbbox((0, 0), label, font=font)
    side = max(right - left, bottom - top) + 2 * pad
    draw.rounded_rectangle((x + pad, y + pad, x + pad + side, y + pad + side), pad, (0, 0, 0))
    draw.text((x + pad + side / 2, y + pad + side / 2), label, (255, 255, 255), font, anchor="mm")


def _encoded(picture: Image.Image, kind: str, quality: int) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, quality=quality, subsampling=0)
    return file.getvalue()

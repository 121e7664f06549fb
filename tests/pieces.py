"""Real pictures of the starter model for the gate and the pack: `pieces.png`, 64x64 pixels each."""

from functools import cache
from pathlib import Path

from PIL import Image

from tools.pictures import png

COLOURS = ("blue", "green", "yellow", "purple", "orange")
SUBJECTS = ("apple", "book", "fish", "heart", "hat", "flower")
_SIDE, _LARGE = 64, 256


@cache
def piece(colour: str, subject: str) -> bytes:
    """Return a PNG, enlarged as the model's pictures are."""
    column, row = SUBJECTS.index(subject) * _SIDE, COLOURS.index(colour) * _SIDE
    with Image.open(Path(__file__).with_name("pieces.png")) as sheet:
        cut = sheet.convert("RGB").crop((column, row, column + _SIDE, row + _SIDE))
    return png(cut.resize((_LARGE, _LARGE), Image.Resampling.BICUBIC))


def series(colour: str = "blue") -> list[bytes]:
    """Return a set of six pictures in one style and colour."""
    return [piece(colour, subject) for subject in SUBJECTS]

"""What can be measured about a picture: its main colours by name, its light, its contrast."""

import re
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tools.pictures import flat

NAMES = Path(__file__).with_name("colours.toml")
SMALLEST = 0.04
"""Share of the pixels from which on a colour is worth naming."""

_CODE = re.compile("#[0-9a-f]{6}")
_TO_XYZ = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
_LIGHT = ((45, "very dark"), (95, "dark"), (160, "of medium brightness"), (215, "bright"))
_CONTRAST = ((20, "very little"), (45, "little"), (75, "medium"))


def measured(picture: Image.Image) -> dict[str, object]:
    """Return its size, main colours, light and contrast (blocks)."""
    small = picture.copy()
    small.thumbnail((160, 160))
    luminance = np.asarray(flat(small).convert("L"), np.float32)
    clear = np.asarray(small.getchannel("A")) < 16 if small.mode == "RGBA" else None
    return {
        "width": picture.width,
        "height": picture.height,
        "colours": colours(small),
        "brightness": round(float(luminance.mean()), 1),
        "light": _word(float(luminance.mean()), _LIGHT, "very bright"),
        "contrast": _word(float(luminance.std()), _CONTRAST, "strong"),
        "transparent": round(100 * float(clear.mean())) if clear is not None else 0,
    }


def _word(value: float, steps: tuple[tuple[int, str], ...], most: str) -> str:
    return next((word for limit, word in steps if value < limit), most)


def colours(picture: Image.Image, most: int = 5) -> dict[str, int]:
    """Return the main colours by name with their share in percent, largest first.

    Looks at every pixel that is not transparent, so hand in a small picture.
    """
    pixels = np.asarray(picture.convert("RGBA")).reshape(-1, 4)
    pixels = pixels[pixels[:, 3] >= 16]
    if not len(pixels):
        return {}
    names, palette = _palette()
    seen = lab(pixels[:, :3])  # (N, 3)
    nearest = ((seen[:, None, :] - palette[None, :, :]) ** 2).sum(axis=2).argmin(axis=1)
    shares = np.bincount(nearest, minlength=len(names)) / len(pixels)
    order = np.argsort(shares)[::-1][:most]
    return {names[i]: round(100 * float(shares[i])) for i in order if shares[i] >= SMALLEST}


def named(colour: NDArray[np.float64]) -> str:
    """Return the name of the colour nearest to a (3,) CIELAB one."""
    names, palette = _palette()
    return names[int(((palette - colour) ** 2).sum(axis=1).argmin())]


def code(name: str) -> str:
    """Return the sRGB code ("#1a2b3c") of a colour, "" when the name is not known."""
    said = name.strip().casefold()
    if _CODE.fullmatch(said):
        return said
    return str(_table().get(said, "") or _table()["also"].get(said, ""))


@lru_cache(maxsize=1)
def _table() -> dict[str, Any]:
    return tomllib.loads(NAMES.read_text(encoding="utf-8"))


@lru_cache(maxsize=1)
def _palette() -> tuple[list[str], NDArray[np.float32]]:
    table = {name: code for name, code in _table().items() if isinstance(code, str)}
    values = [bytes.fromhex(code.removeprefix("#")) for code in table.values()]
    return list(table), lab(np.array([list(value) for value in values], np.uint8))


def lab(srgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Convert (N, 3) sRGB bytes to CIELAB under D65 (IEC 61966-2-1, CIE 15)."""
    c = srgb.astype(np.float32) / 255
    linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    xyz = linear @ np.array(_TO_XYZ, np.float32).T / np.array([0.9505, 1.0, 1.089], np.float32)
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    x, y, z = f[:, 0], f[:, 1], f[:, 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=1).astype(np.float32)


def srgb(colours: NDArray[np.float64]) -> NDArray[np.float64]:
    """Convert (N, 3) CIELAB colours back to sRGB from 0 to 1; what it cannot show is clipped."""
    y = (colours[:, 0] + 16) / 116
    f = np.stack([y + colours[:, 1] / 500, y, y - colours[:, 2] / 200], axis=1)
    xyz = np.where(f > 0.206893, f**3, (f - 16 / 116) / 7.787) * np.array([0.9505, 1.0, 1.089])
    linear = np.clip(xyz @ np.linalg.inv(np.array(_TO_XYZ)).T, 0, 1)
    curved = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray(curved, np.float64)

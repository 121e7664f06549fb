"""Making training pictures: on white, in another colour, two side by side."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]
MARGIN = 0.04


def on_white(picture: Image.Image, size: int) -> Pixels:
    """RGBA on white with a small margin, scaled with premultiplied alpha; (size, size, 3)."""
    inner = round(size * (1 - 2 * MARGIN))
    values = np.asarray(picture.convert("RGBA"), np.float32) / 255
    values[..., :3] *= values[..., 3:]
    scaled = np.stack(
        [
            np.asarray(
                Image.fromarray(values[..., c]).resize((inner, inner), Image.Resampling.LANCZOS)
            )
            for c in range(4)
        ],
        -1,
    )
    flat = scaled[..., :3] + 1 - scaled[..., 3:].clip(0, 1)
    page = np.ones((size, size, 3), np.float32)
    edge = (size - inner) // 2
    page[edge : edge + inner, edge : edge + inner] = flat.clip(0, 1)
    result: Pixels = (page * 255 + 0.5).astype(np.uint8)
    return result


def _hsv(pixels: Pixels) -> NDArray[np.float32]:
    return np.asarray(Image.fromarray(pixels).convert("HSV"), np.float32) / np.float32(255)


def main_hue(pixels: Pixels) -> float | None:
    """The hue (0 to 1) that most of the object has, None if it has several or little colour."""
    hue, saturation, value = np.moveaxis(_hsv(pixels), -1, 0)
    weight = np.where(saturation > 0.25, saturation * value, 0)
    ink = (pixels.min(-1) < 235).sum()
    if ink == 0 or (weight > 0).sum() < 0.55 * ink:
        return None
    mean = (weight * np.exp(2j * np.pi * hue)).sum() / weight.sum()
    return float(np.angle(mean) / (2 * np.pi) % 1) if abs(mean) > 0.8 else None


def recoloured(pixels: Pixels, hue: float, look: list[float]) -> Pixels:
    """The object in another colour: `look` is (hue, kept saturation, kept brightness)."""
    values = _hsv(pixels)
    coloured = np.clip((values[..., 1] - 0.08) / 0.17, 0, 1)
    values[..., 0] = (values[..., 0] + look[0] - hue) % 1
    values[..., 1] *= 1 + (look[1] - 1) * coloured
    values[..., 2] = (values[..., 2] * (1 + (look[2] - 1) * coloured)).clip(0, 1)
    data = (values * 255).clip(0, 255).astype(np.uint8).tobytes()
    image = Image.frombytes("HSV", (pixels.shape[1], pixels.shape[0]), data)
    result: Pixels = np.asarray(image.convert("RGB"))
    return result


def nearest_colour(hue: float, looks: dict[str, list[float]]) -> str:
    """The name of the pure colour next to a hue."""
    pure = {name: look[0] for name, look in looks.items() if look[1:] > [0.9, 0.9]}
    return min(pure, key=lambda name: abs((pure[name] - hue + 0.5) % 1 - 0.5))


def side_by_side(left: Pixels, right: Pixels) -> Pixels:
    """Two pictures at half size next to each other on white."""
    size = len(left)
    half = size // 2
    page = np.full_like(left, 255)
    top = (size - half) // 2
    for place, one in ((0, left), (half, right)):
        small = Image.fromarray(one).resize((half, half), Image.Resampling.LANCZOS)
        page[top : top + half, place : place + half] = np.asarray(small)
    return page

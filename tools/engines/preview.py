"""A small picture of what is being drawn, cheap enough to show while it is drawn."""

import io
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

SIDE = 256
ROWS = 2048
LIGHT = 3_000_000
"""A decoder of fewer weights decodes a preview in a moment: AutoencoderTiny's has 1.2 million."""
Floats = npt.NDArray[np.float32]


class Preview:
    """Turns latents into a JPEG: by the autoencoder where that is small, else by a linear map.

    The map from latent channels to colours is fitted to the first finished picture, so it needs
    no constants of anybody's autoencoder, and that first picture has no preview.
    """

    def __init__(self, vae: Any) -> None:
        self._small = vae if _is_small(vae) else None
        self._map: Floats | None = None

    def show(self, latents: Any, ratio: float) -> bytes | None:
        """Return up to four pictures side by side as JPEG; `ratio` is width / height of one."""
        if self._small is not None and latents.ndim == 4:
            return _jpeg(self._decode(latents[:4]))
        cells = _cells(latents[:4], ratio)
        if cells is None or self._map is None or cells.shape[-1] + 1 != len(self._map):
            return None
        return _jpeg(np.clip(_affine(cells) @ self._map, 0, 1))

    def learn(self, latents: Any, pictures: list[Image.Image]) -> None:
        """Fit the map to finished pictures and the latents they were decoded from."""
        ratio = pictures[0].width / pictures[0].height
        known = self._map is not None or (self._small is not None and latents.ndim == 4)
        cells = None if known else _cells(latents, ratio)
        if cells is None or len(cells) != len(pictures):
            return
        high, wide, channels = cells.shape[1:]
        small = [p.convert("RGB").resize((wide, high), Image.Resampling.BOX) for p in pictures]
        colours = np.stack([np.asarray(p, np.float32) / 255 for p in small]).reshape(-1, 3)
        every = max(1, len(colours) // ROWS)
        rows = _affine(cells).reshape(-1, channels + 1)[::every]
        self._map = np.linalg.lstsq(rows, colours[::every], rcond=None)[0].astype(np.float32)

    def _decode(self, latents: Any) -> Floats:
        vae: Any = self._small
        scaled = latents / vae.config.scaling_factor + (vae.config.shift_factor or 0.0)
        pixels: Floats = vae.decode(scaled.to(vae.dtype)).sample.float().cpu().numpy()
        colours: Floats = np.clip(pixels.transpose(0, 2, 3, 1) / 2 + 0.5, 0, 1)
        return colours


def _is_small(vae: Any) -> bool:
    if type(vae).__name__ not in ("AutoencoderTiny", "AutoencoderKL"):
        return False
    weights: int = sum(part.numel() for part in vae.decoder.parameters())
    return weights < LIGHT


def _cells(latents: Any, ratio: float) -> Floats | None:
    """Return latents as (batch, height, width, channels), None when their layout is unknown."""
    values: Floats = latents.detach().float().cpu().numpy()
    if values.ndim == 5 and 1 in (values.shape[1], values.shape[2]):
        values = values.squeeze(1 if values.shape[1] == 1 else 2)
    if values.ndim == 4:
        return values.transpose(0, 2, 3, 1)
    if values.ndim != 3:
        return None
    batch, tokens, channels = values.shape  # packed, row by row
    high = round((tokens / ratio) ** 0.5)
    if high < 1 or tokens % high:
        return None
    return values.reshape(batch, high, tokens // high, channels)


def _affine(cells: Floats) -> Floats:
    return np.concatenate([cells, np.ones((*cells.shape[:-1], 1), np.float32)], axis=-1)


def _jpeg(pictures: Floats) -> bytes:
    """Encode (batch, height, width, 3) values of 0-1, side by side."""
    row = np.concatenate(list(pictures), axis=1)
    picture = Image.fromarray((row * 255).round().astype(np.uint8))
    picture = picture.resize(_sized(picture.width, picture.height, len(pictures)))
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=75)
    return file.getvalue()


def _sized(width: int, height: int, count: int) -> tuple[int, int]:
    """Return the size that makes the longer side of each picture SIDE."""
    scale = SIDE / max(width / count, height)
    return max(1, round(width * scale)), max(1, round(height * scale))

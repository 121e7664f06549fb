"""Previews: the map from latents to colours is learnt whatever the layout of the latents."""

import io
from collections.abc import Callable

import numpy as np
import pytest
import torch
from PIL import Image

from tools.engines.preview import Preview

LAYOUTS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "channels first (SDXL, SD3, Z-Image, ERNIE-Image)": lambda cells: cells.permute(0, 3, 1, 2),
    "one frame of a film": lambda cells: cells.permute(0, 3, 1, 2).unsqueeze(2),
    "packed row by row (FLUX.1, FLUX.2, Qwen-Image)": lambda cells: cells.flatten(1, 2),
}


def scene(seed: int, high: int = 16, wide: int = 24) -> tuple[torch.Tensor, Image.Image]:
    """Return latents (1, high, wide, 12) and the picture they stand for, eight times as large."""
    rng = np.random.default_rng(seed)
    small = rng.random((4, 6, 3)).astype(np.float32)
    colours = small.repeat(high // 4, 0).repeat(wide // 6, 1)
    mixed = colours @ np.random.default_rng(0).normal(size=(3, 12)) + 0.3
    picture = Image.fromarray((colours * 255).round().astype(np.uint8))
    return torch.from_numpy(mixed).unsqueeze(0), picture.resize((wide * 8, high * 8), 0)


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=list(LAYOUTS))
def test_what_is_learnt_from_one_picture_shows_the_next(
    layout: Callable[[torch.Tensor], torch.Tensor],
) -> None:
    preview, (latents, picture), (others, other) = Preview(None), scene(1), scene(2)
    assert preview.show(layout(latents), 1.5) is None
    preview.learn(layout(latents), [picture])
    data = preview.show(layout(others), 1.5)
    assert data is not None
    shown = Image.open(io.BytesIO(data))
    assert shown.size == (256, 171)
    likeness = np.asarray(shown.resize((24, 16), Image.Resampling.BOX)).astype(float)
    expected = np.asarray(other.resize((24, 16), Image.Resampling.BOX)).astype(float)
    assert np.abs(likeness - expected).mean() < 8


def test_pictures_of_other_channels_have_none() -> None:
    preview, (latents, picture) = Preview(None), scene(1)
    preview.learn(latents.flatten(1, 2), [picture])
    assert preview.show(latents.flatten(1, 2)[..., :6], 1.5) is None
    assert preview.show(latents.flatten(1, 2), 0.9) is None


def test_a_small_autoencoder_shows_the_first_picture_already() -> None:
    from diffusers import AutoencoderKL

    torch.manual_seed(1)
    blocks = {"down_block_types": ["DownEncoderBlock2D"] * 2}
    blocks |= {"up_block_types": ["UpDecoderBlock2D"] * 2}
    small = AutoencoderKL(block_out_channels=[8, 8], norm_num_groups=4, **blocks).eval()
    with torch.no_grad():
        data = Preview(small).show(torch.randn(2, 4, 8, 8), 1.0)
    assert data is not None
    assert Image.open(io.BytesIO(data)).size == (512, 256)

"""The autoencoder: pictures to 4 latent channels and back.

Only the mean of AutoencoderKL's posterior is trained; its variance is set to almost nothing. Where
a training starts from a model that is there, its latents stay as they are, so that its denoiser
stays valid: the new encoder learns to give them, the new decoder to read them.
"""

import random
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL
from torch import Tensor, nn

from recipe.prepare import Dataset
from recipe.settings import Configuration, device
from recipe.training import Losses, Training

LATENT_CHANNELS = 4
"""More than 4 and diffusers' inpainting refuses the denoiser."""
NOISE = 0.15
"""How far latents are shaken, so that the decoder forgives the denoiser its errors."""


def new(settings: Configuration) -> AutoencoderKL:
    """An untrained autoencoder whose posterior has next to no variance."""
    channels = settings.autoencoder_channels
    model = AutoencoderKL(
        block_out_channels=channels,
        down_block_types=["DownEncoderBlock2D"] * len(channels),
        up_block_types=["UpDecoderBlock2D"] * len(channels),
        layers_per_block=1,
        norm_num_groups=4,
        latent_channels=LATENT_CHANNELS,
        sample_size=settings.pixels,
        scaling_factor=1.0,
        mid_block_add_attention=False,
        use_quant_conv=False,
        use_post_quant_conv=False,
    )
    with torch.no_grad():
        model.encoder.conv_out.weight[LATENT_CHANNELS:] = 0
        model.encoder.conv_out.bias[LATENT_CHANNELS:] = -20
    return model.to(memory_format=torch.channels_last)


def tensor(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> Tensor:
    """(N, H, W, 3) bytes as (N, 3, H, W) from -1 to 1."""
    return torch.from_numpy(np.array(pixels)).permute(0, 3, 1, 2).float() / 127.5 - 1


def slopes(x: Tensor) -> tuple[Tensor, Tensor]:
    """Differences to the neighbour below and to the right."""
    return x[..., 1:, :] - x[..., :-1, :], x[..., :, 1:] - x[..., :, :-1]


def picture_loss(made: Tensor, wanted: Tensor) -> Tensor:
    """L1, twice L2, and half the L1 of the edges, which keeps them sharp."""
    edges = sum(F.l1_loss(a, b) for a, b in zip(slopes(made), slopes(wanted), strict=True))
    return F.l1_loss(made, wanted) + 2 * F.mse_loss(made, wanted) + 0.5 * edges


def spread_loss(latents: Tensor) -> Tensor:
    """Zero when every channel has mean 0, deviation 1 and nothing far out."""
    mean, deviation = latents.mean((0, 2, 3)), latents.std((0, 2, 3))
    far = F.relu(latents.abs() - 2.5).square().mean()
    return mean.square().mean() + (deviation - 1).square().mean() + far


class AutoencoderLoss:
    """One step's loss; `given` are the latents to keep, or None to find some."""

    def __init__(
        self, model: AutoencoderKL, data: Dataset, given: Tensor | None, batch: int
    ) -> None:
        self.model, self.data, self.given, self.batch = model, data, given, batch

    def __call__(self, pick: random.Random, generator: torch.Generator) -> Losses:
        """Decoder on latents that are shaken, encoder on the latents or through the decoder."""
        rows = sorted(pick.choices(range(len(self.data.shown)), k=self.batch))
        x = tensor(self.data.pixels[rows]).contiguous(memory_format=torch.channels_last)
        device = next(self.model.parameters()).device
        x = x.to(device)
        if self.given is None:
            z = self.model.encoder(x)[:, :LATENT_CHANNELS]
            extra = {"spread": 0.02 * spread_loss(z)}
        else:
            z = self.given[rows].to(device)
            part = max(1, self.batch // 4)
            found = self.model.encoder(x[:part])[:, :LATENT_CHANNELS]
            extra = {"latents": F.mse_loss(found, z[:part])}
        scale = NOISE * torch.rand(len(z), 1, 1, 1, generator=generator)
        shaken = z + (scale * torch.randn(z.shape, generator=generator)).to(device)
        made = self.model.decoder(shaken.contiguous(memory_format=torch.channels_last))
        return {"picture": picture_loss(made, x), **extra}


def train(
    data: Dataset, settings: Configuration, given: Tensor | None, work: Path, stop_at: float
) -> AutoencoderKL:
    """The trained autoencoder, as far as time allowed."""
    torch.manual_seed(settings.autoencoder.seed)
    model = new(settings).to(device())
    given = given if given is None else given.cpu()
    training = Training(nn.ModuleList([model]), settings.autoencoder, work / "autoencoder.pt", {})
    training.run(AutoencoderLoss(model, data, given, settings.autoencoder.batch), stop_at)
    return model


@torch.no_grad()
def encode(model: nn.Module, data: Dataset, size: int) -> Tensor:
    """Latents of every picture, scaled to `size` pixels first; AutoencoderTiny works, too."""
    found = []
    for start in range(0, len(data.shown), 64):
        x = tensor(data.pixels[start : start + 64]).to(next(model.parameters()).device)
        x = F.interpolate(x, (size, size), mode="area") if x.shape[-1] != size else x
        found.append(model.encoder(x)[:, :LATENT_CHANNELS].cpu())  # type: ignore[operator]
    return torch.cat(found)

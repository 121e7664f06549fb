"""The denoiser, trained together with the text encoder: v-prediction on latents."""

import random
from pathlib import Path

import torch
import torch.nn.functional as F
from diffusers import DDIMScheduler, UNet2DConditionModel
from torch import Tensor, nn

from recipe.positions import give_positions
from recipe.settings import Configuration
from recipe.text import Material, TextLearner
from recipe.training import Losses, Training

NOISE = {
    "num_train_timesteps": 1000,
    "beta_schedule": "squaredcos_cap_v2",
    "prediction_type": "v_prediction",
    "timestep_spacing": "trailing",
}
"""The noise schedule, for training and in the exported scheduler."""
UNCONDITIONAL = 0.1
SNR = 5.0
DRAFT_SHARE = 0.2
SLOW_TEXT = 0.4
"""The text encoder's share of the rate: it knows most already."""


def new(settings: Configuration) -> UNet2DConditionModel:
    """An untrained denoiser."""
    channels, attention = settings.unet_channels, settings.unet_attention
    down = ["CrossAttnDownBlock2D" if yes else "DownBlock2D" for yes in attention]
    up = ["CrossAttnUpBlock2D" if yes else "UpBlock2D" for yes in reversed(attention)]
    return UNet2DConditionModel(
        sample_size=settings.latent,
        in_channels=4,
        out_channels=4,
        block_out_channels=channels,
        down_block_types=down,
        up_block_types=up,
        layers_per_block=settings.unet_layers,
        cross_attention_dim=settings.text_width,
        attention_head_dim=[max(1, width // 32) for width in channels],
        norm_num_groups=16,
        use_linear_projection=True,
    )


class Drawer(nn.Module):
    """Text encoder, its heads and the denoiser: what is trained together."""

    def __init__(self, text: TextLearner, unet: UNet2DConditionModel) -> None:
        super().__init__()
        self.text, self.unet = text, unet


class DrawLoss:
    """One step's loss: min-SNR-5 weighted v-prediction (arXiv 2303.09556), and the text's heads."""

    def __init__(self, drawer: Drawer, material: Material, batch: int) -> None:
        self.drawer, self.material, self.batch = drawer, material, batch
        self.device = material.latents.device
        self.alphas: Tensor = DDIMScheduler(**NOISE).alphas_cumprod.to(self.device)
        self.cells, self.concepts = material.cells(), material.concepts()
        self.empty = material.vocabulary([""]).to(self.device)

    def __call__(self, pick: random.Random, generator: torch.Generator) -> Losses:
        """The loss on the next pictures, at times spread evenly over the batch."""
        rows = self.material.choose(pick, self.batch)
        tokens = self.material.tokens(rows, pick)
        text = self.drawer.text
        hidden = text.encoder(input_ids=torch.cat([tokens, self.empty])).last_hidden_state
        losses = text.losses(
            hidden[:-1], tokens, self.cells[rows], self.concepts[rows], self.material.vocabulary
        )
        dropped = torch.rand(self.batch, 1, 1, generator=generator) < UNCONDITIONAL
        said = torch.where(dropped.to(self.device), hidden[-1:], hidden[:-1])
        times = self._times(generator).to(self.device)
        loss = self._missed(self.material.latents[rows], times, said, generator)
        return {"v": loss} | {part: DRAFT_SHARE * value for part, value in losses.items()}

    def _times(self, generator: torch.Generator) -> Tensor:
        places = torch.arange(self.batch) + torch.rand(self.batch, generator=generator)
        times = (places / self.batch * len(self.alphas)).long().clamp(0, len(self.alphas) - 1)
        return times[torch.randperm(self.batch, generator=generator)]

    def _missed(
        self, latents: Tensor, times: Tensor, said: Tensor, generator: torch.Generator
    ) -> Tensor:
        alpha = self.alphas[times][:, None, None, None]
        noise = torch.randn(latents.shape, generator=generator).to(self.device)
        noisy = alpha.sqrt() * latents + (1 - alpha).sqrt() * noise
        wanted = alpha.sqrt() * noise - (1 - alpha).sqrt() * latents
        made = self.drawer.unet(noisy, times, said).sample.float()
        snr = alpha.flatten() / (1 - alpha.flatten()).clamp(min=1e-8)
        weight = snr.clamp(max=SNR) / (snr + 1) + 0.02
        return (F.mse_loss(made, wanted, reduction="none").mean((1, 2, 3)) * weight).mean() / 0.35


def train(
    material: Material,
    settings: Configuration,
    text: TextLearner,
    unet: UNet2DConditionModel,
    work: Path,
    stop_at: float,
) -> Drawer:
    """Denoiser and text encoder, trained as far as time allowed."""
    torch.manual_seed(settings.joint.seed)
    drawer = Drawer(text, unet)
    training = Training(drawer, settings.joint, work / "joint.pt", {"text.": SLOW_TEXT})
    loss = DrawLoss(drawer, material, settings.joint.batch)
    if training.step <= settings.look:
        training.until(settings.look, loss, stop_at)
        if training.step == settings.look:
            give_positions(drawer, loss)
    training.run(loss, stop_at)
    return drawer

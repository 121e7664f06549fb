"""A model to start from: its denoiser, its latents, and what it made of words."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, AutoencoderTiny, UNet2DConditionModel
from torch import Tensor, nn
from transformers import CLIPTextModel

from recipe.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class Start:
    """The parts of a StableDiffusionPipeline folder, in float32."""

    autoencoder: nn.Module
    text: Any
    vocabulary: Vocabulary
    unet: UNet2DConditionModel
    pixels: int

    @torch.no_grad()
    def say(self, captions: list[str]) -> Tensor:
        """Hidden states of captions, (N, positions, width) in half precision."""
        distinct = list(dict.fromkeys(captions))
        parts = [
            self.text(input_ids=self.vocabulary(distinct[k : k + 256])).last_hidden_state.half()
            for k in range(0, len(distinct), 256)
        ]
        said, place = torch.cat(parts), {caption: k for k, caption in enumerate(distinct)}
        return said[[place[caption] for caption in captions]]

    @torch.no_grad()
    def give_words(self, encoder: Any, vocabulary: Vocabulary) -> None:
        """Copy the layers; each new entry begins as the mean of the old entries that spell it."""
        table = self.text.state_dict()
        key = next(name for name in table if name.endswith("token_embedding.weight"))
        old = table.pop(key)
        encoder.load_state_dict(table, strict=False)
        embedding = encoder.get_input_embeddings().weight
        embedding[vocabulary.begin] = old[self.vocabulary.begin]
        embedding[vocabulary.end] = old[self.vocabulary.end]
        for number in range(len(vocabulary) - 2):
            text = vocabulary.tokenizer.decode([number])
            pieces = self.vocabulary.tokenizer(text, add_special_tokens=False)["input_ids"]
            if pieces:
                embedding[number] = old[pieces].mean(0)

    @torch.no_grad()
    def fit(self, head: nn.Linear, hidden: Tensor, wanted: Tensor) -> None:
        """Set a head by ridge regression."""
        x = hidden.float().flatten(0, 1)
        mean, target = x.mean(0), wanted.flatten(0, 1)
        centred = x - mean
        square = centred.T @ centred + 1e-3 * len(x) * torch.eye(x.shape[1])
        weight = torch.linalg.solve(square, centred.T @ (target - target.mean(0)))
        head.weight.copy_(weight.T)
        head.bias.copy_(target.mean(0) - mean @ weight)


def load(folder: Path) -> Start:
    """The model of a folder; its autoencoder may be AutoencoderKL or AutoencoderTiny."""
    about = (folder / "model_index.json").read_text(encoding="utf-8")
    tiny = "AutoencoderTiny" in about
    kind = AutoencoderTiny if tiny else AutoencoderKL
    autoencoder = kind.from_pretrained(folder / "vae", torch_dtype=torch.float32).eval()
    unet = UNet2DConditionModel.from_pretrained(folder / "unet", torch_dtype=torch.float32)
    text: Any = CLIPTextModel.from_pretrained(folder / "text_encoder", dtype=torch.float32)
    config = autoencoder.config
    levels = len(config.encoder_block_out_channels if tiny else config.block_out_channels)
    pixels = unet.config.sample_size * 2 ** (levels - 1)
    return Start(autoencoder, text.eval(), Vocabulary(folder / "tokenizer"), unet, pixels)

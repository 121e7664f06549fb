"""The sizes of a training: configurations.toml, read once."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent.parent


def device() -> str:
    """Where to train: "cuda" if there is such a device, else "cpu"."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


@dataclass(frozen=True, slots=True)
class Stage:
    """How long and how fast one part is trained."""

    samples: int
    batch: int
    rate: float
    warm: int
    ema: float
    seed: int


@dataclass(frozen=True, slots=True)
class Configuration:
    """One row of configurations.toml; lengths are in pixels, latents or entries.

    `look` is the step after which the denoiser is shown where the draft's cells are; -1: never.
    """

    name: str
    seed: int
    threads: int
    start: str
    styles: dict[str, float]
    recoloured: list[str]
    pairs: int
    concepts: int
    common: float
    pixels: int
    latent: int
    autoencoder_channels: list[int]
    vocabulary: int
    text_width: int
    text_layers: int
    unet_channels: list[int]
    unet_attention: list[bool]
    unet_layers: int
    look: int
    autoencoder: Stage
    text: Stage
    joint: Stage


def configuration(name: str) -> Configuration:
    """The configuration of that name.

    Raises:
        KeyError: There is none.
    """
    tables = tomllib.loads((HERE / "configurations.toml").read_text(encoding="utf-8"))
    values = tables[name]
    for stage in ("autoencoder", "text", "joint"):
        values[stage] = Stage(**values[stage])
    return Configuration(name=name, **values)

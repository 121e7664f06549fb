"""Picture models at their published sizes, with random weights made where they are needed.

Only the text encoders are small: four layers at most, as wide as what the denoiser expects.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from tests.tiny_models import clip, qwen
from tools.catalogue import Model, Source

Part = tuple[str, Mapping[str, Any]]
"""A class of diffusers and what it is made with."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A model without its weights: the classes of its parts and their configurations."""

    name: str
    pipeline: Part
    denoiser: Part
    autoencoder: Part
    scheduler: Part
    texts: Callable[[], dict[str, Any]]
    steps: tuple[int, ...]
    """Of requests that come at once."""
    options: dict[str, object] = field(default_factory=dict)

    @property
    def part(self) -> str:
        """What the pipeline calls its denoiser."""
        return "unet" if self.denoiser[0].startswith("UNet") else "transformer"

    def model(self, dtype: str) -> Model:
        """Return what the catalogue would say."""
        return Model(
            name=self.name,
            family="diffusion",
            source=Source(folder=Path()),
            licence="random weights",
            tasks=("draw",),
            pipelines={"draw": self.pipeline[0]},
            dtype=dtype,
            multiple=16,
            options=self.options,
        )


def clips(small: int, large: int, length: int = 77) -> dict[str, Any]:
    """Two CLIP text encoders of these widths, reading so many tokens, as SDXL has them."""
    from transformers import CLIPTextModel, CLIPTextModelWithProjection

    tokenizer, config = clip(small, length)
    return {
        "tokenizer": tokenizer,
        "text_encoder": CLIPTextModel(config),
        "tokenizer_2": tokenizer,
        "text_encoder_2": CLIPTextModelWithProjection(clip(large, length)[1]),
    }


def hollow(part: Part, dtype: str) -> Any:
    """Return a part on the meta device: shapes without memory."""
    import diffusers
    import torch

    name, config = part
    with torch.device("meta"):
        made = getattr(diffusers, name)(**config)
    return made.to(getattr(torch, dtype)).requires_grad_(False).eval()


def weights(module: Any) -> int:
    """Return how many numbers a model has learnt, or would have."""
    return sum(weight.numel() for weight in module.parameters())


def fill(module: Any) -> Any:
    """Draw weights that keep the size of what passes through; norms begin as they do in training.

    They go straight into the memory of the module's device.
    """
    for name, weight in module.named_parameters():
        if weight.ndim > 1:
            weight.normal_(std=weight[0].numel() ** -0.5)
        else:
            weight.fill_(name.endswith("weight"))
    for name, value in module.named_buffers():  # of batch norms
        value.fill_(name.endswith("var"))
    return module


def build(shape: Shape, device: str, dtype: str, real: bool = True) -> Any:
    """Return the pipeline on a device; no weight passes through host memory or a disk.

    If it is not `real`, all but the sizes of its large parts is left open: the denoiser stays on
    the meta device, and the memory of the autoencoder is never touched.
    """
    import diffusers
    import torch

    torch.manual_seed(0)
    denoiser = hollow(shape.denoiser, dtype)
    autoencoder = hollow(shape.autoencoder, dtype).to_empty(device=device)
    if real:
        denoiser, _ = fill(denoiser.to_empty(device=device)), fill(autoencoder)
    name, config = shape.pipeline
    scheduler, settings = shape.scheduler
    pipe = getattr(diffusers, name)(
        **{shape.part: denoiser},
        vae=autoencoder,
        scheduler=getattr(diffusers, scheduler)(**settings),
        **shape.texts(),
        **config,
    )
    for text in (pipe.text_encoder, getattr(pipe, "text_encoder_2", None)):
        if text is not None:
            text.to(device, getattr(torch, dtype)).eval()
    pipe.set_progress_bar_config(disable=True)
    return pipe


_FLUX_1 = {
    "block_out_channels": (128, 256, 512, 512),
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
    "layers_per_block": 2,
    "sample_size": 1024,
}

# unet, vae and scheduler/config.json of stabilityai/stable-diffusion-xl-base-1.0
SDXL = Shape(
    name="SDXL",
    pipeline=("StableDiffusionXLPipeline", {}),
    denoiser=(
        "UNet2DConditionModel",
        {
            "sample_size": 128,
            "block_out_channels": (320, 640, 1280),
            "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
            "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
            "layers_per_block": 2,
            "attention_head_dim": (5, 10, 20),
            "transformer_layers_per_block": (1, 2, 10),
            "cross_attention_dim": 2048,
            "use_linear_projection": True,
            "addition_embed_type": "text_time",
            "addition_time_embed_dim": 256,
            "projection_class_embeddings_input_dim": 2816,
        },
    ),
    autoencoder=("AutoencoderKL", {**_FLUX_1, "scaling_factor": 0.13025}),
    scheduler=(
        "EulerDiscreteScheduler",
        {
            "beta_start": 0.00085,
            "beta_end": 0.012,
            "beta_schedule": "scaled_linear",
            "timestep_spacing": "leading",
            "steps_offset": 1,
        },
    ),
    texts=partial(clips, 768, 1280),
    steps=(10, 20, 30),
)

# `klein-4b` in diffusers' scripts/convert_flux2_to_diffusers.py; the autoencoder's are defaults
KLEIN = Shape(
    name="FLUX.2 klein 4B",
    pipeline=("Flux2KleinPipeline", {"is_distilled": True}),
    denoiser=(
        "Flux2Transformer2DModel",
        {
            "patch_size": 1,
            "in_channels": 128,
            "num_layers": 5,
            "num_single_layers": 20,
            "attention_head_dim": 128,
            "num_attention_heads": 24,
            "joint_attention_dim": 7680,
            "timestep_guidance_channels": 256,
            "mlp_ratio": 3.0,
            "axes_dims_rope": (32, 32, 32, 32),
            "rope_theta": 2000,
            "guidance_embeds": False,
        },
    ),
    autoencoder=("AutoencoderKLFlux2", {}),
    scheduler=("FlowMatchEulerDiscreteScheduler", {"use_dynamic_shifting": True}),
    texts=partial(qwen, 2560),
    steps=(4, 8),
    options={"text_encoder_out_layers": (1, 2, 3)},
)

# transformer/config.json of Tongyi-MAI/Z-Image and Z-Image-Turbo, which are the same but for
# `axes_lens`, a limit on positions; the autoencoder is FLUX.1's
Z_IMAGE = Shape(
    name="Z-Image 6B",
    pipeline=("ZImagePipeline", {}),
    denoiser=(
        "ZImageTransformer2DModel",
        {
            "in_channels": 16,
            "dim": 3840,
            "n_layers": 30,
            "n_refiner_layers": 2,
            "n_heads": 30,
            "n_kv_heads": 30,
            "cap_feat_dim": 2560,
            "rope_theta": 256.0,
            "axes_dims": [32, 48, 48],
            "axes_lens": [1536, 512, 512],
        },
    ),
    autoencoder=(
        "AutoencoderKL",
        {
            **_FLUX_1,
            "latent_channels": 16,
            "scaling_factor": 0.3611,
            "shift_factor": 0.1159,
            "use_quant_conv": False,
            "use_post_quant_conv": False,
        },
    ),
    scheduler=("FlowMatchEulerDiscreteScheduler", {"shift": 3.0}),
    texts=partial(qwen, 2560),
    steps=(8, 12, 16),
)

SHAPES = (SDXL, KLEIN, Z_IMAGE)

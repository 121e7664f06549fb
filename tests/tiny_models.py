"""Tiny random pipelines of several families, saved to folders as their big sisters are."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tools.catalogue import Catalogue, Model
from tools.files import locate


def blocks() -> dict[str, Any]:
    return {
        "block_out_channels": [4] * 4,
        "down_block_types": ["DownEncoderBlock2D"] * 4,
        "up_block_types": ["UpDecoderBlock2D"] * 4,
        "latent_channels": 4,
        "norm_num_groups": 2,
        "layers_per_block": 1,
        "sample_size": 32,
    }


def qwen(hidden: int = 16) -> dict[str, Any]:
    """A byte-level tokenizer and a four-layer language model, as klein and Z-Image use them."""
    from transformers import Qwen2Tokenizer, Qwen3Config, Qwen3ForCausalLM
    from transformers.convert_slow_tokenizer import bytes_to_unicode

    vocabulary = {letter: place for place, letter in enumerate(bytes_to_unicode().values())}
    tokenizer = Qwen2Tokenizer(vocab=vocabulary, merges=[])
    tokenizer.chat_template = (
        "{% for m in messages %}{{ m.content if m.content is string else m.content[0].text }}"
        "{% endfor %}"
    )
    config = Qwen3Config(
        vocab_size=300,
        hidden_size=hidden,
        intermediate_size=32,
        num_hidden_layers=4,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=8,
        max_position_embeddings=1024,
    )
    return {"tokenizer": tokenizer, "text_encoder": Qwen3ForCausalLM(config)}


def save_klein(folder: Path) -> None:
    from diffusers import (
        AutoencoderKLFlux2,
        FlowMatchEulerDiscreteScheduler,
        Flux2KleinPipeline,
        Flux2Transformer2DModel,
    )

    transformer = Flux2Transformer2DModel(
        in_channels=16,
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=48,
        axes_dims_rope=(4, 4, 4, 4),
        guidance_embeds=False,
        timestep_guidance_channels=32,
    )
    Flux2KleinPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(),
        vae=AutoencoderKLFlux2(**blocks()),
        transformer=transformer,
        is_distilled=True,
        **qwen(),
    ).save_pretrained(folder)


def save_z_image(folder: Path) -> None:
    from diffusers import (
        AutoencoderKL,
        FlowMatchEulerDiscreteScheduler,
        ZImagePipeline,
        ZImageTransformer2DModel,
    )

    transformer = ZImageTransformer2DModel(
        in_channels=4,
        dim=32,
        n_layers=1,
        n_refiner_layers=1,
        n_heads=2,
        n_kv_heads=2,
        cap_feat_dim=16,
        axes_dims=[4, 6, 6],
        axes_lens=[256, 64, 64],
    )
    ZImagePipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
        vae=AutoencoderKL(**flat_blocks()),
        transformer=transformer,
        **qwen(),
    ).save_pretrained(folder)


def clip(hidden: int = 16, length: int = 32) -> tuple[Any, Any]:
    """Return the starter's tokenizer and the configuration of a tiny CLIP text encoder."""
    from transformers import CLIPTextConfig, CLIPTokenizer

    starter = locate(Catalogue.read().find("draw", "starter"), Path())
    tokenizer = CLIPTokenizer.from_pretrained(starter / "tokenizer", model_max_length=length)
    config = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=hidden,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=length,
        projection_dim=hidden,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.eos_token_id,
    )
    return tokenizer, config


def t5() -> Any:
    from transformers import T5Config, T5EncoderModel

    config = T5Config(
        vocab_size=300,
        d_model=32,
        d_kv=8,
        d_ff=32,
        num_layers=2,
        num_heads=2,
        feed_forward_proj="gated-gelu",
    )
    return T5EncoderModel(config)


def flat_blocks() -> dict[str, Any]:
    """An autoencoder as flow-matching models have it, without the convolutions around latents."""
    return {
        **blocks(),
        "scaling_factor": 0.36,
        "shift_factor": 0.11,
        "use_quant_conv": False,
        "use_post_quant_conv": False,
    }


def save_flux(folder: Path) -> None:
    from diffusers import (
        AutoencoderKL,
        FlowMatchEulerDiscreteScheduler,
        FluxPipeline,
        FluxTransformer2DModel,
    )
    from transformers import CLIPTextModel

    tokenizer, config = clip()
    transformer = FluxTransformer2DModel(
        in_channels=16,
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=32,
        pooled_projection_dim=16,
        guidance_embeds=True,
        axes_dims_rope=(4, 4, 8),
    )
    FluxPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(),
        vae=AutoencoderKL(**flat_blocks()),
        text_encoder=CLIPTextModel(config),
        tokenizer=tokenizer,
        text_encoder_2=t5(),
        tokenizer_2=qwen()["tokenizer"],
        transformer=transformer,
    ).save_pretrained(folder)


def save_sd3(folder: Path) -> None:
    from diffusers import (
        AutoencoderKL,
        FlowMatchEulerDiscreteScheduler,
        SD3Transformer2DModel,
        StableDiffusion3Pipeline,
    )
    from transformers import CLIPTextModelWithProjection

    tokenizer, config = clip()
    transformer = SD3Transformer2DModel(
        sample_size=32,
        patch_size=1,
        in_channels=16,
        num_layers=2,
        attention_head_dim=8,
        num_attention_heads=4,
        joint_attention_dim=32,
        caption_projection_dim=32,
        pooled_projection_dim=32,
        out_channels=16,
        pos_embed_max_size=32,
    )
    StableDiffusion3Pipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(),
        vae=AutoencoderKL(**flat_blocks() | {"latent_channels": 16}),
        text_encoder=CLIPTextModelWithProjection(config),
        tokenizer=tokenizer,
        text_encoder_2=CLIPTextModelWithProjection(config),
        tokenizer_2=tokenizer,
        text_encoder_3=t5(),
        tokenizer_3=qwen()["tokenizer"],
        transformer=transformer,
    ).save_pretrained(folder)


def save_ernie(folder: Path) -> None:
    import torch
    from diffusers import (
        AutoencoderKLFlux2,
        ErnieImagePipeline,
        ErnieImageTransformer2DModel,
        FlowMatchEulerDiscreteScheduler,
    )

    transformer = ErnieImageTransformer2DModel(
        hidden_size=32,
        num_attention_heads=2,
        num_layers=2,
        ffn_hidden_size=32,
        in_channels=16,
        out_channels=16,
        text_in_dim=16,
        rope_axes_dim=(4, 6, 6),
    )
    for layer in (transformer.final_linear, transformer.adaLN_modulation[-1]):
        torch.nn.init.normal_(layer.weight, std=0.2)  # they begin as zeros, which hides all else
    ErnieImagePipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(),
        vae=AutoencoderKLFlux2(**blocks()),
        transformer=transformer,
        **qwen(),
    ).save_pretrained(folder)


def save_qwen_image(folder: Path) -> None:
    from diffusers import (
        AutoencoderKLQwenImage,
        FlowMatchEulerDiscreteScheduler,
        QwenImagePipeline,
        QwenImageTransformer2DModel,
    )

    transformer = QwenImageTransformer2DModel(
        in_channels=16,
        out_channels=4,
        num_layers=2,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=16,
        axes_dims_rope=(4, 6, 6),
    )
    vae = AutoencoderKLQwenImage(
        base_dim=8, z_dim=4, num_res_blocks=1, latents_mean=[0.0] * 4, latents_std=[1.0] * 4
    )
    QwenImagePipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(),
        vae=vae,
        transformer=transformer,
        **qwen(),
    ).save_pretrained(folder)


def save_sdxl(folder: Path, big: bool = False) -> None:
    """Save a random SDXL; a big one has as many layers as take longer than what is around."""
    from diffusers import (
        AutoencoderKL,
        EulerDiscreteScheduler,
        StableDiffusionXLPipeline,
        UNet2DConditionModel,
    )
    from transformers import CLIPTextModel, CLIPTextModelWithProjection

    tokenizer, config = clip()
    unet = UNet2DConditionModel(
        block_out_channels=(16, 32) if big else (8, 16),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        layers_per_block=2 if big else 1,
        norm_num_groups=4,
        attention_head_dim=(2, 4),
        use_linear_projection=True,
        addition_embed_type="text_time",
        addition_time_embed_dim=8,
        transformer_layers_per_block=(1, 4 if big else 1),
        projection_class_embeddings_input_dim=6 * 8 + 16,
        cross_attention_dim=32,
    )
    StableDiffusionXLPipeline(
        vae=AutoencoderKL(**blocks()),
        text_encoder=CLIPTextModel(config),
        text_encoder_2=CLIPTextModelWithProjection(config),
        tokenizer=tokenizer,
        tokenizer_2=tokenizer,
        unet=unet,
        scheduler=EulerDiscreteScheduler(),
    ).save_pretrained(folder)


SDXL = 'tasks = ["draw", "vary", "inpaint"]'
Z_IMAGE = """
tasks = ["draw", "vary", "inpaint"]
pipelines = { draw = "ZImagePipeline", vary = "ZImageImg2ImgPipeline" }
"""
KLEIN = """
tasks = ["draw", "edit", "vary", "inpaint"]
options = { text_encoder_out_layers = [1, 2, 3] }
[models.tiny.pipelines]
draw = "Flux2KleinPipeline"
edit = "Flux2KleinPipeline"
vary = "Flux2KleinInpaintPipeline"
inpaint = "Flux2KleinInpaintPipeline"
"""

FLUX = """
tasks = ["draw", "vary", "inpaint"]
options = { max_sequence_length = 32 }
[models.tiny.pipelines]
draw = "FluxPipeline"
vary = "FluxImg2ImgPipeline"
inpaint = "FluxInpaintPipeline"
"""
SD3 = """
tasks = ["draw", "vary", "inpaint"]
options = { max_sequence_length = 32 }
[models.tiny.pipelines]
draw = "StableDiffusion3Pipeline"
vary = "StableDiffusion3Img2ImgPipeline"
inpaint = "StableDiffusion3InpaintPipeline"
"""
ERNIE = """
tasks = ["draw"]
options = { use_pe = false }
pipelines = { draw = "ErnieImagePipeline" }
"""
QWEN = """
tasks = ["draw", "vary", "inpaint"]
[models.tiny.pipelines]
draw = "QwenImagePipeline"
vary = "QwenImageImg2ImgPipeline"
inpaint = "QwenImageInpaintPipeline"
"""


BUILDERS: dict[str, tuple[Callable[[Path], None], str]] = {
    "sdxl": (save_sdxl, SDXL),
    "z-image": (save_z_image, Z_IMAGE),
    "klein": (save_klein, KLEIN),
    "flux": (save_flux, FLUX),
    "sd3": (save_sd3, SD3),
    "ernie": (save_ernie, ERNIE),
    "qwen": (save_qwen_image, QWEN),
}
VARYING = [name for name, (_, facts) in BUILDERS.items() if '"vary"' in facts]
"""Those that make a picture from another one."""


def added(folder: Path, facts: str) -> Model:
    """Read a TOML file that adds the pipeline in `folder/weights` to the catalogue."""
    path = folder / "mine.toml"
    path.write_text(
        '[models.tiny]\nfamily = "diffusion"\nsource = { folder = "weights" }\nlicence = "MIT"\n'
        f'multiple = 16\ndtype = "float16"\n{facts}'
    )
    return Catalogue.read(path).find("draw", "tiny")

"""Writing a StableDiffusionPipeline folder that stock diffusers loads without a word."""

import json
import shutil
from pathlib import Path

import torch
from diffusers import DPMSolverMultistepScheduler, StableDiffusionPipeline

from recipe.denoiser import NOISE, Drawer
from recipe.vocabulary import Vocabulary

LARGEST = 45_000_000
"""The folder's limit in bytes."""


def export(
    folder: Path, autoencoder: torch.nn.Module, drawer: Drawer, vocabulary: Vocabulary, words: Path
) -> int:
    """Write the folder and return its size in bytes; `words` is the tokenizer's own folder.

    Raises:
        ValueError: The folder is larger than it may be.
    """
    pipeline = StableDiffusionPipeline(
        vae=autoencoder,
        text_encoder=drawer.text.encoder,
        tokenizer=vocabulary.tokenizer,
        unet=drawer.unet,
        scheduler=DPMSolverMultistepScheduler(
            algorithm_type="dpmsolver++", steps_offset=1, **NOISE
        ),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    beside = folder.with_name(folder.name + ".new")
    shutil.rmtree(beside, ignore_errors=True)
    pipeline.to(torch.float16).save_pretrained(beside, safe_serialization=True)
    pipeline.to(torch.float32)
    _complete(beside, words)
    size = sum(file.stat().st_size for file in beside.rglob("*") if file.is_file())
    if size > LARGEST:
        raise ValueError(f"The exported folder has {size} bytes, more than {LARGEST}.")
    shutil.rmtree(folder, ignore_errors=True)
    beside.rename(folder)
    return size


def _complete(folder: Path, words: Path) -> None:
    """transformers 5 loads the text encoder in the dtype it names and omits CLIP's own files."""
    for name in ("vocab.json", "merges.txt", "special_tokens_map.json"):
        shutil.copy(words / name, folder / "tokenizer" / name)
    for part in ("text_encoder", "vae", "unet"):
        file = folder / part / "config.json"
        config = json.loads(file.read_text(encoding="utf-8"))
        for key in ("torch_dtype", "_name_or_path"):
            config.pop(key, None)
        if part == "text_encoder":
            config["dtype"] = "float32"
        if config.get("_class_name") == "AutoencoderTiny":
            del config["block_out_channels"]  # it writes this itself, and warns when it reads it
        file.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")

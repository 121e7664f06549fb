"""A pipeline read from a folder: whole, quantised, or with parts from other files."""

import json
from pathlib import Path
from typing import Any

from tools.catalogue import Model
from tools.engines.quantize import quantization
from tools.errors import EngineFailed

DENOISERS = ("unet", "transformer", "transformer_2")


def read_pipeline(kind: Any, model: Model, files: Path, device: str) -> Any:
    """Return a pipeline of a class, its weights in host memory (blocks for seconds).

    Raises EngineFailed with one sentence for what the catalogue promises and is not there.
    """
    classes = _classes(files)
    given: dict[str, Any] = {
        part: _part(classes, model, part, files, device) for part in model.parts
    }
    chosen = model.run.quantized or [name for name in DENOISERS if name in classes]
    if missing := [name for name in chosen if name not in classes]:
        raise EngineFailed(f"The model {model.name} has no part {missing[0]} to be quantised.")
    libraries = {name: classes[name][0] for name in chosen if name not in given}
    given |= quantization(model, libraries, device)
    return kind.from_pretrained(files, dtype=dtype(model, device), local_files_only=True, **given)


def dtype(model: Model, device: str) -> Any:
    """Return the data type of a model's weights: the catalogue's, if the device is good at it."""
    import torch

    half_on_cpu = device == "cpu" and model.dtype == "float16"
    return torch.float32 if half_on_cpu else getattr(torch, model.dtype)


def _classes(files: Path) -> dict[str, tuple[str, str]]:
    """Return the library and class of each part of a pipeline."""
    index = json.loads((files / "model_index.json").read_text(encoding="utf-8"))
    pairs = {name: value for name, value in index.items() if isinstance(value, list)}
    return {name: (str(value[0]), str(value[1])) for name, value in pairs.items() if value[0]}


def _part(
    classes: dict[str, tuple[str, str]], model: Model, part: str, files: Path, device: str
) -> Any:
    """Read one part from its own file; a GGUF file's weights stay as they are stored."""
    import diffusers

    file = model.part(part, files)
    if not file.is_file():
        raise EngineFailed(f"The file {file.name} of the model {model.name} is not there.")
    kind: Any = getattr(diffusers, classes.get(part, ("", ""))[1], None)
    if not hasattr(kind, "from_single_file"):
        raise EngineFailed(f"The {part} of the model {model.name} is not read from single files.")
    wanted = dtype(model, device)
    more: dict[str, Any] = {}
    if file.suffix == ".gguf":
        more["quantization_config"] = diffusers.GGUFQuantizationConfig(compute_dtype=wanted)
    return kind.from_single_file(
        str(file), config=str(files), subfolder=part, dtype=wanted, local_files_only=True, **more
    )

"""Weights stored in fewer bits, by torchao or bitsandbytes, as the catalogue says."""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from tools.catalogue import Model
from tools.errors import EngineFailed

TORCHAO = ("int8", "float8", "int4")
GPU_ONLY = ("int4", "nf4", "int8-bnb")


def quantization(model: Model, parts: dict[str, str], device: str) -> dict[str, Any]:
    """Return the keywords `from_pretrained` needs to quantise a model while it is read.

    `parts` names the library of each part that is quantised. Raises EngineFailed when a package
    is missing or the device cannot do it.
    """
    kind = model.run.quantize
    if not kind or not parts:
        return {}
    package = "torchao" if kind in TORCHAO else "bitsandbytes"
    if find_spec(package) is None:
        raise EngineFailed(
            f"The model {model.name} is quantised with {package}, which is not installed; "
            "run: pip install 'atelier[quant]'."
        )
    if kind in GPU_ONLY and device == "cpu":
        raise EngineFailed(
            f"The model {model.name} is quantised to {kind}, which needs a GPU; "
            "int8 and float8 do not."
        )
    from diffusers import PipelineQuantizationConfig

    configs = {part: _config(library, model) for part, library in parts.items()}
    given: dict[str, Any] = {
        "quantization_config": PipelineQuantizationConfig(quant_mapping=configs)
    }
    if kind == "int4":  # its weights are packed by the GPU, so they have to be read onto it
        import torch

        torch.cuda.set_device(torch.device(device).index or 0)
        given["device_map"] = "cuda"
    return given


def _config(library: str, model: Model) -> Any:
    """Return the configuration of the library that reads a part: diffusers or transformers."""
    import torch

    there: Any = import_module("transformers" if library == "transformers" else "diffusers")
    kind, dtype = model.run.quantize, getattr(torch, model.dtype)
    if kind in TORCHAO:
        return there.TorchAoConfig(_torchao(kind))
    if kind == "int8-bnb":
        return there.BitsAndBytesConfig(load_in_8bit=True)
    return there.BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=dtype
    )


def _torchao(kind: str) -> Any:
    """Return torchao's configuration; none lets rows of a batch have an influence on others."""
    import torch
    from torchao import quantization as torchao

    if kind == "int8":
        return torchao.Int8WeightOnlyConfig()
    if kind == "int4":
        packing: Any = import_module("torchao.quantization.quantize_.workflows")
        return torchao.Int4WeightOnlyConfig(
            int4_packing_format=packing.Int4PackingFormat.TILE_PACKED_TO_4D
        )
    # from this compute capability on GPUs multiply in float8; others only store it
    if torch.cuda.is_available() and torch.cuda.get_device_capability() >= (8, 9):
        return torchao.Float8DynamicActivationFloat8WeightConfig(granularity=torchao.PerRow())
    return torchao.Float8WeightOnlyConfig()

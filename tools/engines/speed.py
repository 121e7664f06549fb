"""What makes a loaded pipeline faster: memory layout, attention backend, compiled blocks."""

import logging
from typing import Any

from tools.catalogue import Model
from tools.engines.weights import DENOISERS
from tools.errors import EngineFailed

log = logging.getLogger(__name__)

BACKEND = "inductor"
"""The compiler of torch that is used."""

VARIANTS = 64
"""Compiled forms of one block at most: sizes, batches, with and without adapters."""


def quicken(pipe: Any, model: Model) -> None:
    """Set a pipeline's models up as the catalogue says, once, where they are on their device.

    Raises EngineFailed when the attention backend is unknown or cannot be used here.
    """
    if model.run.channels_last:
        _channels_last(pipe)
    for denoiser in denoisers(pipe):
        if model.run.attention:
            _attend(denoiser, model)
        if model.run.compile:
            _compile(denoiser, model)


def denoisers(pipe: Any) -> list[Any]:
    """Return the models a pipeline calls at each step."""
    found = (getattr(pipe, name, None) for name in DENOISERS)
    return [one for one in found if one is not None]


def _channels_last(pipe: Any) -> None:
    import torch

    for name in ("unet", "vae"):
        if (part := getattr(pipe, name, None)) is not None:
            part.to(memory_format=torch.channels_last)


def _attend(denoiser: Any, model: Model) -> None:
    from diffusers.models.attention_dispatch import AttentionBackendName, attention_backend

    name = model.run.attention.lower()
    known = sorted(backend.value for backend in AttentionBackendName)
    if name not in known:
        raise EngineFailed(
            f"The catalogue gives {model.name} the attention backend {name!r}, which diffusers "
            f"does not have; it has: {', '.join(known)}."
        )
    try:
        with attention_backend(name):  # which puts the default of all other models back
            denoiser.set_attention_backend(name)
    except (RuntimeError, ImportError, OSError) as error:
        log.warning("attention backend %s: %s", name, error)
        raise EngineFailed(
            f"The attention backend {name!r} of {model.name} cannot be used on this machine; "
            "the log says what it needs."
        ) from error


def _compile(denoiser: Any, model: Model) -> None:
    """Compile the repeated blocks for any batch and size; the first pictures wait for it."""
    import torch

    if not getattr(denoiser, "_repeated_blocks", None):
        log.warning("%s lists no repeated blocks, so it is not compiled", type(denoiser).__name__)
        return
    # beyond its limit torch would silently run everything uncompiled
    torch._dynamo.config.recompile_limit = max(torch._dynamo.config.recompile_limit, VARIANTS)
    denoiser.compile_repeated_blocks(dynamic=True, backend=BACKEND)
    log.info("%s is compiled at its first use", model.name)

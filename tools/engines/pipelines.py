"""One set of weights, and a diffusers pipeline over it for each task."""

import inspect
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tools.catalogue import Model
from tools.engines.speed import quicken
from tools.engines.weights import read_pipeline
from tools.errors import EngineFailed

# diffusers finds these by the name of the loaded pipeline, where its own tables know it
AUTOMATIC = {
    "draw": "AutoPipelineForText2Image",
    "vary": "AutoPipelineForImage2Image",
    "edit": "AutoPipelineForImage2Image",
    "inpaint": "AutoPipelineForInpainting",
}


class Pipelines:
    """The pipelines of one model by task, made when first asked for; they share their weights.

    `base` is the one they were read into; `offload` is as in `Running`.
    """

    def __init__(self, model: Model, files: Path, device: str, offload: str) -> None:
        self._model, self._device = model, device
        self._offload = "" if device == "cpu" else offload
        self.base = self._read(files)
        self._made: dict[str, Any] = {}
        self._placed: Any = None

    @property
    def modules(self) -> list[Any]:
        """The parts that have weights."""
        import torch

        parts = self.base.components.values()
        return [part for part in parts if isinstance(part, torch.nn.Module)]

    def get(self, task: str) -> Any:
        """Return the pipeline for a task, on its device. Raises EngineFailed when it has none."""
        if task not in self._made:
            self._made[task] = self._derive(task)
        pipe = self._made[task]
        if self._placed is not pipe:
            self._place(pipe)
        return pipe

    def _read(self, files: Path) -> Any:
        """Load the weights (blocks for seconds)."""
        if not (files / "model_index.json").is_file():
            raise EngineFailed(
                f"The files of the model {self._model.name} are no diffusers pipeline "
                "(model_index.json is missing)."
            )
        import diffusers

        wanted = self._model.pipelines
        name = wanted.get("draw") or next(iter(wanted.values()), "DiffusionPipeline")
        kind = _named(diffusers, name, self._model)
        return read_pipeline(kind, self._model, files, self._device)

    def _derive(self, task: str) -> Any:
        """Build another pipeline over the same weights."""
        import diffusers

        name = self._model.pipelines.get(task, "")
        if name and name == type(self.base).__name__:
            return self.base
        if task == "draw" and not name and "image" not in parameters(self.base):
            return self.base  # AutoPipeline imports every pipeline it knows: up to a second
        made = _named(diffusers, name or AUTOMATIC[task], self._model)
        try:
            return _over(made, self.base) if name else made.from_pipe(self.base)
        except (ValueError, TypeError) as error:  # parts are missing, or no table knows it
            if task == "draw" and not name:
                return self.base
            raise EngineFailed(f"The model {self._model.name} cannot {task}.") from error

    def _place(self, pipe: Any) -> None:
        """Put the weights where they are needed; offloading hooks belong to one pipeline."""
        pipe.set_progress_bar_config(disable=True)
        if self._offload == "model":
            pipe.enable_model_cpu_offload(device=self._device)
        elif self._offload == "group":
            self._place_groups(pipe)
        else:
            pipe.to(self._device)
        if self._placed is None:
            quicken(self.base, self._model)
        self._placed = pipe

    def _place_groups(self, pipe: Any) -> None:
        import torch

        if self._placed is None:  # these hooks sit in the modules, which all pipelines share
            pipe.enable_group_offload(
                onload_device=torch.device(self._device), offload_type="leaf_level", use_stream=True
            )


def parameters(pipe: Any) -> frozenset[str]:
    """Return the names of the keywords a pipeline takes and its model can make use of."""
    names = frozenset(inspect.signature(type(pipe).__call__).parameters)
    if getattr(getattr(getattr(pipe, "transformer", None), "config", None), "guidance_embeds", 0):
        # guidance is one of the model's own inputs, not a second pass against something
        names -= {"true_cfg_scale", "negative_prompt"}
    return names


def _over(kind: Any, base: Any) -> Any:
    """Return another pipeline with the parts of one; a class's own `from_pipe` would cast them."""
    known = dict(base.config) | base.components
    wanted = inspect.signature(kind.__init__).parameters
    return kind(**{name: known[name] for name in wanted if name in known})


def _named(diffusers: Any, name: str, model: Model) -> Any:
    found = getattr(diffusers, name, None)
    if found is None or not hasattr(found, "from_pipe"):
        raise EngineFailed(
            f"The catalogue names the pipeline {name!r} for the model {model.name}, "
            "which this version of diffusers does not have."
        )
    return found


@contextmanager
def silence() -> Iterator[None]:
    """Keep diffusers and transformers from writing to the terminal.

    Their progress bars and their remarks on harmless things (a picture model with a small
    autoencoder, a cut-off prompt) are for programmers.
    """
    from diffusers.utils import logging as diffusers_logging
    from transformers.utils import logging as transformers_logging

    for library in (diffusers_logging, transformers_logging):
        library.set_verbosity_error()
        library.disable_progress_bar()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield

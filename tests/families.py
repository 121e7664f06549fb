"""A tiny model drawn step by step, compared with diffusers' own pipelines of the same files."""

import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tests.tiny_models import BUILDERS, added
from tools.catalogue import Model
from tools.engines.diffusion import Diffusion
from tools.engines.pieces import keywords, piece
from tools.engines.pipelines import parameters, silence
from tools.engines.sessions import Drawing
from tools.files import locate
from tools.jobs import PictureSpec

CLOSE = 1e-3


class Family:
    """An engine with its passes counted, and diffusers' own pipelines of the same files."""

    def __init__(self, model: Model, files: Path) -> None:
        self.model, self.files = model.model_copy(update={"batch": 8}), files
        self.engine = Diffusion(self.model, files, "cpu")
        self.engine.load()
        self.rows: list[int] = []
        self.denoiser.register_forward_hook(self._count, with_kwargs=True)

    @property
    def denoiser(self) -> Any:
        pipe = self.engine._pipe("draw")
        return getattr(pipe, "unet", None) or pipe.transformer

    def _count(self, module: Any, args: Any, given: dict[str, Any], output: Any) -> None:
        self.rows.append(len(output[0]))

    def plain(self, spec: PictureSpec) -> tuple[Any, Image.Image]:
        """Return the last latents and the picture of the plain pipeline."""
        pipe = self.engine._pipe(spec.task)
        takes, last = parameters(pipe), []

        def keep(_: Any, __: int, ___: Any, tensors: dict[str, Any]) -> dict[str, Any]:
            last.append(tensors["latents"])
            return {}

        given = keywords([piece(self.model, spec, takes)], self.model, takes)
        with silence():
            image: Image.Image = pipe(**given, callback_on_step_end=keep).images[0]
        return last[-1], image

    def check(self, session: Drawing) -> None:
        """Close a session and compare it with the plain pipeline."""
        self.engine.close(session)
        latents, image = self.plain(session.piece.spec)
        assert session.strand.result is not None
        if session.piece.spec.task != "inpaint":  # what is kept is put in after the step
            assert float((session.latents - latents).abs().max()) <= CLOSE
        assert apart(session.strand.result, image) <= 1

    def draw(self, *sessions: Drawing) -> None:
        while not all(session.finished for session in sessions):
            self.engine.step(sessions)


def apart(one: Image.Image, other: Image.Image) -> int:
    """Return the largest difference of any value of any pixel (0-255)."""
    return int(np.abs(np.asarray(one).astype(int) - np.asarray(other)).max())


def encoded(picture: Image.Image) -> bytes:
    picture.save(file := io.BytesIO(), "PNG")
    return file.getvalue()


def striped(wide: int = 64, high: int = 64) -> bytes:
    values = np.add.outer(np.arange(high) * 3, np.arange(wide) * 2) % 256
    return encoded(Image.fromarray(np.stack([values] * 3, -1).astype(np.uint8)))


def tiny(name: str, folder: Path, facts: str = "") -> Model:
    """Save random weights of a family and return the model the catalogue makes of them."""
    import torch

    save, own = BUILDERS[name]
    torch.manual_seed(0)
    save(folder / "weights")
    return added(folder, facts + own)


def save_lora(weights: Path, file: Path, seed: int, *parts: str) -> Path:
    """Save random LoRA weights for parts of the pipeline in a folder, as trainers save them."""
    import torch
    from diffusers import DiffusionPipeline
    from peft import LoraConfig, get_peft_model_state_dict

    torch.manual_seed(seed)
    pipe = DiffusionPipeline.from_pretrained(weights)
    layers = {}
    for part in parts:
        model = getattr(pipe, part)
        targets = ["to_v", "to_out.0", "to_add_out", "linear_out", "q_proj", "v_proj"]
        model.add_adapter(LoraConfig(r=2, target_modules=targets, init_lora_weights=False))
        drawn = get_peft_model_state_dict(model).items()
        layers[f"{part}_lora_layers"] = {key: 3 * value for key, value in drawn}
    pipe.save_lora_weights(file.parent, weight_name=file.name, **layers)
    return file


def family_of(name: str, folder: Path, facts: str = "") -> Family:
    """Return a tiny model of a family, with more of its catalogue block if given."""
    model = tiny(name, folder, facts)
    return Family(model, locate(model, folder))

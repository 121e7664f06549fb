"""What pictures show, as vectors in which words lie, too, through CLIP, SigLIP and their kin."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tools.catalogue import Model
from tools.engines import ENGINES
from tools.engines.meaning import MEDIA_TYPE
from tools.errors import EngineFailed
from tools.jobs import Artifact, Progress, SightSpec, Spec

if TYPE_CHECKING:
    import torch
    from PIL import Image

_BATCH = 8


@ENGINES.register("sight")
class Sight:
    """A dual encoder of transformers' (Radford and others, 2021; Zhai and others, 2023).

    An artifact's data are vectors of unit length as float16: of its spec's pictures, then of its
    texts. Zeros stand for a picture that cannot be read. Facts: `width`, the numbers of one, and
    `scale`, what the model multiplies cosines by before it compares their exponentials.
    """

    def __init__(self, model: Model, files: Path, device: str) -> None:
        self._model, self._files, self._device = model, files, device
        self._net: Any = None
        self._processor: Any = None

    def load(self) -> None:
        """Load the weights (blocks for seconds); raises EngineFailed."""
        if self._net is not None:
            return
        import torch
        from transformers import AutoModel, AutoProcessor

        dtype = getattr(torch, self._model.dtype) if self._device != "cpu" else torch.float32
        processor: Any = AutoProcessor  # of this its library says no types
        try:
            self._processor = processor.from_pretrained(self._files)
            net = AutoModel.from_pretrained(self._files, dtype=dtype)
        except (OSError, ValueError, KeyError) as error:
            raise EngineFailed(f"The model {self._model.name} could not be loaded.") from error
        self._net = net.to(self._device).eval()

    def unload(self) -> None:
        """Drop the weights."""
        self._net = self._processor = None

    def generate(self, specs: Sequence[Spec], progress: Progress) -> list[Artifact]:
        """Encode each spec's pictures and texts; `progress` counts specs."""
        import torch

        self.load()
        wanted = [spec for spec in specs if isinstance(spec, SightSpec)]
        made = []
        with torch.inference_mode():
            for done, spec in enumerate(wanted):
                progress(done, len(wanted), None)
                made.append(self._artifact(spec))
        progress(len(wanted), len(wanted), None)
        return made

    def _artifact(self, spec: SightSpec) -> Artifact:
        import torch

        some = range(0, len(spec.pictures), _BATCH)
        parts = [self._seen(spec.pictures[n : n + _BATCH]) for n in some]
        if spec.texts:
            parts.append(self._read(spec.texts))
        rows = torch.cat(parts)
        facts: dict[str, object] = {
            "width": int(rows.shape[1]),
            "scale": float(self._net.logit_scale.exp()),
        }
        return Artifact(rows.to(torch.float16).cpu().numpy().tobytes(), MEDIA_TYPE, facts)

    def _seen(self, pictures: Sequence[bytes]) -> torch.Tensor:
        images = [_opened(data) for data in pictures]
        blank = next((i for i in images if i is not None), None) or _blank()
        given = self._processor(images=[i or blank for i in images], return_tensors="pt")
        rows = _unit(self._net.get_image_features(**self._there(given)))
        for row, image in zip(rows, images, strict=True):
            if image is None:
                row.zero_()
        return rows

    def _read(self, texts: Sequence[str]) -> torch.Tensor:
        # SigLIP was taught with padding to its full length; CLIP's mask makes it harmless there.
        given = self._processor(
            text=[text.lower() for text in texts], padding="max_length", truncation=True,
            return_tensors="pt",
        )  # fmt: skip
        return _unit(self._net.get_text_features(**self._there(given)))

    def _there(self, given: Any) -> dict[str, Any]:
        return {
            name: value.to(self._device, self._net.dtype) if value.is_floating_point()
            else value.to(self._device)
            for name, value in given.items()
        }  # fmt: skip


def _unit(found: Any) -> torch.Tensor:
    import torch

    rows = found.pooler_output if hasattr(found, "pooler_output") else found
    return torch.nn.functional.normalize(rows.float(), dim=-1)


def _opened(data: bytes) -> Image.Image | None:
    from PIL import Image, UnidentifiedImageError

    try:
        return Image.open(io.BytesIO(data)).convert("RGB")
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError):
        return None


def _blank() -> Image.Image:
    from PIL import Image

    return Image.new("RGB", (32, 32))

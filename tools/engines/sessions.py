"""One picture being drawn, step by step, by a plain diffusers pipeline that knows nothing of it."""

import copy
from collections.abc import Callable
from functools import partial
from typing import Any

from PIL import Image

from tools.engines.passes import DECODING, DENOISING, Call, call, lone, parameter_names
from tools.engines.pieces import Piece
from tools.engines.prompts import Prompts
from tools.engines.strand import Strand
from tools.engines.weights import DENOISERS

Ask = Callable[[Call], Any]


class Drawing:
    """A session: the pipeline's own code, held wherever it calls its denoiser or its decoder.

    So what is done before, between and after these calls is diffusers' own for every family, and
    a picture drawn alone is the pipeline's to the last bit.
    """

    def __init__(
        self,
        pipe: Any,
        piece: Piece,
        keywords: dict[str, Any],
        takes: frozenset[str],
        prompts: Prompts,
        total: int,
    ) -> None:
        self.piece, self.takes, self.total = piece, takes, total
        self.latents: Any = None
        self._steps = 0

        adapters = piece.spec.adapters

        def draw(plainly: Ask) -> Image.Image:
            def ask(one: Call) -> Any:
                return plainly(one.under(adapters))

            twin = _twin(pipe, ask, self._stepped)
            if hasattr(pipe, "encode_prompt"):
                # every big computation is asked for: a thread that computes on a GPU costs memory
                encode = prompts.remembered(pipe, adapters)
                twin.encode_prompt = partial(_prepare, ask, encode)
            image: Image.Image = twin(**keywords).images[0]
            return image

        self.strand: Strand[Call, Image.Image] = Strand(draw)

    @property
    def done(self) -> int:
        """How many steps are made, of `total`."""
        return min(self._steps, self.total)

    @property
    def steps(self) -> int:
        """How many steps are made, as the pipeline counts them."""
        return self._steps

    @property
    def finished(self) -> bool:
        """Whether no step is left: the picture can be decoded, or it failed."""
        question = self.strand.question
        return question is None or question.kind == "decode"

    @property
    def ratio(self) -> float:
        """Width / height."""
        wide, high = self.piece.frame.native
        return wide / high

    def _stepped(self, latents: Any) -> None:
        self._steps += 1
        self.latents = latents


class _Asking:
    """Stands where a model stood: asks for its calls to be made, all else is the model's own."""

    def __init__(self, model: Any, ask: Ask) -> None:
        self._model, self._ask = model, ask

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)


class _Denoiser(_Asking):
    def __call__(self, *args: Any, **keywords: Any) -> Any:
        kind: type = type(self._model)
        names = parameter_names(kind, "forward")
        layout = DENOISING.get(kind.__name__)
        return self._ask(call("denoise", self._model, names, layout, args, keywords))


class _Autoencoder(_Asking):
    def encode(self, *args: Any, **keywords: Any) -> Any:
        return self._ask(lone(self._model.encode, *args, **keywords))

    def decode(self, *args: Any, **keywords: Any) -> Any:
        kind: type = type(self._model)
        names = parameter_names(kind, "decode")
        layout = DECODING[kind.__name__]
        return self._ask(call("decode", self._model.decode, names, layout, args, keywords))


def _twin(pipe: Any, ask: Ask, stepped: Callable[[Any], None]) -> Any:
    """Return a pipeline over the same weights that has a scheduler of its own and asks."""
    twin = copy.copy(pipe)
    own = vars(twin)  # assigning to the pipeline would write to its configuration
    own["scheduler"] = _scheduler(pipe.scheduler, stepped)
    for name in DENOISERS:
        if getattr(pipe, name, None) is not None:
            own[name] = _Denoiser(getattr(pipe, name), ask)
    vae = getattr(pipe, "vae", None)
    if type(vae).__name__ in DECODING and not _upcast(vae):
        own["vae"] = _Autoencoder(vae, ask)
    return twin


def _prepare(ask: Ask, function: Callable[..., Any], *args: Any, **keywords: Any) -> Any:
    return ask(lone(function, *args, **keywords))


def _scheduler(model: Any, stepped: Callable[[Any], None]) -> Any:
    """Return a scheduler of the same kind, whose steps are told."""
    scheduler = type(model).from_config(model.config)
    plain = scheduler.step

    def step(*args: Any, **keywords: Any) -> Any:
        result = plain(*args, **keywords)
        stepped(result[0])
        return result

    scheduler.step = step
    return scheduler


def _upcast(vae: Any) -> bool:
    """Return whether pipelines turn the decoder to float32 and back: not to be held in between."""
    return bool(getattr(vae.config, "force_upcast", False)) and str(vae.dtype) == "torch.float16"

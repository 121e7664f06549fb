"""Calls of a model that different pipelines make, answered together by one forward pass."""

import inspect
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from hashlib import blake2b
from typing import Any, Literal
from weakref import ref

from tools.jobs import Adapter

Kind = Literal["prepare", "denoise", "decode"]
PLAIN = (bool, int, float, str, type(None))

_CONTENTS: dict[int, tuple[Callable[[], Any], bytes]] = {}  # of tensors that stay the same


@dataclass(frozen=True, slots=True)
class Layout:
    """How a model's arguments are laid out, so that calls of it can be joined.

    `counted` has one entry per row; `joined` are tensors (rows first), lists with an item per
    row, or dictionaries of them; the items of `ragged` may differ in length, the model pads them.
    Of tensors in `padded` the second dimension may differ, so zeros are added at its end, which
    the model passes over, by `mask` where it takes one (None: nothing is passed over).
    `ignored` has no influence. All others have to be equal in calls that are joined.
    """

    counted: str
    joined: frozenset[str]
    ragged: frozenset[str] = frozenset()
    padded: frozenset[str] = frozenset()
    mask: str = ""
    ignored: frozenset[str] = frozenset()


DECODING = {
    name: Layout("z", frozenset({"z"}), ignored=frozenset({"generator"}))
    for name in ("AutoencoderKL", "AutoencoderKLFlux2", "AutoencoderKLQwenImage")
} | {"AutoencoderTiny": Layout("x", frozenset({"x"}), ignored=frozenset({"generator"}))}

DENOISING = {
    "UNet2DConditionModel": Layout(
        "sample",
        frozenset(
            {"sample", "timestep", "encoder_hidden_states", "timestep_cond", "added_cond_kwargs"}
        ),
    ),
    "SD3Transformer2DModel": Layout(
        "hidden_states",
        frozenset({"hidden_states", "encoder_hidden_states", "pooled_projections", "timestep"}),
    ),
    "FluxTransformer2DModel": Layout(
        "hidden_states",
        frozenset(
            {"hidden_states", "encoder_hidden_states", "pooled_projections", "timestep", "guidance"}
        ),
    ),
    # its ids are the first row's for all rows, so they belong to what has to be equal
    "Flux2Transformer2DModel": Layout(
        "hidden_states",
        frozenset({"hidden_states", "encoder_hidden_states", "timestep", "guidance"}),
    ),
    "ZImageTransformer2DModel": Layout(
        "x", frozenset({"x", "t", "cap_feats"}), ragged=frozenset({"cap_feats"})
    ),
    "ErnieImageTransformer2DModel": Layout(
        "hidden_states",
        frozenset({"hidden_states", "timestep", "text_bth", "text_lens"}),
        padded=frozenset({"text_bth"}),
    ),
    "QwenImageTransformer2DModel": Layout(
        "hidden_states",
        frozenset({"hidden_states", "encoder_hidden_states", "timestep", "guidance", "img_shapes"}),
        padded=frozenset({"encoder_hidden_states"}),
        mask="encoder_hidden_states_mask",
    ),
}


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """One call of a model that a pipeline waits for; without a layout it is made by itself."""

    kind: Kind
    function: Callable[..., Any]
    values: dict[str, Any]
    layout: Layout | None
    rows: int
    key: Hashable
    """Equal for calls that may share a forward pass."""
    adapters: tuple[Adapter, ...] | None = None
    """What has to be switched on; None where it has no influence."""

    def under(self, adapters: tuple[Adapter, ...]) -> "Call":
        """Return the call for a picture with these adapters; decoders know nothing of them."""
        if self.kind == "decode":
            return self
        return replace(self, adapters=adapters, key=(adapters, self.key))


def lone(function: Callable[..., Any], *args: Any, **keywords: Any) -> Call:
    """Return a call that prepares one picture and is made by itself."""
    return Call("prepare", partial(function, *args, **keywords), {}, None, 1, object())


def call(
    kind: Kind,
    function: Callable[..., Any],
    names: Sequence[str],
    layout: Layout | None,
    args: tuple[Any, ...],
    keywords: dict[str, Any],
) -> Call:
    """Return a call of `function`, whose parameters are `names`."""
    values = dict(zip(names, args, strict=False)) | keywords
    if layout is None or values.get("return_dict", True):
        return Call(kind, function, values, None, 1, object())
    key = tuple((name, _likeness(name, values[name], layout)) for name in sorted(values))
    return Call(kind, function, values, layout, len(values[layout.counted]), (kind, key))


@lru_cache(maxsize=64)
def parameter_names(kind: type, method: str) -> tuple[str, ...]:
    """Return the names of a method's parameters without `self`, in order."""
    return tuple(inspect.signature(getattr(kind, method)).parameters)[1:]


def together(calls: Sequence[Call]) -> list[Any]:
    """Make calls of equal key in one forward pass and return what each of them gets."""
    first, layout = calls[0], calls[0].layout
    if layout is None or len(calls) == 1:
        return [one.function(**one.values) for one in calls]
    rows = [one.rows for one in calls]
    names = [name for name in layout.joined if name in first.values]
    joined = {name: _join([one.values[name] for one in calls], rows, name in layout.padded)
              for name in names}  # fmt: skip
    if layout.mask:
        joined[layout.mask] = _mask(calls, layout, rows)
    return _split(first.function(**(first.values | joined)), rows)


def _likeness(name: str, value: Any, layout: Layout) -> Hashable:
    """Return what has to be equal of an argument."""
    if name in layout.ignored or name == layout.mask:
        return None
    if name in layout.padded:
        return tuple(value.shape[2:]), value.dtype
    if name in layout.joined:
        return _shape(value, name in layout.ragged)
    if value is None or isinstance(value, PLAIN):
        return value
    if isinstance(value, dict) and all(isinstance(v, PLAIN) for v in value.values()):
        return tuple(sorted(value.items()))
    return _content(value) if hasattr(value, "numpy") else id(value)


def _shape(value: Any, ragged: bool) -> Hashable:
    if value is None:
        return None
    if isinstance(value, dict):
        return tuple((name, _shape(value[name], ragged)) for name in sorted(value))
    if isinstance(value, list):  # an item per row, all of them alike
        first = value[0]
        known = (tuple(first.shape[ragged:]), first.dtype) if hasattr(first, "shape") else first
        return "list", repr(known)
    return tuple(value.shape[1:]), value.dtype


def _content(tensor: Any) -> Hashable:
    """Return a digest of a tensor's first row, as position ids are the same for all rows."""
    known = _CONTENTS.get(id(tensor))
    if known is not None and known[0]() is tensor:
        return known[1]
    row = tensor[0] if tensor.ndim == 3 else tensor
    digest = blake2b(row.contiguous().cpu().float().numpy().tobytes(), digest_size=16).digest()
    if len(_CONTENTS) >= 256:
        _CONTENTS.clear()
    _CONTENTS[id(tensor)] = ref(tensor), digest
    return digest


def _mask(calls: Sequence[Call], layout: Layout, rows: list[int]) -> Any:
    """Return what tells padding from content, None where there is no padding."""
    import torch

    given = [one.values.get(layout.mask) for one in calls]
    texts = [one.values[next(iter(layout.padded))] for one in calls]
    if all(mask is None for mask in given) and len({text.shape[1] for text in texts}) == 1:
        return None
    whole = [torch.ones(text.shape[:2], dtype=torch.bool, device=text.device) for text in texts]
    masks = [
        all if mask is None else mask.to(torch.bool) for mask, all in zip(given, whole, strict=True)
    ]
    return _join(masks, rows, padded=True)


def _join(values: list[Any], rows: list[int], padded: bool = False) -> Any:
    import torch

    first = values[0]
    if first is None:
        return None
    if isinstance(first, dict):
        return {name: _join([value[name] for value in values], rows) for name in first}
    if isinstance(first, list):
        return [item for value in values for item in value]
    if first.ndim == 0:
        values = [value.expand(n) for value, n in zip(values, rows, strict=True)]
    if padded:
        longest = max(value.shape[1] for value in values)
        values = [_lengthened(value, longest) for value in values]
    return torch.cat([v.to(first.device) for v in values])


def _lengthened(value: Any, length: int) -> Any:
    """Return a tensor with zeros at the end of its second dimension."""
    import torch

    rows, now, *rest = value.shape
    missing = value.new_zeros((rows, length - now, *rest))
    return torch.cat([value, missing], 1)


def _split(output: Any, rows: list[int]) -> list[Any]:
    """Return each call's share of what a model returned: tensors or lists, in tuples or not."""
    if isinstance(output, tuple):
        parts = [_split(part, rows) for part in output]
        return [tuple(part[i] for part in parts) for i in range(len(rows))]
    if isinstance(output, list):
        ends = [sum(rows[: i + 1]) for i in range(len(rows))]
        return [output[end - n : end] for end, n in zip(ends, rows, strict=True)]
    return list(output.split(rows))

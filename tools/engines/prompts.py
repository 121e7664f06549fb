"""Prompts already encoded: a variation, the next picture and "no text" need no second look."""

import inspect
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from typing import Any

from tools.jobs import Adapter

LIMIT = 256 * 2**20
"""Bytes of embeddings that are kept."""

PLAIN = (bool, int, float, str, type(None))
Choice = tuple[Adapter, ...]


class Prompts:
    """Embeddings by what a pipeline's `encode_prompt` was asked, least recently used first.

    `speaking` returns those of some adapters that change the text encoder; it is asked when they
    are loaded.
    """

    def __init__(
        self, limit: int = LIMIT, speaking: Callable[[Choice], Choice] = lambda all: all
    ) -> None:
        self._limit, self._speaking = limit, speaking
        self._kept: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self.hits = self.misses = 0

    def clear(self) -> None:
        """Forget everything: the text encoder has changed."""
        self._kept.clear()

    def remembered(self, pipe: Any, adapters: Choice = ()) -> Callable[..., Any]:
        """Return the pipeline's `encode_prompt`, with a memory."""
        encode, here = pipe.encode_prompt, id(getattr(pipe, "text_encoder", None))
        signature = inspect.signature(encode)

        def remember(*args: Any, **keywords: Any) -> Any:
            encoder = here, self._speaking(adapters)
            bound = signature.bind(*args, **keywords)
            bound.apply_defaults()
            given = dict(bound.arguments)
            if _paired(given):
                return _pair(
                    self._once(encode, encoder, given | _alone(given["prompt"])),
                    self._once(encode, encoder, given | _alone(given["negative_prompt"])),
                )
            if given.get("do_classifier_free_guidance") is False:
                given["negative_prompt"] = None  # has no influence
            return self._once(encode, encoder, given)

        return remember

    def _once(self, encode: Callable[..., Any], encoder: Hashable, given: dict[str, Any]) -> Any:
        words = _plain(given)
        if words is None:
            return encode(**given)
        key = (encoder, words)
        if key in self._kept:
            self.hits += 1
            self._kept.move_to_end(key)
            return self._kept[key][0]
        self.misses += 1
        # some pipelines write the chat template into the very list they are given
        fresh = {k: list(v) if isinstance(v, list) else v for k, v in given.items()}
        made = encode(**fresh)
        self._keep(key, made)
        return made

    def _keep(self, key: Hashable, made: Any) -> None:
        self._kept[key] = made, _size(made)
        total = sum(size for _, size in self._kept.values())
        while total > self._limit:
            total -= self._kept.popitem(last=False)[1][1]


def _paired(given: Mapping[str, Any]) -> bool:
    """Return whether a prompt and a negative one are wanted that are encoded in the same way."""
    others = [v for k, v in given.items() if k.endswith(("_2", "_3", "_embeds"))]
    return (
        bool(given.get("do_classifier_free_guidance"))
        and given.get("negative_prompt") is not None
        and type(given.get("prompt")) is type(given["negative_prompt"])
        and all(value is None for value in others)
    )


def _alone(text: Any) -> dict[str, Any]:
    return {"prompt": text, "negative_prompt": None, "do_classifier_free_guidance": False}


def _pair(positive: Any, negative: Any) -> tuple[Any, ...]:
    """Join them in diffusers' order: prompt, negative, pooled prompt, pooled negative."""
    return tuple(part[i] for i in range(0, len(positive), 2) for part in (positive, negative))


def _plain(given: Mapping[str, Any]) -> Hashable | None:
    """Return the arguments as a key; None where one of them is a tensor or the like."""
    items: list[tuple[str, str]] = []
    for name, value in given.items():
        parts = value if isinstance(value, list | tuple) else [value]
        if not all(isinstance(p, PLAIN) or type(p).__name__ == "device" for p in parts):
            return None
        items.append((name, repr(value)))
    return tuple(items)


def _size(made: Any) -> int:
    """Return the bytes of all tensors in nested lists and tuples."""
    if isinstance(made, list | tuple):
        return sum(_size(part) for part in made)
    return int(made.nbytes) if hasattr(made, "nbytes") else 0

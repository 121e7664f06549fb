"""Texts that have to follow a JSON schema: which tokens may come next, by llguidance."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tools.errors import EngineFailed

if TYPE_CHECKING:
    import torch

_COMPILE: Any = {
    # Free white space lets a weak model write blanks to its limit.
    "whitespace_flexible": False,
    "item_separator": ", ",
    "key_separator": ": ",
}


class Grammars:
    """What one tokenizer can be held to; made once per model (reads the vocabulary: ~0.3 s)."""

    def __init__(self, tokenizer: Any, size: int, ends: Sequence[int]) -> None:
        from llguidance.hf import from_tokenizer

        self._size = size
        self._tokens = from_tokenizer(tokenizer, n_vocab=size, eos_token=list(ends))

    def follow(self, schema: str) -> "Grammar":
        """Return a grammar at its beginning. Raises EngineFailed for a schema it cannot hold to."""
        from llguidance import LLMatcher

        rules = LLMatcher.grammar_from_json_schema(schema, overrides=_COMPILE)
        matcher = LLMatcher(self._tokens, rules)
        if matcher.is_error():
            raise EngineFailed("The text model was given a form that cannot be kept to.")
        return Grammar(matcher, self._size)


class Grammar:
    """One text on its way through a schema."""

    def __init__(self, matcher: Any, size: int) -> None:
        self._matcher, self._size = matcher, size

    @property
    def ended(self) -> bool:
        """Whether the text is whole and nothing can follow."""
        return bool(self._matcher.is_stopped())

    def take(self, token: int) -> None:
        """Note that a token was written."""
        self._matcher.consume_token(token)

    def forced(self) -> list[int]:
        """Return what has to come next, and take it: names, quotes, brackets."""
        tokens: list[int] = self._matcher.compute_ff_tokens()
        if tokens:
            self._matcher.consume_tokens(tokens)
        return tokens

    def allowed(self) -> "torch.Tensor":
        """Return which tokens may come next: bools of shape (vocabulary,)."""
        import numpy as np
        import torch

        bits = np.frombuffer(self._matcher.compute_bitmask(), dtype=np.uint8)
        mask = np.unpackbits(bits, bitorder="little")[: self._size]
        return torch.from_numpy(mask.astype(bool))

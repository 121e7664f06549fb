"""A text written under a grammar: the model is asked only where it has a choice."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tools.engines.grammar import Grammar
from tools.engines.prefixes import Reader
from tools.engines.sampling import Sampler

CLOSING = 24
"""Tokens before the limit from which a text is brought to its end."""


@dataclass(slots=True)
class Form:
    """One text that is filled in; `tokens` so far, `asked` how often the model was.

    `ends` are tokens that close what is open. Near the limit they are written wherever they may
    be, so that what a model would write on for ever is short but whole.
    """

    grammar: Grammar
    sampler: Sampler
    most: int
    ends: Sequence[int] = ()
    tokens: list[int] = field(default_factory=list)
    asked: int = 0

    def fill(
        self, reader: Reader, prompt: Sequence[int], cache: Any, tell: Callable[[list[int]], None]
    ) -> bool:
        """Write to the end, or to `most` tokens; return whether the text is whole.

        `prompt` is what of it the cache does not hold. `tell` hears of the text as it grows and
        may raise to end it.
        """
        import torch

        new = [*prompt, *self._forced()]
        while not self.grammar.ended and len(self.tokens) < self.most:
            scores, cache = reader.read(new, cache)
            self.asked += 1
            logits, allowed = scores.float(), self.grammar.allowed()
            logits[~allowed.to(logits.device)] = -torch.inf
            written = torch.tensor(self.tokens, dtype=torch.long, device=logits.device)
            near = len(self.tokens) >= self.most - CLOSING
            end = next((e for e in self.ends if allowed[e]), None) if near else None
            token = self.sampler.choose(0, written, logits) if end is None else end
            self.grammar.take(token)
            self.tokens.append(token)
            new = [token, *self._forced()]
            tell(self.tokens)
        return self.grammar.ended

    def _forced(self) -> list[int]:
        found = self.grammar.forced()
        self.tokens += found
        return found

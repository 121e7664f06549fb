"""How the next token is chosen, and how a text is watched while it grows."""

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from tools.jobs import Progress, TextSpec

if TYPE_CHECKING:
    import torch

EVERY = 0.1
"""Seconds between two reports, at least."""

INT64 = (1 << 63) - 1


class Sampler:
    """A logits processor that lets one token of each row stand, chosen by that row's own spec.

    Each row has its own random generator, so a text depends on its seed and not on what else is
    in the batch; generation itself stays greedy. The nucleus is taken of the `top_k` likeliest
    tokens. Unlike the usual penalty, repetition counts only what the model itself has written:
    otherwise the end-of-turn tokens in the prompt keep it from ever ending.
    """

    def __init__(self, specs: Sequence[TextSpec], prompt: int, top_k: int) -> None:
        import torch

        self._specs, self._prompt, self._top_k = specs, prompt, top_k
        # on the CPU whatever the device, so that a seed means the same everywhere
        self._random = [torch.Generator().manual_seed(spec.seed & INT64) for spec in specs]

    def __call__(self, ids: "torch.Tensor", scores: "torch.Tensor") -> "torch.Tensor":
        """Return scores of shape (rows, vocabulary) where only the chosen tokens are not -inf."""
        import torch

        only = torch.full_like(scores, -torch.inf)
        for row in range(len(self._specs)):
            written = ids[row, self._prompt :]
            only[row, self.choose(row, written, scores[row].float())] = 0.0
        return only

    def choose(self, row: int, written: "torch.Tensor", logits: "torch.Tensor") -> int:
        """Return the next token of a row; `logits` (vocabulary,) are changed."""
        import torch

        spec = self._specs[row]
        seen = logits[written]
        penalty = spec.repetition_penalty
        logits[written] = torch.where(seen > 0, seen / penalty, seen * penalty)
        if spec.temperature <= 0:
            return int(logits.argmax())
        best, tokens = logits.topk(min(self._top_k, logits.numel()))
        chances = (best.cpu() / spec.temperature).softmax(-1)
        chances[chances.cumsum(-1) - chances >= spec.top_p] = 0.0  # the first always stays
        return int(tokens[torch.multinomial(chances, 1, generator=self._random[row])])


class Due:
    """Says when it is time for another report; the first is due at once."""

    def __init__(self) -> None:
        self._next = 0.0

    def __call__(self) -> bool:
        """Return whether enough time has gone by since it last was due."""
        if time.monotonic() < self._next:
            return False
        self._next = time.monotonic() + EVERY
        return True


class Watch:
    """A stopping criterion that ends each row at its own limit, and reports now and then.

    The preview is the first row's text so far. What `progress` raises ends the generation.
    """

    def __init__(
        self,
        specs: Sequence[TextSpec],
        prompt: int,
        text: Callable[["torch.Tensor"], str],
        progress: Progress,
    ) -> None:
        self._limits = [spec.max_tokens for spec in specs]
        self._prompt, self._text, self._progress = prompt, text, progress
        self._due = Due()

    def __call__(self, ids: "torch.Tensor", scores: object, **_: object) -> "torch.Tensor":
        """Return for each row whether it is as long as it may be."""
        import torch

        made = ids.shape[1] - self._prompt
        if self._due():
            text = self._text(ids[0, self._prompt : self._prompt + self._limits[0]])
            self._progress(made, max(self._limits), text.encode())
        return torch.tensor([made >= limit for limit in self._limits], device=ids.device)

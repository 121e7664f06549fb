"""How likely each of some texts is to come next, when one of them has to."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

Logits = Callable[[Sequence[int]], "torch.Tensor"]
"""The model's scores (vocabulary,) for what follows the prompt and these tokens."""


def chances(choices: Sequence[Sequence[int]], logits: Logits) -> list[float]:
    """Return the probability of each choice, together 1; choices are tokens, none begins another.

    At every token only those that lead to a choice count, so that the length of a choice does
    not matter, and the model is asked only where choices part.
    """
    found = [1.0] * len(choices)
    _part(list(range(len(choices))), 0, choices, logits, found)
    return found


def _part(
    group: list[int],
    depth: int,
    choices: Sequence[Sequence[int]],
    logits: Logits,
    found: list[float],
) -> None:
    """Share out the probability of a group whose choices are alike up to `depth`."""
    if len(group) < 2:
        return
    ways: dict[int, list[int]] = {}
    for one in group:
        ways.setdefault(choices[one][depth], []).append(one)
    if len(ways) > 1:
        tokens = list(ways)
        scores = logits(choices[group[0]][:depth]).float()
        for token, share in zip(tokens, scores[tokens].softmax(-1).tolist(), strict=True):
            for one in ways[token]:
                found[one] *= share
    for members in ways.values():
        _part(members, depth + 1, choices, logits, found)

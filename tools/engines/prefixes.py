"""What a model has made of the beginnings of prompts, kept so that it is not computed again."""

import copy
from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

SHORT = 16
"""Tokens of a prompt's beginning that are not worth keeping."""
DIFFERENT = 0.1
"""Probability moved elsewhere at which two answers of a model no longer agree."""
MOST = 4
"""Beginnings that are kept; the one not used for longest goes."""


class Prefixes:
    """Key-value caches by the tokens they were computed from.

    A cache is only used whole: those of models with linear attention cannot be cut back. What
    goes in and comes out is a copy, since generating writes on.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[int, ...], Any] = OrderedDict()

    def __contains__(self, ids: Sequence[int]) -> bool:
        return tuple(ids) in self._kept

    def keep(self, ids: Sequence[int], cache: Any) -> None:
        """Remember what `ids` became, and forget the oldest if there are too many."""
        self._kept[tuple(ids)] = copy.deepcopy(cache)
        self._kept.move_to_end(tuple(ids))
        if len(self._kept) > MOST:
            self._kept.popitem(last=False)

    def find(self, ids: Sequence[int]) -> tuple[Any, int]:
        """Return a copy of the longest beginning of `ids` and its length; (None, 0) if none is.

        At least one token is left over: a model answers to what it is told anew.
        """
        fits = [kept for kept in self._kept if len(kept) < len(ids) and _begins(ids, kept)]
        if not fits:
            return None, 0
        best = max(fits, key=len)
        self._kept.move_to_end(best)
        return copy.deepcopy(self._kept[best]), len(best)

    def clear(self) -> None:
        """Forget everything."""
        self._kept.clear()


def common(one: Sequence[int], other: Sequence[int]) -> list[int]:
    """Return the tokens two prompts begin with alike."""
    pairs = zip(one, other, strict=False)
    same = next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))
    return list(one[:same])


def _begins(ids: Sequence[int], kept: tuple[int, ...]) -> bool:
    return ids[len(kept) - 1] == kept[-1] and tuple(ids[: len(kept)]) == kept


class Reader:
    """Reads prompts with one model, and what several of them begin with only once."""

    def __init__(self, network: Any, device: str) -> None:
        self._network, self._device = network, device
        self._prefixes = Prefixes()
        self._able, self._tried = True, False

    def read(self, ids: Sequence[int], cache: Any) -> tuple["torch.Tensor", Any]:
        """Read tokens; return the scores (vocabulary,) of the next, and the cache written on."""
        import torch

        row = torch.tensor([list(ids)], device=self._device)
        out = self._network(input_ids=row, past_key_values=cache, use_cache=True, logits_to_keep=1)
        return out.logits[0, -1], out.past_key_values

    def known(self, ids: Sequence[int], beginning: Sequence[int]) -> tuple[Any, int]:
        """Return a cache of what is known of a prompt, and how many of its tokens that are.

        `beginning` is what other prompts share with it; it is read if it was not before.
        """
        if not self._able or len(beginning) < SHORT or [*ids[: len(beginning)]] != [*beginning]:
            return None, 0
        if beginning not in self._prefixes:
            self._prefixes.keep(beginning, self.read(beginning, None)[1])
            self._able = self._tried or self._agrees(ids)
            self._tried = True
        return self._prefixes.find(ids) if self._able else (None, 0)

    def keep(self, ids: Sequence[int], cache: Any) -> None:
        """Remember a whole prompt that is going to be written on."""
        if self._able:
            self._prefixes.keep(ids, cache)

    def forget(self) -> None:
        """Forget everything that was read, as when the weights move."""
        self._prefixes.clear()

    def _agrees(self, ids: Sequence[int]) -> bool:
        """Say whether a model goes on from a kept beginning as it does without; not all can."""
        cache, known = self._prefixes.find(ids)
        with_it, _ = self.read(ids[known:], cache)
        without, _ = self.read(ids, None)
        change = with_it.float().softmax(-1) - without.float().softmax(-1)
        return bool(change.abs().sum() < DIFFERENT)

"""The answer to our own question: "the second one" completes the request it was asked about."""

from collections.abc import Sequence

from agents.understanding import pointing
from agents.understanding.folding import fold
from agents.understanding.lexicon import typos
from agents.understanding.understand import likely, understand
from agents.understanding.wishes import Hints, Wish

_OPEN = ("", "last", "reply")
"""References that name nothing by themselves."""


def completed(request: str, reply: str) -> tuple[Wish, ...]:
    """Return what was asked for with the picture that `reply` names, or nothing.

    Empty when the reply does not only point at something, or the request did not need it.
    """
    expression = _pointed(reply)
    wishes = understand(request, Hints(pictures_here=True))
    if expression is None or not any(map(_unsure, wishes)):
        return ()
    return tuple(Wish(w.tool, {**w.args, "image": expression}) if _unsure(w) else w for w in wishes)


def _unsure(wish: Wish) -> bool:
    """Tell whether the wish says no picture, or a number there was no picture for."""
    image = str(wish.args.get("image", "?"))
    return image in _OPEN or image.isdigit()


def _pointed(reply: str) -> str | None:
    line = fold(reply.strip(), typos())
    found: Sequence[str | None] = [pointing.pick(line, grammar) for grammar in likely(line)]
    return next((f for f in found if f), None)

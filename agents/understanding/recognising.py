"""Which language a message is written in, told only when it can be told for certain."""

import re
from functools import cache

from agents.understanding.folding import fold
from agents.understanding.lexicon import tells, vocabulary
from agents.understanding.understand import LATIN, SCRIPTS

_COMMAND = re.compile(
    r"^/(?:help|settings|forget)\b.*|^/project(?:@\w+)?\s+(?:join\s+\S+|[a-z]+(?=\s|$))"
    r"|^/\w+(?:@\w+)?|(?<!\w)(?:--\w+|#[0-9a-f]{4,64}|https?://\S+)",
    re.IGNORECASE | re.DOTALL,
)
"""What is the same in every language: of commands that take names all, of a project what follows
at once.
"""
_WORD = re.compile(r"[a-z']+")
_ANALYSED = 400
_ENOUGH, _CLEARLY = 2, 1.5
"""The least score of the likeliest language, and how many times the next one it must surpass."""


def recognised(text: str) -> str:
    """Return the language of a text, "" when it is not certain; what is quoted does not count.

    The first call reads the words of all languages, which takes a moment.
    """
    line = fold(_COMMAND.sub(" ", text)[:_ANALYSED])
    words = _WORD.findall(line.fold)
    for name, letters in SCRIPTS.items():
        if len(letters.findall(line.fold)) > sum(map(len, words)) / 4:
            return name
    scores = {name: _score(known, more, words) for name, (known, more) in _lexicon().items()}
    best, next_best = sorted(scores.values(), reverse=True)[:2]
    if best < _ENOUGH or best <= _CLEARLY * next_best:
        return ""
    return max(scores, key=scores.__getitem__)


def is_ready() -> bool:
    """Tell whether the words of all languages are read already."""
    return _lexicon.cache_info().currsize > 0


@cache
def _lexicon() -> dict[str, tuple[frozenset[str], frozenset[str]]]:
    return {name: (tells(name), vocabulary(name)) for name in LATIN}


def _score(known: frozenset[str], more: frozenset[str], words: list[str]) -> int:
    return sum(2 * (word in known) + (word in more) for word in dict.fromkeys(words))

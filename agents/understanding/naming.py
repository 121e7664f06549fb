"""What is counted and named again: "draw two cats and upscale the second cat"."""

import re
from collections.abc import Iterator, Sequence
from itertools import takewhile

from agents.likeness import tokens
from agents.understanding.folding import Line, fold
from agents.understanding.lexicon import Language
from agents.understanding.linking import Raw

_WORD = re.compile(r"[\w-]+")
_BREAK = re.compile(r"[^\w\s-]")
_JOINT = re.compile("[の的]?")
_MOST = 3
"""Words that name what is counted ("the third old house")."""
_STEM = 3
"""Letters two forms of a word have in common at least."""


def unnamed(clause: Line, before: Sequence[Raw], language: Language) -> Line | None:
    """Return "upscale the second" for "upscale the second cat", where cats were asked for.

    None when nothing that was drawn is counted in the clause.
    """
    drawn = (r for r in reversed(before) if r.tool == "draw" and r.args.get("count", 1) != 1)
    subject = fold(str(next((r.args["prompt"] for r in drawn), ""))).fold
    find = _glued if language.unspaced else _apart
    span = next(find(clause, subject, language), None) if subject else None
    return clause.without(*span) if span else None


def _apart(clause: Line, subject: str, language: Language) -> Iterator[tuple[int, int]]:
    names, words = tokens(subject), list(_WORD.finditer(clause.fold))
    for at, word in enumerate(words[:-1], 1):
        if word[0] not in language.tables["ordinals"]:
            continue
        named = list(takewhile(lambda w: _is_one(w[0], names), words[at : at + _MOST]))
        if named and not _BREAK.search(clause.fold, word.end(), named[-1].end()):
            yield word.end(), named[-1].end()


def _is_one(word: str, names: frozenset[str]) -> bool:
    """Whether a word is a form of one of these ("houses", "house")."""
    for stem in tokens(word):
        for name in names:
            short, long = sorted((stem, name), key=len)
            if len(short) >= _STEM and long.startswith(short):
                return True
    return False


def _glued(clause: Line, subject: str, language: Language) -> Iterator[tuple[int, int]]:
    for rule in language.pointers:
        for found in rule.pattern.finditer(clause.fold) if rule.tool == "nth" else ():
            start = _JOINT.match(clause.fold, found.end())
            rest = clause.fold[start.end() if start else found.end() :]
            ends = (subject[n:] for n in range(len(subject)))
            if name := next((end for end in ends if rest.startswith(end)), ""):
                yield found.end(), len(clause.fold) - len(rest) + len(name)

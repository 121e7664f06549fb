"""Words and phrases in texts: found as people mean them, and replaced. Pure."""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Any

from tools.languages import language

_STEMMERS = {
    **{"en": "english", "de": "german", "es": "spanish", "fr": "french", "pt": "portuguese"},
    **{"ru": "russian", "it": "italian", "nl": "dutch", "pl": "polish", "sv": "swedish"},
    **{"tr": "turkish", "el": "greek"},
}
"""Snowball's names of the languages that `tools.languages` tells."""
_USUAL = ("en", "de", "es", "fr", "pt", "ru")
"""Those that a text may be in that is too short to tell."""
_ENDING = 4
"""Letters of an ending at most; longer ones make other words, as "gratuitement" of "gratuit"."""
_LETTERS = 3
"""Letters of a word from which on its other forms are looked for."""
_UNSPACED = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "THAI")
"""Scripts in which words are not set apart, or endings are written onto them."""
_WORD = re.compile(r"[^\W\d_]+")


def has(text: str, term: str) -> bool:
    """Tell whether a text says a term: in any case and spacing, as it stands or with an ending.

    Where a script has no spaces it may stand anywhere; "cheap*" is found in what begins so.
    """
    return next(_places(text, term, longer=True), None) is not None


def mentions(text: str, term: str) -> bool:
    """Tell whether a text has a term in any form: "billige" and "billiger" mention "billig".

    Forms are those with the same stem (Porter, "Snowball", 2001) in the text's language, or in a
    usual one where that cannot be told. Otherwise as `has`.
    """
    return next(_places(text, term), None) is not None


def without(text: str, terms: tuple[str, ...]) -> str:
    """Return a text from which all forms of some terms were taken."""
    for term in terms:
        text = replaced(text, term, "")
    return text.strip(" ,;")


def replaced(text: str, term: str, other: str) -> str:
    """Return a text with something else in place of a term; what begins large still does."""
    for start, end in reversed(list(_places(text, term))):
        new = other[:1].upper() + other[1:] if text[start].isupper() else other
        before = text[:start] if new else text[:start].rstrip()
        text = before + new + text[end:]
    return text


def _places(text: str, term: str, *, longer: bool = False) -> Iterator[tuple[int, int]]:
    """Yield where a term begins and ends; with `longer` its forms must begin with it."""
    folded, origin = _folded(text)
    pattern = _pattern(_fold(term.strip()), folded, longer)
    for found in pattern.finditer(folded) if pattern else ():
        yield origin[found.start()], origin[found.end() - 1] + 1


def _pattern(term: str, folded: str, longer: bool) -> re.Pattern[str] | None:
    """Return what finds a term in a text; both are folded."""
    stem = term.endswith("*")
    words = term.rstrip("*").split()
    if not words:
        return None
    forms = ("|".join(map(re.escape, _forms(one, folded, longer))) for one in words)
    body = r"\s+".join(f"(?:{one})" for one in forms)
    before = r"(?<!\w)" if _spaced(words[0][0]) else ""
    after = (r"\w*" if stem else r"(?!\w)") if _spaced(words[-1][-1]) else ""
    return re.compile(before + body + after)


def _forms(word: str, folded: str, longer: bool) -> list[str]:
    """Return a word and its other forms in a text, the longest first."""
    forms = {word}
    if len(word) >= _LETTERS and _WORD.fullmatch(word) and _spaced(word[0]):
        told = language(folded)
        codes = (told,) if told in _STEMMERS else _USUAL
        begins = word if longer else word[0]
        near = {one for one in _WORD.findall(folded) if one.startswith(begins)} - forms
        near = {one for one in near if _ending(word, one) <= _ENDING}
        forms |= {one for one in near if any(_stem(c, one) == _stem(c, word) for c in codes)}
    return sorted(forms, key=len, reverse=True)


def _ending(word: str, other: str) -> int:
    """Return how many letters the longer ending of two words has after what they share."""
    same = zip(word, other, strict=False)
    shared = next((n for n, (a, b) in enumerate(same) if a != b), min(len(word), len(other)))
    return max(len(word), len(other)) - shared


@lru_cache(maxsize=8192)
def _stem(code: str, word: str) -> str:
    stem: str = _stemmer(code).stemWord(word)
    return stem


@cache
def _stemmer(code: str) -> Any:
    import snowballstemmer  # all its languages at once: 14 ms that the start does not need

    return snowballstemmer.stemmer(_STEMMERS[code])


def _spaced(letter: str) -> bool:
    """Tell whether a letter is of a script that sets words apart by spaces."""
    return letter.isalnum() and not unicodedata.name(letter, "").startswith(_UNSPACED)


@lru_cache(maxsize=64)
def _folded(text: str) -> tuple[str, tuple[int, ...]]:
    """Return a text folded, and for each of its letters which one of the text it came of."""
    letters = [(one, place) for place, letter in enumerate(text) for one in _fold(letter)]
    return "".join(one for one, _ in letters), tuple(place for _, place in letters)


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold().replace("’", "'")

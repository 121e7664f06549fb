"""Languages: what people call them, and which one a text is in. Pure; tens of microseconds."""

import re
import tomllib
import unicodedata
from collections import Counter
from functools import lru_cache
from pathlib import Path
from typing import Any

TABLE = Path(__file__).with_name("languages.toml")
LEAST = 2
"""Small words that a text must have before its language is told."""
AHEAD = 1.3
"""How many times as many it must have of the language than of any other."""
_SOME = 0.2
"""Share of the letters from which on a script counts; product names stay what they are."""
_WORD = re.compile(r"[^\W\d_]+")


def language(text: str) -> str:
    """Return a two-letter code, or "" where so few words cannot tell."""
    letters = [letter for letter in text.casefold() if letter.isalpha()]
    scripts = Counter(_script(letter) for letter in letters)
    table = _table()
    for script, code in table["scripts"].items():
        if scripts[script] >= max(1, _SOME * len(letters)):
            return _cyrillic(letters) if code == "ru" else code
    return _latin(text.casefold(), letters)


def written_in(text: str, called: str) -> bool:
    """Tell whether a text is in a language, or may be: of few words that cannot be told."""
    code = language_code(called)
    return not code or language(text) in ("", code)


def language_name(called: str) -> str:
    """Return the English name of a language, as given if it is not known."""
    code = language_code(called)
    return _table()["called"][code][0] if code else called


def language_code(called: str) -> str:
    """Return the two-letter code of a language by a name or its code; "" if it is not known."""
    return _codes().get(called.strip().casefold(), "")


def language_names() -> tuple[str, ...]:
    """Return all that languages are called, in small letters, without the codes."""
    return tuple(name for name in _codes() if len(name) > 2 or not name.isascii())


def small_words(text: str) -> frozenset[str]:
    """Return the commonest words of a text's language, of English where it cannot be told."""
    return _words().get(language(text) or "en", frozenset())


@lru_cache(maxsize=1)
def _codes() -> dict[str, str]:
    table = _table()["called"]
    return {name.casefold(): code for code, names in table.items() for name in (code, *names)}


def _latin(text: str, letters: list[str]) -> str:
    counts: Counter[str] = Counter()
    for word in _WORD.findall(text):
        counts.update(code for code, words in _words().items() if word in words)
    for code, own in _table()["letters"].items():
        if code in _words():
            counts[code] += sum(letter in own for letter in letters)
    (first, most), (_, next_most) = [*counts.most_common(2), ("", 0), ("", 0)][:2]
    return first if most >= LEAST and most >= AHEAD * next_most else ""


def _cyrillic(letters: list[str]) -> str:
    return "uk" if any(letter in _table()["letters"]["uk"] for letter in letters) else "ru"


@lru_cache(maxsize=4096)
def _script(letter: str) -> str:
    return unicodedata.name(letter, "").split(" ")[0].split("-")[0]


@lru_cache(maxsize=1)
def _table() -> dict[str, Any]:
    return tomllib.loads(TABLE.read_text(encoding="utf-8"))


@lru_cache(maxsize=1)
def _words() -> dict[str, frozenset[str]]:
    return {code: frozenset(words.split()) for code, words in _table()["words"].items()}

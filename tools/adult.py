"""A check of words, and no more than that: whether a wish is one for adults only.

It knows some hundred words in nine languages (adult.toml). It cannot see pictures, misses what is
said in other words, and takes a harmless sentence with such a word in it for an adult one.
"""

import re
import tomllib
import unicodedata
from functools import cache
from pathlib import Path
from typing import Literal

Tone = Literal["", "adult", "never"]
"""What a wish is: harmless, for adults only, or what is drawn for nobody."""

_WORDS = Path(__file__).with_name("adult.toml")
_ACCENTS = re.compile("[\u0300-\u036f]")
_BESIDE = r"[^\W_\u3040-\u30ff\u3400-\u9fff]"  # a letter or digit of a script with spaces


def tone(text: str) -> Tone:
    """Return what the words of a text make it."""
    line = _folded(text)
    if not _pattern("adult").search(line):
        return ""
    return "never" if _pattern("young").search(line) else "adult"


@cache
def _pattern(kind: str) -> re.Pattern[str]:
    """Return what finds any of the words of a kind, in whatever language."""
    lists = tomllib.loads(_WORDS.read_text(encoding="utf-8"))[kind]
    words = "|".join(_folded(word, case=False) for words in lists.values() for word in words)
    return re.compile(rf"(?<!{_BESIDE})(?:{words})(?!{_BESIDE})")


def _folded(text: str, *, case: bool = True) -> str:
    """Return the text without accents and in one width, spaces and case."""
    text = _ACCENTS.sub("", unicodedata.normalize("NFKD", text))
    text = unicodedata.normalize("NFC", text)
    return " ".join(text.casefold().replace("_", " ").split()) if case else text

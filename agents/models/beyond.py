"""Requests that no tool here can fulfil, told apart from talk by words (data)."""

import re
import tomllib
from functools import lru_cache
from importlib.resources import files

from agents.understanding.folding import fold
from agents.understanding.understand import likely

_WORD = re.compile(r"[\w'-]+")


def beyond(text: str) -> str:
    """Return the sentence that says what can be done instead, or "" when it is only talk."""
    table = _table()
    low = text.lower()
    words = set(_WORD.findall(low))
    named = any(_said(phrase, low, words) for phrase in table["phrases"])
    asked = any(_said(verb, low, words) for verb in table["verbs"])
    if not (named or (asked and any(_said(thing, low, words) for thing in table["things"]))):
        return ""
    language = next(likely(fold(text))).name
    answers: dict[str, str] = table["answer"]
    return answers.get(language, answers["en"])


def _said(wanted: str, text: str, words: set[str]) -> bool:
    """Latin words must stand by themselves; Chinese ones need no spaces around them."""
    return wanted in words if wanted.isascii() and wanted.isalpha() else wanted in text


@lru_cache(maxsize=1)
def _table() -> dict[str, dict[str, str]]:
    source = files("agents").joinpath("models/beyond.toml")
    return tomllib.loads(source.read_text(encoding="utf-8"))

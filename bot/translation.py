"""Sentences put into the languages of `translations/*.toml`, each read when it is first needed.

A file names its language, says which form of a word belongs to a number, and how numbers are
written; `[sentences]` holds the English template and what it is there, or all forms of it.
"""

import asyncio
import logging
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from memory.sentences import Sentence

log = logging.getLogger(__name__)

ENGLISH = "en"
_PAIR = re.compile(r"\{part0\}(.+?)\{part1\}")
_FOLDER = Path(__file__).with_name("translations")


@dataclass(frozen=True, slots=True)
class Translation:
    """One language: what it calls itself, its sentences, and which form of one a number takes.

    `signs` are what stands in a number for a comma and a full stop.
    """

    name: str
    sentences: Mapping[str, str | Sequence[str]]
    forms: int
    form: Callable[[int], int]
    signs: Mapping[int, str]

    def template(self, sentence: Sentence) -> str:
        """Return the template of a sentence in this language, or the English one."""
        found = self.sentences.get(sentence.template)
        if found is None:
            return sentence.many if _is_many(sentence) else self._joined(sentence.template)
        if isinstance(found, str):
            return found
        n = sentence.values.get("n")
        return found[self.form(n) if isinstance(n, int) else -1]

    def _joined(self, template: str) -> str:
        """Return what joins any number of texts with what joins two in this language."""
        pair = _PAIR.match(template)
        ours = self.sentences.get(pair[0]) if pair else None
        if pair is None or not isinstance(ours, str):
            return template
        glue = ours.removeprefix("{part0}").removesuffix("{part1}")
        return template.replace(f"}}{pair[1]}{{", f"}}{glue}{{")


@cache
def languages() -> tuple[str, ...]:
    """Return the languages there are, English first; reads none of them."""
    return (ENGLISH, *sorted(file.stem for file in _FOLDER.glob("*.toml")))


def source(language: str) -> bytes:
    """Return the file of a language as it is (blocks)."""
    return (_FOLDER / f"{language}.toml").read_bytes()


_NARROW, _WIDE = re.compile(r" (?=[;!?])"), re.compile(r" (?=[:»])|(?<=«) ")


@cache
def translation(language: str) -> Translation:
    """Return a language other than English; the first call reads its file, in some hundredths."""
    from gettext import c2py  # only then: nobody else needs it

    data = tomllib.loads(source(language).decode())
    signs = {ord(","): data["thousands"], ord("."): data["decimal"]}
    said = data["sentences"]
    if data.get("spaced"):
        said = {k: _kept(v) if isinstance(v, str) else [*map(_kept, v)] for k, v in said.items()}
    return Translation(data["name"], said, data["forms"], c2py(data["form"]), signs)


def _kept(text: str) -> str:
    """Return a text whose spaces around marks, as French has them, break no line."""
    return _WIDE.sub("\xa0", _NARROW.sub("\u202f", text))


async def load(language: str) -> None:
    """Read a language's file if nobody did yet; nobody else waits for that."""
    if language != ENGLISH and language in languages():
        await asyncio.to_thread(translation, language)


def of_locale(locale: str) -> str:
    """Return the language of a locale such as "pt-BR", "" when it is none of ours."""
    language = locale.replace("_", "-").partition("-")[0].casefold()
    return language if language in languages() else ""


def put(text: str, language: str) -> str:
    """Return a sentence in a language, in English where that has no words for it.

    What is no `Sentence` stays as it is: somebody's own words, or a model's.
    """
    if not isinstance(text, Sentence) or language in ("", ENGLISH) or language not in languages():
        return str(text)
    known = translation(language)
    template = known.template(text)
    if not text.values:
        return template
    values = {name: _value(value, language, known) for name, value in text.values.items()}
    try:
        return template.format_map(values)
    except (LookupError, ValueError, AttributeError):
        log.exception("%r cannot be filled in", template)
        return str(text)


def _value(value: object, language: str, known: Translation) -> object:
    if isinstance(value, Sentence):
        return put(value, language)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _Figure(value, known.signs)
    return value


def _is_many(sentence: Sentence) -> bool:
    return bool(sentence.many) and sentence.values.get("n") != 1


@dataclass(frozen=True, slots=True)
class _Figure:
    """A number that is written as a language does."""

    value: float
    signs: Mapping[int, str]

    def __format__(self, spec: str) -> str:
        return format(self.value, spec).translate(self.signs)

    def __str__(self) -> str:
        return format(self, "")

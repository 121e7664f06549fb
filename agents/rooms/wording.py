"""The words of project rooms as patterns: one data file a language, all with the same tables.

A file is read once somebody writes with its letters; a pattern is compiled once a message has the
words without which it cannot fit.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from agents.rooms.names import Names, Say, named
from agents.understanding.folding import unaccented
from agents.understanding.needed import Index, Needs, met
from tools.languages import language_names

FOLDER = Path(__file__).with_name("words")
TABLES = ("open", "brief", "unbrief", "acts", "asks", "idle")
_COLOURS = Path(__file__).parents[2] / "tools" / "colours.toml"
_LETTERS = {"ru": "[а-я]", "zh": "^(?!.*[ぁ-ヿ]).*[一-鿿]", "ja": "[ぁ-ヿ一-鿿]", "en": ""}
"""What a (folded) message must have to be in a language at all; others are written in Latin."""
_SCRIPTS = {name: re.compile(letters, re.DOTALL) for name, letters in _LETTERS.items()}
_LATIN = re.compile("[a-z]")


@dataclass(frozen=True)
class Wording:
    """A language's patterns: `brief` by field, `unbrief` and `acts` by what they do.

    `marks` are single ones: what goes before and behind, where sentences and enumerations part.
    """

    code: str
    maker: "_Maker" = field(repr=False)
    marks: Mapping[str, Say]
    nouns: Names[str]
    kinds: Names[str]
    templates: Names[str]
    numbers: Names[int]
    ordinals: Names[int]
    aspects: Names[str]
    colours: Names[str]
    languages: Names[str]
    fields: Names[str]
    keys: Mapping[str, Say]
    pointing: tuple[Say, ...]

    @property
    def latin(self) -> bool:
        """Whether it is written as most languages are, so that letters do not tell it."""
        return self.code == "en" or self.code not in _LETTERS

    @property
    def is_loose(self) -> bool:
        """Whether it is known what people say by the way in it."""
        return "filler" in self.marks

    @cached_property
    def tables(self) -> Mapping[str, Mapping[str, tuple[Say, ...]]]:
        """All patterns, by table and kind; the first time takes some milliseconds."""
        return {table: self.maker.table(table) for table in TABLES}

    @cached_property
    def vocabulary(self) -> frozenset[str]:
        """Long words that mean something here: of acts, and what pieces are called."""
        needs = (n for says in self.tables["acts"].values() for say in says for n in say.words)
        words = [word for need in needs for word in need]
        words += re.findall(r"[a-z]+", f"{self.nouns.source} {self.kinds.source}")
        return frozenset(word for word in words if len(word) > _SHORT and word.isalpha())

    @cached_property
    def _index(self) -> Index[Say]:
        tables = (self.tables[table] for table in TABLES)
        return Index([say for table in tables for says in table.values() for say in says])

    def opens(self, fold: str) -> Iterator[Say]:
        """Yield what opens a room in a folded message; where there is none, no more is read."""
        opening = self.maker.opening["project"]
        return (say for say in opening if met(say.words, fold))

    def possible(self, fold: str) -> Mapping[tuple[str, str], list[Say]]:
        """Return what a folded message, or any part of it, may fit, by table and kind."""
        found: dict[tuple[str, str], list[Say]] = {}
        for say in self._index.possible(fold):
            found.setdefault((say.table, say.kind), []).append(say)
        return found

    def colour(self, said: str) -> str:
        """Return what a (folded) colour is called in English, "" when it is none."""
        known = said in _colours() or _CODE.fullmatch(said)
        return self.colours.get(said) or (said if known else "")

    def number(self, said: str) -> int | None:
        """Return what a (folded) number or place means; -1 is the last."""
        said = said.strip()
        if said.isdigit():
            return int(said)
        ordinal = self.ordinals.get(said)
        return self.numbers.get(said) if ordinal is None else ordinal


def wordings() -> tuple[Wording, ...]:
    """Return every language there is, English first."""
    return tuple(map(wording, _codes()))


def fitting(fold: str) -> Iterator[Wording]:
    """Yield the languages a folded message may be in by its letters, English first."""
    for code in _codes():
        if _SCRIPTS.get(code, _LATIN).search(fold):
            yield wording(code)


@cache
def _codes() -> tuple[str, ...]:
    return tuple(sorted((f.stem for f in FOLDER.glob("*.toml")), key=lambda n: (n != "en", n)))


@cache
def wording(code: str) -> Wording:
    """Return a language; the first call reads its file (some milliseconds)."""
    data = tomllib.loads((FOLDER / f"{code}.toml").read_text("utf-8"))
    maker = _Maker(data)
    marks = {name: maker.say(form) for name, form in data["marks"].items()}
    pointing = tuple(maker.say(form) for form in data["pointing"]["noun"])
    keys = {
        kind: maker.say(rf"(?<![\w'])(?:{'|'.join(forms)})(?![\w'])")
        for kind, forms in data.get("keys", {}).items()
    }
    return Wording(code, maker, marks, **maker.names, keys=keys, pointing=pointing)


_LISTS = ("nouns", "kinds", "templates", "colours", "languages", "fields")
_VALUES = ("numbers", "ordinals", "aspects")
_POINTERS = ("{pick}", "{piece}", "{pieces}")
_WORDS = 4
"""Words a pointer may have where free words stand beside it."""


class _Maker:
    """Makes patterns of a language's data; in curly brackets stands a slot, or words of its own."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._data = data
        self.names: dict[str, Any] = {t: named(data.get(t, {})) for t in (*_LISTS, *_VALUES)}
        self.names["nouns"] = named({**data.get("nouns", {}), **data["kinds"]})
        self._slots = self._plain() | {n: unaccented(p) for n, p in data.get("slots", {}).items()}
        self._needs = Needs(lambda name: self._filled("{" + name + "}"))

    @cached_property
    def opening(self) -> Mapping[str, tuple[Say, ...]]:
        """What opens a room."""
        return self._read("open")

    def table(self, name: str) -> Mapping[str, tuple[Say, ...]]:
        """Return the patterns of a table by kind, in their order."""
        return self.opening if name == "open" else self._read(name)

    def _read(self, name: str) -> Mapping[str, tuple[Say, ...]]:
        return {
            kind: tuple(self.say(one, name, kind) for form in forms for one in self._lengths(form))
            for kind, forms in self._data.get(name, {}).items()
        }

    def say(self, form: str, table: str = "", kind: str = "") -> Say:
        """Return the pattern of a form."""
        plain = unaccented(form)
        words = self._needs.of(plain) if table else ()
        return Say(table, kind, words, lambda: self._filled(plain))

    def _lengths(self, form: str) -> Iterator[str]:
        """Yield a form; where a pointer meets free words, one for each length it may have."""
        pointer = next((p for p in _POINTERS if p in form and "{text}" in form), "")
        if not pointer or pointer.strip("{}") in self._data.get("slots", {}):
            yield form
            return
        for length in range(_WORDS, 0, -1):
            name, more = pointer.strip("{}"), rf"(?: [^\s:,]+){{{length - 1}}}"
            yield form.replace(pointer, rf"(?P<{name}>[^\s:,]+{more})")

    def _filled(self, form: str) -> str:
        return _SLOT.sub(lambda m: self._filled(self._slots[m[1]]), form)

    def _plain(self) -> dict[str, str]:
        number, place = self.names["numbers"].source, self.names["ordinals"].source
        colour = f"(?:{self._colour()})"
        language = f"(?:{self._language()})"
        many = f"(?:{self._data['marks']['split']}{{}})*"
        return {
            "text": r"(?P<text>.+?)",
            "num": rf"(?:\d{{1,3}}|{number})",
            "nth": f"(?:{place})",
            "n": rf"(?P<n>\d{{1,3}}|{number})",
            "pick": r"(?P<pick>.{1,60}?)",
            "other": r"(?P<other>.{1,60}?)",
            "piece": r"(?P<piece>.{1,60}?)",
            "pieces": r"(?P<pieces>.{1,60}?)",
            "person": r"(?P<person>[\w']{1,40}?)",
            "field": f"(?P<field>{self.names['fields'].source})",
            "noun": r"(?P<noun>\D+?)",
            "nouns": f"(?:{self.names['nouns'].source})",
            "kinds": f"(?P<kind>{self.names['kinds'].source})",
            "aspect": rf"(?P<aspect>\d{{1,5}} ?[:x×] ?\d{{1,5}}|{self.names['aspects'].source})",
            "language": f"(?P<language>{language}{many.format(language)})",
            "colours": f"(?P<colours>{colour}{many.format(colour)})",
            "counted": r"(?P<counted>[\w-]+(?: [\w-]+)??)",
            "right": r"(?P<text>[^,;:]{1,40}?)",
            "wrong": r"(?P<wrong>[^,;:]{1,40}?)",
            "few": r"(?P<text>\S+(?: \S+){0,3})",
            "kind": r"(?P<template>[\w/' -]{2,40}?)",
        }

    def _colour(self) -> str:
        own = self.names["colours"].source
        plain = "|".join(map(re.escape, _colours()))
        return "|".join(filter(None, (own, plain, "#[0-9a-f]{6}")))

    def _language(self) -> str:
        plain = "|".join(re.escape(unaccented(name)) for name in language_names())
        return "|".join(filter(None, (self.names["languages"].source, plain)))


_SHORT = 4
_CODE = re.compile("#[0-9a-f]{6}")
_SLOT = re.compile(r"\{([a-z_]+)\}")


@cache
def _colours() -> tuple[str, ...]:
    found = tomllib.loads(_COLOURS.read_text("utf-8"))
    names = (*found.pop("also"), *found)
    return tuple(sorted(names, key=len, reverse=True))

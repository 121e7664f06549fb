"""The words of project rooms as patterns: one data file a language, all with the same tables."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from agents.understanding.folding import unaccented
from tools.prose import prompts

FOLDER = Path(__file__).with_name("words")
_COLOURS = Path(__file__).parents[2] / "tools" / "colours.toml"
_MORE_COLOURS = ("gold", "golden", "silver", "navy", "orange", "yellow", "brown", "beige", "teal")


@dataclass(frozen=True, slots=True)
class Wording:
    """A language's patterns: `brief` by field, `unbrief` and `acts` by what they do."""

    tables: Mapping[str, Mapping[str, tuple[re.Pattern[str], ...]]]
    firm: re.Pattern[str]
    polite: re.Pattern[str]
    joins: re.Pattern[str]
    numbers: Mapping[str, int]
    ordinals: Mapping[str, int]
    aspects: Mapping[str, str]
    kinds: Mapping[str, tuple[str, ...]]


@cache
def wordings() -> tuple[Wording, ...]:
    """Return every language there is, compiled (some milliseconds each)."""
    return tuple(
        _compiled(tomllib.loads(f.read_text("utf-8"))) for f in sorted(FOLDER.glob("*.toml"))
    )


def _compiled(data: Mapping[str, Any]) -> Wording:
    slots = _slots(data)
    tables = {
        table: {
            kind: tuple(p for f in forms for p in _patterns(f, slots))
            for kind, forms in data[table].items()
        }
        for table in ("open", "brief", "unbrief", "acts")
    }
    return Wording(
        tables,
        re.compile("|".join(map(unaccented, data["firm"]))),
        re.compile(unaccented(data["polite"])),
        re.compile(unaccented(data["joins"])),
        data["numbers"],
        data["ordinals"],
        data["aspects"],
        {kind: tuple(names) for kind, names in data["kinds"].items()},
    )


def _slots(data: Mapping[str, Any]) -> dict[str, str]:
    languages = [name for n, t in prompts()["languages"].items() for name in (n, *t["called"])]
    language = _any(name for name in languages if len(name) > 2)
    colour = rf"(?:{_any((*_colours(), *_MORE_COLOURS))}|#[0-9a-f]{{6}})"
    many = r"(?:(?:, ?| and |, and |/| & ){0})*"
    return {
        "text": r"(?P<text>.+?)",
        "n": rf"(?P<n>\d{{1,3}}|{_any(data['numbers'])})",
        "pick": r"(?P<pick>.{1,60}?)",
        "other": r"(?P<other>.{1,60}?)",
        "piece": r"(?P<piece>.{1,60}?)",
        "pieces": r"(?P<pieces>.{1,60}?)",
        "aspect": rf"(?P<aspect>\d{{1,5}} ?[:x×] ?\d{{1,5}}|{_any(data['aspects'])})",
        "language": rf"(?P<language>(?:{language}){many.format(f'(?:{language})')})",
        "colours": rf"(?P<colours>{colour}{many.format(colour)})",
        "counted": r"(?P<counted>[\w-]+(?: [\w-]+)?)",
        "kind": r"(?P<template>[\w/ -]{2,40}?)",
    }


def _colours() -> tuple[str, ...]:
    return tuple(tomllib.loads(_COLOURS.read_text("utf-8")))


def _any(words: Any) -> str:
    return "|".join(re.escape(unaccented(w)) for w in sorted(words, key=len, reverse=True))


_POINTERS = ("{pick}", "{piece}", "{pieces}")
_WORDS = 4


def _patterns(form: str, slots: Mapping[str, str]) -> Iterator[re.Pattern[str]]:
    """Yield a form's pattern; where a pointer meets free words, one for each length it may have."""
    form = unaccented(form)
    pointer = next((p for p in _POINTERS if p in form and "{text}" in form), "")
    for length in range(_WORDS, 0, -1) if pointer else (0,):
        said = form
        if pointer:
            name, more = pointer.strip("{}"), rf"(?: [^\s:,]+){{{length - 1}}}"
            said = form.replace(pointer, rf"(?P<{name}>[^\s:,]+{more})")
        for slot, pattern in slots.items():
            said = said.replace("{" + slot + "}", pattern)
        yield re.compile(said)

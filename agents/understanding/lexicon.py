"""The grammars: words and rules of each language, read from `words/*.toml` when first needed."""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from importlib.resources import files
from typing import Any

from agents.understanding.compiler import Compiler, Rule
from agents.understanding.folding import folded
from agents.understanding.needed import Index

NAMES = ("en", "zh", "es", "fr", "de", "ja", "pt", "ru")

TABLES = ("numbers", "ordinals", "aspects", "languages", "opposites", "speeds", "whens")
"""What a word said means, of each kind of word that stands for something else."""

_VOWELS = "aeiou"
_LONG = 6
"""Letters of a word of which it is still told with a wrong vowel in it."""

_LETTERS = re.compile(r"[^\W\d_]+")
_NAMED = re.compile(r"\?P<\w+>|[{<][a-z_]+[}>]|\(\?.|\\.|\b\w{1,3}\b|\W")
"""What is no word of its own in a rule."""

_ENDINGS = re.compile(
    r"(?P<stem>[^()|?*+\\{}<>\[\]]*)\((?P<ends>[^()?*+\\{}<>\[\]]*)\)(?P<maybe>\??)(?P<rest>.*)"
)


@dataclass(frozen=True)
class Language:
    """A language's grammar; its tables and patterns are those of its TOML file."""

    name: str
    words: Mapping[str, Any] = field(repr=False)
    tables: Mapping[str, Mapping[str, Any]] = field(repr=False)
    rules: tuple[Rule, ...] = field(repr=False)
    pointers: tuple[Rule, ...] = field(repr=False)
    heads: tuple[Rule, ...] = field(repr=False)
    details: tuple[Rule, ...] = field(repr=False)
    limits: tuple[Rule, ...] = field(repr=False)
    focus: tuple[Rule, ...] = field(repr=False)
    marks: Mapping[str, re.Pattern[str]] = field(repr=False)

    @cached_property
    def index(self) -> Index[Rule]:
        """The rules by their words."""
        return Index(self.rules)

    @property
    def every(self) -> tuple[Rule, ...]:
        """All rules of all kinds."""
        return (*self.rules, *self.focus, *self.pointers, *self.heads, *self.details, *self.limits)

    @property
    def unspaced(self) -> bool:
        """Whether the language writes its words without blanks between them."""
        return bool(self.words.get("unspaced"))


@lru_cache(maxsize=len(NAMES))
def language(name: str) -> Language:
    """Return a language's grammar; the first call reads it, which takes a fifth of a second."""
    words = _words(name)
    compiler = Compiler(words)
    return Language(
        name=name,
        words=words,
        tables=_tables(words),
        rules=compiler.rules("rules"),
        pointers=compiler.pointers,
        heads=compiler.rules("heads"),
        details=compiler.rules("details"),
        limits=compiler.rules("limits"),
        focus=compiler.rules("focus"),
        marks=compiler.marks(),
    )


@lru_cache(maxsize=len(NAMES))
def tells(name: str) -> frozenset[str]:
    """Return single words (folded) that tell a language; reads its file, compiles nothing."""
    words = _words(name)
    lists = (v for v in words["words"].values() if isinstance(v, list))
    found = {word for words in lists for word in words}
    found |= {*words["tells"], *words["numbers"], *words["ordinals"]}
    return frozenset(word for word in map(folded, found) if word.isalpha())


@lru_cache(maxsize=len(NAMES))
def vocabulary(name: str) -> frozenset[str]:
    """Return every longer word (folded) that a language's rules name."""
    rules = (folded(say) for row in _words(name)["rules"] for say in row["say"])
    return frozenset(word for say in rules for word in _NAMED.sub(" ", say).split())


@lru_cache(maxsize=1)
def imperatives() -> Mapping[str, tuple[str, str]]:
    """Return the verbs (folded) that ask to "draw" or "write" in one language only, and which."""
    found: dict[str, set[tuple[str, str]]] = {}
    for name in NAMES:
        for kind in ("draw", "write"):
            for verb in map(folded, _words(name)["words"][kind]):
                found.setdefault(verb, set()).add((kind, name))
    return {verb: next(iter(ways)) for verb, ways in found.items() if len(ways) == 1}


@lru_cache(maxsize=1)
def slips() -> Mapping[str, str]:
    """Return words with a letter left out, typed twice or a wrong vowel, and what was meant."""
    known = frozenset().union(*map(tells, NAMES))
    meant: dict[str, str] = {}
    for word in (word for name in NAMES for word in map(folded, _words(name).get("slips", []))):
        if len(word) > 4:
            inside = range(1, len(word) - 1)
            said = {word[:i] + word[i + 1 :] for i in inside}
            said |= {word[:i] + word[i - 1 :] for i in range(1, len(word) + 1)}
            if len(word) > _LONG:
                vowels = [i for i in inside if word[i] in _VOWELS]
                said |= {word[:i] + v + word[i + 1 :] for i in vowels for v in _VOWELS} - {word}
            meant |= {slip: word for slip in said - known - typos().keys()}
    return meant


@lru_cache(maxsize=len(NAMES))
def spellings(name: str) -> Mapping[str, str]:
    """Return a language's words as they are written without its letters ("fuer") -> "für"."""
    letters = _words(name).get("spelt", {})
    known = {word for say in _said(name) for word in _LETTERS.findall(say)}
    found: dict[str, str] = {}
    for word in known if letters else ():
        for some in (letters, {"ß": letters.get("ß", "ß")}):
            plain = word
            for letter, written in some.items():
                plain = plain.replace(letter, written)
            if plain != word:
                found[folded(plain)] = word
    return found


def _said(name: str) -> Iterator[str]:
    """Yield what a grammar says, as it stands there."""
    words = _words(name)
    yield from words["tells"]
    for value in words["words"].values():
        yield from [value] if isinstance(value, str) else value
    for row in words["rules"]:
        yield from row["say"]


@lru_cache(maxsize=1)
def typos() -> Mapping[str, str]:
    """Return slips of the finger (two letters swapped) and the words that were meant."""
    known = frozenset().union(*map(tells, NAMES))
    slips: dict[str, str] = {}
    for word in (word for name in NAMES for word in map(folded, _words(name).get("slips", []))):
        pairs = range(len(word) - 1)
        swapped = {word[:i] + word[i + 1] + word[i] + word[i + 2 :] for i in pairs}
        slips |= {slip: word for slip in swapped if slip not in known}
    return slips


@lru_cache(maxsize=len(NAMES))
def _words(name: str) -> Mapping[str, Any]:
    words = _with_pointing(
        _read("words", f"{name}.toml"), _read("words", "pointing", f"{name}.toml")
    )
    for table in (words["words"], words["kinds"]):
        table |= {key: _forms(said) for key, said in table.items() if isinstance(said, list)}
    for table in (words[name] for name in TABLES):
        meant = dict(table)
        table.clear()
        table |= {form: value for said, value in meant.items() for form in _forms([said])}
    return words | {"media": _forms(words["media"])}


def _read(*path: str) -> dict[str, Any]:
    source = files("agents.understanding").joinpath(*path)
    return tomllib.loads(source.read_text("utf-8"))


def _with_pointing(words: dict[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Return a grammar with what it says about versions, people and times; that is tried first.

    A description ("the red one") is the last thing a pointer may be.
    """
    for table in ("words", "marks", "whens"):
        words[table] |= more.get(table, {})
    words["rules"] = [*more["rules"], *words["rules"]]
    free = ("what", "by", "when", "v:nth")
    plain = [row for row in words["pointers"] if row["is"] not in free]
    others = [row for row in words["pointers"] if row["is"] in free]
    words["pointers"] = [*plain, *more["pointers"], *others]
    return words


def _forms(words: Iterable[str]) -> list[str]:
    """Return the words with endings in brackets spelt out: "red(der|dest)?" is three words."""
    forms: list[str] = []
    for word in words:
        found = _ENDINGS.fullmatch(word)
        if not found:
            forms.append(word)
            continue
        ends = [*found["ends"].split("|"), *([""] if found["maybe"] else [])]
        forms += _forms(found["stem"] + end + found["rest"] for end in ends)
    return forms


def _tables(words: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    made = {name: {folded(said): meant for said, meant in words[name].items()} for name in TABLES}
    nouns = {folded(noun): kind for kind, many in words["kinds"].items() for noun in many}
    return made | {"kinds": nouns}

"""What somebody answers to a plan: go, no, which step to leave out, what to say differently."""

import re
import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Literal

from agents.understanding import pointing
from agents.understanding.folding import fold
from agents.understanding.understand import likely

_LONGEST = 500
"""Characters of an answer to a plan; what is longer is something else."""
_SLOTS = {"{n}": r"(?P<n>.{1,30}?)", "{old}": r"(?P<old>.{1,200}?)", "{new}": r"(?P<new>.+?)"}
_BY = re.compile(r"\{by:([^}]+)\}")
_ENDS = " \t\n.!,;:。！，、…"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Do the plan, drop it, or say that something shall be different."""

    kind: Literal["go", "no", "change"]


@dataclass(frozen=True, slots=True)
class Skip:
    """Leave steps out, counted from 1; -1 is the last."""

    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Reword:
    """Let a step have other words."""

    number: int
    words: str


@dataclass(frozen=True, slots=True)
class Swap:
    """Let new words take the place of old ones wherever they stand; without old: of the topic.

    `by` is what stands between a text and its topic.
    """

    old: str
    new: str
    by: str = field(default="about", compare=False)


Change = Skip | Reword | Swap


def verdict(text: str) -> Verdict | None:
    """Return what a message decides about a plan."""
    said = _plain(text)
    for kind in ("go", "no", "change"):
        if said in _words(kind):
            return Verdict(kind)
    return None


def change(text: str) -> Change | None:
    """Return the change that a message wants of a plan; None when it names none."""
    said = text.strip(_ENDS)
    if len(said) > _LONGEST:
        return None
    if (found := _match("skip", said)) and (numbers := _numbers(found["n"])):
        return Skip(numbers)
    if (found := _match("step", said)) and (numbers := _numbers(found["n"])):
        return Reword(numbers[0], found["new"])
    return swap(said)


def swap(text: str) -> Reword | Swap | None:
    """Return what shall take whose place in "snow instead of rain", "change 2 to a dog"."""
    said = text.strip(_ENDS)
    if found := _match("pair", said):
        numbers = _numbers(found["old"])
        return Reword(numbers[0], found["new"]) if numbers else Swap(found["old"], found["new"])
    found = _match("topic", said)
    return Swap("", found["new"], found["by"]) if found else None


def same(text: str) -> str | None:
    """Return the new topic in "the same plan with dogs", "" when it names none, else None."""
    found = _match("same", text.strip(_ENDS))
    return (found["new"] or "").strip(_ENDS) if found else None


def _plain(text: str) -> str:
    return " ".join(text.lower().replace("’", "'").split()).strip(_ENDS)


def _numbers(words: str) -> tuple[int, ...]:
    """Return the numbers of the steps that words name; none when they are other words."""
    line = fold(_nouns().sub(" ", f"{words} ").strip(_ENDS))
    found = next((f for f in (pointing.pick(line, g) for g in likely(line)) if f), "")
    if found == "last":
        return (-1,)
    return tuple(map(int, found.split(","))) if re.fullmatch(r"(-1|\d+)(,\d+)*", found) else ()


def _match(kind: str, text: str) -> re.Match[str] | None:
    matches = (pattern.fullmatch(" ".join(text.split())) for pattern in _patterns(kind))
    return next((m for m in matches if m), None)


@cache
def _table() -> dict[str, list[str]]:
    text = files("agents").joinpath("approval.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@cache
def _words(kind: str) -> frozenset[str]:
    return frozenset(_table()[kind])


@cache
def _nouns() -> re.Pattern[str]:
    return re.compile(rf"(?:{_table()['nouns']})\s*|\s*(?:番目?|步|one\b)", re.IGNORECASE)


@cache
def _patterns(kind: str) -> tuple[re.Pattern[str], ...]:
    found = []
    for form in _table()[kind]:
        for slot, pattern in _SLOTS.items():
            form = form.replace(slot, pattern)
        form = _BY.sub(r"(?P<by>\1)", form)
        found.append(re.compile(form, re.IGNORECASE))
    return tuple(found)

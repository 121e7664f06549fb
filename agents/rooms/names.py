"""Patterns that are compiled when they are needed, and words with what each of them means."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Generic, TypeVar

from agents.understanding.folding import unaccented
from agents.understanding.needed import Need, met

Value = TypeVar("Value")


@dataclass(frozen=True)
class Say:
    """One way to say something; `table` and `kind` tell what, `words` what a text must have."""

    table: str
    kind: str
    words: tuple[Need, ...] = field(repr=False)
    source: Callable[[], str] = field(repr=False)

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """The compiled pattern; the first time takes part of a millisecond."""
        return re.compile(self.source(), re.DOTALL)

    def fullmatch(self, fold: str) -> re.Match[str] | None:
        """Match all of a folded text."""
        return self.pattern.fullmatch(fold) if met(self.words, fold) else None


@dataclass(frozen=True)
class Names(Generic[Value]):
    """Words, each a pattern over folded text, with what they mean; longer ones come first."""

    forms: tuple[tuple[str, Value], ...]

    @cached_property
    def source(self) -> str:
        """A pattern for any of the words; one that fits nothing when there are none."""
        return "|".join(f"(?:{form})" for form, _ in self.forms) or "(?!)"

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile("|".join(f"({form})" for form, _ in self.forms) or "(?!)")

    def get(self, said: str) -> Value | None:
        """Return what a folded word means, None when it is none of these."""
        found = self._pattern.fullmatch(said.strip())
        return self.forms[found.lastindex - 1][1] if found and found.lastindex else None


def named(table: Mapping[str, Any]) -> Names[Any]:
    """Return the names of a table: `word = meaning`, or `meaning = [words]`."""
    rows: list[tuple[str, Any]] = []
    for key, value in table.items():
        if isinstance(value, Sequence) and not isinstance(value, str):
            rows += [(unaccented(word), key) for word in value]
        else:
            rows.append((unaccented(key), value))
    return Names(tuple(sorted(rows, key=lambda row: -len(row[0]))))

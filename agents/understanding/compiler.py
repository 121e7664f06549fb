"""From a grammar's readable patterns to regular expressions.

A pattern is a regular expression over folded text in which `{name}` stands for a list of words
(or for another pattern), `<name>` for a slot whose content is read by code, a blank for any
blanks (none are needed in Chinese), ` ?` for optional ones, and `(` never captures.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

from agents.understanding import numbers
from agents.understanding.folding import folded, unaccented
from agents.understanding.needed import Need, Needs, met
from agents.understanding.spelling import alternation

_PARTS = re.compile(
    r"\{(?P<macro>[a-z_]+)\}|(?<!\?P)<(?P<slot>[a-z]+)>"
    r"|(?P<open>\((?!\?))|(?P<gap> \?)|(?P<blank> )"
)
_GROUP = re.compile(r"\(\?P<([a-z]+)_*>")
_GAP = r"(?:^|(?<![\s,])[\s,]+)"
_PART_OF_SENTENCE = r"%s(?:%s)(?=\s*(?:[,.;。、]|$))"


@dataclass(frozen=True)
class Rule:
    """One way to say something; `tool` is a tool's name, an expression or empty.

    `source` makes its regular expression, which is compiled when a text has the `words` for it.

    `opens`: may follow "and" or a comma as a wish of its own; `needs`: "pictures" (some are
    around, and the talk is of nothing else), "shown" (some are around),
    "focus" (attached or replied to), "sound", "text" (the last step made one),
    "quoted" (a text is replied to) or "asked" ("can you ..." went before); `keep`: only the
    slots are taken out of the text.
    """

    tool: str
    source: Callable[[], str] = field(repr=False)
    words: tuple[Need, ...]
    fixed: Mapping[str, object]
    opens: bool
    needs: str
    keep: bool

    @property
    def is_compiled(self) -> bool:
        """Whether asking for the pattern takes no time."""
        return "pattern" in self.__dict__

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Return the compiled pattern; the first call takes some milliseconds."""
        return re.compile(self.source(), re.DOTALL)

    def fullmatch(self, fold: str) -> re.Match[str] | None:
        """Match all of a folded text."""
        return self.pattern.fullmatch(fold) if met(self.words, fold) else None

    def match(self, fold: str) -> re.Match[str] | None:
        """Match the beginning of a folded text."""
        return self.pattern.match(fold) if met(self.words, fold) else None

    def search(self, fold: str) -> re.Match[str] | None:
        """Find the first match in a folded text."""
        return self.pattern.search(fold) if met(self.words, fold) else None


def slots(found: re.Match[str]) -> dict[str, tuple[int, int]]:
    """Return the slots a match filled and where; names of further alternatives are one slot."""
    spans = {name: found.span(name) for name in found.re.groupindex}
    return {name.rstrip("_"): span for name, span in spans.items() if span != (-1, -1)}


class Compiler:
    """Turns the tables of one grammar into compiled rules."""

    def __init__(self, words: Mapping[str, Any]) -> None:
        self._words = words
        self._blank = r"\s*" if words.get("unspaced") else r"\s+"
        self._said: dict[str, str] = {}
        self._needs = Needs(self._meant)
        self._slots = self._simple_slots()
        self.pointers = self.rules("pointers")
        image = "|".join(_unnamed(rule.source()) for rule in self.pointers)
        pick = f"(?:{image}|{self._slots['num']})"
        self._slots |= {"image": f"(?:{image})", "pick": pick, "shown": pick, "other": pick}

    def rules(self, table: str) -> tuple[Rule, ...]:
        """Return the compiled rules of a table, in order, one for each way to say it."""
        return tuple(
            Rule(
                tool=row.get("tool", row.get("is", "")),
                source=partial(self._framed, table, row, say),
                words=self._needs.of(unaccented(say)),
                fixed=row.get("args", {}),
                opens=row.get("opens", True),
                needs=row.get("needs", ""),
                keep=row.get("keep", False),
            )
            for row in self._words.get(table, [])
            for say in row["say"]
        )

    def marks(self) -> dict[str, re.Pattern[str]]:
        """Return the compiled single patterns: politeness, articles, where clauses part, ..."""
        return {name: re.compile(self._regex(p)) for name, p in self._words["marks"].items()}

    def _simple_slots(self) -> dict[str, str]:
        words = self._words
        named = {folded(word): value for word, value in words["numbers"].items()}
        ordinal = self._any([words["nth"]] if "nth" in words else words["ordinals"])
        part = r"[^\s,.;。、]{1,30}"
        return {
            "count": numbers.pattern(named),
            "num": f"(?:{numbers.DIGITS}|{self._any(named)})",
            "nth": ordinal,
            "ntha": ordinal,
            "nthb": ordinal,
            "va": f"(?:{ordinal}|{numbers.DIGITS}|{self._any(named)})",
            "vb": f"(?:{ordinal}|{numbers.DIGITS}|{self._any(named)})",
            "aspect": rf"(?:\d{{1,5}}\s?[:x×]\s?\d{{1,5}}|{self._any(words['aspects'])})",
            "kind": self._any(noun for nouns in words["kinds"].values() for noun in nouns),
            "language": self._any(words["languages"]),
            "factor": f"(?:[248]|{self._any(w for w, n in named.items() if n in (2, 4))})",
            "seed": r"\d{1,18}",
            "steps": r"\d{1,4}",
            "limit": numbers.DIGITS,
            "style": rf"{part}(?: (?!{words.get('joints', 'in |with ')}){part}){{0,4}}?",
            "medium": self._any(words["media"]),
            "negative": r"[^\s,.;。、][^,.;。、]{0,80}?",
            "model": r"[\w./-]{2,60}",
            "voice": r"[^\s,.;:。]{1,30}",
            "who": words.get("who", r"[\w.-]{2,30}"),
            "when": self._any(words["whens"]),
            "complaint": self._any(words["opposites"]),
            "speed": self._any(words["speeds"]),
        }

    def _framed(self, table: str, row: Mapping[str, Any], say: str) -> str:
        if table not in ("details", "limits"):
            return self._regex(say)
        gap = row.get("gap", self._words.get("gap", _GAP))
        return str(row.get("frame", _PART_OF_SENTENCE) % (gap, self._regex(say)))

    def _any(self, words: Iterable[str]) -> str:
        ends = "" if self._words.get("unspaced") else r"(?!\w)"
        return f"(?:(?:{alternation(map(self._regex, words))}){ends})"

    def _regex(self, pattern: str) -> str:
        pattern = unaccented(pattern)
        made, at = "", 0
        for part in _PARTS.finditer(pattern):
            made += pattern[at : part.start()] + self._part(part, pattern)
            at = part.end()
        return _numbered(made + pattern[at:])

    def _part(self, part: re.Match[str], pattern: str) -> str:
        if part["open"]:
            return "(?:"
        if part["gap"]:
            return r"\s*"
        if part["blank"]:
            return self._blank
        if part["macro"]:
            return self._macro(part["macro"])
        free = r"\S.*" if part.end() == len(pattern) else r"\S.{0,200}?"
        return f"(?P<{part['slot']}>{self._slots.get(part['slot'], free)})"

    def _macro(self, name: str) -> str:
        if name not in self._said:
            value = self._meant(name)
            regex = self._regex(value) if isinstance(value, str) else self._any(value)
            self._said[name] = f"(?:{_unnamed(regex)})"
        return self._said[name]

    def _meant(self, name: str) -> str | Sequence[str]:
        value: str | list[str] = self._words["words"].get(name) or self._words[name]
        return unaccented(value) if isinstance(value, str) else [*map(unaccented, value)]


def _unnamed(pattern: str) -> str:
    return re.sub(r"\(\?P<\w+>", "(?:", pattern)


def _numbered(pattern: str) -> str:
    # A slot that stands in two alternatives needs a group of its own in each.
    seen: dict[str, int] = {}

    def name(group: re.Match[str]) -> str:
        seen[group[1]] = seen.get(group[1], 0) + 1
        return f"(?P<{group[1]}{'_' * (seen[group[1]] - 1)}>"

    return _GROUP.sub(name, pattern)

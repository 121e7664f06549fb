"""From a grammar's readable patterns to regular expressions.

A pattern is a regular expression over folded text in which `{name}` stands for a list of words
(or for another pattern), `<name>` for a slot whose content is read by code, a blank for any
blanks (none are needed in Chinese), ` ?` for optional ones, and `(` never captures.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from agents.understanding import numbers
from agents.understanding.folding import folded, unaccented
from agents.understanding.spelling import alternation

_PARTS = re.compile(
    r"\{(?P<macro>[a-z_]+)\}|(?<!\?P)<(?P<slot>[a-z]+)>"
    r"|(?P<open>\((?!\?))|(?P<gap> \?)|(?P<blank> )"
)
_GROUP = re.compile(r"\(\?P<([a-z]+)_*>")
_POINTED = re.compile(r"(?<!\?P)<(?:image|pick|shown|other)>")
_ANY = ".{0,200}?"
_GAP = r"(?:^|(?<![\s,])[\s,]+)"
_PART_OF_SENTENCE = r"%s(?:%s)(?=\s*(?:[,.;。、]|$))"


@dataclass(frozen=True, slots=True)
class Rule:
    """One way to say something; `tool` is a tool's name, an expression or empty.

    `opens`: may follow "and" or a comma as a wish of its own; `needs`: "pictures" (some are
    around, and the talk is of nothing else), "shown" (some are around),
    "focus" (attached or replied to), "sound", "text" (the last step made one),
    "quoted" (a text is replied to) or "asked" ("can you ..." went before); `keep`: only the
    slots are taken out of the text.

    `rough` is the expression with anything where pictures are pointed at ("" when none are): all
    that the long one matches matches it, too, so that the long one is compiled only when needed.
    """

    tool: str
    whole: str
    rough: str
    first: re.Pattern[str]
    fixed: Mapping[str, object]
    opens: bool
    needs: str
    keep: bool

    @property
    def pattern(self) -> re.Pattern[str]:
        """The whole expression, compiled."""
        return compiled(self.whole)

    def fullmatch(self, fold: str) -> re.Match[str] | None:
        """Return the match of a whole folded line, None without one."""
        found = self.first.fullmatch(fold)
        return self.pattern.fullmatch(fold) if found and self.rough else found


@cache
def compiled(expression: str) -> re.Pattern[str]:
    """Return an expression compiled; the long ones take a twentieth of a second."""
    return re.compile(expression, re.DOTALL)


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
        self._slots = self._simple_slots()
        self.pointers = self.rules("pointers")
        image = "|".join(_unnamed(rule.whole) for rule in self.pointers)
        pick = f"(?:{image}|{self._slots['num']})"
        self._slots |= {"image": f"(?:{image})", "pick": pick, "shown": pick, "other": pick}

    def rules(self, table: str) -> tuple[Rule, ...]:
        """Return the rules of a table, in order, one for each way to say it."""
        return tuple(
            self._rule(row, self._framed(table, row, say), rough)
            for row in self._words.get(table, [])
            for say in row["say"]
            for rough in [self._framed(table, row, _POINTED.sub(_ANY, say))]
        )

    def _rule(self, row: Mapping[str, Any], whole: str, rough: str) -> Rule:
        return Rule(
            tool=row.get("tool", row.get("is", "")),
            whole=whole,
            rough=rough if rough != whole else "",
            first=compiled(rough),
            fixed=row.get("args", {}),
            opens=row.get("opens", True),
            needs=row.get("needs", ""),
            keep=row.get("keep", False),
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
            value = self._words["words"].get(name) or self._words[name]
            regex = self._regex(value) if isinstance(value, str) else self._any(value)
            self._said[name] = f"(?:{_unnamed(regex)})"
        return self._said[name]


def _unnamed(pattern: str) -> str:
    return re.sub(r"\(\?P<\w+>", "(?:", pattern)


def _numbered(pattern: str) -> str:
    # A slot that stands in two alternatives needs a group of its own in each.
    seen: dict[str, int] = {}

    def name(group: re.Match[str]) -> str:
        seen[group[1]] = seen.get(group[1], 0) + 1
        return f"(?P<{group[1]}{'_' * (seen[group[1]] - 1)}>"

    return _GROUP.sub(name, pattern)

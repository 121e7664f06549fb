"""What a text must contain for a pattern to fit at all, told without compiling the pattern.

Of hundreds of patterns a message can fit a handful; the others need neither be tried nor compiled,
which takes far longer than reading them. Patterns are those of the grammars (`compiler`).
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

Need = frozenset[str]
"""Literals of which a text must contain at least one."""

_TOKEN = re.compile(
    r"(?P<macro>\{[a-z_]+\})|(?P<slot><[a-z]+>)|(?P<look>\(\?<?[=!])|(?P<named>\(\?P<\w+>)"
    r"|(?P<open>\(\?:|\((?!\?))|(?P<close>\))|(?P<bar>\|)|(?P<times>[?*+]\??|\{\d*,?\d*\}\??)"
    r"|(?P<set>\[\^?\]?(?:\\.|[^\]\\])*\])|(?P<escape>\\x[0-9a-f]{2}|\\.)|(?P<gap> )"
    r"|(?P<word>[\w'])|(?P<other>.)",
    re.DOTALL,
)
_MOST = 300
"""Literals one need may have; with more it tells too little for what it costs."""


@dataclass(slots=True)
class _Atom:
    """A part of a pattern: a letter that stands for itself, or what it needs."""

    letter: str = ""
    needs: tuple[Need, ...] = ()


def met(needs: Iterable[Need], text: str) -> bool:
    """Tell whether a text contains what is needed."""
    for need in needs:
        for word in need:
            if word in text:
                break
        else:
            return False
    return True


class Needing(Protocol):
    """What fits no text without its words."""

    @property
    def words(self) -> tuple[Need, ...]:
        """What a text must have, each of them."""


Rule = TypeVar("Rule", bound=Needing)


class Index(Generic[Rule]):
    """Many rules, by what they need first: most are passed over together."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules: dict[Need, list[int]] = {}
        self._every = rules
        for place, rule in enumerate(rules):
            self._rules.setdefault(rule.words[0] if rule.words else frozenset([""]), []).append(
                place
            )

    def possible(self, fold: str) -> Iterator[Rule]:
        """Yield the rules whose words a folded text has, in their order."""
        places: list[int] = []
        for need, some in self._rules.items():
            for word in need:
                if word in fold:
                    places += some
                    break
        for place in sorted(places):
            rule = self._every[place]
            if met(rule.words[1:], fold):
                yield rule


class Needs:
    """Reads the needs of patterns; `macro` returns what the name in curly brackets stands for."""

    def __init__(self, macro: Callable[[str], str | Sequence[str]]) -> None:
        self._macro = macro
        self._macros: dict[str, tuple[Need, ...]] = {}

    def of(self, pattern: str) -> tuple[Need, ...]:
        """Return the needs of a pattern, each to be met; none when nothing can be told.

        What is told by fewer literals comes first: most texts fail there.
        """
        tokens = list(_TOKEN.finditer(pattern))
        needs, at = self._either(tokens, 0)
        return tuple(sorted(needs, key=len)) if at >= len(tokens) else ()

    def _either(self, tokens: Sequence[re.Match[str]], at: int) -> tuple[tuple[Need, ...], int]:
        """Read alternatives up to a closing bracket; return what they all need and where it is."""
        ways: list[tuple[Need, ...]] = []
        row: list[_Atom] = []
        while at < len(tokens) and tokens[at].lastgroup != "close":
            if tokens[at].lastgroup == "bar":
                ways.append(_together(row))
                row, at = [], at + 1
                continue
            atom, at = self._atom(tokens, at)
            if at < len(tokens) and tokens[at].lastgroup == "times":
                atom = atom if _at_least_once(tokens[at][0]) else _Atom()
                # a letter that may come again ends its word
                row += [atom, _Atom()] if atom.letter else [atom]
                at += 1
            else:
                row.append(atom)
        return _any([*ways, _together(row)]), at

    def _atom(self, tokens: Sequence[re.Match[str]], at: int) -> tuple[_Atom, int]:
        token = tokens[at]
        kind = token.lastgroup
        if kind in ("open", "named", "look"):
            needs, at = self._either(tokens, at + 1)
            return _Atom(needs=() if kind == "look" else needs), at + 1
        if kind == "macro":
            return _Atom(needs=self._of_macro(token[0][1:-1])), at + 1
        return _Atom(token[0] if kind == "word" else ""), at + 1

    def _of_macro(self, name: str) -> tuple[Need, ...]:
        if name not in self._macros:
            value = self._macro(name)
            ways = [value] if isinstance(value, str) else value
            self._macros[name] = _any([self.of(way) for way in ways])
        return self._macros[name]


def _at_least_once(times: str) -> bool:
    return times[0] == "+" or (times[0] == "{" and times[1] not in "0,")


def _together(row: Iterable[_Atom]) -> tuple[Need, ...]:
    """Return what atoms one after the other need: their words, and each one's own needs."""
    found: list[Need] = []
    word = ""
    for atom in (*row, _Atom()):
        if atom.letter:
            word += atom.letter
            continue
        if word:
            found.append(frozenset([word]))
        word = ""
        found += atom.needs
    return tuple(dict.fromkeys(found))


def _any(ways: Sequence[tuple[Need, ...]]) -> tuple[Need, ...]:
    """Return what alternatives need: all of one, or any of the most telling of each."""
    if len(ways) == 1:
        return ways[0]
    if not all(ways):
        return ()
    best = frozenset[str]().union(*(max(way, key=_telling) for way in ways))
    return (best,) if len(best) <= _MOST else ()


def _telling(need: Need) -> tuple[int, int]:
    return min(map(len, need)), -len(need)

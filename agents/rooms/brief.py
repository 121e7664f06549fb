"""The brief of a room as data: what people said the set must be, and what that means in words."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from memory.sentences import joined, say


@dataclass(frozen=True, slots=True)
class Brief:
    """What the set shall be; empty and 0 mean that nobody said anything of it."""

    subject: str = ""
    audience: str = ""
    tone: str = ""
    style: str = ""
    languages: tuple[str, ...] = ()
    aspect: str = ""
    count: int = 0
    must: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()
    colours: tuple[str, ...] = ()
    deadline: str = ""
    facts: tuple[str, ...] = ()


LISTS = ("must", "never", "terms", "facts")
"""What is added to; everything else takes the place of what was said before."""
NAMES: Mapping[str, str] = {
    "subject": say("about"),
    "audience": say("audience"),
    "tone": say("tone"),
    "style": say("style"),
    "languages": say("language"),
    "aspect": say("format"),
    "count": say("pieces"),
    "must": say("must say"),
    "never": say("never"),
    "terms": say("say instead"),
    "colours": say("colours"),
    "deadline": say("deadline"),
    "facts": say("facts"),
}
_NAMED = ("colours", "languages", "tone", "style")
"""Of the brief, what is known by an English name, or was set by a template."""
ARROW = " → "
"""Stands in a term between what is not to be said and what is: "gig → concert"."""
_OPPOSITE = {"must": "never", "never": "must"}


def term(text: str) -> str:
    """Return a term as the brief holds it, of "gig -> concert"; raises ValueError."""
    wrong, _, right = (part.strip() for part in text.replace("->", "→").partition("→"))
    if not (wrong and right):
        raise ValueError(f"“{text}” must be such as “gig → concert”")
    return f"{wrong}{ARROW}{right}"


def key(value: str) -> str:
    """Return what makes two values of a list the same: a word in any case, a term's wrong word."""
    return value.partition(ARROW)[0].casefold()


def said(brief: Brief, name: str, value: object) -> Brief:
    """Return the brief once `name` was said to be `value`; lists grow, and what must be may be."""
    new: Any = tuple(map(str, value)) if isinstance(value, list | tuple) else value
    if name in LISTS:
        known: tuple[str, ...] = getattr(brief, name)
        kept = [n for n in known if n in new or key(n) not in map(key, new)]
        brief = _with(brief, name, (*kept, *(n for n in new if n not in kept)))
        other = _OPPOSITE.get(name)
        return taken_back(brief, other, new) if other else brief
    return _with(brief, name, new) if name in NAMES else brief


def taken_back(brief: Brief, name: str, values: tuple[str, ...]) -> Brief:
    """Return the brief without some values of a list, without all of it when none are given."""
    gone = set(map(key, values))
    known = getattr(brief, name, None)
    if isinstance(known, tuple):
        return _with(brief, name, tuple(n for n in known if gone and key(n) not in gone))
    return _with(brief, name, getattr(Brief(), name)) if name in NAMES else brief


def _with(brief: Brief, name: str, value: Any) -> Brief:
    return replace(brief, **{name: value})


def differs(brief: Brief, name: str, value: object) -> object | None:
    """Return what the brief says that a new value would contradict; None when it does not."""
    if other := _OPPOSITE.get(name):
        there = {one.casefold() for one in getattr(brief, other)}
        values = value if isinstance(value, list | tuple) else [value]
        both = [str(one) for one in values if str(one).casefold() in there]
        return both or None
    if name in LISTS or name not in NAMES:
        return None
    known = getattr(brief, name)
    same = shown(known).casefold() == shown(value).casefold()
    return known if known and not same else None


def shown(value: object) -> str:
    """Return a value of the brief in words."""
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def worded(name: str, value: object) -> str:
    """Return a value of a part of the brief in words that can be put into a language."""
    parts = map(str, value) if isinstance(value, list | tuple) else [str(value)]
    return joined(", ", (say(part) if name in _NAMED else part for part in parts))


def lines(brief: Brief) -> list[tuple[str, str]]:
    """Return what was said: the name of each part in words, and its value."""
    found = ((name, called, getattr(brief, name)) for name, called in NAMES.items())
    return [(called, worded(name, value)) for name, called, value in found if value]


def style(brief: Brief) -> str:
    """Return the words that give every picture of the set the same look."""
    parts = [brief.style, f"{brief.tone} mood" if brief.tone else ""]
    if brief.colours:
        parts.append(f"in {' and '.join(brief.colours)}")
    return ", ".join(part for part in parts if part)


def glossary(brief: Brief) -> dict[str, str]:
    """Return the words that shall not be said, and what shall be said in place of each."""
    pairs = (one.split(ARROW) for one in brief.terms if ARROW in one)
    return {wrong: right for wrong, right in pairs}


def wishes(brief: Brief) -> str:
    """Return what every text of the set is told, as sentences; "" when there is nothing."""
    parts = [
        f"It is for {brief.audience}." if brief.audience else "",
        f"The tone is {brief.tone}." if brief.tone else "",
    ]
    return " ".join(part for part in parts if part)

"""What people say in a room, as what they want of it: rules over words that are data."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agents.rooms.pointing import idea, pieces
from agents.rooms.state import Room, Stage
from agents.rooms.templates import Template
from agents.rooms.wording import Wording, wordings
from agents.understanding import flags
from agents.understanding.folding import Line, folded, unquoted
from tools.prose import language_name

LONGEST = 600
"""Characters of what can be about the room; more is a text somebody pasted."""
_ENDS = " \t\n.!,;:?…"
_AND = re.compile(r"\s*(?:,\s*and\s+|,|;|&|/|\band\b|\bor\b)\s*")
_LISTS = ("must", "never", "colours")


@dataclass(frozen=True, slots=True)
class Intent:
    """Something a person wants of the room; `firm` says that it corrects what was said before."""

    kind: str
    data: Mapping[str, Any] = field(default_factory=dict)
    firm: bool = False


_ANY = ("next", "back", "undo", "status", "close", "title", "owner")
_REVIEW = (
    *("approve", "keep", "compare", "variants", "again", "comment", "overrule", "fix"),
    *("carer", "add", "drop", "change"),
)
ACTS: Mapping[Stage, tuple[str, ...]] = {
    "brief": (*_ANY, "ideas", "idea"),
    "ideas": (*_ANY, "ideas", "combine", "sketch", "choose", "vote", "idea", "refine"),
    "choice": (*_ANY, "combine", "sketch", "choose", "vote", "idea", "refine"),
    "outline": (*_ANY, "carer", "add", "drop", "change"),
    "making": (*_ANY, "carer"),
    "review": (*_ANY, *_REVIEW),
    "check": (*_ANY, *_REVIEW),
    "pack": (*_ANY, *_REVIEW),
}
"""What can be wanted at each stage, in the order in which it is looked for."""
_LATE = ("outline", "making", "review", "check", "pack")
_VAGUE = ("subject", "audience", "style")
"""Of the brief, what words may mean only while the brief is talked about."""


def read(text: str, room: Room, template: Template, piece: int = 0) -> list[Intent]:
    """Return what a message wants of a room; nothing when it is about something else.

    `piece` is the piece that the message replies to.
    """
    said = text.strip(_ENDS)
    if not said or len(said) > LONGEST:
        return []
    line = Line(said, folded(said))
    for words in wordings():
        reader = _Reader(words, room, template, piece)
        if found := reader.whole(line):
            return found
    return []


def opening(text: str, templates: Mapping[str, Template]) -> tuple[str, str] | None:
    """Return the template and the subject of "let's make a poster series for the jazz night"."""
    line = Line(said := text.strip(_ENDS), folded(said))
    for words in wordings():
        for pattern in words.tables["open"]["project"] if len(said) <= LONGEST else ():
            found = pattern.fullmatch(line.fold)
            if found and (name := named(found["template"], templates)):
                return name, line.cut(*found.span("text")).text if found["text"] else ""
    return None


def named(words: str, templates: Mapping[str, Template]) -> str:
    """Return the template that people call so, "" when there is none."""
    said = words.strip().casefold()
    for name, template in templates.items():
        if said in (name, template.title.casefold(), *(w.casefold() for w in template.words)):
            return name
    return ""


@dataclass(frozen=True, slots=True)
class _Reader:
    words: Wording
    room: Room
    template: Template
    piece: int

    def whole(self, line: Line) -> list[Intent]:
        """Return what a message wants: one act, or what its parts say of the brief."""
        start = self._polite(line)
        line = line.cut(start, len(line.text))
        if act := self._act(line):
            return [act]
        parts = list(self._parts(line))
        return [intent for part in parts if (intent := self._of_brief(part))]

    def _polite(self, line: Line) -> int:
        found = self.words.polite.match(line.fold)
        return found.end() if found else 0

    def _act(self, line: Line) -> Intent | None:
        for kind in ACTS[self.room.stage]:
            for pattern in self.words.tables["acts"][kind]:
                found = pattern.fullmatch(line.fold)
                data = self._data(found, line) if found else None
                if data is not None:
                    return Intent(kind, data)
        return None

    def _parts(self, line: Line) -> Iterator[Line]:
        """Yield the parts of a message, each with what says nothing of the brief by itself."""
        edges = [m.span() for m in self.words.joins.finditer(line.fold)]
        start, end = 0, len(line.text)
        for left, right in edges:
            rest = line.cut(right, end)
            head = line.fold[start:left] + line.fold[left:right]
            if self._begins(rest) and not self.words.firm.fullmatch(head):
                yield line.cut(start, left)
                start = right
        yield line.cut(start, end)

    def _begins(self, rest: Line) -> bool:
        """Tell whether the rest of a message, or the beginning of it, says something anew."""
        cut = self.words.joins.search(rest.fold)
        heads = [rest] if cut is None else [rest, rest.cut(0, cut.start())]
        return any(self._of_brief(head) for head in heads)

    def _of_brief(self, line: Line) -> Intent | None:
        line = Line(line.text.strip(_ENDS), line.fold.strip(_ENDS))
        line = line.cut(self._polite(line), len(line.text))
        firm = self.words.firm.match(line.fold)
        if firm and firm.end():
            rest = line.cut(firm.end(), len(line.text))
            if found := self._field(rest):
                return Intent(found.kind, found.data, firm=True)
        return self._field(line)

    def _field(self, line: Line) -> Intent | None:
        for kind in ("unbrief", "brief"):
            for name, patterns in self.words.tables[kind].items():
                if self.room.stage in _LATE and name in _VAGUE:
                    continue
                for pattern in patterns:
                    found = pattern.fullmatch(line.fold)
                    value = self._value(name, found, line) if found else None
                    if value is not None and not self._vain(kind, name, value):
                        return Intent(kind, {"name": name, "value": value})
        return None

    def _vain(self, kind: str, name: str, value: object) -> bool:
        """Tell whether something is taken out of the brief that is not in it."""
        if kind != "unbrief" or not isinstance(value, list):
            return False
        there = {one.casefold() for one in getattr(self.room.brief, name)}
        return not any(one.casefold() in there for one in value)

    def _value(self, name: str, found: re.Match[str], line: Line) -> object | None:
        groups = {k: line.cut(*found.span(k)).text for k, v in found.groupdict().items() if v}
        if name == "count":
            counted = groups.get("counted", "").casefold()
            known = (*self.template.counted, *self.words.kinds["pieces"])
            return self._number(groups["n"]) if not counted or counted in known else None
        if name == "aspect":
            return self.words.aspects.get(groups["aspect"].lower()) or flags.aspect(
                groups["aspect"]
            )
        if name == "languages":
            return [language_name(one) for one in _split(groups["language"])]
        text = (groups.get("text") or groups.get("colours") or "").strip(_ENDS)
        if not text:
            return None
        return [unquoted(one) for one in _split(text)] if name in _LISTS else unquoted(text)

    def _data(self, found: re.Match[str], line: Line) -> dict[str, Any] | None:
        """Return what the slots of an act stand for; None when one stands for nothing."""
        data: dict[str, Any] = {}
        for slot, words in found.groupdict().items():
            if words is None:
                continue
            part = line.cut(*found.span(slot))
            value = self._slot(slot, part)
            if value in (None, (), 0):
                return None
            data[slot] = value
        return data

    def _slot(self, slot: str, part: Line) -> Any:
        if slot in ("pick", "other"):
            return idea(part.fold, self.room, self.words)
        if slot in ("piece", "pieces"):
            found = pieces(part.fold, self.room, self.words, self.piece)
            return found if slot == "pieces" else (found[0] if len(found) == 1 else None)
        if slot == "n":
            return self._number(part.fold)
        if slot == "kind":
            kinds = self.words.kinds
            return next((k for k, names in kinds.items() if part.fold in (k, *names)), None)
        return part.text.strip(_ENDS)

    def _number(self, words: str) -> int | None:
        said = words.strip().lower()
        return int(said) if said.isdigit() else self.words.numbers.get(said)


def _split(text: str) -> Sequence[str]:
    """Return what an enumeration names; what stands in quotation marks stays together."""
    if unquoted(text) != text:
        return [text]
    return [part for part in _AND.split(text) if part.strip()]

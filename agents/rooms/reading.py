"""What people say in a room, as what they want of it: rules over words that are data."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from agents.rooms.names import Say
from agents.rooms.pointing import idea, pieces
from agents.rooms.state import Room, Stage
from agents.rooms.templates import Template
from agents.rooms.wording import Wording, fitting
from agents.understanding import flags
from agents.understanding.folding import Line, folded, unquoted
from tools.gate.languages import language
from tools.prose import language_name

LONGEST = 600
"""Characters of what can be about the room; more is a text somebody pasted."""
ENDS = " \t\n.!,;:?…。、！？，；：¡¿"
_FEW = 4
"""Characters that are not enough to tell a brief by when a message is in another language."""
_ASIDE = 0.3
"""Share of a message that may say nothing of the brief; more is about something else."""
_QUOTED = re.compile(r"[\"“„«「].*?[\"”“»」]")
_RULES = ("must", "never")
_LISTS = ("must", "never", "colours")


@dataclass(frozen=True, slots=True)
class Intent:
    """Something a person wants of the room; `firm` says that it corrects what was said before.

    `free` counts characters that no rule explains: of two readings, the one with fewer is right.
    """

    kind: str
    data: Mapping[str, Any] = field(default_factory=dict)
    firm: bool = False
    free: int = field(default=0, compare=False)


_ANY = (
    "now",
    "next",
    "back",
    "undo",
    "status",
    "close",
    "title",
    "owner",
    "unreference",
    "reference",
)
_REVIEW = (
    *("approve", "keep", "compare", "variants", "again", "comment", "overrule", "fix"),
    *("carer", "add", "drop", "change"),
)
_ANEW = ("repack", "recheck")
ACTS: Mapping[Stage, tuple[str, ...]] = {
    "brief": (*_ANY, "ideas", "idea"),
    "ideas": (*_ANY, "ideas", "combine", "sketch", "choose", "vote", "idea", "refine"),
    "choice": (*_ANY, "combine", "sketch", "choose", "vote", "idea", "refine"),
    "outline": (*_ANY, "carer", "add", "drop", "change"),
    "making": (*_ANY, "carer"),
    "review": (*_ANY, *_ANEW, *_REVIEW),
    "check": (*_ANEW, *_ANY, *_REVIEW),
    "pack": (*_ANEW, *_ANY, *_REVIEW),
}
"""What can be wanted at each stage, in the order in which it is looked for."""
_STATED = ("approve", "vote", "choose", "overrule", "again", "drop", "carer")
"""What nobody wants who asks: "all good?"."""
_LATE = ("outline", "making", "review", "check", "pack")
_WORD, _LATIN_WORD = {"zh": 4, "ja": 4}, 12
"""Characters of a word, at most, where there are no blanks between them, and elsewhere."""
_VAGUE = ("subject", "audience", "style")
"""Of the brief, what words may mean only while the brief is talked about."""


def read(text: str, room: Room, template: Template, piece: int = 0) -> list[Intent]:
    """Return what a message wants of a room; nothing when it is about something else.

    `piece` is the piece that the message replies to. What is the same in two languages is read in
    the room's.
    """
    said = text.strip(ENDS)
    if not said or len(said) > LONGEST:
        return []
    line = Line(said, folded(said))
    asks = text.rstrip().endswith(("?", "？"))
    readers = [
        _Reader(words, room, template, piece, words.possible(line.fold), asks)
        for words in sorted(fitting(line.fold), key=lambda words: words.code != room.language)
    ]
    idle = any(reader.idle(line) for reader in readers)
    best, least = list[Intent](), len(said) + 1
    for reader in readers:
        found, free = reader.whole(line)
        vague = found and found[0].kind in ("brief", "unbrief")
        if vague and (idle or _misread(free, line, reader.words)):
            continue
        if found and free < least:
            best, least = found, free
    return best


def _misread(free: int, line: Line, words: Wording) -> bool:
    """Tell whether a word or two that mean something here are of another language."""
    if not words.latin or len(line.fold) - free > _FEW:
        return False
    spoken = language(_QUOTED.sub(" ", line.text))
    return spoken not in ("", words.code)


@dataclass(frozen=True, slots=True)
class _Reader:
    words: Wording
    room: Room
    template: Template
    piece: int
    possible: Mapping[tuple[str, str], Sequence[Say]]
    asks: bool

    def idle(self, line: Line) -> bool:
        """Tell whether this is something that people say and that means nothing of a brief."""
        return any(say.fullmatch(line.fold) for say in self.possible.get(("idle", "say"), ()))

    def whole(self, line: Line) -> tuple[list[Intent], int]:
        """Return what a message wants, and how many characters of it are not understood.

        That is one act, or what its parts say of the brief.
        """
        line = self._bare(line)
        if act := self._act(line):
            return [act], act.free
        parts = [(part, self._of_brief(part)) for part in self._parts(line)]
        found = [intent for _, intent in parts if intent]
        unread = sum(len(part.fold) for part, intent in parts if not intent)
        if unread > _ASIDE * len(line.fold):
            return [], unread
        return found, unread + sum(intent.free for intent in found)

    def _bare(self, line: Line) -> Line:
        """Return a line without the polite words around it."""
        marks = self.words.marks
        start = found.end() if (found := marks["polite"].pattern.match(line.fold)) else 0
        line = line.cut(start, len(line.text))
        last = marks["after"].pattern.search(line.fold)
        return line.cut(0, last.start()) if last and last.start() else line

    def _act(self, line: Line) -> Intent | None:
        for kind in ACTS[self.room.stage]:
            if self.asks and kind in _STATED:
                continue
            for say in self.possible.get(("acts", kind), ()):
                found = say.fullmatch(line.fold)
                data = self._data(found, line) if found else None
                if found and data is not None:
                    return Intent(self._asked(kind, line), data, free=_free(found))
        return None

    def _asked(self, kind: str, line: Line) -> str:
        """Return what an act is for who only asks: "next?" does not go on."""
        word = _WORD.get(self.words.code, _LATIN_WORD)
        one = self.asks and " " not in line.fold and len(line.fold) <= word
        return "now" if one and kind == "next" else kind

    def _parts(self, line: Line) -> Iterator[Line]:
        """Yield the parts of a message, each with what says nothing of the brief by itself."""
        marks = self.words.marks
        edges = [m.span() for m in marks["joins"].pattern.finditer(line.fold)]
        start, end = 0, len(line.text)
        for left, right in edges:
            rest = line.cut(right, end)
            head = line.fold[start:left] + line.fold[left:right]
            if self._begins(rest) and not marks["firm"].pattern.fullmatch(head):
                yield line.cut(start, left)
                start = right
        yield line.cut(start, end)

    def _begins(self, rest: Line) -> bool:
        """Tell whether the rest of a message, or the beginning of it, says something anew."""
        cut = self.words.marks["joins"].pattern.search(rest.fold)
        heads = [rest] if cut is None else [rest, rest.cut(0, cut.start())]
        return any(self._of_brief(head) for head in heads)

    def _of_brief(self, line: Line) -> Intent | None:
        line = self._bare(Line(line.text.strip(ENDS), line.fold.strip(ENDS)))
        firm = self.words.marks["firm"].pattern.match(line.fold)
        if firm and firm.end():
            rest = line.cut(firm.end(), len(line.text))
            if found := self._field(rest):
                return replace(found, firm=True)
        return self._field(line)

    def _field(self, line: Line) -> Intent | None:
        for kind in ("unbrief", "brief"):
            for name in self.words.tables[kind]:
                if self._passes(name):
                    continue
                for say in self.possible.get((kind, name), ()):
                    found = say.fullmatch(line.fold)
                    value = self._value(name, found, line) if found else None
                    if found and value is not None and not self._vain(kind, name, value):
                        return Intent(kind, {"name": name, "value": value}, free=_free(found))
        return None

    def _passes(self, name: str) -> bool:
        """Tell whether a part of the brief is not looked for here."""
        late = self.room.stage in _LATE and name in _VAGUE
        return late or (self.asks and name in _RULES)

    def _vain(self, kind: str, name: str, value: object) -> bool:
        """Tell whether something is taken out of the brief that is not in it."""
        if kind != "unbrief" or not isinstance(value, list):
            return False
        there = {one.casefold() for one in getattr(self.room.brief, name)}
        return not any(one.casefold() in there for one in value)

    def _value(self, name: str, found: re.Match[str], line: Line) -> object | None:
        groups = {k: line.cut(*found.span(k)) for k, v in found.groupdict().items() if v}
        if name == "count":
            known = "counted" not in groups or self._counts(groups["counted"])
            return self.words.number(groups["n"].fold) if known else None
        if name == "aspect":
            said = groups["aspect"].fold
            return self.words.aspects.get(said) or flags.aspect(said)
        if name == "languages":
            spoken = self.words.languages
            parts = self._split(groups["language"])
            return [spoken.get(one.fold) or language_name(one.text) for one in parts]
        part = groups.get("text") or groups.get("colours")
        if part is None or not part.text.strip(ENDS):
            return None
        part = Line(part.text.strip(ENDS), part.fold.strip(ENDS))
        if name == "colours":
            return self._colours(part, ":" in line.fold)
        if name in _LISTS:
            return [unquoted(one.text) for one in self._split(part)]
        return unquoted(part.text)

    def _colours(self, part: Line, sure: bool) -> list[str] | None:
        """Return colours by their English names, others as they were said; None when none is."""
        parts = self._split(part)
        known = [self.words.colour(one.fold) for one in parts]
        if not (sure or any(known)):
            return None
        return [name or unquoted(one.text) for name, one in zip(known, parts, strict=True)]

    def _counts(self, noun: Line) -> bool:
        """Tell whether a noun is what the brief counts."""
        name = self.words.nouns.get(noun.fold)
        known = self.template.counted
        return noun.text.casefold() in known or name == "pieces" or name in known

    def _split(self, line: Line) -> Sequence[Line]:
        """Return what an enumeration names; what stands in quotation marks stays together."""
        if unquoted(line.text) != line.text:
            return [line]
        parts, start = list[Line](), 0
        for edge in self.words.marks["split"].pattern.finditer(line.fold):
            parts.append(line.cut(start, edge.start()))
            start = edge.end()
        parts.append(line.cut(start, len(line.text)))
        return [part for part in parts if part.text]

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
            return self.words.number(part.fold)
        if slot == "kind":
            return self.words.kinds.get(part.fold)
        return part.text.strip(ENDS)


def _free(found: re.Match[str]) -> int:
    """Return how many characters of what fits a rule are free words."""
    return len(found.groupdict().get("text") or "")

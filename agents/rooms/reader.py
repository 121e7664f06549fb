"""What a line wants of a room, in one language: rules over words that are data."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from agents.rooms.brief import key
from agents.rooms.keyed import keyed
from agents.rooms.names import Say
from agents.rooms.slots import ENDS, Slots
from agents.rooms.state import STAGES, Room, Stage
from agents.rooms.templates import Template
from agents.rooms.wording import Wording
from agents.understanding.folding import Line
from memory.records import User

_ASIDE = 0.3
"""Share of a message that may say nothing of the brief; more is about something else."""
_RULES = ("must", "never", "terms")


@dataclass(frozen=True, slots=True)
class Intent:
    """Something a person wants of the room; `firm` says that it corrects what was said before.

    `free` counts characters that no rule explains: of two readings, the one with fewer is right.
    `bare` says that there was nothing but what it is about.
    """

    kind: str
    data: Mapping[str, Any] = field(default_factory=dict)
    firm: bool = False
    free: int = field(default=0, compare=False)
    bare: bool = field(default=False, compare=False)


_ANY = (
    "ask",
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
    "check": (*_ANEW, "anyway", *_ANY, *_REVIEW),
    "pack": (*_ANEW, "anyway", *_ANY, *_REVIEW),
}
"""What can be wanted at each stage, in the order in which it is looked for."""
_SHOWN = ("sketch", "variants", "compare", "combine")
"""What may be asked for with a question, in whatever order."""
_STATED = ("approve", "vote", "choose", "overrule", "again", "drop", "carer")
"""What nobody wants who asks: "all good?"."""
_OF_PIECE = {"change": "piece", "keep": "piece", "variants": "piece", "again": "pieces"}
VAGUE = ("brief", "unbrief")
"""What little is enough for, so that what surrounds it must not speak against it."""
_LATE = ("outline", "making", "review", "check", "pack")
_WORD, _LATIN_WORD = {"zh": 4, "ja": 4}, 12
"""Characters of a word, at most, where there are no blanks between them, and elsewhere."""
_VAGUE = ("subject", "audience", "style")
"""Of the brief, what words may mean only while the brief is talked about."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads in one language; `piece` is what "it" is, `asks` says that it is a question."""

    words: Wording
    room: Room
    template: Template
    user: User | None
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
        line = self.bare(line)
        if act := self.act(line):
            return [act], act.free
        parts = [(part, self.of_brief(part)) for part in self._parts(line)]
        found = [intent for _, intent in parts if intent]
        unread = sum(len(part.fold) for part, intent in parts if not intent)
        if unread > (0 if self.words.is_loose else _ASIDE) * len(line.fold):
            return [], unread
        return found, unread + sum(intent.free for intent in found)

    def bare(self, line: Line) -> Line:
        """Return a line without the polite words around it."""
        marks = self.words.marks
        start = found.end() if (found := marks["polite"].pattern.match(line.fold)) else 0
        line = line.cut(start, len(line.text))
        last = marks["after"].pattern.search(line.fold)
        return line.cut(0, last.start()) if last and last.start() else line

    def act(self, line: Line) -> Intent | None:
        """Return the act that a line is, or the question about the room."""
        for kind in ACTS[self.room.stage]:
            if self.asks and kind in _STATED:
                continue
            for say in self._says(kind):
                found = say.fullmatch(line.fold)
                data = self._meant(kind, found, line) if found else None
                bare = _is_bare(found, line)
                if bare and self._slots.is_vague(line):
                    continue
                if found and data is not None:
                    data |= {"what": say.kind} if kind == "ask" else {}
                    return Intent(self._asked(kind, line, data), data, False, _free(found), bare)
        return None

    def keyed(self, line: Line) -> Intent | None:
        """Return the act that a clause is by its words, in whatever order."""
        kinds = _SHOWN if self.asks else ACTS[self.room.stage]
        found = keyed(line, [k for k in kinds if k in ACTS[self.room.stage]], self._slots.where)
        return Intent(*found) if found else None

    def _meant(self, kind: str, found: re.Match[str], line: Line) -> dict[str, Any] | None:
        """Return what an act is about; a piece that is not named is the one talked about."""
        data, name = self._slots.of_act(found, line), _OF_PIECE.get(kind, "")
        planned = kind == "change" and self.room.stage == "outline"
        if data and planned and self._slots.is_more(data.get("text", "")):
            data["also"] = ""
        if data is None or not name or name in data:
            return data
        it = (self.piece,) if name == "pieces" else self.piece
        return {name: it, **data} if self.piece else None

    def _says(self, kind: str) -> Sequence[Say]:
        if kind != "ask":
            return self.possible.get(("acts", kind), ())
        return [
            say for (table, _), says in self.possible.items() if table == "asks" for say in says
        ]

    @property
    def _slots(self) -> Slots:
        return Slots(self.words, self.room, self.template, self.user, self.piece)

    def _asked(self, kind: str, line: Line, data: Mapping[str, Any]) -> str:
        """Return what an act is for who only asks, or is elsewhere: "next?" does not go on."""
        if kind != "next":
            return kind
        word = _WORD.get(self.words.code, _LATIN_WORD)
        one = self.asks and " " not in line.fold and len(line.fold) <= word
        following = STAGES[STAGES.index(self.room.stage) + 1 :][:1]
        goals = {goal for goal in STAGES if goal in data} - set(following)
        return "now" if one or (goals and self.room.stage != "pack") else kind

    def _parts(self, line: Line) -> Iterator[Line]:
        """Yield the parts of a message, each with what says nothing of the brief by itself."""
        marks = self.words.marks
        edges = [m.span() for m in marks["joins"].pattern.finditer(line.fold)]
        start, end = 0, len(line.text)
        for left, right in edges:
            rest = line.cut(right, end)
            head = line.fold[start:left] + line.fold[left:right]
            if self.begins(rest) and not marks["firm"].pattern.fullmatch(head):
                yield line.cut(start, left)
                start = right
        yield line.cut(start, end)

    def begins(self, rest: Line) -> bool:
        """Tell whether the rest of a message, or its beginning, says something of the brief."""
        cut = self.words.marks["joins"].pattern.search(rest.fold)
        heads = [rest] if cut is None else [rest, rest.cut(0, cut.start())]
        return any(self.of_brief(head) for head in heads)

    def of_brief(self, line: Line) -> Intent | None:
        """Return what a line says of the brief."""
        line = self.bare(Line(line.text.strip(ENDS), line.fold.strip(ENDS)))
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
                    value = self._slots.of_brief(name, found, line) if found else None
                    if found and value is not None and (part := self._part(kind, name, value)):
                        return Intent(kind, {"name": part, "value": value}, free=_free(found))
        return None

    def _passes(self, name: str) -> bool:
        """Tell whether a part of the brief is not looked for here."""
        late = self.room.stage in _LATE and name in _VAGUE
        return late or (self.asks and name in _RULES)

    def _part(self, kind: str, name: str, value: object) -> str:
        """Return the part of the brief that is meant; "" where what is taken out is not in it."""
        if kind != "unbrief" or not isinstance(value, list):
            return name
        for part in (name, "terms") if name == "never" else (name,):
            there = set(map(key, getattr(self.room.brief, part)))
            if any(one.casefold() in there for one in value):
                return part
        return ""


def _is_bare(found: re.Match[str] | None, line: Line) -> bool:
    """Tell whether a line is nothing but an idea's number or name."""
    return found is not None and found.groupdict().get("pick") == line.fold


def _free(found: re.Match[str]) -> int:
    """Return how many characters of what fits a rule are free words."""
    return len(found.groupdict().get("text") or "")

"""What the open places of a pattern stand for: of the brief, of an idea or a piece, of a person."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from agents.rooms.brief import ARROW
from agents.rooms.pointing import Pointed, idea, is_called, is_vague, member, pieces
from agents.rooms.state import Room
from agents.rooms.templates import Template
from agents.rooms.wording import Wording
from agents.understanding import flags
from agents.understanding.folding import Line, folded, unquoted
from memory.records import User
from tools.languages import language_name

SIGNS = re.compile("[\u2190-\u2bff\ufe0f\u200d\U0001f000-\U0001faff]+")
"""Emoji and arrows, which say nothing of what is wanted."""
ENDS = " \t\n.!,;:?…。、！？，；：¡¿"
_LISTS = ("must", "never", "colours")


@dataclass(frozen=True, slots=True)
class Slots:
    """Reads what stands in a pattern's slots, in a language; `piece` is what "it" is."""

    words: Wording
    room: Room
    template: Template
    user: User | None
    piece: int

    def of_brief(self, name: str, found: re.Match[str], line: Line) -> object | None:
        """Return what a part of the brief is to be; None when that is nothing."""
        groups = {k: line.cut(*found.span(k)) for k, v in found.groupdict().items() if v}
        if name == "count":
            known = "counted" not in groups or self._counts(groups["counted"])
            return self.words.number(groups["n"].fold) if known else None
        if name == "aspect":
            said = groups["aspect"].fold
            return self.words.aspects.get(said) or flags.aspect(said)
        if name == "languages":
            return self._languages(groups["language"])
        part = self._said(groups.get("text") or groups.get("colours"))
        if part is None:
            return None
        if name == "terms":
            return _term(groups["wrong"], part)
        if name == "colours":
            return self._colours(part, ":" in line.fold)
        if name in _LISTS:
            return [unquoted(one.text) for one in self._split(part)]
        return unquoted(part.text)

    def _said(self, part: Line | None) -> Line | None:
        """Return what was said; None where that is nothing, or "it"."""
        if part is None:
            return None
        said = Line(part.text.strip(ENDS), part.fold.strip(ENDS))
        return said if said.text and not self.words.marks["it"].fullmatch(said.fold) else None

    def _languages(self, line: Line) -> list[str]:
        spoken = self.words.languages
        return [spoken.get(one.fold) or language_name(one.text) for one in self._split(line)]

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

    def of_act(self, found: re.Match[str], line: Line) -> dict[str, Any] | None:
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

    def _kind(self, noun: str) -> str | None:
        """Return the kind of the pieces that are called so."""
        name = self.words.nouns.get(noun) or noun
        return next((p.kind for p in self.room.pieces if is_called(p, name)), None)

    def is_vague(self, line: Line) -> bool:
        """Tell whether a line names an idea only by chance."""
        return is_vague(line.fold, self.where)

    def is_more(self, text: str) -> bool:
        """Tell whether words say how something shall differ, not what it shall be: "darker"."""
        more = self.words.marks.get("more")
        return more is not None and more.fullmatch(folded(text)) is not None

    @property
    def where(self) -> Pointed:
        """Where words point."""
        return Pointed(self.room, self.words, self.user, self.piece)

    def _slot(self, slot: str, part: Line) -> Any:
        where = self.where
        if slot in ("pick", "other"):
            return idea(part.fold, where)
        if slot in ("piece", "pieces"):
            found = pieces(part.fold, where)
            return found if slot == "pieces" else (found[0] if len(found) == 1 else None)
        if slot == "person":
            return member(part.fold, where)
        if slot == "n":
            return self.words.number(part.fold)
        if slot == "kind":
            return self.words.kinds.get(part.fold) or self._kind(part.fold)
        if slot == "field":
            return self.words.fields.get(part.fold)
        return part.text.strip(ENDS)


def _term(wrong: Line, right: Line) -> list[str] | None:
    """Return what not to say and what to say in its place; None where that is the same."""
    said, other = unquoted(wrong.text.strip(ENDS)), unquoted(right.text)
    return [f"{said}{ARROW}{other}"] if said.casefold() != other.casefold() else None

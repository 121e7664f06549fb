"""Markdown as Telegram shows it: plain text, and which stretches of it look how.

Entities cannot fail to parse as Telegram's own Markdown or HTML can, and the few kinds made here
neither link anywhere nor name anybody. What does not look like Markdown stays as it is written.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from telegram import MessageEntity

from bot.passages import Passage
from bot.render import units

MOST = 100
"""Entities of one message; Telegram leaves out what is more."""
_FENCE = re.compile(r"\s{0,3}(```+|~~~+)\s*([\w+#.-]*)\s*$")
_HEADING = re.compile(r"#{1,6}\s+(.+?)(?:\s+#+)?\s*$")
_BULLET = re.compile(r"(\s*)[*+]\s+(?=\S)")
_INLINE = re.compile(
    r"\\(?P<escaped>[\\`*_~\[\]()#+.!|{}>-])"
    r"|(?<!`)(?P<ticks>`{1,2})(?!`)(?P<code>.{1,2000}?)(?<!`)(?P=ticks)(?!`)"
    r"|\[(?P<label>[^\[\]]{1,500})\]\((?P<url>https?://[^\s()]{1,2000})\)"
    r"|\*\*\*(?=[^\s*])(?P<both>.{1,2000}?)(?<=[^\s*])\*\*\*(?!\*)"
    r"|\*\*(?=[^\s*])(?P<bold>.{1,2000}?)(?<=\S)\*\*(?!\*)"
    r"|(?<!\w)__(?=[^\s_])(?P<strong>.{1,2000}?)(?<=\S)__(?!\.?\w)"
    r"|~~(?=[^\s~])(?P<struck>.{1,2000}?)(?<=\S)~~"
    r"|(?<![*A-Za-z0-9])\*(?=[^\s*])(?P<italic>[^*]{1,2000}?)(?<=\S)\*(?![*A-Za-z0-9])"
    r"|(?<!\w)_(?=[^\s_])(?P<slanted>[^_]{1,2000}?)(?<=\S)_(?!\w)"
)
_LOOKS = {
    "both": (MessageEntity.BOLD, MessageEntity.ITALIC),
    "bold": (MessageEntity.BOLD,),
    "strong": (MessageEntity.BOLD,),
    "struck": (MessageEntity.STRIKETHROUGH,),
    "italic": (MessageEntity.ITALIC,),
    "slanted": (MessageEntity.ITALIC,),
}


@dataclass(frozen=True, slots=True)
class Words:
    """Text without marks, and how stretches of it look."""

    text: str
    entities: tuple[MessageEntity, ...] = ()

    def cut(self, pieces: Sequence[str]) -> "list[Words]":
        """Return pieces the text was cut into, each with what it has of the looks."""
        found, end = list[Words](), 0
        for piece in pieces:
            start = self.text.index(piece, end)
            end = start + len(piece)
            found.append(Words(piece, tuple(self._within(units(self.text[:start]), units(piece)))))
        return found

    def _within(self, start: int, length: int) -> Iterator[MessageEntity]:
        inside = (e for e in self.entities if start < e.offset + e.length)
        for one in (e for e in inside if e.offset < start + length):
            begin = max(one.offset - start, 0)
            size = min(one.offset + one.length - start, length) - begin
            yield MessageEntity(one.type, begin, size, language=one.language)


def shown(passages: Sequence[Passage]) -> Words:
    """Return passages as Telegram shows them."""
    text = _Text()
    for passage in passages:
        if passage.written:
            _written(text, passage.text)
        else:
            text.add(passage.text)
    return text.done()


@dataclass
class _Text:
    """Text as it grows; `at` is its length in UTF-16 units."""

    parts: list[str] = field(default_factory=list)
    entities: list[MessageEntity] = field(default_factory=list)
    at: int = 0

    def add(self, text: str, *looks: str, language: str | None = None) -> None:
        begin, self.at = self.at, self.at + units(text)
        self.parts.append(text)
        self.look(begin, *looks, language=language)

    def look(self, begin: int, *looks: str, language: str | None = None) -> None:
        if self.at > begin:
            size = self.at - begin
            self.entities += [MessageEntity(k, begin, size, language=language) for k in looks]

    def done(self) -> Words:
        """Return it as Telegram keeps it: nothing blank around it."""
        whole = "".join(self.parts)
        text = whole.strip()
        words = Words(whole, tuple(sorted(self.entities, key=lambda e: (e.offset, -e.length))))
        return words.cut([text])[0]


def _written(text: _Text, source: str) -> None:
    lines = source.split("\n")
    number = 0
    while number < len(lines):
        text.add("\n" if number else "")
        if (fence := _FENCE.match(lines[number])) and (end := _closed(lines, number, fence[1])):
            text.add("\n".join(lines[number + 1 : end]), "pre", language=fence[2] or None)
            number = end
        else:
            _line(text, lines[number])
        number += 1


def _closed(lines: Sequence[str], begin: int, fence: str) -> int:
    """Return the line that closes a fence; 0 when none does."""
    ends = (n for n in range(begin + 1, len(lines)) if lines[n].strip() == fence)
    return next(ends, 0)


def _line(text: _Text, line: str) -> None:
    begin = text.at
    if heading := _HEADING.match(line):
        _inline(text, heading[1])
        text.look(begin, MessageEntity.BOLD)
    elif bullet := _BULLET.match(line):
        text.add(f"{bullet[1]}• ")
        _inline(text, line[bullet.end() :])
    else:
        _inline(text, line)


def _inline(text: _Text, line: str) -> None:
    position = 0
    for found in _INLINE.finditer(line):
        text.add(line[position : found.start()])
        position = found.end()
        _mark(text, found)
    text.add(line[position:])


def _mark(text: _Text, found: re.Match[str]) -> None:
    kind, begin = str(found.lastgroup), text.at
    if kind == "escaped":
        text.add(found[kind])
    elif kind == "code":
        text.add(found[kind].strip() or found[kind], MessageEntity.CODE)
    elif kind == "url":
        _inline(text, found["label"])
        text.add(f" ({found[kind]})")
    else:
        _inline(text, found[kind])
        text.look(begin, *_LOOKS[kind])

"""What people say in a room, as what they want of it, in whatever language they say it."""

import re
from dataclasses import replace

from agents.rooms.loosely import CHANGES, loosely
from agents.rooms.reader import VAGUE, Intent, Reader
from agents.rooms.slots import ENDS
from agents.rooms.spelling import respelt
from agents.rooms.state import Room
from agents.rooms.templates import Template
from agents.rooms.wording import Wording, fitting
from agents.understanding.folding import Line, folded
from memory.records import User
from tools.languages import language

LONGEST = 600
"""Characters of what can be about the room; more is a text somebody pasted."""
_FEW = 4
"""Characters that are not enough to tell a brief by when a message is in another language."""
_QUOTED = re.compile(r"[\"“„«「].*?[\"”“»」]")


def read(
    text: str, room: Room, template: Template, piece: int = 0, user: User | None = None
) -> list[Intent]:
    """Return what a message wants of a room; nothing when it is about something else.

    `piece` is the piece that the message replies to, `user` who says it. What is the same in two
    languages is read in the room's.
    """
    said = text.strip(ENDS)
    if not said or len(said) > LONGEST:
        return []
    line = Line(said, folded(said))
    asks = text.rstrip().endswith(("?", "？"))
    readers = [
        Reader(words, room, template, user, piece, words.possible(line.fold), asks)
        for words in sorted(fitting(line.fold), key=lambda words: words.code != room.language)
    ]
    idle = any(reader.idle(line) or reader.idle(reader.bare(line)) for reader in readers)
    found = _strictly(line, readers, idle=idle)
    if not found or found[0].kind in CHANGES:
        parts = loosely(text, readers)
        found = parts if not found or len(parts) > 1 else found
    found = found or _respelt(text, readers)
    return [] if idle and found and found[0].kind in VAGUE else found


def _strictly(line: Line, readers: list[Reader], *, idle: bool) -> list[Intent]:
    """Return what a message wants that says nothing else."""
    best, least = list[Intent](), len(line.text) + 1
    for reader in readers:
        found, free = reader.whole(line)
        vague = found and found[0].kind in VAGUE
        if vague and (idle or _misread(free, line, reader.words)):
            continue
        if found and free < least:
            best, least = found, free
    return best


def _respelt(text: str, readers: list[Reader]) -> list[Intent]:
    """Return what a message wants once slips are put right; nothing that keeps its own words.

    They are put right in its language, else the room's: a word of one is a slip of another.
    """
    line, spoken = Line(text, folded(text)), language(text)
    for reader in readers:
        own = reader.words.code == (spoken or reader.room.language or "en")
        meant = respelt(line, reader.words, reader.room) if own and reader.words.is_loose else line
        if meant.fold != line.fold:
            possible = reader.words.possible(meant.fold)
            found = loosely(meant.text, [replace(reader, possible=possible)])
            if found and not any(one.free or one.kind in VAGUE for one in found):
                return found
    return []


def _misread(free: int, line: Line, words: Wording) -> bool:
    """Tell whether a word or two that mean something here are of another language."""
    if not words.latin or len(line.fold) - free > _FEW:
        return False
    spoken = language(_QUOTED.sub(" ", line.text))
    return spoken not in ("", words.code)

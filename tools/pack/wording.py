"""The words that all documents of a pack share."""

import unicodedata
from datetime import datetime

from memory.sentences import count, joined, say
from tools.languages import language
from tools.pack.contents import Contents, Piece, plain

PARTICIPATION = say("How AI took part")
BRIEF = say("Brief")
DECIDED = say("Who decided what")
ALT = "Picture in words: {words}"
VOICE = say("A voice file of this piece is in the pack.")
_NOTHING = say("Nothing is known about how this piece was made.")


def told(text: str) -> str:
    """Return an untrusted text as one line."""
    return " ".join(plain(text).split())


def day(moment: datetime) -> str:
    """Return a date as everybody reads it: "2026-11-22"."""
    return f"{moment:%Y-%m-%d}"


def brief(contents: Contents) -> list[tuple[str, str]]:
    """Return the brief as names and values, each one line."""
    return [(told(name), told(value)) for name, value in contents.brief.items()]


def head(contents: Contents) -> str:
    """Return how many pieces there are, of when, and which version it is after the first."""
    one, many = "{n} piece · {day}", "{n} pieces · {day}"
    parts = [count(len(contents.pieces), one, many, day=day(contents.made))]
    if contents.version > 1:
        parts.append(say("version {number}", number=contents.version))
    return contents.put(joined(" · ", parts))


def kind(contents: Contents, piece: Piece) -> str:
    """Return what a piece is, in one word."""
    return told(contents.put(say(piece.kind)))


def alt(contents: Contents, piece: Piece) -> str:
    """Return what a picture shows, as a line of its own."""
    return contents.put(say(ALT, words=told(piece.alt)))


def pictured(contents: Contents, piece: Piece) -> str:
    """Return what a picture shows unless its caption says so; "" when it does."""
    return "" if told(piece.caption) in told(piece.alt) else alt(contents, piece)


def spoken(contents: Contents, text: str) -> str:
    """Return the code of the language that a text is in, else that of the pack."""
    return language(text) or contents.language


def rightward(text: str) -> bool:
    """Tell whether a text is written from right to left: as its first letter is."""
    ways = (unicodedata.bidirectional(letter) for letter in text)
    return next((way != "L" for way in ways if way in ("L", "R", "AL")), False)


def statements(contents: Contents, piece: Piece) -> list[str]:
    """Return how people and AI took part in a piece, a sentence for each part."""
    found = [share.statement for share in piece.shares] or [_NOTHING]
    return list(map(contents.put, found))

"""The words that all documents of a pack share."""

from datetime import datetime

from memory.sentences import count, say
from tools.pack.contents import Contents, Piece, plain

PARTICIPATION = say("How AI took part")
DECIDED = say("Who decided what")
ALT = "Picture in words: {words}"
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
    """Return how many pieces there are, and of when."""
    one, many = "{n} piece · {day}", "{n} pieces · {day}"
    return contents.put(count(len(contents.pieces), one, many, day=day(contents.made)))


def kind(contents: Contents, piece: Piece) -> str:
    """Return what a piece is, in one word."""
    return told(contents.put(say(piece.kind)))


def alt(contents: Contents, piece: Piece) -> str:
    """Return what a picture shows, as a line of its own."""
    return contents.put(say(ALT, words=told(piece.alt)))


def statements(contents: Contents, piece: Piece) -> list[str]:
    """Return how people and AI took part in a piece, a sentence for each part."""
    found = [share.statement for share in piece.shares] or [_NOTHING]
    return list(map(contents.put, found))

"""The words that all documents of a pack share."""

from datetime import datetime

from tools.pack.contents import Contents, Piece, plain

PARTICIPATION = "How AI took part"
_NOTHING = "Nothing is known about how this piece was made."


def told(text: str) -> str:
    """Return an untrusted text as one line."""
    return " ".join(plain(text).split())


def day(moment: datetime) -> str:
    """Return a date as everybody reads it: "2026-11-22"."""
    return f"{moment:%Y-%m-%d}"


def brief(contents: Contents) -> list[tuple[str, str]]:
    """Return the brief as names and values, each one line."""
    return [(told(name), told(value)) for name, value in contents.brief.items()]


def statements(piece: Piece) -> list[str]:
    """Return how people and AI took part in a piece, a sentence for each part."""
    return [share.statement for share in piece.shares] or [_NOTHING]

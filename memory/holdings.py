"""What is kept of a chat, or of one person in it, in numbers. All of it blocks."""

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from memory import rows
from memory.erase import JUDGED
from memory.records import Chat, User


@dataclass(frozen=True, slots=True)
class Holdings:
    """How much is kept: `since` is when the oldest of the messages was said, None without any."""

    messages: int = 0
    files: int = 0
    steps: int = 0
    good: int = 0
    bad: int = 0
    since: datetime | None = None


def of(conn: sqlite3.Connection, chat: Chat, user: User | None) -> Holdings:
    """Count what is kept of a chat, or of what a user said, asked for and judged there.

    A chat is read from end to end: a fraction of a second for a million messages.
    """
    values = (user and user.platform, user and user.id, rows.find_chat(conn, chat))
    found = (conn.execute(_sql(part, user), values).fetchone() for part in _PARTS)
    (messages, first), (files,), (steps,), (good, bad) = found
    since = None if first is None else rows.moment(first)
    return Holdings(messages, files, steps, good, bad, since)


_PARTS = (
    "SELECT count(*), min(m.at) FROM messages m WHERE m.chat = ?3 AND m.author {of}",
    "SELECT count(DISTINCT l.asset) FROM message_assets l JOIN messages m ON m.seq = l.message"
    " WHERE m.chat = ?3 AND m.author {of}",
    "SELECT count(*) FROM steps s WHERE s.chat = ?3 AND s.user {of}",
    "SELECT coalesce(sum(f.score > 0), 0), coalesce(sum(f.score < 0), 0) FROM feedback f"
    f" WHERE f.target IN ({JUDGED}) AND f.user {{of}}",
)


def _sql(part: str, user: User | None) -> str:
    one = "= (SELECT number FROM users WHERE platform = ?1 AND id = ?2)"
    return part.format(of=one if user else "IS NOT -1")  # anybody

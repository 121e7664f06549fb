"""What older messages of a chat come to, in a few words: one summary a chat, made anew as it grows.

It is derived from messages, so it goes when one of them is erased, and is made again from the rest.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from memory import rows
from memory.database import Database
from memory.records import Chat

_KEPT = "SELECT text, upto FROM summaries WHERE chat = ?"
_THERE = "SELECT count(*) FROM messages WHERE id IN (SELECT value FROM json_each(?)) AND chat = ?"


@dataclass(frozen=True, slots=True)
class Summary:
    """The words, and the id of the last message they cover."""

    text: str = ""
    upto: str = ""


async def kept(database: Database, chat: Chat) -> Summary:
    """Return the summary of a chat, an empty one if there is none."""

    def work(conn: sqlite3.Connection) -> Summary:
        row = conn.execute(_KEPT, (rows.find_chat(conn, chat),)).fetchone()
        return Summary(*row) if row else Summary()

    return await database(lambda db: work(db.conn))


async def keep(
    database: Database, chat: Chat, new: Summary, before: Summary, covered: Sequence[str]
) -> bool:
    """Store a summary in place of the one it was made from; return whether that was done.

    `covered` are the ids of the messages it adds to that one. It is not done when one of them, or
    the old summary, was erased meanwhile.
    """

    def work(conn: sqlite3.Connection) -> bool:
        number = rows.find_chat(conn, chat)
        known = conn.execute(_KEPT, (number,)).fetchone()
        there = conn.execute(_THERE, (json.dumps(covered), number)).fetchone()
        if there[0] != len(covered) or (Summary(*known) if known else Summary()) != before:
            return False
        conn.execute(
            "INSERT OR REPLACE INTO summaries (chat, text, upto) VALUES (?, ?, ?)",
            (number, rows.storable(new.text), new.upto),
        )
        return True

    return await database(lambda db: work(db.conn))


def drop(conn: sqlite3.Connection, chat: int) -> None:
    """Erase the summary of a chat."""
    conn.execute("DELETE FROM summaries WHERE chat = ?", (chat,))

"""How a chat goes on under another id of its platform, with all that was said and made there."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from memory import index, rows, summaries
from memory.records import Chat

if TYPE_CHECKING:
    import sqlite_utils


def move(old: Chat, new: Chat, db: sqlite_utils.Database) -> None:
    """Give a chat another id; the old one names it, too, from then on.

    What was said under the new id already joins it. Facts whose name ends in the old id get the
    new one, unless there are some of that name. Doing it again changes nothing.
    """
    _rename_facts(db.conn, old, new)
    number, there = rows.find_chat(db.conn, old), rows.find_chat(db.conn, new)
    if number is None or old == new or rows.moved_chat(db.conn, old) is not None:
        return
    if there not in (None, number):
        _join(db.conn, there, number)
    # Under the new id a platform counts its posts anew: the old ones must not be mistaken for them.
    db.execute("UPDATE posts SET chat = ? WHERE chat = ?", (-number, number))
    db.execute("UPDATE posts SET chat = ? WHERE chat = ?", (number, there))
    db.execute("DELETE FROM moved WHERE platform = ? AND id = ?", (new.platform, new.id))
    db.execute("INSERT INTO moved VALUES (?, ?, ?)", (old.platform, old.id, number))
    db.execute("UPDATE chats SET id = ? WHERE number = ?", (new.id, number))


def _join(conn: sqlite3.Connection, few: int, many: int) -> None:
    """Let what belongs to one chat, which is forgotten, belong to the other; posts stay."""
    index.catch_up(conn)
    said = conn.execute("SELECT seq, text FROM messages WHERE chat = ?", (few,)).fetchall()
    made = conn.execute("SELECT seq, args, result FROM steps WHERE chat = ?", (few,)).fetchall()
    steps = [(seq, index.step_text(args, result)) for seq, args, result in made]
    for table, texts in (("message_words", said), ("step_words", steps)):
        index.drop(conn, table, few, texts)
        words = [(seq, index.terms(many, text)) for seq, text in texts]
        conn.executemany(f"INSERT INTO {table} (rowid, words) VALUES (?, ?)", words)
    for table in ("messages", "steps"):
        conn.execute(f"UPDATE {table} SET chat = ? WHERE chat = ?", (many, few))
    for table in ("tastes", "picks"):
        conn.execute(f"UPDATE {table} SET chat = ? WHERE chat = ?", (many, few))
    conn.execute("UPDATE sketches SET chat = ? WHERE chat = ?", (many, few))
    conn.execute("UPDATE OR IGNORE room_chats SET chat = ? WHERE chat = ?", (many, few))
    conn.execute("DELETE FROM room_chats WHERE chat = ?", (few,))
    for chat in (few, many):
        summaries.drop(conn, chat)
    conn.execute("UPDATE OR IGNORE members SET chat = ? WHERE chat = ?", (many, few))
    conn.execute("DELETE FROM members WHERE chat = ?", (few,))
    conn.execute("UPDATE moved SET number = ? WHERE number = ?", (many, few))
    conn.execute("DELETE FROM chats WHERE number = ?", (few,))


def _rename_facts(conn: sqlite3.Connection, old: Chat, new: Chat) -> None:
    was, now = (f" {chat.platform}:{chat.id}" for chat in (old, new))
    conn.execute(
        "UPDATE OR IGNORE facts SET name = substr(name, 1, length(name) - length(?1)) || ?2"
        " WHERE substr(name, -length(?1)) = ?1",
        (was, now),
    )
    for table in ("tastes", "picks"):
        conn.execute(
            f"UPDATE OR IGNORE {table} SET owner = ? WHERE owner = ?", (f"room{now}", f"room{was}")
        )

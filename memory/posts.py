"""Where messages stand on their platforms, piece by piece. All of it blocks."""

import sqlite3

from memory import rows
from memory.errors import NotFound
from memory.records import Chat, Post


def note(conn: sqlite3.Connection, message_id: str, post: Post) -> None:
    """Store a piece of a message in place of what was known of it; raises NotFound."""
    row = conn.execute("SELECT seq, chat FROM messages WHERE id = ?", (message_id,)).fetchone()
    if row is None:
        raise NotFound("That message is no longer remembered here.")
    conn.execute(
        "INSERT OR REPLACE INTO posts (message, part, chat, id, asset) VALUES (?, ?, ?, ?, ?)",
        (row[0], post.part, row[1], post.id, post.asset),
    )


def of(conn: sqlite3.Connection, message_id: str) -> dict[int, Post]:
    """Return the pieces of a message that were begun, by number."""
    table = conn.execute(
        "SELECT p.part, p.id, p.asset, p.chat < 0 FROM posts p"
        " JOIN messages m ON m.seq = p.message WHERE m.id = ? ORDER BY p.part",
        (message_id,),
    )
    return {part: Post(part, id, asset, bool(former)) for part, id, asset, former in table}


def find(conn: sqlite3.Connection, chat: Chat, id: str) -> tuple[str, Post] | None:
    """Return the id of the message that a platform's id belongs to, and which piece it is.

    Of what was edited that is the newest version.
    """
    row = conn.execute(
        "SELECT m.id, p.part, p.id, p.asset FROM posts p JOIN messages m ON m.seq = p.message"
        " WHERE p.chat = ? AND p.id = ? ORDER BY p.message DESC LIMIT 1",
        (_number(conn, chat), id),
    ).fetchone()
    return (row[0], Post(*row[1:])) if row and id else None


def _number(conn: sqlite3.Connection, chat: Chat) -> int | None:
    """Return the number under which a chat's posts are noted; a former id has its own."""
    moved = rows.moved_chat(conn, chat)
    return rows.find_chat(conn, chat) if moved is None else -moved

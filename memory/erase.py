"""How a chat, or a person in it, is forgotten: piece by piece, then what nobody refers to."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import TYPE_CHECKING

from memory import index, meaning, rows, summaries, tastes
from memory.records import Chat, User

if TYPE_CHECKING:
    import sqlite_utils

INDEXES = ("message_words", "step_words")

_PIECE = 500
JUDGED = (
    "SELECT id FROM messages WHERE chat = ?3 UNION SELECT l.asset FROM message_assets l"
    " JOIN messages m ON m.seq = l.message WHERE m.chat = ?3"
)
"""What can be judged in chat ?3."""
_OF_CHATS = ("messages", "steps", "tastes", "picks", "room_chats")
_REFERENCES = ("message_assets", "step_assets", "step_parents")


def messages(chat: Chat, user: User | None, db: sqlite_utils.Database) -> bool:
    """Erase some messages of a chat with all that hangs on them; return whether any was there.

    With a user those they wrote, and what was answered to these.
    """
    number = rows.find_chat(db.conn, chat)
    index.catch_up(db.conn)
    found = _chosen(db.conn, "seq, text, id FROM messages", "author", number, user)
    if user is not None and found:
        ids = json.dumps([id for *_, id in found])
        found += db.execute(
            "SELECT seq, text, id FROM messages WHERE chat = ? AND author IS NULL"
            " AND reply_to IN (SELECT value FROM json_each(?))",
            (number, ids),
        ).fetchall()
        found += _quoting(db.conn, number, [id for *_, id in found])
        found = list(dict.fromkeys(found))  # what is taken out of the index twice breaks it
    if not found or number is None:
        return False
    index.drop(db.conn, "message_words", number, [(seq, text) for seq, text, _ in found])
    seqs = [(seq,) for seq, *_ in found]
    for table in ("message_assets", "turns", "deliveries", "posts"):
        db.conn.executemany(f"DELETE FROM {table} WHERE message = ?", seqs)
    db.conn.executemany("DELETE FROM feedback WHERE target = ?", [(id,) for *_, id in found])
    summaries.drop(db.conn, number)
    meaning.drop(db.conn, number, [seq for seq, *_ in found])
    db.conn.executemany("DELETE FROM messages WHERE seq = ?", seqs)
    # SQLite gives the number of the last row again once that is gone; what comes must be indexed.
    db.execute("UPDATE indexed SET upto = (SELECT coalesce(max(seq), 0) FROM messages)")
    meaning.catch_down(db.conn)
    return True


def _quoting(
    conn: sqlite3.Connection, chat: int | None, ids: Sequence[str]
) -> list[tuple[int, str, str]]:
    """Erase the look-ups that found some messages; return the answers that quote them."""
    sql = "SELECT seq, args, result, turn FROM steps WHERE chat = ? AND tool = 'recall'"
    looked = conn.execute(sql, (chat,)).fetchall()
    quoting = [row for row in looked if not set(ids).isdisjoint(_found(row[1]))]
    if not quoting or chat is None:
        return []
    _drop_steps(conn, chat, [row[:3] for row in quoting])
    sql = (
        "SELECT seq, text, id FROM messages WHERE chat = ? AND author IS NULL"
        " AND reply_to IN (SELECT value FROM json_each(?))"
    )
    return conn.execute(sql, (chat, json.dumps([row[3] for row in quoting]))).fetchall()


def _found(args: str) -> Sequence[str]:
    messages = json.loads(args).get("messages", [])
    return messages if isinstance(messages, list) else []


def steps(chat: Chat, user: User | None, db: sqlite_utils.Database) -> bool:
    """Erase some steps of a chat (that a user asked for); return whether any was there."""
    number = rows.find_chat(db.conn, chat)
    found = _chosen(db.conn, "seq, args, result FROM steps", "user", number, user)
    if not found or number is None:
        return False
    _drop_steps(db.conn, number, found)
    return True


def _drop_steps(conn: sqlite3.Connection, chat: int, found: Sequence[tuple[int, str, str]]) -> None:
    texts = [(seq, index.step_text(args, result)) for seq, args, result in found]
    index.drop(conn, "step_words", chat, texts)
    seqs = [(seq,) for seq, *_ in found]
    for table in ("step_assets", "step_parents"):
        conn.executemany(f"DELETE FROM {table} WHERE step = ?", seqs)
    conn.executemany("DELETE FROM steps WHERE seq = ?", seqs)


def _chosen(
    conn: sqlite3.Connection, what: str, by: str, chat: int | None, user: User | None
) -> list[tuple[int, str, str]]:
    """Return a piece of a chat's rows, of one user's if given."""
    mine = f" AND {by} = (SELECT number FROM users WHERE platform = ? AND id = ?)" if user else ""
    who = (user.platform, user.id) if user else ()
    sql = f"SELECT {what} WHERE chat = ?{mine} ORDER BY seq LIMIT ?"
    return conn.execute(sql, (chat, *who, _PIECE)).fetchall()


def judgements(chat: Chat, user: User | None, db: sqlite_utils.Database) -> None:
    """Erase likings that came from a chat (by a user), its rooms, and what a user judged there.

    With the chat itself judgements go without more ado.
    """
    tastes.erase(db.conn, rows.find_chat(db.conn, chat), user)
    _rooms(db.conn, rows.find_chat(db.conn, chat), user)
    if user is None:
        return
    db.execute(
        "DELETE FROM feedback WHERE user = (SELECT number FROM users WHERE platform = ?1 AND id ="
        f" ?2) AND target IN ({JUDGED})",
        (user.platform, user.id, rows.find_chat(db.conn, chat)),
    )


def _rooms(conn: sqlite3.Connection, chat: int | None, user: User | None) -> None:
    """Erase a chat's part in rooms, or what a user contributed to those; empty rooms go, too."""
    there = "(SELECT room FROM room_chats WHERE chat = ?1)"
    if user is not None:
        who = "(SELECT number FROM users WHERE platform = ?2 AND id = ?3)"
        values = (chat, user.platform, user.id)
        conn.execute(f"DELETE FROM room_events WHERE room IN {there} AND author = {who}", values)
        return
    conn.execute("DELETE FROM room_chats WHERE chat = ?", (chat,))
    conn.execute("DELETE FROM rooms WHERE number NOT IN (SELECT room FROM room_chats)")
    conn.execute("DELETE FROM room_events WHERE room NOT IN (SELECT number FROM rooms)")


def compact(table: str, start: bool, db: sqlite_utils.Database) -> bool:
    """Do a piece of the work that takes dropped words off the disk; return whether to go on."""
    return index.compact(db.conn, table, start=start)


def leftovers(chat: Chat, db: sqlite_utils.Database) -> list[str]:
    """Erase the chat itself, people known nowhere else and assets nobody refers to.

    Returns the SHA-256 of those assets. A chat in which somebody spoke meanwhile stays.
    """
    number = rows.find_chat(db.conn, chat)
    quiet = " AND ".join(f"NOT EXISTS (SELECT 1 FROM {t} WHERE chat = ?1)" for t in _OF_CHATS)
    gone_quiet = db.execute(f"DELETE FROM chats WHERE number = ?1 AND {quiet}", (number,)).rowcount
    if gone_quiet:
        db.execute("DELETE FROM members WHERE chat = ?", (number,))
        db.execute("DELETE FROM moved WHERE number = ?", (number,))
    db.execute(
        "DELETE FROM members WHERE chat = ?1 AND user NOT IN (SELECT author FROM messages WHERE"
        " chat = ?1 AND author IS NOT NULL UNION SELECT user FROM steps WHERE chat = ?1)",
        (number,),
    )
    unused = " AND ".join(
        f"NOT EXISTS (SELECT 1 FROM {table} WHERE asset = assets.sha256)" for table in _REFERENCES
    )
    gone = db.execute(f"SELECT sha256 FROM assets WHERE {unused} ORDER BY sha256").fetchall()
    db.conn.executemany("DELETE FROM feedback WHERE target = ?", gone)
    db.conn.executemany("DELETE FROM sights WHERE asset = ?", gone)
    db.conn.executemany("DELETE FROM assets WHERE sha256 = ?", gone)
    db.execute(
        "DELETE FROM users WHERE number NOT IN (SELECT user FROM members)"
        " AND number NOT IN (SELECT user FROM feedback)"
        " AND number NOT IN (SELECT user FROM tastes UNION SELECT user FROM picks"
        " UNION SELECT author FROM room_events WHERE author IS NOT NULL)"
    )
    return [sha256 for (sha256,) in gone]


def everywhere(user: User, db: sqlite_utils.Database) -> list[Chat]:
    """Return the chats a person has something in, after erasing what is kept outside of chats."""
    db.execute("DELETE FROM facts WHERE name = ?", (f"rules person {user.key}",))
    facts = "SELECT name, value FROM facts WHERE json_valid(value) AND instr(value, ?)"
    for name, value in db.execute(facts, (user.key,)).fetchall():
        new = json.dumps(_without(json.loads(value), user.key))
        db.execute("UPDATE facts SET value = ? WHERE name = ?", (new, name))
    found = db.execute(
        "SELECT c.platform, c.id FROM users u JOIN (SELECT user, chat FROM members UNION SELECT"
        " user, chat FROM tastes UNION SELECT user, chat FROM picks) m ON m.user = u.number"
        " JOIN chats c ON c.number = m.chat WHERE u.platform = ? AND u.id = ?",
        (user.platform, user.id),
    )
    return [Chat(*row) for row in found]


def _without(value: object, key: str) -> object:
    """Return JSON without what it says of one person ("platform:id")."""
    if isinstance(value, dict):
        return {name: _without(one, key) for name, one in value.items() if name != key}
    if isinstance(value, list):
        return [_without(one, key) for one in value]
    return "somebody" if value == key else value

"""Messages, their deliveries and judgements as rows. All of it blocks."""

import json
import sqlite3

from memory import index, meaning, rows, summaries
from memory.errors import NotFound
from memory.records import Action, Chat, Delivery, Feedback, Message, now

_SELECT = """
SELECT m.seq, m.id, m.text, m.reply_to, m.assets, m.at, m.author, m.chat, m.language
FROM messages m
"""
_NEWEST = 1 << 62  # above every seq


def add(conn: sqlite3.Connection, message: Message) -> int:
    """Store a message unless its id is known; return its seq."""
    row = conn.execute("SELECT seq FROM messages WHERE id = ?", (message.id,)).fetchone()
    if row:
        return int(row[0])
    chat = rows.chat_number(conn, message.chat)
    author = rows.user_number(conn, message.author, chat) if message.author else None
    text, reply_to, at = rows.storable(message.text), message.reply_to or None, message.at
    seq = conn.execute(
        "INSERT INTO messages (id, chat, author, text, reply_to, assets, at, language)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            message.id,
            chat,
            author,
            text,
            reply_to,
            len(message.assets),
            rows.micros(at),
            message.language,
        ),
    ).lastrowid
    assert seq is not None
    if message.assets:
        rows.link_assets(conn, "message", seq, message.assets)
    if seq % index.BATCH == 0:
        index.catch_up(conn, 4 * index.BATCH)
    return seq


def one(conn: sqlite3.Connection, id: str) -> Message:
    """Return the message of that id; raises NotFound."""
    found = select(conn, "WHERE m.id = ?", id)
    if not found:
        raise NotFound("That message is no longer remembered here; please say again what you want.")
    return found[0]


def select(conn: sqlite3.Connection, rest: str, *values: object) -> list[Message]:
    """Return the messages chosen by the rest of a query, in its order."""
    table = conn.execute(_SELECT + rest, values).fetchall()
    assets = rows.assets_of(conn, "message", [row[0] for row in table if row[4]])
    users = rows.users(conn, {row[6] for row in table})
    chats = rows.chats(conn, {row[7] for row in table})
    return [
        Message(
            chats[chat], users.get(author), text, assets.get(seq, ()), reply_to or "", id,
            rows.moment(at), language,
        )
        for seq, id, text, reply_to, _, at, author, chat, language in table
    ]  # fmt: skip


def history(conn: sqlite3.Connection, chat: Chat, limit: int, before: str) -> list[Message]:
    """Return the newest `limit` messages of a chat (those before an id), oldest first."""
    end = _NEWEST
    if before:
        row = conn.execute("SELECT seq FROM messages WHERE id = ?", (before,)).fetchone()
        if row is None:
            raise NotFound("The message to look before is no longer remembered here.")
        end = row[0]
    rest = "WHERE m.chat = ? AND m.seq < ? ORDER BY m.seq DESC LIMIT ?"
    return select(conn, rest, rows.find_chat(conn, chat), end, max(0, limit))[::-1]


def delivery(conn: sqlite3.Connection, reply: Message) -> Delivery:
    """Return how the delivery of a stored reply stands; raises NotFound."""
    row = conn.execute(
        "SELECT d.actions, d.status, d.kind FROM deliveries d"
        " JOIN messages m ON m.seq = d.message WHERE m.id = ?",
        (reply.id,),
    ).fetchone()
    if row is None:
        raise NotFound("That reply is no longer remembered here.")
    actions, status, kind = row
    buttons = tuple(Action(id, label) for id, label in json.loads(actions))
    return Delivery(reply, buttons, status, kind)


def judge(conn: sqlite3.Connection, feedback: Feedback) -> None:
    """Store a judgement in place of the one this person gave before."""
    user, note = rows.user_number(conn, feedback.user), rows.storable(feedback.note)
    conn.execute(
        "INSERT OR REPLACE INTO feedback (target, user, score, note, at) VALUES (?, ?, ?, ?, ?)",
        (feedback.target, user, feedback.score, note, rows.micros(now())),
    )


def reword(conn: sqlite3.Connection, id: str, text: str, before: str) -> None:
    """Give a message other words than those before, and have them found."""
    before = rows.storable(before)
    row = conn.execute(
        "SELECT seq, chat, seq <= (SELECT upto FROM indexed) FROM messages WHERE id = ?"
        " AND text = ?",
        (id, before),
    ).fetchone()
    if row is None:
        return
    seq, chat, indexed = row
    text = rows.storable(text)
    conn.execute("UPDATE messages SET text = ? WHERE seq = ?", (text, seq))
    summaries.drop(conn, chat)
    meaning.drop(conn, chat, [seq])
    conn.execute("INSERT OR IGNORE INTO reworded VALUES (?)", (seq,))
    if indexed:
        index.drop(conn, "message_words", chat, [(seq, before)])
        words = index.terms(chat, text)
        conn.execute("INSERT INTO message_words (rowid, words) VALUES (?, ?)", (seq, words))


def is_request(conn: sqlite3.Connection, id: str) -> bool:
    """Tell whether a message has a turn."""
    sql = "SELECT 1 FROM turns WHERE message = (SELECT seq FROM messages WHERE id = ?)"
    return conn.execute(sql, (id,)).fetchone() is not None

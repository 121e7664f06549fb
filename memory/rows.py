"""Chats, users, assets and moments as rows: what messages and steps share. All of it blocks."""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from memory.errors import NotFound
from memory.records import Asset, Chat, User

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_ASSET = "a.sha256, a.media_type, a.size, a.width, a.height, a.seconds, a.waveform"

_NEWEST = 5000
"""Messages among which active chats are looked for: reading all of them would take seconds."""


def find_chat(conn: sqlite3.Connection, chat: Chat) -> int | None:
    """Return the number of a chat, also by an id it had before; None when it has none."""
    sql = "SELECT number FROM chats WHERE platform = ? AND id = ?"
    row = conn.execute(sql, (chat.platform, chat.id)).fetchone()
    number: int | None = row[0] if row else None
    return moved_chat(conn, chat) if number is None else number


def moved_chat(conn: sqlite3.Connection, chat: Chat) -> int | None:
    """Return the number of the chat that had this id before it moved to another."""
    sql = "SELECT number FROM moved WHERE platform = ? AND id = ?"
    row = conn.execute(sql, (chat.platform, chat.id)).fetchone()
    return row[0] if row else None


def current(conn: sqlite3.Connection, chat: Chat) -> Chat:
    """Return a chat by the id it has now."""
    number = moved_chat(conn, chat)
    return chat if number is None else chats(conn, [number])[number]


def active(conn: sqlite3.Connection, platform: str, since: datetime, limit: int) -> list[Chat]:
    """Return the chats of the newest messages, so far as those are not older than that."""
    table = conn.execute(
        "SELECT c.platform, c.id FROM"
        " (SELECT chat, seq, at FROM messages ORDER BY seq DESC LIMIT ?) m"
        " JOIN chats c ON c.number = m.chat WHERE c.platform = ? AND m.at >= ?"
        " GROUP BY m.chat ORDER BY max(m.seq) DESC LIMIT ?",
        (_NEWEST, platform, micros(since), limit),
    )
    return [Chat(*row) for row in table]


def chat_number(conn: sqlite3.Connection, chat: Chat) -> int:
    """Return the number of a chat, which gets one if it has none."""
    number = find_chat(conn, chat)
    if number is None:
        sql = "INSERT INTO chats (platform, id) VALUES (?, ?)"
        number = conn.execute(sql, (chat.platform, chat.id)).lastrowid
    assert number is not None
    return number


def user_number(conn: sqlite3.Connection, user: User, chat: int | None = None) -> int:
    """Return the number of a user, who is from now on known by that name and in that chat."""
    name = storable(user.name)
    row = conn.execute(
        "SELECT u.number, u.name, m.chat FROM users u"
        " LEFT JOIN members m ON m.user = u.number AND m.chat = ?"
        " WHERE u.platform = ? AND u.id = ?",
        (chat, user.platform, user.id),
    ).fetchone()
    if row is None:
        sql = "INSERT INTO users (platform, id, name) VALUES (?, ?, ?)"
        row = (conn.execute(sql, (user.platform, user.id, name)).lastrowid, name, None)
    number, known_as, member = row
    if name and name != known_as:
        conn.execute("UPDATE users SET name = ? WHERE number = ?", (name, number))
    if chat is not None and member is None:
        conn.execute("INSERT INTO members (user, chat) VALUES (?, ?)", (number, chat))
    return int(number)


def name_of(conn: sqlite3.Connection, user: User) -> str:
    """Return the name a user was last known by, "" when there is none."""
    sql = "SELECT name FROM users WHERE platform = ? AND id = ?"
    row = conn.execute(sql, (user.platform, user.id)).fetchone()
    return row[0] if row else ""


def users(conn: sqlite3.Connection, numbers: Iterable[int | None]) -> dict[int | None, User]:
    """Return the users of those numbers; None is nobody."""
    sql = "SELECT platform, id, name FROM users WHERE number = ?"
    known = {n: conn.execute(sql, (n,)).fetchone() for n in numbers if n is not None}
    return {number: User(*row) for number, row in known.items()}


def chats(conn: sqlite3.Connection, numbers: Iterable[int]) -> dict[int, Chat]:
    """Return the chats of those numbers."""
    sql = "SELECT platform, id FROM chats WHERE number = ?"
    return {number: Chat(*conn.execute(sql, (number,)).fetchone()) for number in numbers}


def asset(conn: sqlite3.Connection, sha256: str) -> Asset:
    """Return what is known of an asset; raises NotFound."""
    row = conn.execute(f"SELECT {_ASSET} FROM assets a WHERE sha256 = ?", (sha256,)).fetchone()
    if row is None:
        raise NotFound("That file is not remembered here; make it or send it again.")
    return Asset(*row)


def assets_by_prefix(conn: sqlite3.Connection, prefix: str, chat: Chat, limit: int) -> list[Asset]:
    """Return the assets in a chat's messages whose SHA-256 starts with these hex digits."""
    table = conn.execute(
        f"SELECT {_ASSET} FROM assets a WHERE a.sha256 >= ? AND a.sha256 < ? AND EXISTS"
        " (SELECT 1 FROM message_assets l JOIN messages m ON m.seq = l.message"
        " JOIN chats c ON c.number = m.chat"
        " WHERE l.asset = a.sha256 AND c.platform = ? AND c.id = ?) LIMIT ?",
        (prefix, f"{prefix}g", chat.platform, chat.id, limit),  # "g" comes after every hex digit
    )
    return [Asset(*row) for row in table]


def link_assets(conn: sqlite3.Connection, kind: str, seq: int, assets: Sequence[Asset]) -> None:
    """Store the assets of a message or step (`kind`), in order."""
    conn.executemany(
        "INSERT OR IGNORE INTO assets VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (a.sha256, a.media_type, a.size, a.width, a.height, a.seconds, a.waveform)
            for a in assets
        ],
    )
    link(conn, f"{kind}_assets", kind, seq, [asset.sha256 for asset in assets])


def link(conn: sqlite3.Connection, table: str, kind: str, seq: int, sha256s: Iterable[str]) -> None:
    """Store in a link table that a message or step (`kind`) refers to assets, in order."""
    conn.executemany(
        f"INSERT INTO {table} ({kind}, position, asset) VALUES (?, ?, ?)",
        [(seq, position, sha256) for position, sha256 in enumerate(sha256s)],
    )


def assets_of(
    conn: sqlite3.Connection, kind: str, seqs: Sequence[int]
) -> dict[int, tuple[Asset, ...]]:
    """Return the assets of messages or steps (`kind`) by seq; who has none is left out."""
    if not seqs:
        return {}
    rows = conn.execute(
        f"SELECT l.{kind}, {_ASSET} FROM {kind}_assets l JOIN assets a ON a.sha256 = l.asset"
        f" WHERE l.{kind} IN (SELECT value FROM json_each(?)) ORDER BY l.{kind}, l.position",
        (json.dumps(seqs),),
    )
    found: dict[int, tuple[Asset, ...]] = {}
    for seq, *values in rows:
        found[seq] = (*found.get(seq, ()), Asset(*values))
    return found


def moment(micros: int) -> datetime:
    """Return the moment so many microseconds after 1970."""
    return datetime.fromtimestamp(micros / 1e6, UTC)  # exact: a float has room for it until 2242


def micros(moment: datetime) -> int:
    """Return how many microseconds after 1970 a moment is."""
    return (moment - _EPOCH) // _MICROSECOND


def storable(text: str) -> str:
    """Return the text with lone surrogates replaced: UTF-8, and so SQLite, cannot hold them."""
    return text.encode("utf-8", "replace").decode("utf-8")

"""Everything that is kept, or what belongs to one chat or person, as a zip that anything can read.

Reads its own snapshot of the database, so a running Atelier is not in the way. All of it blocks.
"""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

from memory import rows
from memory.assets import Assets
from memory.errors import AtelierError, NotFound
from memory.folder import PART, DataFolder, unwritable
from memory.records import Asset, Chat, User

README = """What Atelier remembered, exported {when} UTC.

Each .jsonl file holds one JSON object a line (UTF-8), oldest first. Times are ISO 8601, UTC. Chats
and people are "platform:id". Files lie in assets/, named by the SHA-256 of their bytes.

chats.jsonl        chat
people.jsonl       user, name
messages.jsonl     id, chat, author (null: Atelier), text, reply_to (id of a message), at,
                   assets (SHA-256, in order)
steps.jsonl        id, turn (id of the request), chat, user, tool, args, status, result, seconds,
                   at, assets (what it made), parents (what it was made from)
feedback.jsonl     target (id of a message, or SHA-256), user, score (-1, 0, 1), note, at
preferences.jsonl  owner ("person ..." or "room ..."), name, value, liked, and if said: user, at
picks.jsonl        owner, name, value, liked, asset, user: what preferences are learnt from
rooms.jsonl        room, number, kind, author, data, message, at: what happened in project rooms
summaries.jsonl    chat, text, upto (id of the last message it covers)
settings.jsonl     name, value: what was set with /settings
assets.jsonl       sha256, media_type, size, width, height, seconds, file (null: it is gone)
"""

_PERSON = "(SELECT u.platform || ':' || u.id FROM users u WHERE u.number = {})"
_CHAT = "(SELECT c.platform || ':' || c.id FROM chats c WHERE c.number = {})"
_LINKED = (
    "(SELECT json_group_array(asset) FROM (SELECT asset FROM {0} l WHERE l.{1} = t.seq"
    " ORDER BY l.position))"
)
_WHEN = "strftime('%Y-%m-%dT%H:%M:%S', t.at / 1000000, 'unixepoch') || 'Z'"
_MESSAGES = "t.chat {chat} AND (t.author {user} OR {all} OR (t.author IS NULL AND t.reply_to IN"
_MESSAGES += " (SELECT id FROM messages WHERE author {user})))"


@dataclass(frozen=True, slots=True)
class Table:
    """A file of the export: what its lines are called, and where they come from."""

    table: str
    fields: dict[str, str]
    where: str
    order: str = "t.seq"
    json: tuple[str, ...] = ()


_TABLES = {
    "chats": Table("chats", {"chat": _CHAT.format("t.number")}, "t.number {chat}", "t.number"),
    "people": Table(
        "users",
        {"user": _PERSON.format("t.number"), "name": "t.name"},
        "t.number {user} AND ({every} OR t.number IN (SELECT user FROM members WHERE chat {chat}))",
        "t.number",
    ),
    "messages": Table(
        "messages",
        {
            "id": "t.id",
            "chat": _CHAT.format("t.chat"),
            "author": _PERSON.format("t.author"),
            "text": "t.text",
            "reply_to": "t.reply_to",
            "at": _WHEN,
            "assets": _LINKED.format("message_assets", "message"),
        },
        _MESSAGES,
        json=("assets",),
    ),
    "steps": Table(
        "steps",
        {
            "id": "t.id",
            "turn": "t.turn",
            "chat": _CHAT.format("t.chat"),
            "user": _PERSON.format("t.user"),
            **{name: f"t.{name}" for name in ("tool", "args", "status", "result", "seconds")},
            "at": _WHEN,
            "assets": _LINKED.format("step_assets", "step"),
            "parents": _LINKED.format("step_parents", "step"),
        },
        "t.chat {chat} AND t.user {user}",
        json=("args", "assets", "parents"),
    ),
    "feedback": Table(
        "feedback",
        {
            "target": "t.target",
            "user": _PERSON.format("t.user"),
            "score": "t.score",
            "note": "t.note",
            "at": _WHEN,
        },
        "t.user {user} AND ({every} OR t.target IN (SELECT id FROM messages WHERE chat {chat} UNION"
        " SELECT asset FROM message_assets JOIN messages ON seq = message WHERE chat {chat}))",
        "t.at",
    ),
    "preferences": Table(
        "tastes",
        {
            **{name: f"t.{name}" for name in ("owner", "name", "value", "liked")},
            "user": _PERSON.format("t.user"),
            "at": _WHEN,
        },
        "t.chat {chat} AND t.user {user}",
        "t.at",
    ),
    "picks": Table(
        "picks",
        {
            **{name: f"t.{name}" for name in ("owner", "name", "value", "liked", "asset")},
            "user": _PERSON.format("t.user"),
        },
        "t.chat {chat} AND t.user {user}",
    ),
    "rooms": Table(
        "room_events",
        {
            "room": "(SELECT id FROM rooms r WHERE r.number = t.room)",
            **{name: f"t.{name}" for name in ("number", "kind", "data", "message")},
            "author": _PERSON.format("t.author"),
            "at": _WHEN,
        },
        "t.author {user} AND ({every} OR t.room IN"
        " (SELECT room FROM room_chats WHERE chat {chat}))",
        "t.room, t.number",
        json=("data",),
    ),
    "summaries": Table(
        "summaries",
        {"chat": _CHAT.format("t.chat"), "text": "t.text", "upto": "t.upto"},
        "t.chat {chat} AND {all}",
        "t.chat",
    ),
    "settings": Table(
        "facts",
        {"name": "t.name", "value": "t.value"},
        "t.name {named}",
        "t.name",
        json=("value",),
    ),
}
_ASSETS = (
    "SELECT a.sha256, a.media_type, a.size, a.width, a.height, a.seconds, a.waveform FROM assets a"
    " WHERE {everything} OR a.sha256 IN ("
    "SELECT asset FROM message_assets l JOIN messages t ON t.seq = l.message WHERE {messages}"
    " UNION SELECT asset FROM step_assets l JOIN steps t ON t.seq = l.step WHERE {steps})"
    " ORDER BY a.sha256"
)


def export(
    folder: DataFolder, target: Path, chat: Chat | None = None, user: User | None = None
) -> dict[str, int]:
    """Write a zip with all that is kept (of a chat, of a person); return the lines of each file.

    Raises NotFound when there is nothing of that chat or person, and AtelierError when the target
    is there already or cannot be written.
    """
    if target.exists():
        raise AtelierError(f"There is a file {target.name} already; name another one.")
    part = target.with_name(target.name + PART)
    try:
        with _snapshot(folder.database) as conn, ZipFile(part, "w", ZIP_DEFLATED) as archive:
            counts = _write(conn, archive, Assets(folder.assets), _filters(conn, chat, user))
        part.replace(target)
    except OSError as error:
        raise unwritable(error) from error
    finally:
        part.unlink(missing_ok=True)
    return counts


@contextmanager
def _snapshot(file: Path) -> Iterator[sqlite3.Connection]:
    """Enter one state of the database, whoever writes meanwhile; raises NotFound."""
    if not file.exists():
        raise NotFound("There is nothing to export yet in this data folder.")
    # Not "immutable": what the write-ahead log holds belongs to it.
    with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as conn:
        conn.execute("BEGIN")
        yield conn


def _filters(conn: sqlite3.Connection, chat: Chat | None, user: User | None) -> dict[str, str]:
    """Return what stands for {chat}, {user} and so on in the conditions."""
    here = rows.find_chat(conn, chat) if chat else None
    who = None
    if user is not None:
        sql = "SELECT number FROM users WHERE platform = ? AND id = ?"
        who = (conn.execute(sql, (user.platform, user.id)).fetchone() or (None,))[0]
    if (chat and here is None) or (user and who is None):
        raise NotFound("Nothing is kept of that chat or person; ids are platform:id.")
    scopes = [f" {x.platform}:{x.id}" for x in (chat, user) if x is not None]
    named = " OR t.name = ".join(_quoted(f"rules {s}{x}") for x in scopes for s in _SCOPES)
    return {
        "chat": f"= {here}" if chat else "IS NOT -1",
        "user": f"= {who}" if user else "IS NOT -1",
        "all": str(int(user is None)),
        "every": str(int(chat is None)),
        "everything": str(int(chat is None and user is None)),
        "named": f"= {named}" if scopes else "LIKE 'rules %'",
    }


_SCOPES = ("server", "channel", "person")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _write(
    conn: sqlite3.Connection, archive: ZipFile, assets: Assets, filters: dict[str, str]
) -> dict[str, int]:
    (when,) = conn.execute("SELECT strftime('%Y-%m-%d %H:%M', 'now')").fetchone()
    archive.writestr("README.txt", README.format(when=when))
    there = {name for (name,) in conn.execute("SELECT name FROM sqlite_master")}
    counts = {}
    for name, table in _TABLES.items():
        if table.table in there:  # an older Atelier has fewer
            counts[name] = _lines(conn, archive, name, table, filters)
    counts["assets"] = _files(conn, archive, assets, filters)
    return counts


def _lines(
    conn: sqlite3.Connection, archive: ZipFile, name: str, table: Table, filters: dict[str, str]
) -> int:
    columns = ", ".join(table.fields.values())
    where = table.where.format(**filters)
    found = conn.execute(
        f"SELECT {columns} FROM {table.table} t WHERE {where} ORDER BY {table.order}"
    )
    count = 0
    with archive.open(f"{name}.jsonl", "w", force_zip64=True) as file:
        for row in found:
            line = dict(zip(table.fields, row, strict=True))
            line |= {field: json.loads(str(line[field])) for field in table.json}
            file.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
            count += 1
    return count


def _files(
    conn: sqlite3.Connection, archive: ZipFile, assets: Assets, filters: dict[str, str]
) -> int:
    conditions = {name: _TABLES[name].where.format(**filters) for name in ("messages", "steps")}
    found = conn.execute(_ASSETS.format(**conditions, **filters)).fetchall()
    listed: list[Sequence[object]] = []
    for row in found:
        path = assets.path(asset := Asset(*row))
        name = f"assets/{path.name}" if path.is_file() else None
        if name is not None:
            archive.write(path, name, ZIP_STORED)  # pictures and sounds are packed already
        size = (asset.width, asset.height, asset.seconds)
        listed.append((asset.sha256, asset.media_type, asset.size, *size, name))
    fields = ("sha256", "media_type", "size", "width", "height", "seconds", "file")
    with archive.open("assets.jsonl", "w", force_zip64=True) as file:
        for one in listed:
            file.write(json.dumps(dict(zip(fields, one, strict=True))).encode() + b"\n")
    return len(listed)

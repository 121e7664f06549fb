"""Project rooms as they are kept: an append-only log of events each, and the chats they are in.

What the events mean is not known here. A room's id is that of the message that opened it, so that
opening it again after a crash finds the room there is.
"""

from __future__ import annotations

import json
import sqlite3
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from memory import message_rows, room_log, rows
from memory.database import Database
from memory.records import Action, Chat, now
from memory.room_log import Draft, Log, RoomEvent, Said

__all__ = ["Draft", "RoomEvent", "Rooms", "Said", "Seat"]

_PINNED = (None, True, False)
_KEPT = 100
"""Rooms whose log is kept at hand."""


@dataclass(frozen=True, slots=True)
class Seat:
    """A chat of a room: which message shows its board, up to which event, if it is pinned.

    Without a board there is no such chat any more. `pinned` is None before that was tried.
    """

    room: str
    chat: Chat
    board: str = ""
    shown: int = 0
    pinned: bool | None = None


@dataclass(frozen=True, slots=True)
class Rooms:
    """Every room there is; each method is one transaction."""

    database: Database
    _logs: OrderedDict[str, Log] = field(default_factory=OrderedDict, repr=False)

    async def open(
        self, room: str, chat: Chat, drafts: Sequence[Draft], said: Said, board: str = ""
    ) -> str:
        """Open a room in a chat with its first events, and return its id.

        `board` is the id of the message that will show it. A chat that is in an open room keeps
        that, and its id is returned.
        """

        def work(conn: sqlite3.Connection) -> str:
            number = rows.chat_number(conn, chat)
            if there := _here(conn, number):
                return there
            sql = "INSERT OR IGNORE INTO rooms (id, open, code) VALUES (?, 1, '')"
            if conn.execute(sql, (room,)).rowcount:
                room_log.append(conn, _room(conn, room), drafts, said)
            _sit(conn, _room(conn, room), number, board)
            return room

        return await self.database(lambda db: work(db.conn))

    async def here(self, chat: Chat) -> str:
        """Return the id of the open room a chat is in, "" when it is in none."""

        def work(conn: sqlite3.Connection) -> str:
            number = rows.find_chat(conn, chat)
            return "" if number is None else _here(conn, number)

        return await self.database(lambda db: work(db.conn))

    async def add(
        self, room: str, drafts: Sequence[Draft], said: Said, after: int | None = None
    ) -> list[RoomEvent] | None:
        """Append events and return them; those of a known key are returned as they stand.

        With `after`, None is returned, and nothing noted, when it is not the last event's number.
        """

        def work(conn: sqlite3.Connection) -> list[RoomEvent] | None:
            number = _room(conn, room)
            if known := room_log.events(conn, number, "AND e.key = ?", said.key):
                return known
            if after is not None and room_log.last(conn, number) != after:
                return None
            room_log.append(conn, number, drafts, said)
            return room_log.events(conn, number, "AND e.key = ?", said.key)

        return await self.database(lambda db: work(db.conn))

    async def events(self, room: str) -> list[RoomEvent]:
        """Return the log of a room; what was read before is not read again."""

        def work(conn: sqlite3.Connection) -> list[RoomEvent]:
            number, known = _room(conn, room), self._logs.pop(room, Log())
            known = known.read_on(conn, number) or Log().read_on(conn, number) or Log()
            self._logs[room] = known
            if len(self._logs) > _KEPT:
                self._logs.popitem(last=False)
            return [*known.events]

        return await self.database(lambda db: work(db.conn))

    async def seats(self, room: str = "") -> list[Seat]:
        """Return the chats of a room, or those of all whose board is not at rest.

        It is in a closed room once it has no buttons.
        """
        where = "r.id = ?1" if room else "?1 = '' AND (r.open OR b.actions != '[]')"
        sql = (
            "SELECT r.id, c.platform, c.id, s.board, s.shown, s.pinned FROM room_chats s"
            " JOIN rooms r ON r.number = s.room JOIN chats c ON c.number = s.chat"
            " LEFT JOIN messages m ON m.id = s.board LEFT JOIN deliveries b ON b.message = m.seq"
            f" WHERE {where} ORDER BY s.room, s.chat"
        )
        found = await self.database(lambda db: db.execute(sql, (room,)).fetchall())
        return [Seat(id, Chat(*c), board, n, _PINNED[pin]) for id, *c, board, n, pin in found]

    async def seat(self, seat: Seat, before: str) -> None:
        """Store how a chat shows its room's board, unless it has another one than before."""

        def work(conn: sqlite3.Connection) -> None:
            conn.execute(
                "UPDATE room_chats SET board = ?, shown = ?, pinned = ?"
                " WHERE room = ? AND chat = ? AND board = ?",
                (
                    seat.board,
                    seat.shown,
                    _PINNED.index(seat.pinned),
                    _room(conn, seat.room),
                    rows.find_chat(conn, seat.chat),
                    before,
                ),
            )

        await self.database(lambda db: work(db.conn))

    async def leave(self, seat: Seat) -> None:
        """Let a room go on without one of its chats."""

        def work(conn: sqlite3.Connection) -> None:
            values = _room(conn, seat.room), rows.find_chat(conn, seat.chat)
            conn.execute("DELETE FROM room_chats WHERE room = ? AND chat = ?", values)

        await self.database(lambda db: work(db.conn))

    async def lost(self, chat: Chat) -> Seat | None:
        """Return the seat without a board of an open room that was opened in a chat."""
        sql = (
            "SELECT r.id, c.platform, c.id FROM room_chats s JOIN rooms r ON r.number = s.room"
            " JOIN messages m ON m.id = r.id JOIN chats c ON c.number = s.chat"
            " WHERE m.chat = ? AND r.open AND s.board = '' ORDER BY r.number DESC LIMIT 1"
        )

        def work(conn: sqlite3.Connection) -> Seat | None:
            row = conn.execute(sql, (rows.find_chat(conn, chat),)).fetchone()
            return Seat(row[0], Chat(*row[1:])) if row else None

        return await self.database(lambda db: work(db.conn))

    async def move(self, seat: Seat, chat: Chat, board: str) -> None:
        """Let a room go on in another chat than this one, with another board."""

        def work(conn: sqlite3.Connection) -> None:
            room, old = _room(conn, seat.room), rows.find_chat(conn, seat.chat)
            conn.execute("DELETE FROM room_chats WHERE room = ? AND chat = ?", (room, old))
            _sit(conn, room, rows.chat_number(conn, chat), board)

        await self.database(lambda db: work(db.conn))

    async def repaint(self, board: str, text: str, actions: Sequence[Action]) -> None:
        """Store what a board says now, and its buttons."""

        def work(conn: sqlite3.Connection) -> None:
            sql = "SELECT seq, text FROM messages WHERE id = ?"
            if row := conn.execute(sql, (board,)).fetchone():
                buttons = json.dumps([[action.id, action.label] for action in actions])
                message_rows.reword(conn, board, text, row[1])
                sql = "UPDATE deliveries SET actions = ? WHERE message = ?"
                conn.execute(sql, (buttons, row[0]))

        await self.database(lambda db: work(db.conn))

    async def share(self, room: str, code: str, until: datetime) -> None:
        """Let a chat join by a code until some time, in place of the one before."""
        sql = "UPDATE rooms SET code = ?, until = ? WHERE id = ?"
        await self.database(lambda db: db.execute(sql, (code, rows.micros(until), room)))

    async def join(self, code: str, chat: Chat, said: Said, board: str = "") -> str:
        """Let a chat into the open room of a code, which is used up; "" when there is none.

        A chat is in one open room at a time: it leaves the one it was in. `board` is the id of the
        message that will show the room there. The same message joins once.
        """

        def work(conn: sqlite3.Connection) -> str:
            again = "SELECT r.id FROM room_events e JOIN rooms r ON r.number = e.room"
            row = conn.execute(f"{again} WHERE e.key = ?", (said.key,)).fetchone()
            if row is not None:
                return str(row[0])
            sql = (
                "SELECT number, id FROM rooms WHERE open AND code = ? AND code != '' AND until > ?"
            )
            found = conn.execute(sql, (code, rows.micros(now()))).fetchone()
            if found is None:
                return ""
            conn.execute("UPDATE rooms SET code = '' WHERE number = ?", found[:1])
            _sit(conn, found[0], rows.chat_number(conn, chat), board)
            room_log.append(conn, found[0], [Draft("joined")], said)
            return str(found[1])

        return await self.database(lambda db: work(db.conn))

    async def is_open(self, room: str) -> bool:
        """Tell whether a room is open."""
        sql = "SELECT 1 FROM rooms WHERE id = ? AND open"
        return await self.database(lambda db: db.execute(sql, (room,)).fetchone() is not None)

    async def set_open(self, room: str, is_open: bool) -> None:
        """Close a room, or open it again in its chats that are in no other room meanwhile."""

        def work(conn: sqlite3.Connection) -> None:
            number = _room(conn, room)
            if is_open:
                conn.execute(
                    "DELETE FROM room_chats WHERE room = ?1 AND chat IN (SELECT chat FROM"
                    " room_chats WHERE room IN (SELECT number FROM rooms WHERE open))",
                    (number,),
                )
            conn.execute("UPDATE rooms SET open = ? WHERE number = ?", (is_open, number))

        await self.database(lambda db: work(db.conn))

    async def closed(self, chat: Chat) -> str:
        """Return the id of the room that a chat was in last, if that is closed; else ""."""
        sql = (
            "SELECT r.id FROM room_chats s JOIN rooms r ON r.number = s.room"
            " WHERE s.chat = ? AND NOT r.open ORDER BY r.number DESC LIMIT 1"
        )

        def work(conn: sqlite3.Connection) -> str:
            row = conn.execute(sql, (rows.find_chat(conn, chat),)).fetchone()
            return str(row[0]) if row else ""

        return await self.database(lambda db: work(db.conn))


def _room(conn: sqlite3.Connection, id: str) -> int:
    row = conn.execute("SELECT number FROM rooms WHERE id = ?", (id,)).fetchone()
    return int(row[0]) if row else 0


def _here(conn: sqlite3.Connection, chat: int) -> str:
    sql = (
        "SELECT r.id FROM room_chats s JOIN rooms r ON r.number = s.room"
        " WHERE s.chat = ? AND r.open ORDER BY r.number DESC LIMIT 1"
    )
    row = conn.execute(sql, (chat,)).fetchone()
    return str(row[0]) if row else ""


def _sit(conn: sqlite3.Connection, room: int, chat: int, board: str) -> None:
    _leave_others(conn, room, chat)
    sql = "INSERT OR IGNORE INTO room_chats VALUES (?, ?, ?, 0, 0)"
    conn.execute(sql, (room, chat, board))


def _leave_others(conn: sqlite3.Connection, room: int, chat: int) -> None:
    conn.execute(
        "DELETE FROM room_chats WHERE chat = ? AND room != ?"
        " AND room IN (SELECT number FROM rooms WHERE open)",
        (chat, room),
    )

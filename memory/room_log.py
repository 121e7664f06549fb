"""The log of a project room as SQLite holds it: appended to, and read on from where it was read."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from memory import rows, sentences
from memory.records import User, now


@dataclass(frozen=True, slots=True)
class Draft:
    """What is about to be noted: a kind, and data of JSON and sentences; `made` by no person."""

    kind: str
    data: Mapping[str, object] = field(default_factory=dict)
    made: bool = False


@dataclass(frozen=True, slots=True)
class RoomEvent:
    """One contribution to a room, the `number`th; `message` is what said it, "" for none."""

    number: int
    kind: str
    author: User | None
    data: Mapping[str, object]
    message: str = ""
    at: datetime = field(default_factory=now)


@dataclass(frozen=True, slots=True)
class Said:
    """Who noted something, by which message; what was noted under a `key` is noted once."""

    author: User | None
    message: str
    key: str


@dataclass(frozen=True, slots=True)
class Log:
    """What was read of a log, and what those are called who are in it."""

    events: tuple[RoomEvent, ...] = ()
    names: Mapping[User, str] = field(default_factory=dict)

    def read_on(self, conn: sqlite3.Connection, room: int) -> Log | None:
        """Return it with all that there is now; None when some of it is gone or called otherwise.

        Events of erased people are deleted, and their numbers may be given again.
        """
        newest = self.events[-1] if self.events else None
        number = newest.number if newest else 0
        sql = "SELECT count(*), max(at) FROM room_events WHERE room = ? AND number <= ?"
        many, at = conn.execute(sql, (room, number)).fetchone()
        if many != len(self.events) or (newest and rows.micros(newest.at) != at):
            return None
        new = events(conn, room, "AND e.number > ?", number)
        names = {e.author: e.author.name for e in new if e.author is not None}
        if any(self.names.get(user, name) != name for user, name in names.items()):
            return None
        return Log((*self.events, *new), {**self.names, **names})


def last(conn: sqlite3.Connection, room: int) -> int:
    """Return the number of the last event of a room, 0 when there is none."""
    sql = "SELECT coalesce(max(number), 0) FROM room_events WHERE room = ?"
    return int(conn.execute(sql, (room,)).fetchone()[0])


def append(conn: sqlite3.Connection, room: int, drafts: Sequence[Draft], said: Said) -> None:
    """Append events to the log of a room."""
    if not room:  # it was forgotten meanwhile
        return
    author = None if said.author is None else rows.user_number(conn, said.author)
    at = rows.micros(now())
    for number, draft in enumerate(drafts, last(conn, room) + 1):
        data = rows.storable(sentences.kept(draft.data))
        who = None if draft.made else author
        values = (room, number, draft.kind, who, said.message, said.key, data, at)
        conn.execute("INSERT INTO room_events VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)


def events(conn: sqlite3.Connection, room: int, more: str = "", *values: object) -> list[RoomEvent]:
    """Return the log of a room, oldest first, or as much of it as a condition says."""
    found = conn.execute(
        "SELECT e.number, e.kind, u.platform, u.id, u.name, e.data, e.message, e.at"
        " FROM room_events e LEFT JOIN users u ON u.number = e.author"
        f" WHERE e.room = ? {more} ORDER BY e.number",
        (room, *values),
    )
    return [_event(*row) for row in found]


def _event(
    number: int, kind: str, platform: str | None, id: str, name: str, *rest: object
) -> RoomEvent:
    data, message, at = rest
    author = None if platform is None else User(platform, id, name)
    assert isinstance(at, int)
    return RoomEvent(number, kind, author, sentences.read(str(data)), str(message), rows.moment(at))

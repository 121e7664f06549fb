"""The newest messages and steps of a chat, read once and kept up to date by what came since."""

from __future__ import annotations

import json
import sqlite3
from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass, field

from memory import message_rows, rows, step_rows
from memory.database import Database
from memory.records import Chat, Message, Step

CHATS = 64
"""Chats whose newest messages are kept in memory."""

_UNENDED = ("queued", "running", "planned")


@dataclass(frozen=True, slots=True)
class Window:
    """What was last said and done in a chat, oldest first; `said` and `made` are the last seqs."""

    messages: tuple[Message, ...] = ()
    steps: tuple[Step, ...] = ()
    said: int = 0
    made: int = 0
    limit: int = 0


@dataclass(slots=True)
class Windows:
    """The windows of the chats spoken in last: nothing that is there is read twice.

    A message does not change once it is stored, nor does a step once it has ended; where one
    does all the same, or goes, `drop` the chat.
    """

    database: Database
    _known: OrderedDict[Chat, Window] = field(default_factory=OrderedDict)

    async def recent(self, chat: Chat, limit: int) -> Window:
        """Return the newest `limit` messages and steps of a chat."""
        known = self._known.get(chat)
        if known is not None and known.limit != limit:
            known = None
        found = await self.database(lambda db: _read(db.conn, chat, limit, known))
        # Only what is committed is kept, and nothing of a chat that was dropped meanwhile.
        if self._known.get(chat) is known or known is None:
            self._known[chat] = found
            self._known.move_to_end(chat)
            if len(self._known) > CHATS:
                self._known.popitem(last=False)
        return found

    def drop(self, *chats: Chat) -> None:
        """Read these chats anew when they are asked for."""
        for chat in chats:
            self._known.pop(chat, None)

    def clear(self) -> None:
        """Read every chat anew."""
        self._known.clear()


def _read(conn: sqlite3.Connection, chat: Chat, limit: int, known: Window | None) -> Window:
    number, old = rows.find_chat(conn, chat), known or Window()
    messages = message_rows.select(
        conn, "WHERE m.chat = ? AND m.seq > ? ORDER BY m.seq DESC LIMIT ?", number, old.said, limit
    )
    rest = "WHERE s.chat = ? AND s.seq > ? ORDER BY s.seq DESC LIMIT ?"
    new = step_rows.select(conn, rest, number, old.made, limit)
    steps = {s.id: s for s in (*_ended(conn, old.steps), *reversed(new))}
    return Window(
        (*old.messages, *reversed(messages))[-limit:],
        tuple(steps.values())[-limit:],
        _last(conn, "messages", number),
        _last(conn, "steps", number),
        limit,
    )


def _ended(conn: sqlite3.Connection, steps: Collection[Step]) -> list[Step]:
    """Return steps as they stand now: those that had not ended are read again."""
    changing = json.dumps([s.id for s in steps if s.status in _UNENDED])
    if changing == "[]":
        return list(steps)
    rest = "WHERE s.id IN (SELECT value FROM json_each(?))"
    now = {s.id: s for s in step_rows.select(conn, rest, changing)}
    return [now.get(s.id, s) for s in steps]


def _last(conn: sqlite3.Connection, table: str, chat: int | None) -> int:
    sql = f"SELECT coalesce(max(seq), 0) FROM {table} WHERE chat = ?"
    return int(conn.execute(sql, (chat,)).fetchone()[0])

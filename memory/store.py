"""Every question asked of the memory, one method each; what a method stored survives a crash."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from memory import erase, holdings, message_rows, moves, posts, rows, step_rows
from memory import facts as _facts
from memory.database import Database
from memory.errors import NotFound
from memory.holdings import Holdings
from memory.meaning import Meanings
from memory.records import Action, Asset, Chat, Delivery, Feedback, Kind, Message, Post, Step, User
from memory.window import Window, Windows

if TYPE_CHECKING:
    import sqlite_utils


class Store:
    """Messages, steps, deliveries and judgements; each method is one transaction.

    All of them raise StorageFull when the disk has no room.
    """

    def __init__(self, database: Database) -> None:
        self._database, self._windows = database, Windows(database)
        self.meanings = Meanings(database)

    @property
    def database(self) -> Database:
        """The database the questions go to."""
        return self._database

    async def add(self, message: Message) -> None:
        """Store a message and what is known of its assets; nothing happens if its id is known."""
        await self._database(lambda db: message_rows.add(db.conn, message))

    async def open_turn(self, message: Message, post: str = "", part: int = 0) -> bool:
        """Store a request and that it waits for a reply, unless it was answered already.

        `post` is the platform's id of it, or of a `part` of it. Returns False, and stores nothing,
        when something of that id was heard before.
        """

        def work(db: sqlite_utils.Database) -> bool:
            if posts.find(db.conn, message.chat, post):
                return False
            seq = message_rows.add(db.conn, message)
            db.conn.execute("INSERT OR IGNORE INTO turns VALUES (?, 1)", (seq,))
            if post:
                posts.note(db.conn, message.id, Post(part, post))
            return True

        return await self._database(work)

    async def posted(self, message_id: str, post: Post) -> None:
        """Note that a piece of a message is under way to its platform, or stands there.

        Raises NotFound when the chat was forgotten meanwhile.
        """
        await self._database(lambda db: posts.note(db.conn, message_id, post))

    async def posts(self, message_id: str) -> dict[int, Post]:
        """Return the pieces of a message that were begun, by number."""
        return await self._database(lambda db: posts.of(db.conn, message_id))

    async def behind(self, chat: Chat, post: str) -> tuple[str, Post] | None:
        """Return the id of the message a platform's id belongs to, and which piece of it it is."""
        return await self._database(lambda db: posts.find(db.conn, chat, post))

    async def is_request(self, message_id: str) -> bool:
        """Tell whether a message was taken for a request, answered or not."""
        return await self._database(lambda db: message_rows.is_request(db.conn, message_id))

    async def open_turns(self, platform: str) -> list[Message]:
        """Return the requests of a platform that still wait for a reply, oldest first."""
        # The + keeps SQLite from beginning with all messages of the platform: few turns are open.
        rest = (
            "JOIN chats c ON c.number = m.chat WHERE +c.platform = ?"
            " AND m.seq IN (SELECT message FROM turns WHERE open) ORDER BY m.seq"
        )
        return await self._database(lambda db: message_rows.select(db.conn, rest, platform))

    async def close_turn(
        self, reply: Message, actions: tuple[Action, ...] = (), kind: Kind = "reply"
    ) -> Delivery:
        """Store a reply and its pending delivery and end the turn it answers, all or nothing.

        The turn is that of the message `reply.reply_to`. A reply whose id is known is not stored
        again; its delivery is returned as it stands.
        """

        def work(db: sqlite_utils.Database) -> Delivery:
            seq = message_rows.add(db.conn, reply)
            buttons = json.dumps([[action.id, action.label] for action in actions])
            db.conn.execute(
                "INSERT OR IGNORE INTO deliveries (message, actions, status, kind)"
                " VALUES (?, ?, 'pending', ?)",
                (seq, buttons, kind),
            )
            db.conn.execute(
                "UPDATE turns SET open = 0 WHERE message = (SELECT seq FROM messages WHERE id = ?)",
                (reply.reply_to,),
            )
            return message_rows.delivery(db.conn, reply)

        return await self._database(work)

    async def reword(self, message_id: str, text: str, before: str = "") -> None:
        """Store other words for a message; nothing happens to one that did not say `before`."""
        await self._database(lambda db: message_rows.reword(db.conn, message_id, text, before))
        self._windows.clear()

    async def names(self, users: Collection[User]) -> dict[User, str]:
        """Return the name each user was last known by; "" for those who have none."""
        return await self._database(lambda db: {u: rows.name_of(db.conn, u) for u in users})

    async def message(self, id: str) -> Message:
        """Return a message; raises NotFound."""
        return await self._database(lambda db: message_rows.one(db.conn, id))

    async def history(self, chat: Chat, *, limit: int = 50, before: str = "") -> list[Message]:
        """Return the newest `limit` messages of a chat, or those before a message, oldest first.

        Raises NotFound when the message `before` is not there.
        """
        return await self._database(lambda db: message_rows.history(db.conn, chat, limit, before))

    async def recent(self, chat: Chat, *, limit: int = 50) -> Window:
        """Return the newest `limit` messages and steps of a chat; costs little when asked again."""
        return await self._windows.recent(chat, limit)

    async def active(self, platform: str, since: datetime, limit: int) -> list[Chat]:
        """Return the chats of a platform where something was said lately, the last one first."""
        return await self._database(lambda db: rows.active(db.conn, platform, since, limit))

    async def plan(self, steps: Sequence[Step]) -> None:
        """Store steps in the order they shall run, all or none; known ids stay as they are."""

        def work(db: sqlite_utils.Database) -> None:
            for step in steps:
                step_rows.add(db.conn, step)

        await self._database(work)

    async def save(self, step: Step) -> None:
        """Store a step in place of the one of that id, with its assets and parents."""
        await self._database(lambda db: step_rows.save(db.conn, step))

    async def take_up(self, turn: str, steps: Sequence[Step]) -> bool:
        """Store steps in place of those of a turn that are planned, which end as cancelled.

        All or nothing; False, and nothing, when no step of the turn is planned any more.
        """
        return await self._database(lambda db: step_rows.take_up(db.conn, turn, steps))

    async def step(self, id: str) -> Step:
        """Return a step; raises NotFound."""
        found = await self._steps("WHERE s.id = ?", id)
        if not found:
            raise NotFound("That step is no longer remembered here; please ask for it anew.")
        return found[0]

    async def steps_of(self, turn: str) -> list[Step]:
        """Return the steps of a turn in planned order."""
        return await self._steps("WHERE s.turn = ? ORDER BY s.seq", turn)

    async def steps(self, chat: Chat, *, limit: int = 50) -> list[Step]:
        """Return the newest `limit` steps of a chat, oldest first."""
        rest = "WHERE s.chat = ? ORDER BY s.seq DESC LIMIT ?"

        def work(db: sqlite_utils.Database) -> list[Step]:
            number = rows.find_chat(db.conn, chat)
            return step_rows.select(db.conn, rest, number, max(0, limit))[::-1]

        return await self._database(work)

    async def maker(self, sha256: str, chat: Chat | None = None) -> Step | None:
        """Return the newest done step (of a chat) that made an asset."""
        rest = (
            "JOIN step_assets l ON l.step = s.seq WHERE l.asset = ? AND s.status = 'done'"
            + (" AND c.platform = ? AND c.id = ?" if chat else "")
            + " AND s.tool != 'undo'"  # that only shows again what another step made
            + " ORDER BY s.seq DESC LIMIT 1"
        )
        found = await self._steps(rest, sha256, *((chat.platform, chat.id) if chat else ()))
        return found[0] if found else None

    async def asset(self, sha256: str) -> Asset:
        """Return what is known of an asset; raises NotFound."""
        return await self._database(lambda db: rows.asset(db.conn, sha256))

    async def named(self, prefix: str, chat: Chat, *, limit: int = 2) -> list[Asset]:
        """Return assets that a chat has seen by the first hex digits of their SHA-256."""
        return await self._database(lambda db: rows.assets_by_prefix(db.conn, prefix, chat, limit))

    async def pending(self, platform: str) -> list[Delivery]:
        """Return the replies of a platform that are not known to have arrived, oldest first."""
        rest = (
            "JOIN chats c ON c.number = m.chat WHERE +c.platform = ? AND m.seq IN"
            " (SELECT message FROM deliveries WHERE status = 'pending') ORDER BY m.seq"
        )

        def work(db: sqlite_utils.Database) -> list[Delivery]:
            replies = message_rows.select(db.conn, rest, platform)
            return [message_rows.delivery(db.conn, reply) for reply in replies]

        return await self._database(work)

    async def delivery(self, reply: Message) -> Delivery:
        """Return how the delivery of a stored reply stands; raises NotFound."""
        return await self._database(lambda db: message_rows.delivery(db.conn, reply))

    async def sent(self, message_id: str) -> None:
        """Note that a reply arrived; nothing happens when the chat was forgotten meanwhile."""
        await self._settle(message_id, "sent")

    async def failed(self, message_id: str) -> None:
        """Note that the delivery of a reply was given up."""
        await self._settle(message_id, "failed")

    async def judge(self, feedback: Feedback) -> None:
        """Store a judgement; of one person about one thing the last is kept."""
        await self._database(lambda db: message_rows.judge(db.conn, feedback))

    async def forget(self, chat: Chat, user: User | None = None) -> list[str]:
        """Erase all that was said, made and judged in a chat (by a user), also from the index.

        Returns the SHA-256 of the assets nobody refers to any more; their files are left to
        `Assets.erase`. Works in pieces, so that others need not wait; if it was interrupted,
        do it again.
        """
        self._windows.drop(chat)
        await self._database(partial(erase.judgements, chat, user))
        for piece in (erase.messages, erase.steps):
            while await self._database(partial(piece, chat, user)):
                pass
        for table in erase.INDEXES:
            start = True
            while await self._database(partial(erase.compact, table, start)):
                start = False
        gone = await self._database(partial(erase.leftovers, chat))
        self._windows.drop(chat)
        await self._database.checkpoint()
        return gone

    async def leave(self, user: User) -> list[Chat]:
        """Erase what is kept of a person outside of chats; return the chats to `forget` them in."""
        return await self._database(partial(erase.everywhere, user))

    async def holdings(self, chat: Chat, user: User | None = None) -> Holdings:
        """Return how much is kept of a chat, or of what a user said, asked for and judged there."""
        return await self._database(lambda db: holdings.of(db.conn, chat, user))

    async def move_chat(self, old: Chat, new: Chat) -> None:
        """Let a chat go on under the id its platform gave it; the old id names it, too."""
        await self._database(partial(moves.move, old, new))
        self._windows.drop(old, new)

    async def current(self, chat: Chat) -> Chat:
        """Return a chat by the id it has now, if it was moved."""
        return await self._database(lambda db: rows.current(db.conn, chat))

    async def keep(self, name: str, facts: Mapping[str, object]) -> None:
        """Store facts under a name, in place of those before; anything JSON can hold."""
        await self._database(lambda db: _facts.keep(db.conn, name, facts))

    async def kept(self, name: str) -> dict[str, object]:
        """Return the facts stored under a name; none when there are none or they are damaged."""
        return await self._database(lambda db: _facts.kept(db.conn, name))

    async def facts(self, prefix: str) -> dict[str, dict[str, object]]:
        """Return all facts whose name begins so, in the order of their names."""
        return await self._database(lambda db: _facts.under(db.conn, prefix))

    async def drop(self, name: str) -> None:
        """Forget the facts stored under a name."""
        await self._database(lambda db: _facts.drop(db.conn, name))

    async def _steps(self, rest: str, *values: object) -> list[Step]:
        return await self._database(lambda db: step_rows.select(db.conn, rest, *values))

    async def _settle(self, message_id: str, status: str) -> None:
        def work(db: sqlite_utils.Database) -> None:
            db.conn.execute(
                "UPDATE deliveries SET status = ?"
                " WHERE message = (SELECT seq FROM messages WHERE id = ?)",
                (status, message_id),
            )

        await self._database(work)

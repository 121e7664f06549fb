"""What people and rooms like: what they said, and what they chose again and again.

An owner is "person platform:id" or "room platform:id". Nothing is learnt of one who did not ask
for it. Every row names the person and the chat it came from, and goes when one of them is erased.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from memory import rows
from memory.database import Database
from memory.records import Chat, User, now

LAST = 9
"""Of the newest choices that count; older ones are erased."""
ENOUGH = 4
"""Choices it takes at least, and two thirds of all, until something is a liking."""

_LEARNING = "learning"


@dataclass(frozen=True, slots=True)
class Pick:
    """A picture was chosen (1) or turned down (-1); the value is "" if it has nothing of the name.

    `asset` is the SHA-256 of what was chosen; the same choice counts once.
    """

    name: str
    value: str
    liked: int = 1
    asset: str = ""


@dataclass(frozen=True, slots=True)
class Taste:
    """A liking, or with `liked` False something never wanted; said, or `chosen` so often `of`."""

    name: str
    value: str
    liked: bool = True
    chosen: int = 0
    of: int = 0


def person(user: User) -> str:
    """Return the owner a person is."""
    return f"person {user.key}"


def room(chat: Chat) -> str:
    """Return the owner a chat is."""
    return f"room {chat.platform}:{chat.id}"


@dataclass(frozen=True, slots=True)
class Tastes:
    """Every liking there is; each method is one transaction."""

    database: Database

    async def known(self, owners: Sequence[str]) -> dict[str, list[Taste]]:
        """Return what is known of those of the owners who are learnt from."""

        def work(conn: sqlite3.Connection) -> dict[str, list[Taste]]:
            return {owner: _of(conn, owner) for owner in owners if _learning(conn, owner)}

        return await self.database(lambda db: work(db.conn))

    async def learn(self, owner: str, user: User, chat: Chat) -> None:
        """Learn from an owner from now on."""
        await self.say(owner, Taste(_LEARNING, ""), user, chat)

    async def drop(self, owner: str) -> None:
        """Learn nothing more of an owner and erase what was learnt."""

        def work(conn: sqlite3.Connection) -> None:
            for table in ("tastes", "picks"):
                conn.execute(f"DELETE FROM {table} WHERE owner = ?", (owner,))

        await self.database(lambda db: work(db.conn))

    async def say(self, owner: str, taste: Taste, user: User, chat: Chat) -> None:
        """Store what somebody said they like; of shapes there is only one."""

        def work(conn: sqlite3.Connection) -> None:
            number = rows.chat_number(conn, chat)
            who = rows.user_number(conn, user, number)
            if taste.name == "aspect":
                conn.execute("DELETE FROM tastes WHERE owner = ? AND name = 'aspect'", (owner,))
            conn.execute(
                "INSERT OR REPLACE INTO tastes (owner, name, value, liked, user, chat, at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (owner, taste.name, taste.value, taste.liked, who, number, rows.micros(now())),
            )

        await self.database(lambda db: work(db.conn))

    async def forget(self, owner: str, value: str) -> int:
        """Erase a liking, and the choices it was learnt from; return how many rows that were."""

        def work(conn: sqlite3.Connection) -> int:
            gone = (
                conn.execute(
                    f"DELETE FROM {table} WHERE owner = ? AND value = ? AND name != ?",
                    (owner, value, _LEARNING),
                ).rowcount
                for table in ("tastes", "picks")
            )
            return sum(gone)

        return await self.database(lambda db: work(db.conn))

    async def pick(self, picks: Sequence[Pick], user: User, chat: Chat) -> None:
        """Note what was chosen, for the person and the room as far as they are learnt from."""

        def work(conn: sqlite3.Connection) -> None:
            owners = [o for o in (person(user), room(chat)) if _learning(conn, o)]
            if owners:
                number = rows.chat_number(conn, chat)
                who = rows.user_number(conn, user, number)
                for owner in owners:
                    for one in picks:
                        _pick(conn, owner, one, who, number)

        await self.database(lambda db: work(db.conn))


def erase(conn: sqlite3.Connection, chat: int | None, user: User | None) -> None:
    """Erase what came from a chat (from a person there)."""
    mine = " AND user = (SELECT number FROM users WHERE platform = ? AND id = ?)" if user else ""
    who = (user.platform, user.id) if user else ()
    for table in ("tastes", "picks"):
        conn.execute(f"DELETE FROM {table} WHERE chat = ?{mine}", (chat, *who))


def _learning(conn: sqlite3.Connection, owner: str) -> bool:
    sql = "SELECT 1 FROM tastes WHERE owner = ? AND name = ?"
    return conn.execute(sql, (owner, _LEARNING)).fetchone() is not None


def _pick(conn: sqlite3.Connection, owner: str, one: Pick, user: int, chat: int) -> None:
    mine = (owner, one.name)
    conn.execute(
        "DELETE FROM picks WHERE owner = ? AND name = ? AND asset = ? AND asset != ''",
        (*mine, one.asset),
    )
    conn.execute(
        "INSERT INTO picks (owner, name, value, liked, asset, user, chat)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (*mine, one.value, one.liked, one.asset, user, chat),
    )
    conn.execute(
        "DELETE FROM picks WHERE owner = ?1 AND name = ?2 AND seq NOT IN (SELECT seq FROM picks"
        " WHERE owner = ?1 AND name = ?2 ORDER BY seq DESC LIMIT ?3)",
        (*mine, LAST),
    )


def _of(conn: sqlite3.Connection, owner: str) -> list[Taste]:
    sql = "SELECT name, value, liked FROM tastes WHERE owner = ? AND name != ? ORDER BY at"
    said = [Taste(n, v, bool(liked)) for n, v, liked in conn.execute(sql, (owner, _LEARNING))]
    settled = {(one.name, one.value) for one in said}
    shaped = any(one.name == "aspect" for one in said)
    sql = "SELECT name, value, liked FROM picks WHERE owner = ?"
    counts: dict[str, Counter[str]] = {}
    total: Counter[str] = Counter()
    for name, value, liked in conn.execute(sql, (owner,)):
        counts.setdefault(name, Counter())[value] += liked
        total[name] += 1
    learnt = (
        Taste(name, value, True, chosen, total[name])
        for name, values in counts.items()
        for value, chosen in values.items()
        if value and chosen >= ENOUGH and 3 * chosen >= 2 * total[name]
    )
    new = (one for one in learnt if (one.name, one.value) not in settled)
    return [*said, *(one for one in new if not (shaped and one.name == "aspect"))]

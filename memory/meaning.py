"""What messages mean, and which of a chat are nearest in meaning to some words.

A sentence encoder turns a text into a vector of unit length; of each message only the signs are
kept (64 bytes for 512 numbers), in blocks by chat. A search counts the bits in which they differ
from the question's, then weighs the best by the question's whole vector against their signs: for
vectors whose numbers are spread evenly <q, sign(v)> is cos(q, v) * sqrt(2 n / pi) (asymmetric
distances: Dong, Charikar and Li, SIGIR 2008).
"""

from __future__ import annotations

import json
import math
import sqlite3
import time
from array import array
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from memory.database import Database

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

BLOCK = 1024
"""Messages of one block."""
BLOCKS = 256
"""Of the newest blocks of a chat that are searched."""
NEAR = 0.3
"""Cosine from which on a text may be about the same thing; of thousands some are by chance."""
LONGEST = 600
"""Characters of a text that are taken in."""

_CHATS = 8  # whose signs are kept in memory: 7 MB for one of 100 000 messages
_WEIGHED = 256
_AROUND = "SELECT first, seqs, signs FROM sketches WHERE chat = ? AND first <= ? AND last >= ?"
_STAND = (
    "SELECT first, at, length(seqs) / 8, length(signs) / length(seqs) FROM sketches"
    " WHERE chat = ? ORDER BY first DESC LIMIT ?"
)
_PENDING = (
    "SELECT seq, id, substr(text, 1, ?) FROM messages WHERE seq > (SELECT upto FROM meant)"
    " OR seq IN (SELECT message FROM reworded) ORDER BY seq LIMIT ?"
)
_NAMED = "SELECT chat, seq, id FROM messages WHERE id IN (SELECT value FROM json_each(?))"


@dataclass(frozen=True, slots=True)
class Meaning:
    """The meaning of a text: its vector as float16, and its signs, eight a byte."""

    vector: bytes
    signs: bytes


@dataclass(frozen=True, slots=True)
class Pending:
    """Texts whose meaning is not known yet, by message id, and how far they reach.

    `count` counts messages without words, too.
    """

    texts: Mapping[str, str] = field(default_factory=dict)
    upto: int = 0
    count: int = 0


@dataclass(frozen=True, slots=True)
class _Sketch:
    """The signs of a chat (texts, words), their seqs, and each block: when stored, which rows."""

    blocks: Mapping[int, tuple[int, slice]]
    seqs: Array
    signs: Array


@dataclass(slots=True)
class Meanings:
    """The meanings of all messages; what was searched stays in memory while it does not change."""

    database: Database
    _known: OrderedDict[int, _Sketch] = field(default_factory=OrderedDict)

    async def pending(self, encoder: str, limit: int) -> Pending:
        """Return the oldest messages without a meaning; another encoder begins anew."""

        def work(conn: sqlite3.Connection) -> Pending:
            other = "UPDATE meant SET encoder = ?1, upto = 0 WHERE encoder != ?1"
            if conn.execute(other, (encoder,)).rowcount:
                conn.execute("DELETE FROM sketches")
                conn.execute("DELETE FROM reworded")
            found = conn.execute(_PENDING, (LONGEST, limit)).fetchall()
            texts = {id: text for _, id, text in found if text.strip()}
            return Pending(texts, found[-1][0] if found else 0, len(found))

        return await self.database(lambda db: work(db.conn))

    async def put(self, pending: Pending, signs: Mapping[str, bytes]) -> None:
        """Store the signs of messages by id; those erased meanwhile are left out."""

        def work(conn: sqlite3.Connection) -> None:
            chats: dict[int, dict[int, bytes]] = {}
            for chat, seq, id in conn.execute(_NAMED, (json.dumps(list(signs)),)).fetchall():
                chats.setdefault(chat, {})[seq] = signs[id]
            for chat, new in chats.items():
                drop(conn, chat, list(new))
                _append(conn, chat, new)
            conn.execute("UPDATE meant SET upto = max(upto, ?)", (pending.upto,))
            catch_down(conn)

        await self.database(lambda db: work(db.conn))

    def nearest(
        self, conn: sqlite3.Connection, chat: int, meaning: Meaning, limit: int
    ) -> list[int]:
        """Return the seqs of the messages of a chat that mean nearly the same, nearest first.

        Blocks; runs on the database's thread.
        """
        import numpy as np

        there = self._sketch(conn, chat)
        wanted = np.frombuffer(meaning.signs, np.uint64)
        if there is None or there.signs.shape[1] != len(wanted):
            return []
        different = np.bitwise_count(there.signs ^ wanted)
        apart = np.zeros(len(different), np.uint16)
        for word in different.T:  # a third of the time that summing along the rows takes
            apart += word
        few = np.arange(len(apart))
        if len(few) > _WEIGHED:
            few = np.argpartition(apart, _WEIGHED)[:_WEIGHED]
        cosines = _cosines(meaning, there.signs[few])
        best = np.argsort(-cosines)[:limit]
        return [int(there.seqs[few[one]]) for one in best if cosines[one] >= NEAR]

    def _sketch(self, conn: sqlite3.Connection, chat: int) -> _Sketch | None:
        """Return the newest blocks of a chat together; only what has changed is read."""
        stand = conn.execute(_STAND, (chat, BLOCKS)).fetchall()
        old = self._known.pop(chat, None)
        if not stand:
            return None
        blocks, end = {}, 0
        for first, at, count, _ in stand:
            blocks[first] = (at, slice(end, end + count))
            end += count
        if old is None or old.blocks != blocks:
            old = _together(conn, chat, blocks, (end, stand[0][3]), old)
        self._known[chat] = old
        if len(self._known) > _CHATS:
            self._known.popitem(last=False)
        return old


def drop(conn: sqlite3.Connection, chat: int, seqs: Sequence[int]) -> None:
    """Erase the meanings of some messages of a chat; those that have none are no error."""
    if not seqs:
        return
    conn.executemany("DELETE FROM reworded WHERE message = ?", [(seq,) for seq in seqs])
    gone = frozenset(seqs)
    for first, *packed in conn.execute(_AROUND, (chat, max(seqs), min(seqs))).fetchall():
        block = _unpacked(*packed)
        if gone.isdisjoint(block):
            continue
        conn.execute("DELETE FROM sketches WHERE chat = ? AND first = ?", (chat, first))
        _insert(conn, chat, {seq: signs for seq, signs in block.items() if seq not in gone})


def catch_down(conn: sqlite3.Connection) -> None:
    """Note which messages there are: the number of the last one is given again once it is gone."""
    conn.execute("UPDATE meant SET upto = min(upto, (SELECT coalesce(max(seq), 0) FROM messages))")


def _append(conn: sqlite3.Connection, chat: int, new: Mapping[int, bytes]) -> None:
    """Store signs by seq, the last block being filled up first."""
    sql = "SELECT first, seqs, signs FROM sketches WHERE chat = ? ORDER BY first DESC LIMIT 1"
    last = conn.execute(sql, (chat,)).fetchone()
    block = dict(sorted(new.items()))
    if last is not None and len(last[1]) // 8 + len(block) <= BLOCK:
        conn.execute("DELETE FROM sketches WHERE chat = ? AND first = ?", (chat, last[0]))
        block = _unpacked(*last[1:]) | block
    _insert(conn, chat, block)


def _insert(conn: sqlite3.Connection, chat: int, block: Mapping[int, bytes]) -> None:
    if block:
        seqs = array("q", block)
        conn.execute(
            "INSERT INTO sketches (chat, first, last, at, seqs, signs) VALUES (?, ?, ?, ?, ?, ?)",
            (chat, min(seqs), max(seqs), time.time_ns(), seqs.tobytes(), b"".join(block.values())),
        )


def _unpacked(seqs: bytes, signs: bytes) -> dict[int, bytes]:
    numbers = array("q", seqs)
    size = len(signs) // max(1, len(numbers))
    return {seq: signs[at * size : (at + 1) * size] for at, seq in enumerate(numbers)}


def _together(
    conn: sqlite3.Connection,
    chat: int,
    blocks: Mapping[int, tuple[int, slice]],
    shape: tuple[int, int],
    old: _Sketch | None,
) -> _Sketch:
    """Return the blocks in one array; those that `old` has are copied from there."""
    import numpy as np

    seqs, signs = np.empty(shape[0], np.int64), np.empty(shape, np.uint64)
    sql = "SELECT seqs, signs FROM sketches WHERE chat = ? AND first = ?"
    for first, (at, rows) in blocks.items():
        stored, there = old.blocks.get(first, (0, rows)) if old else (0, rows)
        if old and stored == at:
            seqs[rows], signs[rows] = old.seqs[there], old.signs[there]
        else:
            packed = conn.execute(sql, (chat, first)).fetchone()
            seqs[rows] = np.frombuffer(packed[0], np.int64)
            signs[rows] = np.frombuffer(packed[1], np.uint64).reshape(-1, shape[1])
    return _Sketch(blocks, seqs, signs)


def _cosines(meaning: Meaning, signs: Array) -> Array:
    """Return about the cosine of a question to each row of signs."""
    import numpy as np

    vector = np.frombuffer(meaning.vector, np.float16).astype(np.float32)
    plus = np.unpackbits(signs.view(np.uint8), axis=1).astype(np.float32)
    length = float(np.linalg.norm(vector)) or 1.0
    spread = math.sqrt(2 * len(vector) / math.pi)
    found: Array = (2 * (plus @ vector) - vector.sum()) / (length * spread)
    return found

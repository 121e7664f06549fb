"""What pictures show: a vector for each, of the encoder that made it, until the file goes."""

import json
import sqlite3
from collections.abc import Mapping, Sequence

from memory.database import Database

_THERE = (
    "SELECT asset, vector FROM sights WHERE encoder = ?"
    " AND asset IN (SELECT value FROM json_each(?))"
)
_PUT = (
    "INSERT OR REPLACE INTO sights (asset, encoder, vector)"
    " SELECT sha256, ?, ? FROM assets WHERE sha256 = ?"
)


async def seen(database: Database, encoder: str, shas: Sequence[str]) -> dict[str, bytes]:
    """Return the vectors of those pictures that this encoder has seen, by SHA-256."""

    def work(conn: sqlite3.Connection) -> dict[str, bytes]:
        return dict(conn.execute(_THERE, (encoder, json.dumps(list(shas)))).fetchall())

    return await database(lambda db: work(db.conn))


async def put(database: Database, encoder: str, vectors: Mapping[str, bytes]) -> None:
    """Store the vectors of pictures by SHA-256; those erased meanwhile are left out."""
    rows = [(encoder, vector, sha) for sha, vector in vectors.items()]
    await database(lambda db: db.conn.executemany(_PUT, rows) and None)

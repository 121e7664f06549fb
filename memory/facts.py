"""Facts that are no part of any conversation: JSON under a name. All of it blocks."""

import json
import logging
import sqlite3
from collections.abc import Mapping

log = logging.getLogger(__name__)


def keep(conn: sqlite3.Connection, name: str, facts: Mapping[str, object]) -> None:
    """Store facts in place of those before."""
    conn.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, json.dumps(facts)))


def kept(conn: sqlite3.Connection, name: str) -> dict[str, object]:
    """Return the facts of a name; none when there are none or they are damaged."""
    row = conn.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
    return _read(name, row[0]) if row else {}


def under(conn: sqlite3.Connection, prefix: str) -> dict[str, dict[str, object]]:
    """Return all facts whose name begins so, in the order of their names."""
    table = conn.execute(
        "SELECT name, value FROM facts WHERE name >= ?1 AND name < ?1 || char(0x10FFFF)"
        " ORDER BY name",
        (prefix,),
    )
    return {name: _read(name, value) for name, value in table}


def drop(conn: sqlite3.Connection, name: str) -> None:
    """Forget the facts of a name."""
    conn.execute("DELETE FROM facts WHERE name = ?", (name,))


def _read(name: str, value: str) -> dict[str, object]:
    try:
        facts = json.loads(value)
    except (ValueError, TypeError, RecursionError):
        facts = None
    if isinstance(facts, dict):
        return facts
    log.warning("what was kept as %r is damaged and is begun anew", name)
    return {}

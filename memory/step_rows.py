"""Steps as rows. All of it blocks."""

import json
import sqlite3
from collections.abc import Sequence

from memory import index, rows, sentences
from memory.records import Chat, Step, User

_SELECT = """
SELECT s.seq, s.id, s.turn, s.tool, s.args, s.status, s.result, s.wording, s.seconds, s.at,
    u.platform, u.id, u.name, c.platform, c.id
FROM steps s JOIN users u ON u.number = s.user JOIN chats c ON c.number = s.chat
"""


def add(conn: sqlite3.Connection, step: Step) -> None:
    """Store a step unless its id is known."""
    if conn.execute("SELECT 1 FROM steps WHERE id = ?", (step.id,)).fetchone():
        return
    chat = rows.chat_number(conn, step.chat)
    user = rows.user_number(conn, step.user, chat)
    args, result = _args(step), rows.storable(step.result)
    made = (step.status, result, _wording(step), step.seconds, rows.micros(step.at))
    seq = conn.execute(
        "INSERT INTO steps (id, chat, user, turn, tool, args, status, result, wording, seconds, at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (step.id, chat, user, step.turn, step.tool, args, *made),
    ).lastrowid
    assert seq is not None
    _link(conn, seq, step)
    index.put_step(conn, seq, chat, index.step_text(args, result))


def save(conn: sqlite3.Connection, step: Step) -> None:
    """Store a step, or replace the one of that id, which keeps its chat, user and place."""
    sql = "SELECT seq, chat, args, result FROM steps WHERE id = ?"
    row = conn.execute(sql, (step.id,)).fetchone()
    if row is None:
        add(conn, step)
        return
    seq, chat, *before = row
    args, result = _args(step), rows.storable(step.result)
    made = (step.status, result, _wording(step), step.seconds, rows.micros(step.at))
    conn.execute(
        "UPDATE steps SET turn = ?, tool = ?, args = ?, status = ?, result = ?,"
        " wording = ?, seconds = ?, at = ? WHERE seq = ?",
        (step.turn, step.tool, args, *made, seq),
    )
    for table in ("step_assets", "step_parents"):
        conn.execute(f"DELETE FROM {table} WHERE step = ?", (seq,))
    _link(conn, seq, step)
    old, new = index.step_text(*before), index.step_text(args, result)
    if old != new:
        index.drop(conn, "step_words", chat, [(seq, old)])
        index.put_step(conn, seq, chat, new)


def take_up(conn: sqlite3.Connection, turn: str, steps: Sequence[Step]) -> bool:
    """Put steps in the place of those of a turn that are planned; False if there are none."""
    sql = "UPDATE steps SET status = 'cancelled' WHERE turn = ? AND status = 'planned'"
    if not conn.execute(sql, (turn,)).rowcount:
        return False
    for step in steps:
        save(conn, step)
    return True


def select(conn: sqlite3.Connection, rest: str, *values: object) -> list[Step]:
    """Return the steps chosen by the rest of a query, in its order."""
    table = conn.execute(_SELECT + rest, values).fetchall()
    seqs = [row[0] for row in table]
    assets, parents = rows.assets_of(conn, "step", seqs), _parents_of(conn, seqs)
    found = []
    for seq, id, turn, tool, args, status, result, wording, seconds, at, *names in table:
        user, chat = User(*names[:3]), Chat(*names[3:])
        result = sentences.loaded(wording, result)
        made = (status, result, assets.get(seq, ()), parents.get(seq, ()), seconds, id)
        found.append(Step(tool, json.loads(args), user, chat, turn, *made, rows.moment(at)))
    return found


def _args(step: Step) -> str:
    return rows.storable(json.dumps(step.args, ensure_ascii=False))


def _wording(step: Step) -> str:
    return rows.storable(sentences.dumped(step.result))


def _link(conn: sqlite3.Connection, seq: int, step: Step) -> None:
    rows.link_assets(conn, "step", seq, step.assets)
    rows.link(conn, "step_parents", "step", seq, step.parents)


def _parents_of(conn: sqlite3.Connection, seqs: Sequence[int]) -> dict[int, tuple[str, ...]]:
    links = conn.execute(
        "SELECT step, asset FROM step_parents WHERE step IN (SELECT value FROM json_each(?))"
        " ORDER BY step, position",
        (json.dumps(seqs),),
    )
    found: dict[int, tuple[str, ...]] = {}
    for seq, sha256 in links:
        found[seq] = (*found.get(seq, ()), sha256)
    return found

"""Full-text search over what was said and made in one chat."""

import math
import sqlite3
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from memory import index, rows
from memory.database import Database
from memory.records import Chat

_WORDS = 16  # of a question that are looked for
_NEWEST = 200  # hits of one word that are weighed: bounds the work however large the chat is
_MESSAGES = """
SELECT m.id, m.text, m.at, coalesce(u.name, '')
FROM messages m LEFT JOIN users u ON u.number = m.author WHERE m.seq = ?
"""
_STEPS = """
SELECT s.turn, s.id, s.args, s.result, s.at, u.name
FROM steps s JOIN users u ON u.number = s.user WHERE s.seq = ?
"""


@dataclass(frozen=True, slots=True)
class Found:
    """A text that fits: a message, or a step's result and prompt, each on its line.

    `message_id` is the message, or the request the step worked for; `step_id` is empty for a
    message. `author_name` is empty when the assistant said it. `score` is above 0, larger fits
    better.
    """

    message_id: str
    text: str
    at: datetime
    author_name: str
    score: float
    step_id: str = ""


@dataclass(frozen=True, slots=True)
class _Term:
    """A word to look for as it is, and words that begin with it."""

    word: str
    start: str


async def search(database: Database, chat: Chat, words: str, *, limit: int = 10) -> list[Found]:
    """Return what fits the words best, in this chat only; of equals the newest first.

    A text need not hold all words: rare ones count more than common ones. Case and accents do
    not matter, the beginning of a word is enough; any text is a safe question.
    """

    def work(conn: sqlite3.Connection) -> list[Found]:
        number = rows.find_chat(conn, chat)
        terms = [] if number is None else _terms(number, words)
        if not terms or limit < 1:
            return []
        index.catch_up(conn)
        return _best(conn, terms, limit)

    return await database(lambda db: work(db.conn))


def _terms(chat: int, words: str) -> list[_Term]:
    found: dict[_Term, None] = {}
    for run, joined in index.runs(words[: index.LONGEST_TEXT]):
        many = joined and len(run) > 1
        for part in index.pairs(run) if many else [run]:
            open_end = not many and (joined or len(run) > 2)
            word, start = index.term(chat, part), index.term(chat, part, prefix=open_end)
            found[_Term(word, start)] = None
        if len(found) >= _WORDS:
            break
    return list(found)[:_WORDS]


def _best(conn: sqlite3.Connection, terms: list[_Term], limit: int) -> list[Found]:
    found: list[Found] = []
    for table, read in _READERS.items():
        scores = _weigh(conn, table, terms)
        best = sorted(scores, key=lambda seq: (scores[seq], seq), reverse=True)[:limit]
        found += [read(conn, seq, scores[seq]) for seq in best]
    return sorted(found, key=lambda one: (one.score, one.at), reverse=True)[:limit]


def _weigh(conn: sqlite3.Connection, table: str, terms: list[_Term]) -> dict[int, float]:
    """Return the score of each text that has a term; one that has all is found at any age."""
    scores: dict[int, float] = defaultdict(float)
    total, matches = 0.0, []
    for term in terms:
        exact = hits = _hits(conn, table, term.word)
        if len(exact) < _NEWEST and term.start != term.word:  # else it is slow and tells nothing
            hits = _hits(conn, table, term.start)
        matches.append(term.word if hits is exact else term.start)
        weight = math.log1p(_NEWEST / max(1, len(hits)))
        total += weight
        for seq in hits:
            scores[seq] += weight
        for seq in exact:
            scores[seq] += weight / 4
    for seq in _hits(conn, table, " AND ".join(matches)):
        scores[seq] += 2 * total
    return scores


def _hits(conn: sqlite3.Connection, table: str, match: str) -> list[int]:
    """Return the newest texts that fit."""
    sql = f"SELECT rowid FROM {table} WHERE {table} MATCH ? ORDER BY rowid DESC LIMIT {_NEWEST}"
    return [seq for (seq,) in conn.execute(sql, (match,))]


def _message(conn: sqlite3.Connection, seq: int, score: float) -> Found:
    id, text, at, name = conn.execute(_MESSAGES, (seq,)).fetchone()
    return Found(id, text, rows.moment(at), name, score)


def _step(conn: sqlite3.Connection, seq: int, score: float) -> Found:
    turn, id, args, result, at, name = conn.execute(_STEPS, (seq,)).fetchone()
    return Found(turn, index.step_text(args, result), rows.moment(at), name, score, id)


_READERS: dict[str, Callable[[sqlite3.Connection, int, float], Found]] = {
    "message_words": _message,
    "step_words": _step,
}

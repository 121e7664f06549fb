"""Search over what was said and made in one chat: by its words, and by what they mean.

Both make a list, the best first; a text counts 1 / (60 + its place) in each (reciprocal rank
fusion: Cormack, Clarke and Buettcher, SIGIR 2009).
"""

import asyncio
import math
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from importlib import import_module

from memory import index, rows
from memory.database import Database
from memory.meaning import Meaning, Meanings
from memory.records import Chat

_WORDS = 16  # of a question that are looked for
_NEWEST = 200  # hits of one word that are weighed: bounds the work however large the chat is
_SHARE = 1 / 3  # of the words: where meaning finds the rest, "the" and "for" alone say nothing
_NEAREST = 5  # texts that only mean the same
_FLAT = 60  # makes the first places count nearly alike, as its authors found best
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


async def search(
    database: Database,
    chat: Chat,
    words: str,
    *,
    limit: int = 10,
    meaning: Meaning | None = None,
    meanings: Meanings | None = None,
) -> list[Found]:
    """Return what fits the words best, in this chat only; of equals the newest first.

    A text need not hold all words: rare ones count more than common ones. Case and accents do
    not matter, the beginning of a word is enough; any text is a safe question. With the meaning
    of the words, messages that mean nearly the same are found, too, and scores are those of both.
    """
    if meaning is not None:
        await asyncio.to_thread(import_module, "numpy")  # the database must not wait for that

    def work(conn: sqlite3.Connection) -> list[Found]:
        number = rows.find_chat(conn, chat)
        terms = [] if number is None else _terms(number, words)
        if number is None or limit < 1 or not (terms or meaning):
            return []
        index.catch_up(conn)
        if meaning is None or meanings is None:
            return _best(conn, terms, limit)
        found = _best(conn, terms, limit, _SHARE)
        near = meanings.nearest(conn, number, meaning, _NEAREST)
        return _fused(found, [_message(conn, seq, 0.0) for seq in near])[:limit]

    return await database(lambda db: work(db.conn))


def _fused(*lists: Sequence[Found]) -> list[Found]:
    """Return what several lists hold, each once, the best over all of them first."""
    scores: dict[tuple[str, str], float] = defaultdict(float)
    things: dict[tuple[str, str], Found] = {}
    for found in lists:
        for place, one in enumerate(found, 1):
            key = (one.message_id, one.step_id)
            scores[key] += 1 / (_FLAT + place)
            things[key] = one
    fused = [replace(one, score=scores[key]) for key, one in things.items()]
    return sorted(fused, key=lambda one: (one.score, one.at), reverse=True)


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


def _best(
    conn: sqlite3.Connection, terms: list[_Term], limit: int, share: float = 0.0
) -> list[Found]:
    """Return the texts that hold at least this share of the words, by how much they tell."""
    found: list[Found] = []
    for table, read in _READERS.items() if terms else ():
        scores = _weigh(conn, table, terms, share)
        best = sorted(scores, key=lambda seq: (scores[seq], seq), reverse=True)[:limit]
        found += [read(conn, seq, scores[seq]) for seq in best]
    return sorted(found, key=lambda one: (one.score, one.at), reverse=True)[:limit]


def _weigh(
    conn: sqlite3.Connection, table: str, terms: list[_Term], share: float
) -> dict[int, float]:
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
    return {seq: score for seq, score in scores.items() if score >= share * total}


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

"""The words of every text, each bound to its chat, so that a search never sees another chat.

A term is `<chat number>x<word>`: all words of a chat lie side by side in the index, and a prefix
search reads no other. Scripts without spaces are cut into overlapping pairs of characters
("猫咪在睡" is 猫咪 咪在 在睡 睡), so any part of a sentence is found. Messages are indexed in
batches, at every 256th and before a search: one by one costs several times as much, because
FTS5 writes a segment for each.
"""

import json
import re
import sqlite3
import unicodedata
from collections.abc import Iterable, Iterator

BATCH = 256

LONGEST_TEXT = 10_000
"""How many characters of a text are indexed: bounds the time one message can take."""

_LONGEST = 40  # characters of a word; what is longer is cut, on both sides of the search
_ACCENTS = re.compile("[\u0300-\u036f]")
# Han, kana, Thai, Lao, Burmese, Khmer: written without spaces.
_JOINED = (
    "\u3005\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
)
# Vowel signs of Hebrew, Arabic and the scripts of India are no letters to `re`, but part of a word.
_SIGNS = "\u0591-\u05bd\u05bf-\u05c7\u064b-\u065f\u0670\u0900-\u0963\u0970-\u0dff"
_RUN = re.compile(rf"([{_JOINED}]+)|(?:[^\W_{_JOINED}]|[{_SIGNS}])+")
_HASH = re.compile(r"[0-9a-f]{64}")


def runs(text: str) -> Iterator[tuple[str, bool]]:
    """Yield the words of a text without case and accents, and whether each has no spaces inside."""
    if not text.isascii():
        # Only accents are dropped: the marks of kana and Hangul are put together again.
        text = unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFKD", text)))
    for match in _RUN.finditer(text.casefold()):
        yield match[0], match[1] is not None


def pairs(run: str) -> list[str]:
    """Return the overlapping pairs of characters of a run."""
    return [run[at : at + 2] for at in range(len(run) - 1)]


def terms(chat: int, text: str) -> str:
    """Return the terms of a text, each once, as they stand in the index."""
    found: dict[str, None] = {}
    for run, joined in runs(text[:LONGEST_TEXT]):
        for word in (*pairs(run), run[-1]) if joined else (run[:_LONGEST],):
            found[f"{chat}x{word}"] = None
    return " ".join(found)


def term(chat: int, word: str, *, prefix: bool = False) -> str:
    """Return the FTS5 expression that finds a word; it holds nothing a person could break."""
    return f'"{chat}x{word[:_LONGEST]}"' + ("*" if prefix else "")


def step_text(args: str, result: str) -> str:
    """Return what of a step is searched: its result and every text among its arguments (JSON)."""
    values = [value for value in json.loads(args).values() if isinstance(value, str)]
    return "\n".join([result, *(value for value in values if not _HASH.fullmatch(value))])


def catch_up(conn: sqlite3.Connection, most: int = 1_000_000_000) -> None:
    """Index the messages that are not yet, the oldest first, `most` at a time."""
    rows = conn.execute(
        "SELECT seq, chat, text FROM messages WHERE seq > (SELECT upto FROM indexed)"
        " ORDER BY seq LIMIT ?",
        (most,),
    ).fetchall()
    if not rows:
        return
    conn.executemany(
        "INSERT INTO message_words (rowid, words) VALUES (?, ?)",
        ((seq, terms(chat, text)) for seq, chat, text in rows),
    )
    conn.execute("UPDATE indexed SET upto = ?", (rows[-1][0],))


def put_step(conn: sqlite3.Connection, seq: int, chat: int, text: str) -> None:
    """Index a step."""
    conn.execute("INSERT INTO step_words (rowid, words) VALUES (?, ?)", (seq, terms(chat, text)))


def drop(conn: sqlite3.Connection, table: str, chat: int, texts: Iterable[tuple[int, str]]) -> None:
    """Take indexed texts out of `message_words` or `step_words`, given as (seq, text)."""
    # The index keeps no text, so FTS5 must be told the very terms that were put in.
    conn.executemany(
        f"INSERT INTO {table} ({table}, rowid, words) VALUES ('delete', ?, ?)",
        ((seq, terms(chat, text)) for seq, text in texts),
    )


def compact(conn: sqlite3.Connection, table: str, *, start: bool) -> bool:
    """Merge a part of an index so that dropped words leave the disk; return whether to go on."""
    before = conn.total_changes
    pages = -64 if start else 64  # a negative number begins to merge everything into one
    conn.execute(f"INSERT INTO {table} ({table}, rank) VALUES ('merge', ?)", (pages,))
    return conn.total_changes - before >= 2

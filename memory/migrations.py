"""The schema as an ordered list of changes, each applied once and in a transaction.

Chats and users are kept once and named by small numbers elsewhere, so a message costs few bytes.
`seq` counts in order of arrival; ids made within one millisecond do not sort. Full-text rows hold
words only (memory/index.py); times are microseconds since 1970.
"""

import sqlite_utils
from sqlite_utils.migrations import Migrations

from memory.errors import AtelierError

SCHEMA = Migrations("atelier")


def check_age(db: sqlite_utils.Database) -> None:
    """Raise AtelierError when a newer Atelier wrote this file."""
    known = {migration.name for migration in SCHEMA.pending(sqlite_utils.Database(memory=True))}
    if any(migration.name not in known for migration in SCHEMA.applied(db)):
        raise AtelierError(
            "A newer Atelier wrote this data folder; install that version or choose another "
            "with --data."
        )


_FIRST = (
    """CREATE TABLE chats (
        number INTEGER PRIMARY KEY, platform TEXT NOT NULL, id TEXT NOT NULL,
        UNIQUE (platform, id))""",
    """CREATE TABLE users (
        number INTEGER PRIMARY KEY, platform TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL,
        UNIQUE (platform, id))""",
    """CREATE TABLE members (
        user INTEGER, chat INTEGER, PRIMARY KEY (user, chat)) WITHOUT ROWID""",
    "CREATE INDEX members_chat ON members (chat)",
    """CREATE TABLE messages (
        seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, chat INTEGER NOT NULL, author INTEGER,
        text TEXT NOT NULL, reply_to TEXT, assets INTEGER NOT NULL, at INTEGER NOT NULL)""",
    "CREATE INDEX messages_chat ON messages (chat)",
    """CREATE TABLE assets (
        sha256 TEXT PRIMARY KEY, media_type TEXT NOT NULL, size INTEGER NOT NULL,
        width INTEGER NOT NULL, height INTEGER NOT NULL, seconds REAL NOT NULL,
        waveform BLOB NOT NULL)""",
    """CREATE TABLE message_assets (
        message INTEGER, position INTEGER, asset TEXT NOT NULL,
        PRIMARY KEY (message, position)) WITHOUT ROWID""",
    "CREATE INDEX message_assets_asset ON message_assets (asset)",
    "CREATE TABLE turns (message INTEGER PRIMARY KEY, open INTEGER NOT NULL)",
    "CREATE INDEX turns_open ON turns (message) WHERE open",
    """CREATE TABLE deliveries (
        message INTEGER PRIMARY KEY, actions TEXT NOT NULL, status TEXT NOT NULL,
        receipts TEXT NOT NULL, kind TEXT NOT NULL)""",
    "CREATE INDEX deliveries_pending ON deliveries (message) WHERE status = 'pending'",
    """CREATE TABLE steps (
        seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, chat INTEGER NOT NULL,
        user INTEGER NOT NULL, turn TEXT NOT NULL, tool TEXT NOT NULL, args TEXT NOT NULL,
        status TEXT NOT NULL, result TEXT NOT NULL, seconds REAL NOT NULL, at INTEGER NOT NULL)""",
    "CREATE INDEX steps_chat ON steps (chat)",
    "CREATE INDEX steps_turn ON steps (turn)",
    """CREATE TABLE step_assets (
        step INTEGER, position INTEGER, asset TEXT NOT NULL,
        PRIMARY KEY (step, position)) WITHOUT ROWID""",
    "CREATE INDEX step_assets_asset ON step_assets (asset)",
    """CREATE TABLE step_parents (
        step INTEGER, position INTEGER, asset TEXT NOT NULL,
        PRIMARY KEY (step, position)) WITHOUT ROWID""",
    "CREATE INDEX step_parents_asset ON step_parents (asset)",
    """CREATE TABLE feedback (
        target TEXT, user INTEGER, score INTEGER NOT NULL, note TEXT NOT NULL, at INTEGER NOT NULL,
        PRIMARY KEY (target, user)) WITHOUT ROWID""",
    *(
        f"""CREATE VIRTUAL TABLE {table} USING fts5 (
            words, content='', detail='none', columnsize=0, tokenize='ascii')"""
        for table in ("message_words", "step_words")
    ),
    "CREATE TABLE indexed (upto INTEGER NOT NULL)",
    "INSERT INTO indexed VALUES (0)",
)


@SCHEMA()
def first(db: sqlite_utils.Database) -> None:
    """Create what the first version needs."""
    for statement in _FIRST:
        db.execute(statement)


@SCHEMA()
def facts(db: sqlite_utils.Database) -> None:
    """Create what holds facts that are no part of any conversation, as JSON under a name."""
    db.execute("CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID")


@SCHEMA()
def posts(db: sqlite_utils.Database) -> None:
    """Create what says where each piece of a message stands on its platform."""
    db.execute(
        """CREATE TABLE posts (
            message INTEGER, part INTEGER, chat INTEGER NOT NULL, id TEXT NOT NULL,
            asset TEXT NOT NULL, PRIMARY KEY (message, part)) WITHOUT ROWID"""
    )
    db.execute("CREATE INDEX posts_id ON posts (chat, id)")
    db.execute("ALTER TABLE deliveries DROP COLUMN receipts")


@SCHEMA()
def moved(db: sqlite_utils.Database) -> None:
    """Create what names the chats by the ids they had before their platform moved them."""
    db.execute(
        """CREATE TABLE moved (
            platform TEXT, id TEXT, number INTEGER NOT NULL,
            PRIMARY KEY (platform, id)) WITHOUT ROWID"""
    )


@SCHEMA()
def summaries(db: sqlite_utils.Database) -> None:
    """Create what holds a few words on the older messages of each chat."""
    db.execute(
        """CREATE TABLE summaries (
            chat INTEGER PRIMARY KEY, text TEXT NOT NULL, upto TEXT NOT NULL)"""
    )


@SCHEMA()
def meanings(db: sqlite_utils.Database) -> None:
    """Create what holds the meaning of messages: blocks of their signs, chat by chat."""
    db.execute(
        """CREATE TABLE sketches (
            chat INTEGER, first INTEGER, last INTEGER NOT NULL, at INTEGER NOT NULL,
            seqs BLOB NOT NULL, signs BLOB NOT NULL, PRIMARY KEY (chat, first))"""
    )
    db.execute("CREATE TABLE reworded (message INTEGER PRIMARY KEY)")
    db.execute("CREATE TABLE meant (encoder TEXT NOT NULL, upto INTEGER NOT NULL)")
    db.execute("INSERT INTO meant VALUES ('', 0)")


@SCHEMA()
def tastes(db: sqlite_utils.Database) -> None:
    """Create what holds the likings of people and rooms, and what they were learnt from."""
    db.execute(
        """CREATE TABLE tastes (
            owner TEXT, name TEXT, value TEXT, liked INTEGER NOT NULL, user INTEGER NOT NULL,
            chat INTEGER NOT NULL, at INTEGER NOT NULL,
            PRIMARY KEY (owner, name, value)) WITHOUT ROWID"""
    )
    db.execute(
        """CREATE TABLE picks (
            seq INTEGER PRIMARY KEY, owner TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,
            liked INTEGER NOT NULL, asset TEXT NOT NULL, user INTEGER NOT NULL,
            chat INTEGER NOT NULL)"""
    )
    db.execute("CREATE INDEX picks_owner ON picks (owner, name)")


@SCHEMA()
def sights(db: sqlite_utils.Database) -> None:
    """Create what holds what pictures show, a vector for each."""
    db.execute(
        """CREATE TABLE sights (
            asset TEXT PRIMARY KEY, encoder TEXT NOT NULL, vector BLOB NOT NULL) WITHOUT ROWID"""
    )


@SCHEMA()
def rooms(db: sqlite_utils.Database) -> None:
    """Create what holds project rooms: the log of each, and the chats it is in."""
    db.execute(
        """CREATE TABLE rooms (
            number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, open INTEGER NOT NULL,
            code TEXT NOT NULL)"""
    )
    db.execute(
        """CREATE TABLE room_chats (
            room INTEGER, chat INTEGER, board TEXT NOT NULL, shown INTEGER NOT NULL,
            pinned INTEGER NOT NULL, PRIMARY KEY (room, chat)) WITHOUT ROWID"""
    )
    db.execute("CREATE INDEX room_chats_chat ON room_chats (chat)")
    db.execute(
        """CREATE TABLE room_events (
            room INTEGER, number INTEGER, kind TEXT NOT NULL, author INTEGER,
            message TEXT NOT NULL, key TEXT NOT NULL, data TEXT NOT NULL, at INTEGER NOT NULL,
            PRIMARY KEY (room, number)) WITHOUT ROWID"""
    )
    db.execute("CREATE INDEX room_events_key ON room_events (key)")
    db.execute("CREATE INDEX room_events_author ON room_events (author)")


@SCHEMA()
def room_codes(db: sqlite_utils.Database) -> None:
    """Let the codes of rooms end; those that were given before have ended."""
    db.execute("ALTER TABLE rooms ADD COLUMN until INTEGER NOT NULL DEFAULT 0")


@SCHEMA()
def languages(db: sqlite_utils.Database) -> None:
    """Create what says in which language people are answered, and how results are worded."""
    db.execute("ALTER TABLE messages ADD COLUMN language TEXT NOT NULL DEFAULT ''")
    db.execute("ALTER TABLE steps ADD COLUMN wording TEXT NOT NULL DEFAULT ''")

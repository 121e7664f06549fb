"""How fast messages are stored and loaded; run it from the root: `python -m tests.bench.memory`.

Three stores with the same durability (WAL, synchronous=FULL: each append is forced to the disk)
hold one chat of 10, 10 000 and 1 000 000 messages of twenty words: ours, sqlite3 with prepared
SQL, and LangChain's SQLChatMessageHistory. They take turns within one run, so the ratios can be
trusted also where the times depend on the machine.
"""

import asyncio
import json
import random
import sqlite3
import time
import warnings
from collections.abc import Iterable, Iterator
from contextlib import AsyncExitStack
from functools import cache
from importlib import import_module
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Protocol

import sqlite_utils

from memory import index
from memory.database import Database
from memory.recall import search
from memory.records import Chat, Message, User
from memory.store import Store
from tests.bench.report import Fact, note

SIZES = (10, 10_000, 1_000_000)
PEER_MOST = 100_000  # above it one load of LangChain's history takes half a minute
SEARCHABLE = 100_000  # of the messages built in bulk, the newest: indexing a million takes a minute
PEER = "langchain_community.chat_message_histories"
APPENDS, SLOW_TURNS = 200, 3
USERS, SECONDS = 200, 3.0
CHAT, ANA = Chat("bench", "1"), User("bench", "1", "Ana")


class Peer(Protocol):
    """A store under test; each method is what its users would call."""

    name: str

    async def append(self, text: str, chat: str = "1") -> None: ...

    async def load(self, chat: str = "1") -> list[Any]: ...


def texts(count: int) -> list[str]:
    """Return messages of 20 words, drawn from 20 000 words by Zipf's law."""
    draw = random.Random(1)
    letters = "etaoinshrdlucmfw"
    words = ["".join(draw.choices(letters, k=draw.randint(2, 9))) for _ in range(20_000)]
    weights = [1 / rank for rank in range(1, 20_001)]
    return [" ".join(draw.choices(words, weights, k=20)) for _ in range(count)]


TEXTS = texts(20_000)


class Raw:
    """The floor: one table, one index, prepared SQL, rows as tuples."""

    name = "sqlite3"

    def __init__(self, folder: Path, size: int) -> None:
        self._db = connect(folder / f"raw{size}.db")
        self._db.execute(
            "CREATE TABLE messages (id TEXT, chat TEXT, author TEXT, text TEXT, at REAL)"
        )
        self._db.execute("CREATE INDEX chat ON messages (chat, id)")
        rows = ((f"{n:020x}", "1", "1", text, float(n)) for n, text in numbered(size))
        bulk(self._db, "INSERT INTO messages VALUES (?, ?, ?, ?, ?)", rows)
        self._next = size

    async def append(self, text: str, chat: str = "1") -> None:
        self._next += 1
        values = (f"{self._next:020x}", chat, "1", text, time.time())
        self._db.execute("INSERT INTO messages VALUES (?, ?, ?, ?, ?)", values)

    async def load(self, chat: str = "1") -> list[Any]:
        sql = "SELECT id, author, text, at FROM messages WHERE chat = ? ORDER BY id DESC LIMIT 50"
        return self._db.execute(sql, (chat,)).fetchall()


class Ours:
    """Records in and out, full-text index and thread included."""

    name = "Atelier"

    def __init__(self, database: Database) -> None:
        self.database, self._store = database, Store(database)

    async def fill(self, size: int) -> None:
        """Store `size` messages in bulk; all of up to SEARCHABLE of them can be searched."""
        await self._store.add(Message(CHAT, ANA, TEXTS[0]))

        def work(db: sqlite_utils.Database) -> None:
            sql = (
                "INSERT INTO messages (id, chat, author, text, reply_to, assets, at)"
                " VALUES (?, 1, ?, ?, ?, 0, ?)"
            )
            start = 1_700_000_000_000_000
            rows = (
                (f"{n:020x}", n % 2 or None, text, None if n % 2 else f"{n - 1:020x}", start + n)
                for n, text in numbered(size - 1)
            )
            db.conn.executemany(sql, rows)
            db.execute("UPDATE indexed SET upto = ?", (max(0, size - SEARCHABLE),))
            index.catch_up(db.conn)

        await self.database(work)

    async def append(self, text: str, chat: str = "1") -> None:
        await self._store.add(Message(Chat("bench", chat), ANA, text))

    async def load(self, chat: str = "1") -> list[Any]:
        return await self._store.history(Chat("bench", chat))


class LangChain:
    """SQLChatMessageHistory; its `messages` loads the whole chat, there is no limit."""

    name = "LangChain"

    def __init__(self, folder: Path, size: int) -> None:
        sql, alchemy = import_module(PEER), import_module("sqlalchemy")
        file = folder / f"langchain{size}.db"
        db = connect(file)  # the file stays in WAL, and FULL is the default
        db.execute(
            "CREATE TABLE message_store (id INTEGER PRIMARY KEY, session_id TEXT, message TEXT)"
        )
        bulk(
            db,
            "INSERT INTO message_store (session_id, message) VALUES ('1', ?)",
            ((json.dumps({"type": "human", "data": {"content": t}}),) for _, t in numbered(size)),
        )
        db.close()
        engine = alchemy.create_engine(f"sqlite:///{file}")
        self._open = cache(lambda chat: sql.SQLChatMessageHistory(chat, connection=engine))

    async def append(self, text: str, chat: str = "1") -> None:
        self._open(chat).add_user_message(text)

    async def load(self, chat: str = "1") -> list[Any]:
        return list(self._open(chat).messages[-50:])


def connect(file: Path) -> sqlite3.Connection:
    db = sqlite3.connect(file, isolation_level=None)
    db.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;")
    return db


def numbered(size: int) -> Iterator[tuple[int, str]]:
    return ((n, TEXTS[n % len(TEXTS)]) for n in range(1, size + 1))


def bulk(db: sqlite3.Connection, sql: str, rows: Iterable[tuple[Any, ...]]) -> None:
    db.execute("BEGIN")
    db.executemany(sql, rows)
    db.execute("COMMIT")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


async def medians(peers: list[Peer]) -> dict[str, tuple[float, float]]:
    """Return the median microseconds of one append and one load, the peers taking turns."""
    appends: dict[str, list[float]] = {peer.name: [] for peer in peers}
    loads: dict[str, list[float]] = {peer.name: [] for peer in peers}
    for turn in range(APPENDS):
        for peer in peers:
            if peer.name == "LangChain" and turn >= SLOW_TURNS:
                continue
            start = time.perf_counter()
            await peer.append(TEXTS[turn])
            middle = time.perf_counter()
            await peer.load()
            appends[peer.name].append(middle - start)
            loads[peer.name].append(time.perf_counter() - middle)
    return {
        peer.name: (1e6 * median(appends[peer.name]), 1e6 * median(loads[peer.name]))
        for peer in peers
    }


async def one_size(folder: Path, size: int, has_langchain: bool) -> dict[str, tuple[float, float]]:
    async with AsyncExitStack() as stack:
        ours = Ours(await stack.enter_async_context(Database(folder / f"ours{size}.db")))
        await ours.fill(size)
        peers: list[Peer] = [Raw(folder, size), ours]
        if has_langchain and size <= PEER_MOST:
            peers.append(LangChain(folder, size))
        found = await medians(peers)
        raw_append, raw_load = found["sqlite3"]
        for name, (append, load) in found.items():
            print(
                f"  {name:10} {size:>9,} {append:>9,.0f} us {append / raw_append:>7.2f}x"
                f" {load:>10,.0f} us {load / raw_load:>8.2f}x"
            )
        start = time.perf_counter()
        await search(ours.database, CHAT, TEXTS[7].split()[0])
        print(f"  {'search':10} {size:>9,} {1e3 * (time.perf_counter() - start):>9.2f} ms")
        return found


async def turns(peer: Peer) -> str:
    """Let USERS people talk at once in a chat each: a turn is one durable append and one load."""
    end, waits = time.perf_counter() + SECONDS, list[float]()

    async def talk(chat: str) -> None:
        start = time.perf_counter()
        while start < end:
            await asyncio.sleep(
                0
            )  # a store that blocks the loop makes the others wait: that counts
            await peer.append(TEXTS[len(waits) % len(TEXTS)], chat)
            await peer.load(chat)
            waits.append(time.perf_counter() - start)
            start = time.perf_counter()

    began = time.perf_counter()
    await asyncio.gather(*(talk(f"u{n}") for n in range(USERS)))
    rate = len(waits) / (time.perf_counter() - began)
    slow = 1e3 * sorted(waits)[int(len(waits) * 0.99)]
    return f"  {peer.name:10} {rate:>9,.0f} turns/s   p99 {slow:>8,.1f} ms"


async def together(folder: Path, has_langchain: bool) -> None:
    async with Database(folder / "users.db") as database:
        peers: list[Peer] = [Raw(folder, 0), Ours(database)]
        if has_langchain:
            peers.append(LangChain(folder, 0))
        for peer in peers:
            print(await turns(peer))


def bytes_each(folder: Path, size: int) -> float:
    return (folder / f"ours{size}.db").stat().st_size / size


async def compare(folder: Path) -> list[Fact]:
    has_langchain = True
    try:
        import_module(PEER)
    except ImportError:
        has_langchain = False
        note("langchain-community is not installed, its rows are left out (the extra `bench`)")
    print(
        f"\nMemory: medians of {APPENDS} (LangChain {SLOW_TURNS}), each append forced to the disk"
    )
    print("  store       messages        append (raw = 1)      last 50 (raw = 1)")
    sizes = SIZES if not has_langchain else sorted({*SIZES, PEER_MOST})
    facts = [told(size, await one_size(folder, size, has_langchain)) for size in sizes]
    note(f"{bytes_each(folder, 10_000):.0f} bytes a message on disk, with its full-text index")
    note(f"{USERS} people at once, each turn one durable append and one load:")
    await together(folder, has_langchain)
    return facts


def told(size: int, found: dict[str, tuple[float, float]]) -> Fact:
    shown = {n: f"{append:,.0f} us / {load:,.0f} us" for n, (append, load) in found.items()}
    names = {"sqlite3": "sqlite3", "LangChain": "SQLChatMessageHistory"}
    beside = "; ".join(f"{name} {shown[n]}" for n, name in names.items() if n in shown)
    return Fact(f"append / load the last 50 at {size:,} messages", shown["Atelier"], beside)


def main() -> list[Fact]:
    warnings.simplefilter("ignore")  # LangChain announces the end of langchain-community
    with TemporaryDirectory() as folder:
        return asyncio.run(compare(Path(folder)))


if __name__ == "__main__":
    main()

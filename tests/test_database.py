"""The database: groups, savepoints, cancellation, closing, a full disk, kill -9."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path

import pytest
import sqlite_utils

from memory.database import Database
from memory.errors import AtelierError, DataFolderBusy, StorageFull
from memory.records import Chat, Message, User
from memory.store import Store

ROOT = Path(__file__).parent.parent


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database(tmp_path / "a.db") as database:
        await database(create)
        yield database


def create(db: sqlite_utils.Database) -> None:
    db.execute("CREATE TABLE notes (text TEXT)")


def write(text: str) -> Callable[[sqlite_utils.Database], None]:
    def work(db: sqlite_utils.Database) -> None:
        db.execute("INSERT INTO notes VALUES (?)", (text,))

    return work


def notes(db: sqlite_utils.Database) -> list[str]:
    return [text for (text,) in db.execute("SELECT text FROM notes ORDER BY rowid")]


class Gate:
    """A piece of work that holds the database's thread until it is opened."""

    def __init__(self) -> None:
        self.reached, self._open = asyncio.Event(), threading.Event()
        self._loop = asyncio.get_running_loop()

    def __call__(self, db: sqlite_utils.Database) -> None:
        self._loop.call_soon_threadsafe(self.reached.set)
        assert self._open.wait(10)

    def open(self) -> None:
        self._open.set()


async def held(database: Database) -> tuple[Gate, asyncio.Task[None]]:
    """Return once the thread is busy: what is sent now is waiting and will be one group."""
    gate = Gate()
    task = asyncio.ensure_future(database(gate))
    await asyncio.wait_for(gate.reached.wait(), 10)
    return gate, task


async def waiting(
    database: Database, *works: Callable[[sqlite_utils.Database], object]
) -> list[asyncio.Task[object]]:
    tasks = [asyncio.ensure_future(database(work)) for work in works]
    await asyncio.sleep(0)  # each task runs up to where it waits
    return tasks


async def test_work_returns_what_it_read_and_what_it_wrote_stays(tmp_path: Path) -> None:
    async with Database(tmp_path / "a.db") as database:
        await database(create)
        await database(write("kept"))
        assert await database(notes) == ["kept"]
    async with Database(tmp_path / "a.db") as database:
        assert await database(notes) == ["kept"]


async def test_every_commit_is_forced_to_the_disk(database: Database) -> None:
    def pragma(db: sqlite_utils.Database) -> tuple[object, object]:
        return tuple(
            db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")
        )

    assert await database(pragma) == ("wal", 2)  # 2 is FULL


async def test_whoever_waits_together_is_committed_together(database: Database) -> None:
    commits: list[str] = []

    def trace(db: sqlite_utils.Database) -> None:
        db.conn.set_trace_callback(lambda sql: commits.append(sql) if sql == "COMMIT" else None)

    await database(trace)
    gate, holder = await held(database)
    tasks = await waiting(database, *(write(str(n)) for n in range(100)))
    gate.open()
    await asyncio.gather(holder, *tasks)
    assert len(commits) <= 3  # the tracing, the gate, and one for the hundred
    assert await database(notes) == [str(n) for n in range(100)]


async def test_a_failing_neighbour_undoes_only_its_own_writes(database: Database) -> None:
    def fail(db: sqlite_utils.Database) -> None:
        write("half")(db)
        raise ValueError("no")

    gate, holder = await held(database)
    tasks = await waiting(database, write("a"), fail, write("b"))
    gate.open()
    await holder
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(result) for result in results] == [type(None), ValueError, type(None)]
    assert await database(notes) == ["a", "b"]


async def test_neighbours_survive_when_sqlite_undoes_the_whole_group(database: Database) -> None:
    def undo_all(db: sqlite_utils.Database) -> None:
        write("half")(db)
        db.conn.execute("INSERT OR ROLLBACK INTO notes (rowid, text) VALUES (1, 'twice')")

    await database(write("first"))
    gate, holder = await held(database)
    tasks = await waiting(database, write("a"), undo_all, write("b"))
    gate.open()
    await holder
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(results[1], sqlite3.IntegrityError)
    assert results[0] is results[2] is None
    assert await database(notes) == ["first", "a", "b"]


async def test_nobody_is_told_before_the_commit(tmp_path: Path, database: Database) -> None:
    other = sqlite3.connect(tmp_path / "a.db")
    seen: list[int] = []

    async def one(n: int) -> None:
        await database(write(str(n)))
        seen.append(other.execute("SELECT count(*) FROM notes").fetchone()[0])

    gate, holder = await held(database)
    tasks = [asyncio.ensure_future(one(n)) for n in range(10)]
    await asyncio.sleep(0)
    gate.open()
    await asyncio.gather(holder, *tasks)
    other.close()
    assert seen == [10] * 10


async def test_reading_writes_nothing_to_the_disk(tmp_path: Path, database: Database) -> None:
    await database(write("a"))
    wal = (tmp_path / "a.db-wal").stat()
    for _ in range(20):
        await database(notes)
    after = (tmp_path / "a.db-wal").stat()
    assert (after.st_size, after.st_mtime_ns) == (wal.st_size, wal.st_mtime_ns)


async def test_a_caller_who_stops_waiting_breaks_nothing(database: Database) -> None:
    gate, holder = await held(database)
    (gone,) = await waiting(database, write("handed over"))
    gone.cancel()
    gate.open()
    with pytest.raises(asyncio.CancelledError):
        await gone
    await holder
    assert await database(notes) == ["handed over"]


async def test_the_loop_goes_on_while_the_thread_works(database: Database) -> None:
    gate = Gate()
    asyncio.get_running_loop().call_soon(gate.open)  # never called if the loop were blocked
    await asyncio.wait_for(database(gate), 5)


async def test_closing_waits_for_what_is_queued(tmp_path: Path) -> None:
    async with Database(tmp_path / "a.db") as database:
        await database(create)
        gate, holder = await held(database)
        tasks = await waiting(database, *(write(str(n)) for n in range(5)))
        asyncio.get_running_loop().call_soon(gate.open)
    await asyncio.gather(holder, *tasks)
    with pytest.raises(AtelierError, match="shutting down"):
        await database(notes)
    assert not (tmp_path / "a.db-wal").exists()
    async with Database(tmp_path / "a.db") as database:
        assert len(await database(notes)) == 5


async def test_a_full_disk_is_one_sentence_and_room_heals_it(database: Database) -> None:
    def limit(pages: int) -> Callable[[sqlite_utils.Database], object]:
        return lambda db: db.conn.execute(f"PRAGMA max_page_count = {pages}").fetchone()

    await database(limit(1))  # as many as there are
    gate, holder = await held(database)
    tasks = await waiting(database, write("small"), write("x" * 100_000), write("also small"))
    gate.open()
    await holder
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(results[1], StorageFull)
    assert str(results[1]) == "The disk is full; free some room and send that again."
    assert results[0] is results[2] is None
    with pytest.raises(StorageFull):
        await database(write("x" * 100_000))
    await database(limit(1_000_000))
    await database(write("y" * 100_000))
    assert [text[:5] for text in await database(notes)] == ["small", "also ", "yyyyy"]


async def test_another_process_holding_the_file_is_one_sentence(tmp_path: Path) -> None:
    async with Database(tmp_path / "a.db", patience=0.01) as database:
        await database(create)
        other = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DataFolderBusy, match="close it"):
            await database(write("a"))
        results = await asyncio.gather(
            *(database(write(str(n))) for n in range(3)), return_exceptions=True
        )
        assert {type(result) for result in results} == {DataFolderBusy}
        other.execute("ROLLBACK")
        other.close()
        await database(write("b"))
        assert await database(notes) == ["b"]


async def test_a_file_that_is_no_database_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_bytes(b"this is no database" * 100)
    with pytest.raises(AtelierError, match="The database is damaged"):
        async with Database(tmp_path / "a.db"):
            pass


async def test_a_missing_folder_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(AtelierError, match="cannot be written"):
        async with Database(tmp_path / "none" / "a.db"):
            pass


async def test_a_file_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    async with Database(tmp_path / "a.db") as database:
        await database(
            lambda db: db.table("_sqlite_migrations").insert(
                {"migration_set": "atelier", "name": "from_the_future", "applied_at": ""}
            )
        )
    with pytest.raises(AtelierError, match="A newer Atelier"):
        async with Database(tmp_path / "a.db"):
            pass


async def test_memory_needs_no_file() -> None:
    async with Database(None) as database:
        await database(create)
        await database(write("a"))
        assert await database(notes) == ["a"]


def run(script: str, path: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script), str(path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def test_a_program_that_does_not_close_still_ends(tmp_path: Path) -> None:
    script = """
        import asyncio, pathlib, sys
        from memory.database import Database
        async def main():
            database = await Database(pathlib.Path(sys.argv[1])).__aenter__()
            await database(lambda db: db.execute("CREATE TABLE kept (n)").rowcount)
        asyncio.run(main())
    """
    with run(script, tmp_path / "a.db") as process:
        assert process.wait(20) == 0
    assert "kept" in sqlite_utils.Database(tmp_path / "a.db").table_names()


def test_importing_the_memory_is_light(tmp_path: Path) -> None:
    script = """
        import sys, memory.assets, memory.folder, memory.recall, memory.store
        sys.exit(sum(name in sys.modules for name in ("sqlite_utils", "numpy", "pandas")))
    """
    with run(script, tmp_path) as process:
        assert process.wait(20) == 0


WRITERS = """
    import asyncio, os, pathlib, sys
    from memory.database import Database
    from memory.records import Chat, Message, User
    from memory.store import Store

    async def talk(store, chat):
        while True:
            request = Message(chat, User("test", "ana"), "draw a fox")
            await store.open_turn(request)
            os.write(1, f"asked {request.id}\\n".encode())
            reply = Message(chat, None, "here it is", reply_to=request.id)
            await store.close_turn(reply)
            os.write(1, f"answered {request.id}\\n".encode())

    async def main():
        async with Database(pathlib.Path(sys.argv[1])) as database:
            store = Store(database)
            await asyncio.gather(*(talk(store, Chat("test", str(n))) for n in range(8)))

    asyncio.run(main())
"""


@pytest.mark.parametrize("lines", [1, 57, 600])
async def test_kill_9_loses_nothing_that_was_acknowledged(tmp_path: Path, lines: int) -> None:
    with run(WRITERS, tmp_path / "a.db") as process:
        assert process.stdout
        told = [process.stdout.readline() for _ in range(lines)]
        process.send_signal(signal.SIGKILL)
        told += process.stdout.readlines()  # what it could still say before it died counts too
    said = {tuple(line.decode().split()) for line in told if line.endswith(b"\n")}
    assert len(said) >= lines
    async with Database(tmp_path / "a.db") as database:
        store = Store(database)
        open_turns = {message.id for message in await store.open_turns("test")}
        answered = {delivery.message.reply_to for delivery in await store.pending("test")}
        for kind, id in said:
            assert (await store.message(id)).text == "draw a fox"
            if kind == "answered":
                assert id in answered
        assert not open_turns & answered  # a reply and the end of its turn are one
        await store.add(Message(Chat("test", "0"), User("test", "ana"), "go on"))
        assert await database(lambda db: db.execute("PRAGMA integrity_check").fetchone()[0]) == "ok"


async def test_what_is_asked_before_it_is_opened_waits_until_it_is(tmp_path: Path) -> None:
    database = Database(tmp_path / "atelier.db")
    early = asyncio.create_task(database(lambda db: db.execute("SELECT 1").fetchone()))
    await asyncio.wait({early}, timeout=0)
    assert not early.done()
    async with database:
        assert await early == (1,)


async def test_a_checkpoint_empties_the_log_unless_somebody_reads(tmp_path: Path) -> None:
    file = tmp_path / "a.db"
    log = tmp_path / "a.db-wal"
    async with Database(file, patience=0.05) as database:
        await database(lambda db: db.execute("CREATE TABLE t (x TEXT)"))
        await database(lambda db: db.execute("INSERT INTO t VALUES ('harpsichord')"))
        assert b"harpsichord" in log.read_bytes()
        assert await database.checkpoint()
        assert log.read_bytes() == b""
        assert b"harpsichord" in file.read_bytes()
        with closing(sqlite3.connect(file)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT * FROM t").fetchall()
            await database(lambda db: db.execute("DELETE FROM t"))
            assert not await database.checkpoint()
        waiting = [database(lambda db: db.execute("DELETE FROM t").rowcount), database.checkpoint()]
        assert await asyncio.gather(*waiting) == [0, True]
        assert b"harpsichord" not in file.read_bytes()

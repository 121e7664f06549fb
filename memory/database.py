"""One SQLite file, one connection, one thread; waiting callers are committed in groups."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from memory.errors import AtelierError, DataFolderBusy, StorageFull
from memory.imports import hidden

if TYPE_CHECKING:
    import sqlite_utils

log = logging.getLogger(__name__)

T = TypeVar("T")

_GROUP = 512  # the most callers in one transaction: bounds how long the first of them waits
_PRAGMAS = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA secure_delete = ON;
PRAGMA temp_store = MEMORY;
PRAGMA cache_size = -8000;
PRAGMA journal_size_limit = 67108864;
"""
_CLOSED = "Atelier is shutting down; send that again when it is back."


class _Call(NamedTuple):
    work: Callable[[sqlite_utils.Database], Any]
    future: asyncio.Future[Any]
    bare: bool = False  # outside any transaction


class _Outcome(NamedTuple):
    future: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = None


class Database:
    """An async context manager; call it with a function and await what that returns.

    `path` None keeps everything in memory. `patience` is how many seconds to wait for another
    process that holds the file. Belongs to the event loop it was entered in; what it is asked
    before it was entered waits until then.
    """

    def __init__(self, path: Path | None = None, *, patience: float = 5.0) -> None:
        self._path, self._patience = path, patience
        self._queue: SimpleQueue[_Call | None] = SimpleQueue()
        self._ended = False

    async def __aenter__(self) -> Database:
        loop = asyncio.get_running_loop()
        opened, self._closed = loop.create_future(), loop.create_future()
        # A daemon, so that a program that ends without closing still ends; SQLite survives that.
        Thread(target=self._run, args=(loop, opened), name="sqlite", daemon=True).start()
        try:
            await opened
        except BaseException:
            self._ended = True
            self._queue.put(None)
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        self._ended = True
        self._queue.put(None)
        await asyncio.shield(self._closed)

    async def __call__(self, work: Callable[[sqlite_utils.Database], T]) -> T:
        """Run `work` on the database's thread; when this returns, what it wrote is on disk.

        What `work` raises is raised here and undoes only its own writes. It may be run a second
        time when the group it was in has to be undone, so it should do nothing but ask the
        database. Once handed over it is done, even if the caller stops waiting.
        Raises StorageFull when the disk has no room, DataFolderBusy when another process holds
        the file for too long.
        """
        return await self._hand_over(work)

    async def checkpoint(self) -> bool:
        """Empty the write-ahead log, so that nothing erased stays in it; return whether it is.

        It is not while another process reads the file.
        """
        return await self._hand_over(_checkpoint, bare=True)

    async def _hand_over(
        self, work: Callable[[sqlite_utils.Database], T], *, bare: bool = False
    ) -> T:
        if self._ended:
            raise AtelierError(_CLOSED)
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._queue.put(_Call(work, future, bare))
        return await future

    def _run(self, loop: asyncio.AbstractEventLoop, opened: asyncio.Future[Any]) -> None:
        try:
            db = _open(self._path, self._patience)
        except Exception as error:  # noqa: BLE001 - it is raised again where the database is entered
            _tell(loop, [_Outcome(opened, error=_translate(error))])
            return
        _tell(loop, [_Outcome(opened)])
        with closing(db):
            more = True
            while more:
                calls, more = self._take()
                _tell(loop, _commit(db, calls))
        _tell(loop, [_Outcome(self._closed)])

    def _take(self) -> tuple[list[_Call], bool]:
        """Return whatever waits (blocks until something does), and whether more may come."""
        calls: list[_Call] = []
        while not calls or (len(calls) < _GROUP and not self._queue.empty()):
            call = self._queue.get()
            if call is None:
                return calls, False
            calls.append(call)
        return calls, True


def _open(path: Path | None, patience: float) -> sqlite_utils.Database:
    with hidden("numpy", "pandas"):  # it would load them if it could, only to know their types
        from memory.migrations import SCHEMA, check_age
    import sqlite_utils

    connection = sqlite3.connect(
        path or ":memory:", timeout=patience, isolation_level=None, cached_statements=256
    )
    try:
        connection.executescript(_PRAGMAS)
        # Plug-ins of its command line are none of ours, and looking for them takes a while.
        db = sqlite_utils.Database(connection, execute_plugins=False)
        check_age(db)
        SCHEMA.apply(db)
    except BaseException:
        connection.close()
        raise
    return db


def _commit(db: sqlite_utils.Database, calls: list[_Call]) -> list[_Outcome]:
    """Run all calls in one transaction, or one by one when that transaction cannot be kept.

    Those that must be outside any come last.
    """
    inside, bare = [c for c in calls if not c.bare], [c for c in calls if c.bare]
    together = _together(db, inside) if len(inside) > 1 else None
    return (together or [_alone(db, call) for call in inside]) + [_bare(db, call) for call in bare]


def _together(db: sqlite_utils.Database, calls: list[_Call]) -> list[_Outcome] | None:
    try:
        db.conn.execute("BEGIN IMMEDIATE")
    except sqlite3.Error as error:  # another process holds the file: each would wait as long again
        return [_Outcome(call.future, error=_translate(error)) for call in calls]
    outcomes: list[_Outcome] = []
    try:
        for call in calls:
            outcomes.append(_guarded(db, call))
            if not db.conn.in_transaction:  # SQLite undid it all, as it may when the disk is full
                return None
        db.conn.execute("COMMIT")
    except sqlite3.Error:
        db.conn.rollback()
        return None
    return outcomes


def _guarded(db: sqlite_utils.Database, call: _Call) -> _Outcome:
    db.conn.execute("SAVEPOINT call")
    try:
        outcome = _Outcome(call.future, call.work(db))
    except Exception as error:  # noqa: BLE001 - it is raised again where the caller awaits
        outcome = _Outcome(call.future, error=_translate(error))
        if not db.conn.in_transaction:
            return outcome
        db.conn.execute("ROLLBACK TO call")
    db.conn.execute("RELEASE call")
    return outcome


def _alone(db: sqlite_utils.Database, call: _Call) -> _Outcome:
    try:
        db.conn.execute("BEGIN IMMEDIATE")
        result = call.work(db)
        db.conn.execute("COMMIT")
    except Exception as error:  # noqa: BLE001 - it is raised again where the caller awaits
        db.conn.rollback()
        return _Outcome(call.future, error=_translate(error))
    return _Outcome(call.future, result)


def _bare(db: sqlite_utils.Database, call: _Call) -> _Outcome:
    try:
        return _Outcome(call.future, call.work(db))
    except Exception as error:  # noqa: BLE001 - it is raised again where the caller awaits
        return _Outcome(call.future, error=_translate(error))


def _checkpoint(db: sqlite_utils.Database) -> bool:
    busy, *_ = db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        log.warning("another program reads the database; its log still holds what was erased")
    return not busy


def _tell(loop: asyncio.AbstractEventLoop, outcomes: list[_Outcome]) -> None:
    with suppress(RuntimeError):  # the loop is closed: nobody waits any more
        loop.call_soon_threadsafe(_resolve, outcomes)


def _resolve(outcomes: list[_Outcome]) -> None:
    for future, result, error in outcomes:
        if future.done():  # the caller was cancelled
            continue
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)


_SENTENCES: dict[int, tuple[type[AtelierError], str]] = {
    sqlite3.SQLITE_FULL: (StorageFull, "The disk is full; free some room and send that again."),
    sqlite3.SQLITE_BUSY: (
        DataFolderBusy,
        "Another program holds the database; close it and send that again.",
    ),
    sqlite3.SQLITE_READONLY: (
        AtelierError,
        "The data folder cannot be written; give this user the right to, or choose another "
        "with --data.",
    ),
    sqlite3.SQLITE_IOERR: (
        AtelierError,
        "The disk with the data folder reports an error; check the disk and start again.",
    ),
    sqlite3.SQLITE_CORRUPT: (
        AtelierError,
        "The database is damaged; put a backup in its place, or choose another folder with --data.",
    ),
}
_SENTENCES[sqlite3.SQLITE_LOCKED] = _SENTENCES[sqlite3.SQLITE_BUSY]
_SENTENCES[sqlite3.SQLITE_CANTOPEN] = _SENTENCES[sqlite3.SQLITE_READONLY]
_SENTENCES[sqlite3.SQLITE_NOTADB] = _SENTENCES[sqlite3.SQLITE_CORRUPT]


def _translate(error: Exception) -> Exception:
    """Return the sentence for what the disk or another process is to blame for."""
    code = getattr(error, "sqlite_errorcode", None)
    if not isinstance(error, sqlite3.Error) or code is None:
        return error
    kind = _SENTENCES.get(code & 0xFF)  # the low byte is the primary code
    if kind is None:
        return error
    told = kind[0](kind[1])
    told.__cause__ = error
    return told

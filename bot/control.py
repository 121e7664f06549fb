"""A running Atelier's socket for other programs of the same person: they ask, it says how it is.

A Unix socket in the data folder; each connection is one line that asks and one line of JSON that
answers. Nobody else may connect to it: the socket and its folder are the owner's alone.
"""

import asyncio
import hashlib
import json
import logging
import os
import socket
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from stat import S_IMODE

from pydantic import TypeAdapter, ValidationError

from memory.errors import AtelierError
from tools.compute.status import Status

log = logging.getLogger(__name__)

PATIENCE = 5.0
"""Seconds either side waits for the other."""
_LONGEST = 100
"""Bytes of a socket's path; the system's limit is 104 (macOS) or 108 (Linux) with the NUL."""
_QUESTION = {"ask": "status"}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """How a running Atelier stands; `names` are those its users ("platform:id") are known by."""

    version: str
    pid: int
    status: Status
    names: dict[str, str] = field(default_factory=dict)


Take = Callable[[], Awaitable[Snapshot]]
"""Take a snapshot."""


def socket_path(data: Path) -> Path:
    """Return where the Atelier that works on a data folder listens."""
    path = data / "atelier.sock"
    if len(os.fsencode(path)) <= _LONGEST:
        return path
    name = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
    return Path(tempfile.gettempdir(), f"atelier-{os.getuid()}", f"{name}.sock")


@asynccontextmanager
async def listening(data: Path, take: Take) -> AsyncIterator[None]:
    """Answer whoever asks; a folder that can hold no socket is only logged."""
    path, tasks = socket_path(data), set[asyncio.Task[None]]()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        with suppress(asyncio.CancelledError):  # asyncio's streams would log it (Python 3.11)
            await _answer(reader, writer, take)

    try:
        server = await asyncio.start_unix_server(answer, sock=_bound(path))
    except OSError as error:
        log.warning("`atelier top` cannot look in: no socket at %s: %s", path, error)
        yield
        return
    try:
        yield
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        path.unlink(missing_ok=True)


def ask(data: Path) -> Snapshot:
    """Return how the Atelier that works on a data folder stands (blocks); raises AtelierError."""
    try:
        with socket.socket(socket.AF_UNIX) as wire:
            wire.settimeout(PATIENCE)
            wire.connect(os.fsencode(socket_path(data)))
            wire.sendall(json.dumps(_QUESTION).encode() + b"\n")
            with wire.makefile("rb") as answer:
                line = answer.readline()
        return _snapshots().validate_json(line)
    except TimeoutError as error:
        raise AtelierError("The running Atelier does not answer; try again in a moment.") from error
    except OSError as error:
        raise AtelierError(
            "No Atelier is running on this data folder; start one with `atelier run`, or name "
            "the folder of another with --data."
        ) from error
    except ValidationError as error:
        raise AtelierError(
            "The running Atelier gives no answer this version understands; restart it."
        ) from error


def dump(snapshot: Snapshot) -> bytes:
    """Return a snapshot as one line of JSON, without its end."""
    return _snapshots().dump_json(snapshot)


@cache
def _snapshots() -> TypeAdapter[Snapshot]:
    return TypeAdapter(Snapshot)  # takes a few milliseconds, so not at import


def _bound(path: Path) -> socket.socket:
    """Return a socket at a path that a killed process may have left; raises OSError.

    Nobody can connect before it listens, and then its mode is set.
    """
    if path.parent.name.startswith("atelier-"):
        path.parent.mkdir(mode=0o700, exist_ok=True)
        _check_own(path.parent)
    path.unlink(missing_ok=True)
    wire = socket.socket(socket.AF_UNIX)
    try:
        wire.bind(os.fsencode(path))
        path.chmod(0o600)
    except BaseException:
        wire.close()
        raise
    return wire


def _check_own(folder: Path) -> None:
    """Refuse a folder in the common temporary one that somebody else made; raises OSError."""
    found = folder.lstat()
    if found.st_uid != os.getuid() or S_IMODE(found.st_mode) != 0o700 or not folder.is_dir():
        raise PermissionError(f"{folder} is not ours alone")


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, take: Take) -> None:
    try:
        async with asyncio.timeout(PATIENCE):
            if json.loads(await reader.readline()) == _QUESTION:
                writer.write(dump(await take()) + b"\n")
                await writer.drain()
    except (OSError, ValueError) as error:  # it went away, or asked for something else
        log.debug("a question was not answered: %s", error)
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

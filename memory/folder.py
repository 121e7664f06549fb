"""The data folder: where everything lies, and the lock that keeps a second process out."""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from memory.errors import AtelierError, DataFolderBusy, StorageFull

PART = ".part"
"""How the name of a half-written file ends; such files are removed at the next start."""

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@dataclass(frozen=True, slots=True)
class DataFolder:
    """One folder that holds all that is remembered; `claim` it before using it."""

    root: Path

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.root / "atelier.db"

    @property
    def assets(self) -> Path:
        """The folder of pictures, sounds and texts."""
        return self.root / "assets"

    @classmethod
    @contextmanager
    def claim(cls, path: Path) -> Iterator["DataFolder"]:
        """Make the folder if needed and hold it until the end of the `with` block.

        Raises DataFolderBusy when another process holds it, StorageFull when the disk has no
        room, and AtelierError when it cannot be written.
        """
        folder = cls(path.expanduser())
        try:
            lock = folder._open_lock()
        except OSError as error:
            raise unwritable(error) from error
        try:
            _lock(lock)
            folder._sweep()
            yield folder
        finally:
            os.close(lock)

    def _open_lock(self) -> int:
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.assets.mkdir(exist_ok=True)
        return os.open(self.root / "lock", os.O_RDWR | os.O_CREAT, 0o600)

    def _sweep(self) -> None:
        for part in self.assets.glob(f"*{PART}"):
            part.unlink(missing_ok=True)


def _lock(file: int) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise DataFolderBusy(
            "Another Atelier is working on this data folder; stop it or choose another with --data."
        ) from error


def unwritable(error: OSError) -> AtelierError:
    """Return what to tell a person when the data folder could not be written."""
    if error.errno in _FULL:
        return StorageFull("The disk is full; free some room and send that again.")
    return AtelierError(
        "The data folder cannot be written; give this user the right to, or choose another "
        "with --data."
    )

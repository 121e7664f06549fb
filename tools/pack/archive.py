"""ZIP files that are the same bytes for the same contents, split where they would be too large."""

import hashlib
import shutil
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.errors import ToolError
from tools.pack.contents import Original

MOMENT = (1980, 1, 1, 0, 0, 0)
"""The time of every file in a ZIP: the earliest it can write."""
END = 22
"""Bytes of the record that ends a ZIP."""
_HEADS = 30 + 46
_SAVED = ("png", "jpg", "webp", "gif", "avif", "ogg", "mp3", "m4a", "flac", "zip", "pptx", "pdf")


@dataclass(frozen=True, slots=True)
class Entry:
    """A file in a ZIP: its path there, and where its bytes come from."""

    path: str
    source: Path | Original | bytes

    @property
    def size(self) -> int:
        """The bytes it has outside the ZIP."""
        if isinstance(self.source, Path):
            return self.source.stat().st_size
        return self.source.size if isinstance(self.source, Original) else len(self.source)

    @property
    def most(self) -> int:
        """The bytes it adds to a ZIP at most: deflate may add 5 bytes for each 16 KB."""
        return self.size + self.size // 3000 + 64 + _HEADS + 2 * len(self.path.encode())


def parted(entries: Iterable[Entry], most: int, spare: int) -> list[list[Entry]]:
    """Return the entries in as many parts as `most` bytes each ask for, in their order.

    `spare` bytes of each part stay free, for its manifest. An entry too large by itself has a
    part of its own; whoever asks has left those out before.
    """
    parts: list[list[Entry]] = [[]]
    room = most - spare - END
    left = room
    for entry in entries:
        if parts[-1] and entry.most > left:
            parts.append([])
            left = room
        parts[-1].append(entry)
        left -= entry.most
    return parts


def write(file: Path, entries: Sequence[Entry]) -> None:
    """Write a ZIP (blocks); one original at a time is in memory.

    Raises ToolError when an original is not what its hash says.
    """
    with zipfile.ZipFile(file, "w") as archive:
        for entry in entries:
            saved = entry.path.rpartition(".")[2] in _SAVED
            info = _info(entry.path, zipfile.ZIP_STORED if saved else zipfile.ZIP_DEFLATED)
            info.file_size = entry.size
            with archive.open(info, "w") as there:
                if isinstance(entry.source, Path):
                    with entry.source.open("rb") as here:
                        shutil.copyfileobj(here, there)
                else:
                    there.write(_read(entry.source))


def sha256(entry: Entry) -> str:
    """Return the hash of an entry's bytes (blocks); that of an original is known."""
    if isinstance(entry.source, Original):
        return entry.source.sha256
    if isinstance(entry.source, bytes):
        return hashlib.sha256(entry.source).hexdigest()
    with entry.source.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def settled(file: Path) -> None:
    """Write a ZIP of another program anew, with our time for each of its files (blocks)."""
    with zipfile.ZipFile(file) as before:
        files = [(name, before.read(name)) for name in before.namelist()]
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in files:
            archive.writestr(_info(name, zipfile.ZIP_DEFLATED), data)


def _info(path: str, how: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(path, MOMENT)
    info.create_system = 3  # the default depends on the machine
    info.external_attr = 0o100644 << 16
    info.compress_type = how
    return info


def _read(source: Original | bytes) -> bytes:
    if isinstance(source, bytes):
        return source
    data = source.read()
    if hashlib.sha256(data).hexdigest() != source.sha256:
        raise ToolError("A file of this room was changed on disk, so the pack cannot be made.")
    return data

"""Pictures, sounds and texts as files on disk, each under the SHA-256 of its bytes."""

import asyncio
import hashlib
import os
import re
import secrets
from collections.abc import Iterable
from pathlib import Path

from memory.errors import NotFound
from memory.folder import PART, unwritable
from memory.records import Asset

_ENDINGS = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/webp": ".webp",
    "image/gif": ".gif",
    "image/bmp": ".bmp",
    "audio/ogg": ".ogg",
    "audio/wav": ".wav",
    "audio/x-wav": ".wav",
    "audio/mpeg": ".mp3",
    "audio/mp4": ".m4a",
    "audio/flac": ".flac",
    "audio/webm": ".webm",
    "video/mp4": ".mp4",
    "video/webm": ".webm",
    "text/plain": ".txt",
    "text/markdown": ".md",
    "application/json": ".json",
    "application/pdf": ".pdf",
    "application/zip": ".zip",
}
_NOUNS = {"image": "picture", "audio": "sound", "video": "film", "text": "text"}
_KINDS = {end: _NOUNS.get(media.partition("/")[0], "file") for media, end in _ENDINGS.items()}
_GONE = {
    "picture": "That picture is no longer here; make it or send it again.",
    "sound": "That sound is no longer here; make it or send it again.",
    "file": "That file is no longer here; make it or send it again.",
}
_DAMAGED = {
    "picture": "That picture was damaged on disk; make it or send it again.",
    "sound": "That sound was damaged on disk; make it or send it again.",
    "file": "That file was damaged on disk; make it or send it again.",
}
_SHA256 = re.compile(r"[0-9a-f]{64}")


class Assets:
    """A folder of files named by content; needs no database."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def path(self, asset: Asset) -> Path:
        """Return where an asset's file lies: `<root>/<first 2 hex>/<sha256><ending>`."""
        ending = _ENDINGS.get(asset.media_type.partition(";")[0].strip().lower(), ".bin")
        return self._root / asset.sha256[:2] / f"{asset.sha256}{ending}"

    async def put(
        self,
        data: bytes,
        media_type: str,
        *,
        width: int = 0,
        height: int = 0,
        seconds: float = 0.0,
        waveform: bytes = b"",
    ) -> Asset:
        """Keep some bytes, the same ones once; when this returns they survive a power cut.

        Raises StorageFull when the disk has no room.
        """
        return await asyncio.to_thread(
            self._put, data, media_type, (width, height), seconds, waveform
        )

    async def read(self, asset: Asset | str) -> bytes:
        """Return the bytes of an asset, given as such or by its SHA-256.

        Raises NotFound when the file is gone or its content no longer fits its hash.
        """
        return await asyncio.to_thread(self._read, asset)

    async def erase(self, sha256s: Iterable[str]) -> None:
        """Remove files; those that are not there are no error."""
        await asyncio.to_thread(self._erase, tuple(sha256s))

    def _put(
        self,
        data: bytes,
        media_type: str,
        size: tuple[int, int],
        seconds: float,
        waveform: bytes,
    ) -> Asset:
        sha256 = hashlib.sha256(data).hexdigest()
        asset = Asset(sha256, media_type, len(data), *size, seconds, waveform)
        path = self.path(asset)
        try:
            if not _intact(path, sha256):
                self._write(path, data)
        except OSError as error:
            raise unwritable(error) from error
        return asset

    def _write(self, path: Path, data: bytes) -> None:
        """Write under another name first, so that a file under its own name is always whole."""
        if not path.parent.is_dir():
            path.parent.mkdir(parents=True, exist_ok=True)
            _sync(self._root)
        part = self._root / f"{secrets.token_hex(8)}{PART}"
        try:
            with part.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
            _sync(path.parent)
        finally:
            part.unlink(missing_ok=True)

    def _read(self, asset: Asset | str) -> bytes:
        sha256 = asset if isinstance(asset, str) else asset.sha256
        path = self._find(sha256) if isinstance(asset, str) else self.path(asset)
        kind = _KINDS.get(path.suffix if path else "", "file")
        try:
            data = path.read_bytes() if path else None
        except OSError:
            data = None
        if data is None:
            raise NotFound(_GONE.get(kind, _GONE["file"]))
        if hashlib.sha256(data).hexdigest() != sha256:
            raise NotFound(_DAMAGED.get(kind, _DAMAGED["file"]))
        return data

    def _find(self, sha256: str) -> Path | None:
        # Only a real hash is looked for: the name may come from outside and must not be a path.
        if not _SHA256.fullmatch(sha256):
            return None
        return next((self._root / sha256[:2]).glob(f"{sha256}.*"), None)

    def _erase(self, sha256s: tuple[str, ...]) -> None:
        for sha256 in filter(_SHA256.fullmatch, sha256s):
            for path in (self._root / sha256[:2]).glob(f"{sha256}.*"):
                path.unlink(missing_ok=True)


def _intact(path: Path, sha256: str) -> bool:
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == sha256


def _sync(folder: Path) -> None:
    """Make a change of names in a folder durable."""
    file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(file)
    finally:
        os.close(file)

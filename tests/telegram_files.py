"""Files on the Telegram server: what it takes, what it makes of them, how they are downloaded."""

import io
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from PIL import Image, UnidentifiedImageError

Json = dict[str, Any]
PHOTO_BYTES = 10 << 20
SIDES, RATIO = 10_000, 20
SHOWN_SIDE, THUMB_SIDE = 1280, 320
SUFFIXES = {"photo": "jpg", "voice": "oga", "audio": "mp3", "document": "bin"}


class Refused(Exception):
    """The server's answer to a call it does not carry out.

    `avoidable` says that a careful bot would never have sent it: the tests count those.
    """

    def __init__(self, code: int, text: str, *, avoidable: bool = False, **parameters: int) -> None:
        super().__init__(text)
        self.code, self.text, self.avoidable, self.parameters = code, text, avoidable, parameters

    @property
    def body(self) -> Json:
        """The answer's JSON."""
        told = {"parameters": self.parameters} if self.parameters else {}
        return {"ok": False, "error_code": self.code, "description": self.text} | told


def bad(text: str) -> Refused:
    """A 400 for a mistake of the bot."""
    return Refused(400, f"Bad Request: {text}", avoidable=True)


def missing(text: str) -> Refused:
    """A 400 for a world that changed under the bot."""
    return Refused(400, f"Bad Request: {text}")


@dataclass(frozen=True)
class Upload:
    """A file as a bot or a person sends it."""

    name: str
    data: bytes
    media_type: str = "application/octet-stream"


@dataclass(frozen=True)
class Stored:
    """A file the server keeps; `data` is what was uploaded, `shown` what everybody gets."""

    id: str
    kind: str
    upload: Upload
    facts: Json = field(default_factory=dict)

    @property
    def data(self) -> bytes:
        """The bytes that were uploaded."""
        return self.upload.data

    @property
    def path(self) -> str:
        """Where it is downloaded from."""
        suffix = SUFFIXES[self.kind]
        if self.kind in ("document", "audio") and "." in self.upload.name:
            suffix = self.upload.name.rsplit(".", 1)[1]
        return f"{self.kind}s/file_{self.id.rsplit('-', 1)[1]}.{suffix}"

    def shown(self) -> bytes:
        """Return what is downloaded: photos are made smaller, JPEG, and lose their metadata."""
        if self.kind != "photo":
            return self.data
        with Image.open(io.BytesIO(self.data)) as opened:
            picture = opened.convert("RGB")
        picture.thumbnail((SHOWN_SIDE, SHOWN_SIDE))
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=87)
        return file.getvalue()

    def json(self) -> Json | list[Json]:
        """Return it as it stands in a message."""
        if self.kind == "photo":
            return [self._size(THUMB_SIDE, "-s"), self._size(SHOWN_SIDE, "")]
        seconds = {} if self.kind == "document" else {"duration": self.facts.get("duration", 0)}
        named = {} if self.kind == "voice" else {"file_name": self.upload.name}
        told = {k: self.facts[k] for k in ("title", "performer") if self.facts.get(k)}
        about = {"mime_type": self.upload.media_type} | seconds | named | told
        return self.reference | about

    @property
    def reference(self) -> Json:
        """The fields every file has."""
        return {
            "file_id": self.id,
            "file_unique_id": f"u{self.id}",
            "file_size": len(self.data),
        }

    def _size(self, side: int, mark: str) -> Json:
        width, height = self.facts["width"], self.facts["height"]
        scale = min(1, side / max(width, height))
        size = {"width": max(1, round(width * scale)), "height": max(1, round(height * scale))}
        return {"file_id": self.id + mark, "file_unique_id": f"u{self.id}{mark}"} | size


@dataclass
class Files:
    """All files of the server, by id."""

    kept: dict[str, Stored] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def keep(self, kind: str, upload: Upload, facts: Json | None = None) -> Stored:
        """Check a file as Telegram does for its kind, and keep it; may raise Refused."""
        if not upload.data:
            raise bad("file must be non-empty")
        kind = _kind_shown(kind, upload)
        measured = _measured(upload) if kind == "photo" else {}
        number = next(self.numbers)
        stored = Stored(f"{kind}-id-{number}", kind, upload, (facts or {}) | measured)
        self.kept[stored.id] = stored
        return stored

    def get(self, file_id: str) -> Stored | None:
        """Return a file by its id, that of a smaller size included."""
        return self.kept.get(file_id.removesuffix("-s"))

    def at(self, path: str) -> Stored | None:
        """Return a file by the path it is downloaded from."""
        return next((f for f in self.kept.values() if f.path == path), None)


def _kind_shown(kind: str, upload: Upload) -> str:
    """Return the kind Telegram makes of it: what is no OGG/Opus, MP3 or M4A is no voice note."""
    head = upload.data[:64]
    voice = b"OpusHead" in head or head[:3] == b"ID3" or head[:2] == b"\xff\xfb"
    return "document" if kind == "voice" and not (voice or head[4:8] == b"ftyp") else kind


def _measured(upload: Upload) -> Json:
    size = len(upload.data)
    if size > PHOTO_BYTES:
        why = f"is too big for a photo; the maximum size is {PHOTO_BYTES} bytes"
        raise bad(f"file of size {size} bytes {why}")
    try:
        with Image.open(io.BytesIO(upload.data)) as opened:
            width, height = opened.size
    except UnidentifiedImageError:
        raise bad("IMAGE_PROCESS_FAILED") from None
    if width + height > SIDES or max(width, height) > RATIO * min(width, height):
        raise bad("PHOTO_INVALID_DIMENSIONS")
    return {"width": width, "height": height}

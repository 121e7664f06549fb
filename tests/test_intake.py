"""Files that people send: kept when they are pictures or sounds, refused with a sentence if not."""

import os
import struct
import zlib
from pathlib import Path

import pytest

from bot import intake
from memory.assets import Assets
from tests.fakes import picture, sound
from tools.errors import Refused
from tools.pictures import MAX_BYTES


def bomb() -> bytes:
    """Return a whole PNG of 30000x30000 pixels in about 100 kB."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    squeeze = zlib.compressobj(9)
    rows = squeeze.compress(bytes(3751 * 30_000)) + squeeze.flush()
    head = struct.pack(">IIBBBBB", 30_000, 30_000, 1, 0, 0, 0, 0)
    parts = chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


async def test_a_picture_and_a_sound_are_kept_with_what_is_known_of_them(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(picture(1, 40, 20))
    (tmp_path / "b.ogg").write_bytes(sound())
    assets = Assets(tmp_path / "assets")
    seen = await intake.take(str(tmp_path / "a.png"), assets)
    assert (seen.media_type, seen.width, seen.height) == ("image/png", 40, 20)
    heard = await intake.take(str(tmp_path / "b.ogg"), assets)
    assert heard.media_type == "audio/ogg"
    assert heard.seconds == pytest.approx(0.3, abs=0.05)
    assert await assets.read(heard) == sound()
    (tmp_path / "c.md").write_bytes("\ufeffJazz für alle\n".encode())
    assert (await intake.take(str(tmp_path / "c.md"), assets)).media_type == "text/plain"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"),
        ("grüße".encode("latin-1"), "neither a picture nor a sound nor a text"),
        (b"MZ\x00\x01 a program", "or a text in UTF-8"),
        (b"%PDF-1.7 in letters", "or a text in UTF-8"),
        (b"word " * 10_001, "has 50 kB; one of a project room has 50 kB at most"),
        (picture()[:60], "broken or cut off"),
        (sound()[:30], "no sound"),
        (bomb(), "900 million pixels"),
    ],
    ids=[
        "empty",
        "other letters",
        "a program",
        "a document",
        "long text",
        "half a picture",
        "half a sound",
        "30000x30000",
    ],
)
async def test_what_cannot_be_used_is_one_sentence_and_nothing_is_kept(
    tmp_path: Path, data: bytes, says: str
) -> None:
    (tmp_path / "given.png").write_bytes(data)
    with pytest.raises(Refused, match=says) as refused:
        await intake.take(str(tmp_path / "given.png"), Assets(tmp_path / "assets"))
    assert str(refused.value).startswith("given.png cannot be used. ")
    assert str(tmp_path) not in str(refused.value)
    assert not (tmp_path / "assets").exists()


async def test_fifty_megabytes_are_refused_without_being_read(tmp_path: Path) -> None:
    path = tmp_path / "big.png"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES)
    with pytest.raises(Refused, match=r"big\.png has 50 MB"):
        await intake.take(str(path), Assets(tmp_path))


@pytest.mark.parametrize(
    ("name", "says"),
    [("nope.png", "no file nope.png"), ("folder", "is a folder"), ("pipe", "is not a file")],
)
async def test_what_is_no_file_is_refused(tmp_path: Path, name: str, says: str) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(Refused, match=says):
        await intake.take(str(tmp_path / name), Assets(tmp_path))

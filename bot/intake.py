"""Files people send: looked at within limits before anything else touches them."""

import asyncio
import stat
from pathlib import Path

from memory.assets import Assets
from memory.records import Asset
from tools.errors import Refused
from tools.pictures import MAX_BYTES, open_picture

MOST = 10
_RATE = 16_000
_BLANK, _LINES = 32, "\n\r\t\f"
"""What comes before it is no letter or sign, and what of that stands in texts."""
_TEXT = 50_000
"""Bytes of a text, at most."""
_WRITTEN = (b"%PDF", b"{\\rtf")
"""What documents begin with that may be letters throughout and are no text to read."""
_UNKNOWN = (
    "That is neither a picture nor a sound nor a text I can use; send a PNG, JPEG, WEBP or GIF, a "
    "voice message, OGG, MP3, WAV or M4A, or a text in UTF-8."
)


async def take(path: str, assets: Assets) -> Asset:
    """Keep a file from this machine as an asset; raises Refused with a sentence."""
    file = Path(path)
    data = await asyncio.to_thread(_read, file)
    try:
        return await keep(data, assets)
    except Refused as error:
        form = "{name} cannot be used. {why}"
        raise Refused(form, name=_name(file), why=error.sentence) from error


async def keep(data: bytes, assets: Assets, *, spoken: bool = False) -> Asset:
    """Keep a picture, sound or text that was sent; raises Refused when it is none of these.

    `spoken` says that a sound is a voice note, which may be a request by itself.
    """
    if not data:
        raise Refused("The file is empty; send it again.")
    if kind := _sound_type(data):
        seconds, shape = await asyncio.to_thread(_sound, data, spoken)
        return await assets.put(data, f"audio/{kind}", seconds=seconds, waveform=shape)
    if not any(map(data.startswith, _PICTURES)) and data[4:8] != b"ftyp":
        return await _text(data, assets)
    picture = await asyncio.to_thread(open_picture, data)
    return await assets.put(data, _picture_type(data), width=picture.width, height=picture.height)


async def _text(data: bytes, assets: Assets) -> Asset:
    """Keep a text, which has no control characters but those of lines."""
    if data.startswith(_WRITTEN):
        raise Refused(_UNKNOWN)
    try:
        words = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused(_UNKNOWN) from error
    if not words.strip() or any(ord(sign) < _BLANK and sign not in _LINES for sign in words):
        raise Refused(_UNKNOWN)
    if len(data) > _TEXT:
        form = "That text has {size:.0f} kB; one of a project room has {most} kB at most."
        raise Refused(form, size=len(data) / 1000, most=_TEXT // 1000)
    return await assets.put(data, "text/plain")


def _sound(data: bytes, spoken: bool) -> tuple[float, bytes]:
    """Return the seconds of a sound and, if it was spoken, how loud it is where."""
    from tools.sound import decode, waveform  # only then: it brings numpy along

    samples = decode(data, _RATE)
    return round(len(samples) / _RATE, 2), waveform(samples, _RATE) if spoken else b""


def _read(path: Path) -> bytes:
    name = _name(path)
    try:
        found = path.stat()
        if stat.S_ISDIR(found.st_mode):
            raise Refused(
                "{name} is a folder; send the files in it, each by its own path.", name=name
            )
        if not stat.S_ISREG(found.st_mode):  # a device or a pipe might never end
            raise Refused("{name} is not a file; send a picture or a sound.", name=name)
        if found.st_size >= MAX_BYTES:
            size, limit = found.st_size / 1e6, MAX_BYTES // 10**6
            raise too_large(name, size, limit)
        return path.read_bytes()
    except FileNotFoundError as error:
        raise Refused("There is no file {name}; check its path.", name=name) from error
    except (OSError, ValueError) as error:
        raise Refused("{name} cannot be read; check its path and its rights.", name=name) from error


def too_large(name: str, size: float, limit: int) -> Refused:
    """Return what to say of a file with too many MB."""
    form = "{name} has {size:.0f} MB; it must be smaller than {limit} MB."
    return Refused(form, name=name, size=size, limit=limit)


def _name(path: Path) -> str:
    return (path.name or "/")[:100]


_SOUNDS = {
    b"OggS": "ogg",
    b"RIFF": "wav",
    b"ID3": "mpeg",
    b"fLaC": "flac",
    b"\xff\xfb": "mpeg",
    b"\xff\xf3": "mpeg",
    b"\xff\xf2": "mpeg",
    b"\x1aE\xdf\xa3": "webm",
}
_PICTURES = {
    b"\x89PNG": "png",
    b"\xff\xd8": "jpeg",
    b"GIF8": "gif",
    b"BM": "bmp",
    b"RIFF": "webp",
    b"II*\x00": "tiff",
    b"MM\x00*": "tiff",
}


def _sound_type(data: bytes) -> str:
    if data[:4] == b"RIFF" and data[8:12] != b"WAVE":
        return ""
    if data[4:8] == b"ftyp" and data[8:11] in (b"M4A", b"mp4", b"iso"):
        return "mp4"
    return next((kind for magic, kind in _SOUNDS.items() if data.startswith(magic)), "")


def _picture_type(data: bytes) -> str:
    kind = next((kind for magic, kind in _PICTURES.items() if data.startswith(magic)), "avif")
    return f"image/{kind}"

"""Files people send: looked at within limits before anything else touches them."""

import asyncio
from pathlib import Path

from memory.assets import Assets
from memory.records import Asset
from tools.errors import Refused
from tools.pictures import MAX_BYTES, open_picture
from tools.sound import decode

MOST = 10


async def take(path: str, assets: Assets) -> Asset:
    """Keep a file from this machine as an asset; raises Refused with a sentence."""
    return await keep(await asyncio.to_thread(_read, Path(path)), Path(path).name, assets)


async def keep(data: bytes, name: str, assets: Assets) -> Asset:
    """Keep a picture or sound that was sent; raises Refused when it is neither."""
    if _looks_like_sound(data):
        seconds = await asyncio.to_thread(_length, data)
        return await assets.put(data, "audio/" + _sound_type(data), seconds=seconds)
    picture = await asyncio.to_thread(open_picture, data)
    return await assets.put(data, _picture_type(data), width=picture.width, height=picture.height)


def _read(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size >= MAX_BYTES:
            limit = MAX_BYTES // 10**6
            raise Refused(
                f"The file {path.name} has {size / 1e6:.0f} MB; it must be smaller than {limit} MB."
            )
        return path.read_bytes()
    except OSError as error:
        raise Refused(f"The file {path.name} cannot be read; check its name.") from error


def _length(data: bytes) -> float:
    rate = 16_000
    return round(len(decode(data, rate)) / rate, 2)


_SOUNDS = {b"OggS": "ogg", b"RIFF": "wav", b"ID3": "mpeg", b"fLaC": "flac", b"\xff\xfb": "mpeg"}
_PICTURES = {b"\x89PNG": "png", b"\xff\xd8": "jpeg", b"GIF8": "gif", b"BM": "bmp"}


def _looks_like_sound(data: bytes) -> bool:
    return bool(_sound_type(data))


def _sound_type(data: bytes) -> str:
    if data[:4] == b"RIFF" and data[8:12] != b"WAVE":
        return ""
    if data[4:8] == b"ftyp" and data[8:11] in (b"M4A", b"mp4", b"iso"):
        return "mp4"
    return next((kind for magic, kind in _SOUNDS.items() if data.startswith(magic)), "")


def _picture_type(data: bytes) -> str:
    if data[:4] == b"RIFF":
        return "image/webp"
    kind = next((kind for magic, kind in _PICTURES.items() if data.startswith(magic)), "x-other")
    return f"image/{kind}"

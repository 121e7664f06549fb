"""Untrusted pictures: what is accepted, and the sentence for each that is not."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from tests.fakes import picture
from tools.errors import Refused
from tools.pictures import MAX_BYTES, flat, open_picture, png, size_of


def encode(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def huge(width: int, height: int) -> bytes:
    """Return a PNG that only claims its size; whoever decodes it fails."""
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    head = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + body
    return head + struct.pack(">I", zlib.crc32(body)) + b"\0\0\0\0IEND\xaeB`\x82"


@pytest.mark.parametrize("size", [(30_000, 30_000), (9000, 9000), (12_000, 8_000), (60_000, 10)])
def test_too_many_pixels_are_refused_before_decoding(size: tuple[int, int]) -> None:
    with pytest.raises(Refused, match=r"too large.*at most 64 million \(such as 8000x8000\)"):
        open_picture(huge(*size))


def test_a_file_of_fifty_megabytes_is_refused_unread() -> None:
    with pytest.raises(Refused, match="has 50 MB; it must be smaller than 50 MB"):
        open_picture(b"\x89PNG" + bytes(MAX_BYTES))


@pytest.mark.parametrize("data", [b"", b"hello", b"%PDF-1.7", bytes(1000), b"GIF"])
def test_what_is_no_picture_is_said_to_be_none(data: bytes) -> None:
    with pytest.raises(Refused, match="not a picture I can read; send a PNG, JPEG"):
        open_picture(data)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_a_cut_off_file_is_said_to_be_broken(kind: str) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (200, 200, 3), np.uint8)
    data = encode(Image.fromarray(noise), kind)
    with pytest.raises(Refused, match=r"broken or cut off|not a picture"):
        open_picture(data[: len(data) // 2])


def test_a_damaged_png_is_said_to_be_broken() -> None:
    data = bytearray(picture())
    data[60:70] = b"0123456789"
    with pytest.raises(Refused, match="broken or cut off"):
        open_picture(bytes(data))


def test_a_text_chunk_that_explodes_is_refused() -> None:
    bomb = zlib.compress(bytes(20_000_000))
    body = b"zTXtbomb\0\0" + bomb
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    data = picture()
    with pytest.raises(Refused):
        open_picture(data[:33] + chunk + data[33:])


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"])
def test_the_usual_formats_are_read(kind: str) -> None:
    image = Image.new("RGB", (20, 10), (200, 30, 30))
    opened = open_picture(encode(image, kind))
    assert opened.mode == "RGB"
    assert opened.size == (20, 10)
    red, green, _ = np.asarray(opened)[5, 10]
    assert red > 150 > 80 > green


def test_of_an_animation_the_first_frame_is_taken() -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    data = encode(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert open_picture(data).convert("RGB").getpixel((3, 3)) == (255, 0, 0)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")  # Pillow only warns
def test_exif_turns_the_picture_upright_and_broken_exif_is_ignored() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encode(Image.new("RGB", (20, 10), "red"), "JPEG", exif=exif.tobytes())
    assert open_picture(data).size == (10, 20)
    broken = encode(Image.new("RGB", (20, 10), "red"), "JPEG", exif=b"Exif\0\0MM\0*broken!")
    assert open_picture(broken).size == (20, 10)


@pytest.mark.parametrize("mode", ["L", "LA", "P", "CMYK", "1", "I;16", "RGBA"])
def test_every_mode_becomes_rgb_or_rgba(mode: str) -> None:
    if mode == "I;16":
        image = Image.fromarray(np.full((6, 6), 32_768, np.uint16))
    else:
        image = Image.new("RGB", (6, 6), (128, 128, 128)).convert(mode)
    kind = "TIFF" if mode == "CMYK" else "PNG"
    opened = open_picture(encode(image, kind))
    assert opened.mode == ("RGBA" if mode in ("LA", "RGBA") else "RGB")
    if mode not in ("1", "P", "CMYK"):  # these cannot hold that grey
        assert abs(int(np.asarray(opened.convert("L"))[3, 3]) - 128) <= 2


def test_transparency_falls_on_a_background() -> None:
    clear = Image.new("RGBA", (4, 4), (255, 0, 0, 0))
    assert flat(clear).getpixel((0, 0)) == (255, 255, 255)
    assert flat(clear, "black").getpixel((0, 0)) == (0, 0, 0)


def test_what_is_encoded_can_be_measured() -> None:
    assert size_of(png(Image.new("RGB", (31, 17)))) == (31, 17)

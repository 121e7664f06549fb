"""Numbered sheets, and pictures within a platform's limits."""

import io

import numpy as np
import pytest
from PIL import Image

from tools.errors import Refused
from tools.sheet import fit, sheet


def encoded(picture: Image.Image, kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    picture.save(file, kind)
    return file.getvalue()


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def noise(width: int, height: int) -> bytes:
    values = np.random.default_rng(1).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return encoded(Image.fromarray(values))


def test_four_pictures_stand_two_by_two_in_their_order() -> None:
    colours = [(250, 0, 0), (0, 250, 0), (0, 0, 250), (250, 250, 0)]
    made = opened(sheet([encoded(Image.new("RGB", (64, 48), colour)) for colour in colours]))
    assert made.size == (136, 104)
    centres = [(32, 36), (104, 36), (32, 92), (104, 92)]
    for centre, colour in zip(centres, colours, strict=True):
        seen = made.convert("RGB").getpixel(centre)
        assert isinstance(seen, tuple)
        assert max(abs(a - b) for a, b in zip(seen, colour, strict=True)) < 12


def test_each_picture_has_another_number_on_it() -> None:
    grey = encoded(Image.new("RGB", (200, 200), (128, 128, 128)))
    made = np.asarray(opened(sheet([grey] * 4)).convert("L")).astype(int)
    corners = [made[y : y + 60, x : x + 60] for y in (0, 208) for x in (0, 208)]
    for number, corner in enumerate(corners):
        assert corner.min() < 30
        assert corner.max() > 220
        others = [c for n, c in enumerate(corners) if n != number]
        assert all(np.abs(corner - other).max() > 100 for other in others)


def test_a_sheet_takes_what_differs_in_size_and_is_transparent() -> None:
    wide = encoded(Image.new("RGBA", (2000, 500), (0, 0, 0, 0)))
    assert opened(sheet([wide, noise(100, 300), wide], cell=400)).size == (808, 608)


def test_a_picture_that_fits_is_left_alone() -> None:
    data = noise(64, 64)
    assert fit(data, len(data)) == (data, "png")


@pytest.mark.parametrize("most", [200_000, 40_000, 8_000])
def test_a_picture_is_made_as_small_as_it_must_be(most: int) -> None:
    data, kind = fit(noise(400, 300), most)
    assert kind == "jpeg"
    assert len(data) <= most
    assert abs(opened(data).width / opened(data).height - 4 / 3) < 0.05


def test_sides_that_are_too_long_are_shortened() -> None:
    data, _ = fit(noise(300, 100), 10**7, longest=200)
    assert sum(opened(data).size) <= 200


def test_what_cannot_be_made_small_enough_is_refused() -> None:
    with pytest.raises(Refused):
        fit(noise(100, 100), 10)

"""Fitting pictures of any shape to a model and framing what comes out."""

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageDraw

from tools.catalogue import Model, Source
from tools.framing import Frame, finish, fit, fit_mask, frame, restore


def model(**more: object) -> Model:
    facts = {"name": "m", "family": "diffusion", "tasks": ("draw",), "licence": "MIT"}
    return Model.model_validate(facts | {"source": Source(hub="a/b")} | more)


STARTER = model(width=64, height=64, multiple=1, shapes=False, enlarge_to=512)


def disc(width: int, height: int, ground: str = "white", colour: str = "red") -> Image.Image:
    picture = Image.new("RGB", (width, height), ground)
    radius = 0.3 * min(width, height)
    centre = width / 2, height / 2
    ImageDraw.Draw(picture).circle(centre, radius, fill=colour)
    return picture


def noise(width: int, height: int) -> Image.Image:
    pixels = np.random.default_rng(1).integers(0, 255, (height, width, 3), np.uint8)
    return Image.fromarray(pixels)


@pytest.mark.parametrize(
    ("wanted", "native", "final"),
    [
        ((64, 64), (64, 64), (512, 512)),
        ((85, 48), (64, 64), (512, 289)),
        ((48, 85), (64, 64), (289, 512)),
        ((1024, 512), (64, 64), (1024, 512)),
    ],
)
def test_a_model_of_one_shape_draws_its_own(
    wanted: tuple[int, int], native: tuple[int, int], final: tuple[int, int]
) -> None:
    around = frame(STARTER, *wanted)
    assert (around.native, around.final) == (native, final)


def test_sizes_are_rounded_to_what_the_model_takes() -> None:
    around = frame(model(multiple=16), 1000, 5)
    assert around.native == around.final == (992, 16)


def test_the_background_is_extended_and_nothing_stretched() -> None:
    made = finish(disc(64, 64, "#eef0f2"), frame(STARTER, 85, 48))
    assert made.size == (512, 289)
    pixels = np.asarray(made).astype(int)
    assert np.ptp(pixels[:, :100], axis=(0, 1)).max() <= 2
    red = (pixels[..., 0] - pixels[..., 1]) > 100
    wide, high = np.ptp(np.where(red)[1]), np.ptp(np.where(red)[0])
    assert abs(wide - high) <= 2


def test_specks_in_the_corners_of_a_plain_background_go() -> None:
    speckled = disc(64, 64)
    speckled.putpixel((63, 63), (90, 120, 90))
    made = finish(speckled, frame(STARTER, 64, 64))
    assert np.asarray(made)[-20:, -20:].min() >= 254


def test_a_picture_with_plain_ends_is_cropped_to_its_middle() -> None:
    around = frame(STARTER, 85, 48)
    fitted, after = fit(disc(512, 289), around)
    assert after == around
    assert fitted.size == (64, 64)
    red = np.asarray(fitted)[..., 1] < 100
    assert 30 <= red.any(axis=0).sum() <= 42  # 0.6 of the square, not of the strip


@pytest.mark.parametrize("size", [(400, 300), (300, 400), (900, 100)])
def test_any_other_picture_is_kept_whole(size: tuple[int, int]) -> None:
    around = frame(STARTER, *size)
    fitted, after = fit(noise(*size), around)
    left, top, right, bottom = after.keep
    assert (right - left) / (bottom - top) == pytest.approx(size[0] / size[1], rel=0.1)
    made = finish(fitted, after)
    assert made.size == around.final
    # the white it was set on is cut off again: every corner is picture
    for corner in ((0, 0), (-1, -1)):
        assert np.asarray(made)[corner].min() < 250


@pytest.mark.parametrize("make", [disc, noise])
def test_inpainting_changes_only_what_the_mask_says(
    make: Callable[[int, int], Image.Image],
) -> None:
    original = make(512, 289)
    mask = Image.new("L", original.size, 0)
    mask.paste(255, (200, 100, 300, 200))
    around = frame(STARTER, 85, 48)
    image, fitted = fit(original, around)
    repaint = fit_mask(mask, original, around)
    assert repaint.size == image.size
    assert 0 < np.asarray(repaint).mean() < 128
    made = restore(Image.new("RGB", (64, 64), "blue"), original, mask, fitted)
    assert made.size == around.final
    before, after = (np.asarray(p.resize((512, 289))).astype(int) for p in (original, made))
    assert np.abs(after[120:180, 220:280] - (0, 0, 255)).max() < 30
    outside = np.abs(after - before)[:80]
    assert outside.mean() < (3 if make is disc else 60)  # noise does not survive resampling


def test_a_large_picture_is_only_scaled() -> None:
    picture = noise(640, 640)
    made = finish(picture, Frame((640, 640), (0, 0, 640, 640), (640, 640)))
    assert np.array_equal(np.asarray(made), np.asarray(picture))

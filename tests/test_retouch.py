"""Retouching: which words are understood, and what they do to the pixels, in numbers."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from tests.fakes import image, picture
from tools.errors import Refused
from tools.pixels import COLOURS, SHAPES, Operation, apply, luminance
from tools.retouch import plan, retouch, split, told


def photo(width: int = 64, height: int = 48) -> Image.Image:
    """Return something like a photograph: gradients in all three channels."""
    y, x = np.mgrid[:height, :width]
    channels = [x * 255 // width, y * 255 // height, (x + y) * 255 // (width + height)]
    return Image.fromarray(np.stack(channels, axis=2).astype(np.uint8))


@pytest.mark.parametrize(
    ("instruction", "expected"),
    [
        ("darker", "darker"),
        ("make it darker", "darker"),
        ("a bit brighter", "a bit brighter"),
        ("much darker!", "much darker"),
        ("Could you make the last one a bit darker, please?", "a bit darker"),
        ("it's too dark", "brighter"),
        ("less bright", "darker"),
        ("20% brighter", "20 % brighter"),
        ("darken it by 20 percent", "20 % darker"),
        ("black and white", "in black and white"),
        ("sepia", "in sepia"),
        ("more contrast and a bit warmer", "with more contrast and with a bit warmer colours"),
        ("much more colourful", "with much stronger colours"),
        ("invert the colors", "as a negative"),
        ("blurry", "blurred"),
        ("sharper", "sharper"),
        ("rotate left 90", "rotated by 90° counter-clockwise"),
        ("rotate it 45 degrees clockwise", "rotated by 45° clockwise"),
        ("turn it upside down", "rotated by 180° clockwise"),
        ("flip it", "mirrored left to right"),
        ("flip vertically", "flipped top to bottom"),
        ("16:9", "cropped to 16:9"),
        ("crop to a square", "cropped to 1:1"),
        ("make it 800x600", "resized to 800x600"),
        ("half size", "resized to 50 % of its size"),
        ("make it blue", "with its colours turned to blue"),
        ("再暗一点", "a bit darker"),
        ("把它调亮一点，再鲜艳一些", "a bit brighter and with a bit stronger colours"),
        ("太暗了", "brighter"),
        ("變成黑白", "in black and white"),
        ("向左旋转90度", "rotated by 90° counter-clockwise"),
        ("裁剪成16：9", "cropped to 16:9"),
        ("más oscuro", "darker"),
        ("hazla un poco más clara", "a bit brighter"),
        ("en blanco y negro", "in black and white"),
        ("gira 90 grados a la izquierda", "rotated by 90° counter-clockwise"),
        ("plus sombre", "darker"),
        ("rends-la un peu plus claire", "a bit brighter"),
        ("noir et blanc", "in black and white"),
        ("tourne à gauche", "rotated by 90° counter-clockwise"),
        ("dunkler", "darker"),
        ("mach es etwas heller", "a bit brighter"),
        ("in Schwarzweiß", "in black and white"),
        ("drehe es um 90 Grad nach links", "rotated by 90° counter-clockwise"),
        ("zu dunkel", "brighter"),
        ("mais escura", "darker"),
        ("deixa um pouco mais clara", "a bit brighter"),
        ("em preto e branco", "in black and white"),
        ("gira 90 graus para a esquerda", "rotated by 90° counter-clockwise"),
        ("сделай темнее", "darker"),
        ("потемнее", "darker"),
        ("чуть ярче", "a bit brighter"),
        ("сделай чёрно-белой", "in black and white"),
        ("поверни влево", "rotated by 90° counter-clockwise"),
        ("слишком темно", "brighter"),
        ("暗くして", "darker"),
        ("もっと明るくして", "brighter"),
        ("少し暗く", "a bit darker"),
        ("白黒にしてください", "in black and white"),
        ("左に90度回転して", "rotated by 90° counter-clockwise"),
    ],
)
def test_what_is_purely_a_retouch_is_understood(instruction: str, expected: str) -> None:
    assert told(plan(instruction)) == expected


@pytest.mark.parametrize(
    "instruction",
    [
        "at dawn",
        "add a hat",
        "darker and with a hat",
        "make the hat blue",
        "blurry background",
        "add an orange",
        "put it in front of a mirror",
        "a darker sky",
        "make it winter",
        "more",
        "",
        "make number 2 darker",
        "加一顶帽子",
        "暗一点，加一顶帽子",
        "más oscuro y con sombrero",
        "con sombrero",
        "avec un chapeau",
        "mit Hut",
        "0:3",
        "darker " * 100,
    ],
)
def test_everything_else_is_left_to_a_model(instruction: str) -> None:
    assert plan(instruction) == ()


@pytest.mark.parametrize("instruction", ["crop it", "resize", "裁剪"])
def test_a_missing_number_is_asked_for(instruction: str) -> None:
    with pytest.raises(Refused, match="to what\\? Say"):
        plan(instruction)


def test_darker_is_measurably_darker_and_still_readable() -> None:
    source = photo()
    before = luminance(source)
    a_bit, darker, much = (
        luminance(retouch(source, plan(words)))
        for words in ("a bit darker", "darker", "much darker")
    )
    assert before > a_bit > darker > much
    assert 0.55 * before < darker < 0.75 * before
    assert much > 0.3 * before, "even much darker must leave something to see"
    spread = np.asarray(retouch(source, plan("darker"))).std()
    assert spread > 0.5 * np.asarray(source).std()


@pytest.mark.parametrize("words", ["darker", "warmer", "less contrast"])
def test_a_change_of_light_leaves_the_white_a_sticker_stands_on(words: str) -> None:
    sticker = Image.new("RGB", (96, 96), (252, 252, 252))
    ImageDraw.Draw(sticker).ellipse((20, 20, 75, 75), (240, 120, 30))
    changed = np.asarray(retouch(sticker, plan(words))).astype(int)
    before = np.asarray(sticker).astype(int)
    assert (changed[:12] == before[:12]).all()
    assert np.abs(changed - before)[48, 48].max() > 10
    yellow = Image.new("RGB", (96, 96), (255, 250, 60))  # another ground is meant, too
    yellow.paste((90, 20, 20), (20, 20, 75, 75))
    assert np.asarray(retouch(yellow, plan("darker")))[0, 0, 0] < 200
    full = Image.new("RGB", (96, 96), (252, 252, 252))  # nothing stands on it: all of it is meant
    assert luminance(retouch(full, plan("darker"))) < 200


def test_brighter_brightens_without_clipping() -> None:
    source = photo()
    brighter = retouch(source, plan("brighter"))
    assert luminance(brighter) > 1.15 * luminance(source)
    white = (np.asarray(brighter) == 255).mean() - (np.asarray(source) == 255).mean()
    assert white < 0.02


def test_percentages_are_taken_at_their_word() -> None:
    source = Image.new("RGB", (8, 8), (100, 100, 100))
    assert luminance(retouch(source, plan("20% brighter"))) == pytest.approx(120, abs=1)
    assert luminance(retouch(source, plan("20% darker"))) == pytest.approx(80, abs=1)


def test_colour_operations_do_what_they_are_called() -> None:
    source = photo()

    def spread(picture: Image.Image) -> float:
        return float(np.asarray(picture, np.float32).std(axis=2).mean())

    assert spread(retouch(source, plan("black and white"))) == 0
    assert spread(retouch(source, plan("more colourful"))) > 1.1 * spread(source)
    assert spread(retouch(source, plan("paler"))) < 0.9 * spread(source)
    warm = np.asarray(retouch(source, plan("warmer")), np.float32).mean(axis=(0, 1))
    before = np.asarray(source, np.float32).mean(axis=(0, 1))
    assert warm[0] > before[0]
    assert warm[2] < before[2]
    contrast = np.asarray(retouch(source, plan("more contrast")), np.float32).std()
    assert contrast > np.asarray(source, np.float32).std()
    twice = retouch(retouch(source, plan("invert")), plan("invert"))
    assert twice.tobytes() == source.tobytes()


def test_blur_smooths_and_sharpen_does_the_opposite() -> None:
    source = image(picture(2, 128, 128)).convert("RGB")

    def edges(picture: Image.Image) -> float:
        grey = np.asarray(picture.convert("L"), np.float32)
        return float(np.abs(np.diff(grey, axis=1)).max())

    soft = retouch(source, plan("blur"))
    assert edges(soft) < 0.8 * edges(source)
    assert edges(retouch(soft, plan("sharpen"))) > edges(soft)


@pytest.mark.parametrize(("words", "channel"), [("red", 0), ("green", 1), ("blue", 2)])
@pytest.mark.parametrize("grey", [False, True])
def test_a_colour_becomes_the_strongest_and_white_stays_white(
    words: str, channel: int, grey: bool
) -> None:
    pixels = np.full((20, 20, 3), 255, np.uint8)
    pixels[5:15, 5:15] = (90, 90, 90) if grey else (180, 120, 40)
    turned = np.asarray(retouch(Image.fromarray(pixels), plan(f"make it {words}")))
    assert int(turned[10, 10].argmax()) == channel
    assert tuple(turned[0, 0]) == (255, 255, 255)


@pytest.mark.parametrize(
    ("words", "size"),
    [
        ("16:9", (64, 36)),
        ("square", (48, 48)),
        ("9:16", (27, 48)),
        ("rotate right", (48, 64)),
        ("800x600", (800, 600)),
        ("smaller", (32, 24)),
        ("resize to 25%", (16, 12)),
    ],
)
def test_shapes_change_as_told(words: str, size: tuple[int, int]) -> None:
    assert retouch(photo(), plan(words)).size == size


def test_turning_and_mirroring_move_the_corners() -> None:
    source = Image.new("RGB", (3, 2), "white")
    source.putpixel((0, 0), (255, 0, 0))
    red = (255, 0, 0)
    assert retouch(source, plan("rotate right")).getpixel((1, 0)) == red
    assert retouch(source, plan("rotate left")).getpixel((0, 2)) == red
    assert retouch(source, plan("upside down")).getpixel((2, 1)) == red
    assert retouch(source, plan("mirror")).getpixel((2, 0)) == red
    assert retouch(source, plan("flip vertically")).getpixel((0, 1)) == red


def test_a_size_beyond_reason_is_refused() -> None:
    with pytest.raises(Refused, match=r"9000x10 pixels.*between 1 and 8192"):
        retouch(photo(), plan("9000x10"))


def test_what_changes_nothing_is_not_handed_out_as_new() -> None:
    with pytest.raises(Refused, match="nothing was changed"):
        retouch(Image.new("RGB", (4, 4), "grey"), plan("black and white"))


# what cuts out makes the transparency itself (test_cutout), of a plain background only
@pytest.mark.parametrize("name", [n for n in (*COLOURS, *SHAPES) if n != "cutout"])
def test_transparency_survives_everything(name: str) -> None:
    source = photo().convert("RGBA")
    source.putalpha(Image.linear_gradient("L").resize(source.size))
    changed = apply(
        source, Operation(name, -0.5 if name == "brightness" else 10, width=3, height=2)
    )
    assert changed.mode == "RGBA"
    assert np.asarray(changed.getchannel("A")).std() > 0


def test_night_is_dark_and_blue_and_still_readable() -> None:
    day = image(picture(3, 64, 64))
    night = retouch(day, plan("make it night"))
    red, _, blue = (np.asarray(c, float).mean() for c in night.split())
    assert luminance(night) < 0.5 * luminance(day)
    assert blue > 1.3 * red
    assert np.asarray(night).std() > 8


@pytest.mark.parametrize(
    ("instruction", "rest", "names"),
    [
        ("darker and with a hat", "with a hat", ["brightness"]),
        ("with a hat, at night", "with a hat", ["night"]),
        ("a man and a dog", "a man and a dog", []),
        ("再暗一点，戴帽子", "戴帽子", ["brightness"]),
    ],
)
def test_a_mixed_instruction_is_taken_apart(instruction: str, rest: str, names: list[str]) -> None:
    words, operations = split(instruction)
    assert words == rest
    assert [o.name for o in operations] == names

"""Pictures without their background: cut out on request, when drawn and afterwards."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from agents.understanding.understand import understand
from agents.understanding.wishes import Hints
from tests.fakes import FakeRunner, model, remembered, workshop
from tools.cutout import cut_out
from tools.errors import Refused
from tools.image import Draw, draw
from tools.pictures import open_picture
from tools.retouch import plan, retouch


def ring(ground: tuple[int, int, int] = (250, 250, 250), side: int = 64) -> Image.Image:
    """A red ring with soft edges on a plain ground, which shows inside of it, too."""
    y, x = np.mgrid[:side, :side] - side / 2 + 0.5
    cover = np.clip(8.5 - np.abs(np.hypot(x, y) - side / 4), 0, 1)[..., None]
    pixels = cover * np.array([200, 30, 30]) + (1 - cover) * np.array(ground)
    return Image.fromarray(pixels.round().astype(np.uint8))


@pytest.mark.parametrize("ground", [(250, 250, 250), (20, 90, 160)])
def test_only_the_background_outside_is_cut_and_no_rim_of_it_stays(
    ground: tuple[int, int, int],
) -> None:
    pixels = np.asarray(cut_out(ring(ground)))
    assert pixels[0, 0, 3] == pixels[-1, 20, 3] == 0
    assert pixels[32, 48, 3] == pixels[32, 32, 3] == 255  # the ring, and the hole in it
    assert tuple(pixels[32, 32, :3]) == ground
    y, x = np.mgrid[:64, :64] - 31.5
    rim = pixels[(pixels[..., 3] > 60) & (pixels[..., 3] < 255) & (np.hypot(x, y) > 16)]
    assert len(rim)
    assert np.abs(rim[:, :3] - np.array([200.0, 30, 30])).max() < 60


def test_what_has_no_plain_background_is_left_alone() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (32, 32, 3), np.uint8)
    with pytest.raises(Refused, match="not one plain colour"):
        cut_out(Image.fromarray(noise))
    with pytest.raises(Refused, match="nothing on its background"):
        cut_out(Image.new("RGB", (32, 32), "white"))


@pytest.mark.parametrize(
    ("said", "prompt"),
    [
        ("draw a red cat with a transparent background", "a red cat"),
        ("draw a red cat as a sticker", "a red cat"),
        ("draw a red cat without background", "a red cat"),
        ("draw a red cat --transparent", "a red cat"),
        ("zeichne eine rote Katze mit transparentem Hintergrund", "eine rote Katze"),
        ("dessine un chat rouge sur fond transparent", "un chat rouge"),
        ("dibuja un gato rojo con fondo transparente", "un gato rojo"),
        ("desenhe um gato vermelho com fundo transparente", "um gato vermelho"),
        ("нарисуй красного кота на прозрачном фоне", "красного кота"),
        ("画一只红色的猫，透明背景", "一只红色的猫"),
        ("赤い猫を描いて、背景は透明で", "赤い猫"),
    ],
)
def test_a_request_says_that_it_is_cut_out(said: str, prompt: str) -> None:
    (wish,) = understand(said, Hints())
    assert (wish.tool, wish.args["transparent"]) == ("draw", True)
    assert wish.args["prompt"] == prompt


def test_a_sticker_of_a_cat_is_drawn_and_a_transparent_cube_too() -> None:
    for said in ("draw a sticker of a cat", "draw a transparent cube"):
        (wish,) = understand(said, Hints())
        assert "transparent" not in wish.args


@pytest.mark.parametrize(
    "said",
    ["make the background transparent", "remove the background", "去掉背景", "ohne Hintergrund"],
)
def test_a_picture_that_is_there_is_cut_out_as_a_retouch(said: str) -> None:
    (operation,) = plan(said)
    assert operation.name == "cutout"
    assert retouch(ring(), (operation,)).getpixel((0, 0)) == (250, 250, 250, 0)


async def test_what_is_drawn_is_cut_out_when_asked_for(tmp_path: Path) -> None:
    small = model("tiny", shapes=False, enlarge_to=256)
    async with workshop(tmp_path, FakeRunner(), [small]) as context:
        result = await draw.run(Draw(prompt="a cat", transparent=True), context)
        data = await context.assets.read(result.assets[0])
    picture = open_picture(data)
    assert picture.mode == "RGBA"
    seen = picture.getchannel("A")
    assert seen.getpixel((1, 1)) == 0
    assert seen.getpixel((picture.width // 2, picture.height // 2)) == 255


async def test_that_a_model_is_small_is_said_once_in_a_chat(tmp_path: Path) -> None:
    small = model("tiny", shapes=False, enlarge_to=256)
    async with workshop(tmp_path, FakeRunner(), [small]) as context:
        first = await draw.run(Draw(prompt="a cat"), context)
        await remembered(context, "draw", first.resolved, first.assets[0])
        second = await draw.run(Draw(prompt="a dog"), context)
    assert "a small model" in first.text
    assert "small" not in second.text

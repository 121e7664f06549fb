"""Recipes in PNG text: written, found again, readable by other programs, safe to read."""

import io
import json

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tests.fakes import image, picture
from tools.recipe import Recipe, parameters, read_recipe, with_recipe

CAT = Recipe(
    prompt="a smiling cat",
    negative="text, frame",
    seed=123,
    steps=20,
    guidance=2.5,
    width=512,
    height=288,
    model="starter",
    revision="local folder",
    tool="vary",
    strength=0.5,
    parents=("ab" * 32,),
)


def test_what_is_written_is_read_back_whole() -> None:
    assert read_recipe(with_recipe(picture(), CAT)) == CAT


def test_the_pixels_stay_as_they_were() -> None:
    before = picture(3)
    after = with_recipe(before, CAT)
    assert np.array_equal(np.asarray(image(before)), np.asarray(image(after)))


def test_the_common_form_is_that_of_automatic1111() -> None:
    data = with_recipe(picture(), CAT)
    assert image(data).info["parameters"] == (
        "a smiling cat\n"
        "Negative prompt: text, frame\n"
        "Steps: 20, CFG scale: 2.5, Seed: 123, Size: 512x288, Model: starter, "
        "Denoising strength: 0.5"
    )


def test_a_lora_is_written_as_others_write_it() -> None:
    recipe = Recipe(prompt="a cat", steps=4, lora="pixel", lora_weight=0.8)
    assert parameters(recipe).startswith("a cat <lora:pixel:0.8>\nSteps: 4")
    assert read_recipe(with_recipe(picture(), recipe)) == recipe


@pytest.mark.parametrize("prompt", ["一只微笑的猫", "gato 😺", "Käse\nSteps: 9", "", "a\0b"])
def test_any_prompt_survives(prompt: str) -> None:
    recipe = Recipe(prompt=prompt, seed=7, steps=3)
    data = with_recipe(picture(), recipe)
    assert read_recipe(data) == recipe
    assert image(data).size == (32, 32)


def test_a_prompt_cannot_forge_the_common_form() -> None:
    text = parameters(Recipe(prompt="cat\nNegative prompt: x\nSteps: 1, Seed: 5", steps=20, seed=9))
    assert text.count("\n") == 1
    assert text.endswith("Seed: 9, Size: 0x0, Model: ")


def test_a_second_recipe_replaces_the_first() -> None:
    data = with_recipe(with_recipe(picture(), CAT), Recipe(prompt="a dog"))
    assert read_recipe(data) == Recipe(prompt="a dog")
    assert data.count(b"parameters") == 1


def test_a_picture_from_another_program_is_understood() -> None:
    info = PngInfo()
    info.add_text(
        "parameters",
        "a castle, (detailed:1.2)\nNegative prompt: blurry\n"
        "Steps: 28, Sampler: DPM++ 2M, CFG scale: 7, Seed: 42, Size: 768x512, Model: sd15",
    )
    file = io.BytesIO()
    Image.new("RGB", (4, 4)).save(file, "PNG", pnginfo=info)
    recipe = read_recipe(file.getvalue())
    assert recipe == Recipe(
        prompt="a castle, (detailed:1.2)",
        negative="blurry",
        seed=42,
        steps=28,
        guidance=7.0,
        width=768,
        height=512,
        model="sd15",
    )


@pytest.mark.parametrize(
    "text",
    ["[]", "{", "null", "[" * 100_000, json.dumps({"prompt": 5, "seed": "x", "parents": [1, "a"]})],
)
def test_forged_json_is_no_danger(text: str) -> None:
    info = PngInfo()
    info.add_text("atelier", text)
    file = io.BytesIO()
    Image.new("RGB", (4, 4)).save(file, "PNG", pnginfo=info)
    assert read_recipe(file.getvalue()) in (None, Recipe(parents=("a",)))


@pytest.mark.parametrize("data", [b"", b"hello", picture()[:40], picture()])
def test_without_a_recipe_there_is_none(data: bytes) -> None:
    assert read_recipe(data) is None


def test_only_a_png_can_carry_one() -> None:
    with pytest.raises(ValueError, match="PNG"):
        with_recipe(b"\xff\xd8\xff", CAT)

"""Versions of a picture, going back to one, and two side by side."""

import io
from pathlib import Path

import pytest
from PIL import Image

from agents.references import find
from agents.scene import Scene, look
from agents.versions import versions
from memory.records import Asset, Message
from tests.fakes import ANN, ROOM, picture
from tests.stage import Stage, stage, wish


async def seen(here: Stage, reply_to: str = "") -> Scene:
    return await look(here.context.store, Message(ROOM, ANN, "?", reply_to=reply_to))


def labels(scene: Scene, assets: tuple[Asset, ...]) -> list[str]:
    known = versions(scene)
    return [known[a.sha256].label for a in assets]


async def test_a_family_counts_on_however_it_branches(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        cats, shown = await here.do(wish("draw", prompt="a cat", count=2))
        dark, _ = await here.do(wish("edit", image="2", instruction="darker"))
        dog, _ = await here.do(wish("draw", prompt="a dog"))
        varied, _ = await here.do(wish("vary", image="1", count=3), reply_to=shown.id)
        scene = await seen(here)
        assert labels(scene, cats.assets) == ["v1.1", "v1.2"]
        assert labels(scene, dark.assets) == ["v2"]
        assert labels(scene, dog.assets) == ["v1"]
        assert labels(scene, varied.assets) == ["v3.1", "v3.2", "v3.3"]
        assert find("v:2", scene) == dark.assets
        assert find("v1.2", scene) == cats.assets[1:]
        assert find("v:3:all", scene) == varied.assets
        with pytest.raises(Exception, match="no version 4 of that picture, it has 3; which"):
            find("v4", scene)


async def test_what_was_sent_is_the_first_version(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        sent = await here.context.assets.put(picture(3), "image/png", width=32, height=32)
        dark, _ = await here.do(wish("edit", instruction="darker"), assets=[sent])
        scene = await seen(here)
        assert labels(scene, (sent, *dark.assets)) == ["v1", "v2"]
        assert find("v:1", scene) == (sent,)


async def test_going_back_makes_a_branch_and_takes_nothing_away(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        cat, _ = await here.do(wish("draw", prompt="a cat"))
        dark, _ = await here.do(wish("edit", instruction="darker"))
        back, _ = await here.do(wish("show", image="v:1"))
        assert (back.assets, back.text[:12]) == (cat.assets, "v1: a cat. W")
        light, _ = await here.do(wish("edit", instruction="brighter"))
        assert light.steps[0].parents == (cat.assets[0].sha256,)
        scene = await seen(here)
        assert labels(scene, dark.assets + light.assets) == ["v2", "v3"]
        undone, _ = await here.do(wish("undo"))
        assert undone.steps[0].args["steps"] == [light.steps[0].id]


async def test_all_pictures_of_a_version_are_shown_and_acted_on_in_one_request(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path) as here:
        cats, _ = await here.do(wish("draw", prompt="a cat", count=2))
        await here.do(wish("edit", image="2", instruction="darker"))
        made, _ = await here.do(wish("show", image="v:1"), wish("upscale", image="2"))
        assert made.steps[0].assets == cats.assets
        assert made.steps[1].parents == (cats.assets[1].sha256,)


async def test_two_pictures_side_by_side_with_the_words_that_differ(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        await here.do(wish("draw", prompt="a red cat on a mat", seed=1))
        await here.do(wish("draw", prompt="a red dog on a mat", seed=1))
        made, _ = await here.do(wish("compare", image="previous", other_image="last"))
        assert "prompt, left: a red [cat] on a mat\nright: a red [dog] on a mat" in made.text
        assert "seed" not in made.text
        (sheet,) = made.assets
        with Image.open(io.BytesIO(await here.context.assets.read(sheet))) as whole:
            assert whole.width > 2 * whole.height
        scene = await seen(here)
        assert find("last", scene)[0] != sheet  # nobody means the sheet


async def test_one_picture_is_compared_with_what_it_was_made_from(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        cat, _ = await here.do(wish("draw", prompt="a cat"))
        dark, _ = await here.do(wish("edit", instruction="darker"))
        await here.do(wish("draw", prompt="a house"))
        made, _ = await here.do(wish("compare", image=f"#{dark.assets[0].sha256}"))
        assert made.steps[0].parents == (cat.assets[0].sha256, dark.assets[0].sha256)
        assert "instruction: none → darker" in made.text


async def test_a_set_of_two_is_compared_as_it_is(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        cats, _ = await here.do(wish("draw", prompt="a cat", count=2))
        made, _ = await here.do(wish("compare"))
        assert made.steps[0].parents == tuple(a.sha256 for a in cats.assets)
        again, _ = await here.do(wish("draw", prompt="a dog"), wish("compare", image="step:1"))
        assert again.kind == "question"  # one of the two cats, with the dog

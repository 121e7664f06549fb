"""The built-in picture model's recipe, on generated pictures: it trains, resumes, exports."""

import hashlib
import io
import logging
import random
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

FOLDER = Path(__file__).parent.parent / "deploy" / "starter-model"


@pytest.fixture(autouse=True, scope="module")
def at_home() -> Iterator[None]:
    """The recipe is a folder of its own beside the package."""
    sys.path.insert(0, str(FOLDER))
    yield
    sys.path.remove(str(FOLDER))


def shapes(work: Path) -> None:
    """A disc, a square and a triangle in two styles, as `prepare` would leave them."""
    from recipe.concepts import Concept
    from recipe.prepare import Dataset, Shown, save

    concepts, pixels, shown = [], [], []
    for number, (name, red) in enumerate([("disc", 220), ("square", 30), ("triangle", 120)]):
        labels = {"en": name, "de": f"ein {name}"}
        concepts.append(Concept(name, name, [name], [], {"en": ["shape"]}, labels))
        for style, shade in (("flat", 40), ("3d", 160)):
            page = Image.new("RGB", (32, 32), "white")
            pen, ink = ImageDraw.Draw(page), (red, shade, 200 - red // 2)
            if name == "disc":
                pen.ellipse((4, 4, 27, 27), ink)
            else:
                pen.regular_polygon((16, 16, 13), 4 if name == "square" else 3, fill=ink)
            pixels.append(np.asarray(page))
            shown.append(Shown(number, style))
    save(Dataset(np.stack(pixels), shown, concepts), work / "data")


def small(samples: int) -> Any:
    from recipe.settings import configuration

    tiny = configuration("tiny")
    stages = {
        name: replace(getattr(tiny, name), samples=samples * getattr(tiny, name).batch)
        for name in ("autoencoder", "text", "joint")
    }
    return replace(tiny, styles={"flat": 1.0, "3d": 1.0}, vocabulary=560, threads=2, **stages)


def test_the_recipe_trains_and_stock_diffusers_loads_the_result_without_a_word(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    from diffusers import (
        AutoPipelineForImage2Image,
        AutoPipelineForInpainting,
        AutoPipelineForText2Image,
    )
    from diffusers.utils import logging as noise

    import train

    shapes(tmp_path)
    folder = train.train(small(6), tmp_path, {"autoencoder", "text", "joint"})
    assert sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) < 1_000_000
    capfd.readouterr()
    caplog.clear()
    noise.disable_progress_bar()
    with caplog.at_level(logging.WARNING):
        pipeline = AutoPipelineForText2Image.from_pretrained(folder)
    noise.enable_progress_bar()
    assert not caplog.records
    assert capfd.readouterr().out == ""
    pipeline.set_progress_bar_config(disable=True)
    drawn = pipeline("a disc", num_inference_steps=2, guidance_scale=2.0).images[0]
    assert drawn.size == (32, 32)
    redraw = AutoPipelineForImage2Image.from_pipe(pipeline)
    redraw.set_progress_bar_config(disable=True)
    assert redraw("a disc", image=drawn, num_inference_steps=2).images[0].size == (32, 32)
    repaint = AutoPipelineForInpainting.from_pipe(pipeline)
    repaint.set_progress_bar_config(disable=True)
    mask = Image.new("L", (32, 32), 255)
    assert repaint("a disc", image=drawn, mask_image=mask, num_inference_steps=2).images


def test_each_stage_learns_and_goes_on_where_it_stopped(tmp_path: Path) -> None:
    from recipe import text
    from recipe.captions import Captions
    from recipe.prepare import load
    from recipe.training import Training
    from recipe.vocabulary import Vocabulary, learn

    shapes(tmp_path)
    data, settings = load(tmp_path / "data"), small(40)
    captions = Captions(data.concepts)
    learn(captions.corpus(), settings.vocabulary, tmp_path / "tokenizer")
    words = Vocabulary(tmp_path / "tokenizer")
    latents = torch.randn(len(data.shown), 4, 8, 8, generator=torch.Generator().manual_seed(1))
    learnt = text.Material(data, latents, captions, words, text.weights(data, settings))

    def begin(file: Path) -> tuple[Training, text.TextLoss]:
        torch.manual_seed(3)
        learner = text.TextLearner(text.new(settings, words), learnt)
        loss = text.TextLoss(learner, learnt, None, settings.text.batch)
        return Training(learner, settings.text, file, {}), loss

    whole, loss = begin(tmp_path / "whole.pt")
    assert whole.run(loss)
    with torch.no_grad():
        assert float(loss(random.Random(9), torch.Generator())["draft"]) < 0.95

    broken, first = begin(tmp_path / "broken.pt")

    def failing(pick: random.Random, generator: torch.Generator) -> dict[str, torch.Tensor]:
        if broken.step == 15:
            broken.save()
            raise KeyboardInterrupt
        return first(pick, generator)

    with pytest.raises(KeyboardInterrupt):
        broken.run(failing)
    resumed, rest = begin(tmp_path / "broken.pt")
    assert resumed.step == 15
    assert resumed.run(rest)
    for one, other in zip(whole.parameters, resumed.parameters, strict=True):
        assert torch.equal(one, other)


def test_captions_speak_all_languages_and_name_colours_styles_and_pairs() -> None:
    from recipe.captions import Captions
    from recipe.concepts import Concept, words
    from recipe.prepare import Shown

    languages = words()["languages"]
    assert len(languages) >= 6
    cat = Concept("1f431", "cat face", ["cat"], labels={x: f"cat-{x}" for x in languages})
    dog = Concept("1f436", "dog face", ["dog"], labels={"en": "dog face"})
    captions, pick = Captions([cat, dog]), random.Random(4)
    said = [captions.draw(Shown(0, "flat", "blue"), pick) for _ in range(300)]
    assert all(any(f"cat-{x}" in text for text in said) for x in languages if x != "en")
    assert any("蓝" in text for text in said)
    assert any("bleu" in text for text in said)
    assert all("blue" in text for text in said if "cat" in text and "cat-" not in text)
    both = captions.draw(Shown(0, "3d", beside=1), pick)
    assert "cat" in both
    assert "dog" in both
    assert captions.plain(Shown(0, "flat")) == "flat cat face"


def test_a_picture_is_recoloured_and_its_main_colour_known() -> None:
    from recipe.concepts import words
    from recipe.pictures import main_hue, nearest_colour, on_white, recoloured, side_by_side

    looks = {name: table["look"] for name, table in words()["colours"].items()}
    icon = Image.new("RGBA", (64, 64))
    ImageDraw.Draw(icon).ellipse((4, 4, 60, 60), (210, 40, 40, 255))
    page = on_white(icon, 32)
    hue = main_hue(page)
    assert hue is not None
    assert nearest_colour(hue, looks) == "red"
    blue = recoloured(page, hue, looks["blue"])
    found = main_hue(blue)
    assert found is not None
    assert nearest_colour(found, looks) == "blue"
    assert tuple(blue[0, 0]) == (255, 255, 255)
    assert main_hue(side_by_side(page, blue)) is None


def test_what_is_left_out_stays_out_and_200_prompts_are_asked() -> None:
    from recipe.concepts import common, kept, words
    from recipe.examination import questions
    from recipe.packages import pinned

    table = words()
    for code, group, subgroup in (("1F595", 1, 18), ("1F1E9-1F1EA", 9, 98), ("1F983", 3, 35)):
        entry = {"hexcode": code, "group": group, "subgroup": subgroup, "label": "?"}
        assert not kept(entry, table)
    assert kept({"hexcode": "1F431", "group": 3, "subgroup": 34, "label": "cat face"}, table)
    assert not {*common()} & {*table["dropped"].split()}
    asked = questions()
    assert len(asked) == 200
    known = {name for names in common().values() for name in names}
    assert {question.thing for question in asked} <= known
    assert {package.licence for package in pinned()} <= {"MIT", "Apache-2.0", "public domain"}


def test_drawings_are_found_by_their_titles_in_a_debian_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from recipe import icons
    from recipe.concepts import Concept
    from recipe.packages import Package, fetch

    def drawing(title: str, left: int) -> bytes:
        return f"<svg><dc:title>{title}</dc:title>{left}</svg>".encode()

    def rasterised(svg: str, size: int) -> Image.Image:
        page = Image.new("RGBA", (size, size))
        left = int(svg.split("</dc:title>")[1].split("<")[0])
        page.paste((200, 30, 30, 255), (left, 0, left + 8, 4))
        return page

    monkeypatch.setattr(icons, "rasterised", rasterised)
    data, member = io.BytesIO(), io.BytesIO()
    files = {"a": ("Cat 1", 0), "b": ("kitten", 3), "c": ("cat fish", 0), "d": ("cat", 0)}
    with tarfile.open(fileobj=member, mode="w:xz") as archive:
        for name, (title, left) in files.items():
            content = drawing(title, left)
            entry = tarfile.TarInfo(f"./usr/share/openclipart/svg/{name}.svg")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    data.write(b"!<arch>\n")
    for name, content in (("debian-binary", b"2.0"), ("data.tar.xz", member.getvalue())):
        data.write(f"{name:<48}{len(content):<10}`\n".encode() + content)
        data.write(b"\n" * (len(content) % 2))
    (tmp_path / "clip-1_2.deb").write_bytes(data.getvalue())
    sha256 = hashlib.sha256(data.getvalue()).hexdigest()
    package = Package("clip", "clip", "1:2", sha256, "public domain", "", "clip", "debian")
    get = icons.source(fetch(package, tmp_path), 16)
    labels = {"en": "cat"}
    cat = Concept("1f431", "cat face", ["cat", "kitten"], [], {"en": []}, labels)
    found = get(cat)
    assert [picture.size for picture in found] == [(16, 16)]  # cut out and squared, they look alike
    assert found[0].getpixel((8, 8)) == (200, 30, 30, 255)
    assert get(Concept("1f436", "dog face", ["dog"], [], {"en": []}, labels)) == []
    with pytest.raises(ValueError, match="pinned"):
        fetch(replace(package, sha256="0" * 64), tmp_path)

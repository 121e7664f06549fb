"""Pipelines of other families, tiny and random, added to the catalogue by TOML only."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from tests.tiny_models import BUILDERS, VARYING, added, save_klein
from tools.engines.diffusion import Diffusion
from tools.errors import EngineFailed, JobCancelled
from tools.files import locate
from tools.jobs import Artifact, Engine, PictureSpec

Told = list[tuple[int, int, bytes | None]]

TINY = PictureSpec("a cat", 7, 64, 64, 4, 1.0)


def draw(with_engine: Engine, *specs: PictureSpec) -> list[Artifact]:
    return with_engine.generate(specs, lambda done, total, preview: None)


def opened(artifact: Artifact) -> Image.Image:
    return Image.open(io.BytesIO(artifact.data))


def pixels(made: Artifact) -> npt.NDArray[np.int64]:
    return np.asarray(opened(made)).astype(np.int64)


def differ(one: Artifact, other: Artifact) -> float:
    return float(np.abs(pixels(one) - pixels(other)).mean())


def encoded(picture: Image.Image) -> bytes:
    picture.save(file := io.BytesIO(), "PNG")
    return file.getvalue()


@pytest.fixture(scope="module", params=VARYING)
def tiny(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """A random pipeline saved to a folder, and the engine the catalogue's TOML makes of it."""
    import torch

    save, facts = BUILDERS[request.param]
    folder = tmp_path_factory.mktemp(request.param)
    torch.manual_seed(0)
    save(folder / "weights")
    model = added(folder, facts)
    return Diffusion(model, locate(model, folder), "cpu")


def test_a_model_added_by_toml_draws(tiny: Engine) -> None:
    wide = replace(TINY, width=96, height=64)
    first, second, other = draw(tiny, TINY, replace(TINY, seed=8, prompt="two long words"), wide)
    assert [opened(a).size for a in (first, second, other)] == [(64, 64), (64, 64), (96, 64)]
    assert differ(first, second) > 0.5
    assert differ(draw(tiny, TINY)[0], first) < 0.5


def test_its_other_tasks_share_the_weights(tiny: Engine) -> None:
    (source,) = draw(tiny, TINY)
    mask = Image.new("L", (64, 64), 0)
    mask.paste(255, (0, 0, 64, 32))
    vary = replace(TINY, task="vary", image=source.data)
    inpaint = replace(vary, task="inpaint", mask=encoded(mask))
    made = draw(tiny, vary, replace(vary, seed=8), inpaint, replace(vary, strength=0.0))
    assert [opened(a).size for a in made] == [(64, 64)] * 4
    assert np.abs(pixels(source) - pixels(made[2]))[40:].mean() < 1
    assert differ(draw(tiny, vary)[0], made[0]) < 0.5
    assert differ(draw(tiny, TINY)[0], source) < 0.5


def test_its_previews_are_learnt_from_its_first_picture(
    tiny: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tools.engines.steps.PREVIEW_EVERY", 0.0)
    draw(tiny, TINY)
    told: Told = []
    tiny.generate([replace(TINY, seed=3, width=96)], lambda *now: told.append(now))
    previews = [data for _, _, data in told if data]
    assert len(previews) == 4
    assert Image.open(io.BytesIO(previews[-1])).size == (256, 171)


def test_it_is_stopped_at_a_step(tiny: Engine) -> None:
    def stop(done: int, total: int, preview: bytes | None) -> None:
        if done == 1:
            raise JobCancelled

    (before,) = draw(tiny, TINY)
    with pytest.raises(JobCancelled):
        tiny.generate([TINY], stop)
    assert differ(draw(tiny, TINY)[0], before) < 0.5


def test_what_it_has_no_pipeline_for_is_one_sentence(tmp_path: Path) -> None:
    save_klein(tmp_path / "weights")
    model = added(tmp_path, 'tasks = ["draw", "inpaint"]\noptions = { use_pe = false }\n')
    klein = Diffusion(model, locate(model, tmp_path), "cpu")
    spec = replace(TINY, task="inpaint", image=encoded(Image.new("RGB", (64, 64))))
    with pytest.raises(EngineFailed, match="cannot inpaint"):
        draw(klein, spec)
    wrong = added(tmp_path, 'tasks = ["draw"]\npipelines = { draw = "NoSuchPipeline" }\n')
    with pytest.raises(EngineFailed, match="NoSuchPipeline"):
        Diffusion(wrong, locate(wrong, tmp_path), "cpu").load()

"""Pictures for real, by the built-in model."""

import io
import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageDraw

from tools.catalogue import Catalogue, Model
from tools.engines import ENGINES
from tools.engines.diffusion import Diffusion
from tools.engines.pipelines import parameters
from tools.errors import EngineFailed, JobCancelled, OutOfMemory, Refused
from tools.files import locate
from tools.jobs import Artifact, Engine, PictureSpec, SpeechSpec

Told = list[tuple[int, int, bytes | None]]

CAT = PictureSpec("a smiling cat", 7, 128, 128, 4, 2.0)


def engine(model: Model, folder: Path | None = None) -> Engine:
    return Diffusion(model, folder or locate(model, Path()), "cpu")


def draw(with_engine: Engine, *specs: PictureSpec) -> list[Artifact]:
    return with_engine.generate(specs, lambda done, total, preview: None)


def opened(artifact: Artifact) -> Image.Image:
    return Image.open(io.BytesIO(artifact.data))


def pixels(artifact: Artifact) -> npt.NDArray[np.int64]:
    return np.asarray(opened(artifact)).astype(np.int64)


def differ(one: Artifact, other: Artifact) -> float:
    return float(np.abs(pixels(one) - pixels(other)).mean())


def encoded(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="module")
def starter() -> Engine:
    made = engine(Catalogue.read().find("draw", "starter"))
    made.load()
    return made


def test_it_is_found_by_its_name() -> None:
    assert ENGINES.load("diffusion") is Diffusion


def test_it_draws_what_was_asked(starter: Engine) -> None:
    apple, leaf = draw(
        starter,
        replace(CAT, prompt="a red apple", steps=12),
        replace(CAT, prompt="a green tree", steps=12),
    )
    assert apple.media_type == "image/png"
    assert opened(apple).size == (512, 512) == (apple.facts["width"], apple.facts["height"])
    assert (apple.facts["native_width"], apple.facts["seed"]) == (128, 7)
    assert (pixels(apple)[0, 0] > 240).all()  # on white
    reds = pixels(apple)[..., 0] - pixels(apple)[..., 1]
    greens = pixels(leaf)[..., 1] - pixels(leaf)[..., 0]
    assert (reds > 80).mean() > 0.2
    assert (greens > 40).mean() > 0.1


def test_a_picture_is_the_same_alone_and_in_a_batch(starter: Engine) -> None:
    specs = [replace(CAT, seed=n, prompt=p) for n, p in enumerate(["a cat", "a robot", "a tree"])]
    together = draw(starter, *specs)
    for spec, picture in zip(specs, together, strict=True):
        (alone,) = draw(starter, spec)
        assert differ(alone, picture) < 0.5
    assert differ(together[0], together[1]) > 5


def test_specs_that_differ_come_back_in_their_order(starter: Engine) -> None:
    told: Told = []
    wide, many = replace(CAT, width=85, height=48), replace(CAT, steps=5, seed=8)
    made = starter.generate([wide, CAT, many, CAT], lambda *now: told.append(now))
    assert [opened(a).size for a in made] == [(512, 289), *[(512, 512)] * 3]
    assert [a.facts["steps"] for a in made] == [4, 4, 5, 4]
    assert differ(made[1], made[3]) < 0.5
    assert [total for _, total, _ in told] == [4 + 4 + 5 + 4] * len(told)
    done = [now for now, _, _ in told]
    assert done == sorted(done)
    assert (done[0], done[-1]) == (0, 17)


def test_words_against_something_count(starter: Engine) -> None:
    plain, against = draw(starter, CAT, replace(CAT, negative="yellow orange"))
    assert differ(plain, against) > 1
    assert "ignored" not in against.facts


def test_variations_keep_to_the_picture_by_strength(starter: Engine) -> None:
    (source,) = draw(starter, CAT)
    base = replace(CAT, task="vary", image=source.data, seed=9, steps=10)
    least, little, much = draw(
        starter, *[replace(base, strength=strength) for strength in (0.0, 0.3, 0.9)]
    )
    assert differ(source, least) < differ(source, little) < differ(source, much)


def test_a_wide_picture_is_varied_without_being_cut(starter: Engine) -> None:
    (source,) = draw(starter, replace(CAT, width=85, height=48, steps=8))
    shape = replace(CAT, width=85, height=48, task="vary", image=source.data, strength=0.3)
    first, second = draw(starter, shape, replace(shape, seed=8))
    assert opened(first).size == (512, 289)
    assert differ(source, first) < 15
    assert differ(first, second) > 0.1


def test_filling_in_leaves_the_rest_as_it_was(starter: Engine) -> None:
    (source,) = draw(starter, CAT)
    mask = Image.new("L", (512, 512), 0)
    mask.paste(255, (0, 256, 512, 512))
    spec = replace(
        CAT, prompt="a rocket", task="inpaint", image=source.data, mask=encoded(mask), strength=1.0
    )
    (filled,) = draw(starter, spec)
    change = np.abs(pixels(source) - pixels(filled))
    assert change[:240].mean() < 0.5
    assert change[272:].mean() > 5


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "1"])
def test_any_kind_of_picture_can_be_varied(starter: Engine, mode: str) -> None:
    picture = Image.new("RGB", (90, 40), "white")
    ImageDraw.Draw(picture).circle((45, 20), 15, fill="green")
    image = encoded(picture.convert(mode))
    (made,) = draw(starter, replace(CAT, task="vary", image=image, strength=0.3, steps=4))
    assert opened(made).size == (512, 512)


def test_what_is_no_picture_is_one_sentence(starter: Engine) -> None:
    with pytest.raises(Refused, match="picture"):
        draw(starter, replace(CAT, task="vary", image=b"no picture"))
    with pytest.raises(EngineFailed, match="there has to be a picture"):
        draw(starter, replace(CAT, task="vary"))


def test_it_can_be_stopped_at_a_step_and_used_again(starter: Engine) -> None:
    (before,) = draw(starter, CAT)
    told: list[int] = []

    def stop(done: int, total: int, preview: bytes | None) -> None:
        told.append(done)
        if done == 2:
            raise JobCancelled

    with pytest.raises(JobCancelled):
        starter.generate([CAT], stop)
    assert told == [0, 1, 2]
    assert draw(starter, CAT)[0].data == before.data


def test_previews_are_small_pictures(starter: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tools.engines.steps.PREVIEW_EVERY", 0.0)
    told: Told = []
    starter.generate([CAT, replace(CAT, seed=8)], lambda *now: told.append(now))
    previews = [data for _, _, data in told if data]
    assert len(previews) in (4, 8)  # of both at once, or of one after the other if that was quicker
    last = Image.open(io.BytesIO(previews[-1]))
    assert (last.format, last.size) == ("JPEG", (512, 256))
    assert len(previews[-1]) < 40_000


def test_a_broken_step_is_one_sentence_and_a_log_entry(
    starter: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(done: int, total: int, preview: bytes | None) -> None:
        raise ZeroDivisionError("/secret/path")

    with pytest.raises(EngineFailed, match="starter broke while drawing") as caught:
        starter.generate([CAT], broken)
    assert "/secret/path" not in str(caught.value)
    assert caplog.records[-1].levelno == logging.ERROR
    with pytest.raises(EngineFailed, match="only makes pictures"):
        starter.generate([SpeechSpec("hello")], broken)


def test_too_little_memory_has_its_own_error(starter: Engine) -> None:
    import torch

    def full(done: int, total: int, preview: bytes | None) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")

    with pytest.raises(OutOfMemory, match="fewer or smaller"):
        starter.generate([CAT], full)


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    fresh = engine(Catalogue.read().find("draw", "starter"))
    draw(fresh, replace(CAT, prompt="far too many words " * 30, steps=1))
    fresh.unload()
    draw(fresh, replace(CAT, steps=1))  # loads again by itself
    assert capfd.readouterr() == ("", "")


def test_a_folder_without_a_pipeline_is_one_sentence(tmp_path: Path) -> None:
    model = Catalogue.read().find("draw", "starter")
    with pytest.raises(EngineFailed, match=r"model_index\.json"):
        engine(model, tmp_path).load()
    (tmp_path / "model_index.json").write_text("{}")
    with pytest.raises(EngineFailed, match="broke while loading"):
        engine(model, tmp_path).load()


def test_pipelines_without_a_callback_are_followed_by_their_scheduler(
    starter: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    (before,) = draw(starter, CAT)
    everything = parameters
    monkeypatch.setattr(Diffusion, "can_step", lambda *_: False)
    monkeypatch.setattr(
        "tools.engines.whole.parameters",
        lambda pipe: everything(pipe) - {"callback_on_step_end"},
    )
    told: list[int] = []

    def stop(done: int, total: int, preview: bytes | None) -> None:
        told.append(done)
        if len(told) == 4:
            raise JobCancelled

    with pytest.raises(JobCancelled):
        starter.generate([CAT], stop)
    assert told == [0, 1, 2, 3]
    assert draw(starter, CAT)[0].data == before.data


def test_what_cannot_step_runs_whole(starter: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    specs = [CAT, replace(CAT, steps=5), replace(CAT, seed=8), replace(CAT, width=85, height=48)]
    vary = replace(CAT, task="vary", image=encoded(Image.new("RGB", (64, 64), "red")))
    stepped = draw(starter, *specs, vary)
    monkeypatch.setattr(Diffusion, "can_step", lambda *_: False)
    told: Told = []
    whole = starter.generate([*specs, vary], lambda *now: told.append(now))
    assert all(differ(*pair) < 0.5 for pair in zip(stepped, whole, strict=True))
    assert told[-1][:2] == (4 + 5 + 4 + 2, 4 + 5 + 4 + 2)


def test_the_starter_is_asked_for_one_thing_at_a_time(starter: Engine) -> None:
    many, one = (replace(CAT, prompt=f"red {word}") for word in ("cats", "cat"))
    assert draw(starter, many)[0].data == draw(starter, one)[0].data

"""LoRAs: pictures drawn with them equal those of a plain pipeline, beside pictures without."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.families import apart, family_of, save_lora, striped
from tools.engines import speed
from tools.engines.adapters import Adapters
from tools.engines.diffusion import Diffusion
from tools.engines.pieces import keywords, piece
from tools.engines.pipelines import parameters, silence
from tools.engines.sessions import Drawing
from tools.errors import ModelUnavailable
from tools.jobs import Adapter, PictureSpec

ONE = PictureSpec("a cat", 7, 128, 128, 4, 1.0)
PARTS = {"sdxl": ("unet", "text_encoder"), "klein": ("transformer",), "z-image": ("transformer",)}


class Lab:
    """A tiny model with two LoRAs for it, and what plain pipelines draw with them."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.family = name, family_of(name, folder)
        self.files = self.family.files
        parts = PARTS[name]
        self.one = Adapter("one", save_lora(self.files, folder / "one.safetensors", 1, *parts))
        path = save_lora(self.files, folder / "two.safetensors", 2, parts[0])
        self.two = Adapter("two", path, 0.5)

    @property
    def engine(self) -> Diffusion:
        return self.family.engine

    def plain(self, spec: PictureSpec) -> Image.Image:
        """Return what a fresh pipeline draws that has nothing but this picture's LoRAs."""
        fresh = Diffusion(self.family.model, self.files, "cpu")
        fresh.load()
        pipe = fresh._pipe(spec.task)
        takes = parameters(pipe)
        with silence():
            for one in spec.adapters:
                pipe.load_lora_weights(
                    str(one.file.parent), weight_name=one.file.name, adapter_name=one.name
                )
            if spec.adapters:
                pipe.set_adapters(
                    [a.name for a in spec.adapters], [a.weight for a in spec.adapters]
                )
            given = keywords([piece(self.family.model, spec, takes)], self.family.model, takes)
            image: Image.Image = pipe(**given).images[0]
        return image

    def drawn(self, *specs: PictureSpec) -> list[Image.Image]:
        sessions = [self.engine.open(spec) for spec in specs]
        self.family.rows.clear()
        self.family.draw(*sessions)
        return [result(self.engine, session) for session in sessions]


def result(engine: Diffusion, session: Drawing) -> Image.Image:
    engine.close(session)
    assert session.strand.result is not None
    return session.strand.result


@pytest.fixture(scope="module", params=list(PARTS))
def lab(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Lab:
    return Lab(request.param, tmp_path_factory.mktemp(request.param))


@pytest.fixture(scope="module")
def sdxl(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    return Lab("sdxl", tmp_path_factory.mktemp("lone"))


def test_pictures_equal_those_of_a_pipeline_with_only_that_lora(lab: Lab) -> None:
    specs = [
        ONE,
        replace(ONE, adapters=(lab.one,), seed=1, guidance=3.0),
        replace(ONE, adapters=(lab.two,), seed=2, steps=6),
        replace(ONE, adapters=(lab.one, lab.two), seed=3),
        replace(ONE, adapters=(replace(lab.one, weight=0.3),), seed=1, guidance=3.0),
        replace(ONE, task="vary", image=striped(), adapters=(lab.two,), strength=0.8),
    ]
    before = lab.plain(ONE)
    pictures = lab.drawn(*specs)
    for spec, picture in zip(specs, pictures, strict=True):
        assert apart(lab.plain(spec), picture) <= 1
    assert apart(pictures[0], before) == 0
    assert apart(pictures[1], pictures[4]) > 2, "its weight counts"
    assert apart(lab.drawn(ONE)[0], before) == 0, "switched off it leaves no trace"


def test_only_pictures_with_the_same_loras_share_a_pass(lab: Lab) -> None:
    with_one = replace(ONE, adapters=(lab.one,))
    specs = [with_one, ONE, replace(with_one, seed=1), replace(ONE, seed=2)]
    sessions = [lab.engine.open(spec) for spec in specs]
    lab.family.rows.clear()
    lab.engine.step(sessions)
    assert len(lab.family.rows) == 2
    assert lab.family.rows[0] == lab.family.rows[1] >= 2
    for session in sessions:
        lab.engine.drop(session)


def test_prompts_are_encoded_anew_only_for_loras_of_the_text_encoder(sdxl: Lab) -> None:
    cache = sdxl.engine._prompts
    sdxl.engine.drop(sdxl.engine.open(ONE))
    for adapters, misses in (((sdxl.two,), 0), ((sdxl.one,), 1), ((sdxl.one,), 0), ((), 0)):
        before = cache.misses
        sdxl.engine.drop(sdxl.engine.open(replace(ONE, adapters=adapters)))
        assert cache.misses - before == misses


def test_the_least_recently_used_one_goes_and_comes_back(
    sdxl: Lab, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sdxl.engine._adapters, "_kept", 2)
    path = save_lora(sdxl.files, tmp_path / "three.safetensors", 3, "unet")
    three = Adapter("v1.5 three", path)  # torch allows no dot in a module's name
    specs = [replace(ONE, adapters=(one,)) for one in (sdxl.one, sdxl.two, three)]
    pictures = [sdxl.drawn(spec)[0] for spec in specs]
    assert sdxl.engine._adapters.files == [sdxl.two.file, three.file]
    listed = sdxl.engine._pipe("draw").get_list_adapters()
    assert len(listed["unet"]) == 2
    assert apart(sdxl.drawn(specs[0])[0], pictures[0]) <= 1
    assert len({picture.tobytes() for picture in pictures}) == 3
    together = sdxl.drawn(*specs)  # more than are kept, at the same time
    assert all(apart(*pair) <= 1 for pair in zip(pictures, together, strict=True))


def test_the_adapter_is_switched_only_when_it_changes(
    sdxl: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipe, switched = sdxl.engine._weights().base, list[list[str]]()
    plain = type(pipe).set_adapters

    def noted(self: Any, names: list[str], weights: list[float]) -> None:
        switched.append(names)
        plain(self, names, weights)

    monkeypatch.setattr(type(pipe), "set_adapters", noted)
    sdxl.drawn(ONE)
    sdxl.drawn(*(replace(ONE, seed=n, adapters=(sdxl.one,)) for n in range(3)))
    assert len(switched) == 1
    sdxl.drawn(ONE, replace(ONE, adapters=(sdxl.one,)))
    assert len(switched) <= 1 + 2 * ONE.steps


def test_a_whole_pipeline_is_switched_too(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    specs = [ONE, replace(ONE, adapters=(lab.one,)), replace(ONE, seed=3)]
    expected = lab.drawn(*specs)
    monkeypatch.setattr(Diffusion, "can_step", lambda *_: False)
    made: list[Image.Image] = []
    plain = "tools.engines.whole.artifact"
    monkeypatch.setattr(plain, lambda piece, image, takes: made.append(image))
    lab.engine.generate(specs, lambda *_: None)
    assert sorted(min(apart(a, b) for b in made) for a in expected)[-1] <= 1


def test_what_is_missing_or_does_not_fit_is_one_sentence(
    lab: Lab, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    gone = Adapter("gone", tmp_path / "gone.safetensors")
    with pytest.raises(ModelUnavailable, match="LoRA gone is not here yet; run `atelier models"):
        lab.engine.open(replace(ONE, adapters=(gone,)))
    assert "LoRA gone is not here yet" in caplog.text
    assert "Traceback" not in caplog.text
    other = family_of(
        "klein" if "unet" in lab.engine._pipe("draw").components else "sdxl", tmp_path
    )
    part = "transformer" if hasattr(other.engine._pipe("draw"), "transformer") else "unet"
    foreign = save_lora(other.files, tmp_path / "foreign.safetensors", 1, part)
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"no weights at all")
    for file in (foreign, broken):
        with pytest.raises(ModelUnavailable, match="LoRA odd does not fit the model tiny"):
            lab.engine.open(replace(ONE, adapters=(Adapter("odd", file),)))
    spec = replace(ONE, adapters=(lab.one,))
    assert apart(lab.drawn(spec)[0], lab.plain(spec)) <= 1
    assert apart(lab.drawn(ONE)[0], lab.plain(ONE)) <= 1


def test_after_unloading_they_are_loaded_again(sdxl: Lab) -> None:
    spec = replace(ONE, adapters=(sdxl.one,))
    before = sdxl.drawn(spec)[0]
    sdxl.engine.unload()
    assert sdxl.engine._adapters.files == []
    assert apart(sdxl.drawn(spec)[0], before) == 0


def test_weights_in_fewer_bits_take_loras(lab: Lab, tmp_path: Path) -> None:
    small = family_of(lab.name, tmp_path, 'run = { quantize = "int8" }\n')
    spec = replace(ONE, adapters=(lab.one,))
    session = small.engine.open(spec)
    small.draw(session)
    difference = np.asarray(result(small.engine, session)).astype(int) - lab.plain(spec)
    assert 0 < np.abs(difference).mean() < 1


def test_compiled_blocks_take_loras(
    sdxl: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speed, "BACKEND", "aot_eager")
    fast = family_of("sdxl", tmp_path, "run = { compile = true }\n")
    specs = [ONE, replace(ONE, adapters=(sdxl.one,)), replace(ONE, adapters=(sdxl.two,))]
    sessions = [fast.engine.open(spec) for spec in specs]
    fast.draw(*sessions)
    for spec, session in zip(specs, sessions, strict=True):
        assert apart(result(fast.engine, session), sdxl.plain(spec)) <= 1


def test_nothing_is_printed(sdxl: Lab, capfd: pytest.CaptureFixture[str]) -> None:
    sdxl.engine.unload()
    sdxl.engine.load()
    capfd.readouterr()
    sdxl.drawn(replace(ONE, adapters=(sdxl.one,)), replace(ONE, adapters=(sdxl.two,)))
    assert capfd.readouterr() == ("", "")


def test_switching_takes_milliseconds(sdxl: Lab) -> None:
    adapters: Adapters = sdxl.engine._adapters
    sdxl.drawn(*(replace(ONE, adapters=(one,)) for one in (sdxl.one, sdxl.two)))
    start = time.perf_counter()
    for _ in range(10):
        adapters.switch((sdxl.one,))
        adapters.switch(())
    assert (time.perf_counter() - start) / 20 < 0.1

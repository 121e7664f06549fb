"""Pictures drawn step by step in company: they equal those of diffusers' own pipelines."""

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.families import CLOSE, Family, apart, encoded, family_of, striped
from tests.tiny_models import BUILDERS, VARYING
from tools.catalogue import Catalogue
from tools.engines.stepper import Stepper
from tools.errors import EngineFailed, JobCancelled, OutOfMemory
from tools.files import locate
from tools.jobs import PictureSpec, StepEngine

FAMILIES = ["starter", *BUILDERS]
ONE = PictureSpec("a cat", 7, 64, 64, 4, 1.0)
MIXED = [
    ONE,
    replace(ONE, prompt="two longer words of a red robot", seed=1, steps=6, guidance=3.0),
    replace(ONE, prompt="a tree", seed=2, steps=3, guidance=5.5, negative="blue"),
    replace(ONE, prompt="a cat", seed=3, steps=5, guidance=2.0),
]


@pytest.fixture(scope="module", params=FAMILIES)
def family(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Family:
    if request.param != "starter":
        return family_of(request.param, tmp_path_factory.mktemp(request.param))
    model = Catalogue.read().find("draw", "starter")
    return Family(model, locate(model, Path()))


@pytest.fixture(scope="module")
def starter() -> Family:
    model = Catalogue.read().find("draw", "starter")
    return Family(model, locate(model, Path()))


def test_it_is_an_engine_that_works_in_steps(starter: Family) -> None:
    assert isinstance(starter.engine, StepEngine)
    assert all(map(starter.engine.can_step, MIXED))


def test_pictures_in_company_equal_the_plain_pipelines(family: Family) -> None:
    sessions = [family.engine.open(spec) for spec in MIXED]
    assert [s.total for s in sessions] == [4, 6, 3, 5]
    family.rows.clear()
    family.draw(*sessions)
    assert [s.done for s in sessions] == [4, 6, 3, 5]
    assert len(family.rows) <= 2 * 6  # where guidance is a second call, else 6
    assert max(family.rows) >= 4
    for session in sessions:
        family.check(session)


def test_alone_a_picture_is_the_plain_pipelines_to_the_bit(family: Family) -> None:
    session = family.engine.open(MIXED[2])
    family.draw(session)
    family.engine.close(session)
    latents, image = family.plain(MIXED[2])
    assert bool((session.latents == latents).all())
    assert session.strand.result is not None
    assert apart(session.strand.result, image) == 0


def test_sessions_join_and_leave_in_the_middle(family: Family) -> None:
    first, left = (family.engine.open(spec) for spec in (MIXED[1], MIXED[3]))
    for _ in range(2):
        family.engine.step([first, left])
    family.engine.drop(left)
    late = family.engine.open(MIXED[2])
    family.draw(first, late)
    assert (first.done, late.done, left.done) == (6, 3, 2)
    family.check(first)
    family.check(late)
    with pytest.raises(JobCancelled):
        family.engine.close(left)


@pytest.mark.parametrize("family", ["starter", *VARYING], indirect=True)
def test_image_to_image_and_other_sizes_step_beside_it(family: Family) -> None:
    vary = replace(MIXED[1], task="vary", image=striped(), strength=0.5)
    more = replace(vary, seed=9, strength=0.9, steps=4, guidance=1.0)
    wide = replace(ONE, width=96, image=striped(96), task="vary")
    sessions = [family.engine.open(spec) for spec in (vary, ONE, more, wide)]
    family.draw(*sessions)
    for session in sessions:
        family.check(session)


@pytest.mark.parametrize("family", ["starter", *VARYING], indirect=True)
def test_filling_in_steps_too(family: Family) -> None:
    mask = Image.new("L", (64, 64), 0)
    mask.paste(255, (0, 0, 64, 32))
    fill = replace(ONE, task="inpaint", image=striped(), mask=encoded(mask), guidance=2.0)
    sessions = [family.engine.open(spec) for spec in (fill, replace(fill, seed=8, steps=6), ONE)]
    family.draw(*sessions)
    for session in sessions:
        family.check(session)


def test_a_model_without_a_layout_steps_alone(
    starter: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tools.engines.sessions.DENOISING", {})
    known = len(starter.engine._stepper.knee._known)
    sessions = [starter.engine.open(spec) for spec in (ONE, MIXED[1])]
    starter.rows.clear()
    starter.draw(*sessions)
    assert len(starter.rows) == 4 + 6
    for session in sessions:
        starter.check(session)
    assert len(starter.engine._stepper.knee._known) <= known + 1  # the decoder's
    measured = Stepper("cpu")
    assert measured.room([starter.engine.open(ONE)]) == 0


def test_without_guidance_only_one_half_runs(starter: Family) -> None:
    sessions = [starter.engine.open(replace(ONE, seed=n, guidance=g)) for n, g in ((1, 1), (2, 2))]
    starter.rows.clear()
    starter.engine.step(sessions)
    assert starter.rows == [1 + 2]
    for session in sessions:
        starter.engine.drop(session)


def test_distilled_guidance_is_the_models_own_input(tmp_path: Path) -> None:
    flux = family_of("flux", tmp_path)
    specs = [replace(ONE, guidance=g, negative="blue") for g in (1.0, 3.5)]
    sessions = [flux.engine.open(spec) for spec in specs]
    flux.rows.clear()
    flux.draw(*sessions)
    assert flux.rows == [2] * 4
    made = [flux.engine.close(session) for session in sessions]
    assert all(one.facts["ignored"] == ["negative"] for one in made)
    assert float((sessions[0].latents - sessions[1].latents).abs().max()) > CLOSE


def test_what_was_encoded_is_remembered(starter: Family) -> None:
    cache = starter.engine._prompts
    cache.clear()
    for spec, misses in (
        (replace(ONE, guidance=2.0, negative="text"), 2),
        (replace(ONE, guidance=2.0, negative="text", seed=8), 0),
        (replace(ONE, guidance=2.0, negative="text", prompt="another"), 1),
        (replace(ONE, guidance=1.0, prompt="another", task="vary", image=striped()), 0),
    ):
        before = cache.misses
        starter.engine.drop(starter.engine.open(spec))
        assert cache.misses - before == misses


@pytest.mark.parametrize("family", ["starter", *VARYING], indirect=True)
def test_all_models_run_in_the_thread_that_steps(family: Family) -> None:
    pipe, seen = family.engine._pipe("vary"), set[int]()
    hooks = [
        module.register_forward_hook(lambda *_: seen.add(threading.get_ident()))
        for module in (pipe.text_encoder, family.denoiser, pipe.vae.decoder, pipe.vae.encoder)
    ]
    spec = replace(ONE, prompt="new words", task="vary", image=striped(), guidance=2.0)
    session = family.engine.open(spec)
    family.draw(session)
    family.engine.close(session)
    for hook in hooks:
        hook.remove()
    assert seen == {threading.get_ident()}


def test_klein_edits_by_instruction_in_company(tmp_path: Path) -> None:
    klein = family_of("klein", tmp_path)
    edit = replace(ONE, task="edit", image=striped(128, 64))
    tall = replace(edit, image=striped(64, 128))  # as many tokens, in other places
    sessions = [klein.engine.open(spec) for spec in (edit, replace(edit, seed=1, steps=6), tall)]
    klein.rows.clear()
    klein.engine.step(sessions)
    assert sorted(klein.rows) == [1, 2]
    klein.draw(*sessions)
    for session in sessions:
        klein.check(session)


def test_a_pass_without_memory_is_made_in_halves(
    starter: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    plain = type(starter.denoiser).forward
    most = 3

    def small(self: Any, sample: Any, *args: Any, **more: Any) -> Any:
        if len(sample) > most:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return plain(self, sample, *args, **more)

    monkeypatch.setattr(type(starter.denoiser), "forward", small)
    sessions = [starter.engine.open(replace(spec, guidance=1.0)) for spec in MIXED]
    starter.draw(*sessions)
    for session in sessions:
        starter.check(session)
    most = 0
    alone = starter.engine.open(ONE)
    starter.engine.step([alone])
    with pytest.raises(OutOfMemory):
        starter.engine.close(alone)


def test_what_breaks_is_said_when_it_is_closed(
    starter: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, sound = starter.engine.open(replace(ONE, width=85)), starter.engine.open(MIXED[1])
    monkeypatch.setattr(broken, "_stepped", lambda latents: None)
    starter.engine.step([broken, sound])
    broken.strand.throw(ZeroDivisionError("/secret/path"))
    assert broken.finished
    starter.draw(sound)
    starter.check(sound)
    with pytest.raises(EngineFailed, match="broke while drawing") as caught:
        starter.engine.close(broken)
    assert "/secret/path" not in str(caught.value)

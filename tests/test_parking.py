"""Picture models leave the device and come back; here the device is host memory, too."""

from pathlib import Path

import pytest

from tests.families import family_of
from tools.engines.diffusion import Diffusion
from tools.jobs import PictureSpec

CAT = PictureSpec("a smiling cat", 7, 64, 64, 4, 2.0)


@pytest.mark.parametrize("name", ["klein", "sdxl", "z-image"])
def test_a_picture_begun_before_is_the_same_after_its_weights_were_away(
    name: str, tmp_path: Path
) -> None:
    engine = family_of(name, tmp_path).engine
    whole = engine.generate([CAT], lambda *_: None)[0]
    session = engine.open(CAT)
    engine.step([session])
    weight = next(engine._weights().modules[0].parameters())
    engine.park()
    host = weight.data_ptr()
    engine.wake()
    assert weight.data_ptr() != host
    while not session.finished:
        engine.step([session])
    assert engine.close(session).data == whole.data
    assert engine.generate([CAT], lambda *_: None)[0].data == whole.data


def test_quantised_weights_stay_and_the_model_works_on(tmp_path: Path) -> None:
    engine = family_of("sdxl", tmp_path, 'run = { quantize = "int8" }\n').engine
    whole = engine.generate([CAT], lambda *_: None)[0]
    with pytest.raises(TypeError, match="stays where it is"):
        engine.park()
    assert engine.generate([CAT], lambda *_: None)[0].data == whole.data


def test_weights_are_offloaded_once_and_only_where_there_is_a_device(tmp_path: Path) -> None:
    family = family_of("sdxl", tmp_path)
    assert not family.engine.offload()
    elsewhere = Diffusion(family.model, family.files, "cuda")
    assert elsewhere.offload()
    assert not elsewhere.offload()
    run = family.model.run.model_copy(update={"quantize": "int8"})
    packed = family.model.model_copy(update={"run": run})
    assert not Diffusion(packed, family.files, "cuda").offload()

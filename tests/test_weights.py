"""Weights that are quantised or come from files of their own, and models that are compiled."""

import logging
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.families import Family, apart, family_of, striped
from tools.engines import quantize, speed
from tools.engines.speed import denoisers
from tools.errors import EngineFailed
from tools.jobs import PictureSpec

ONE = PictureSpec("a cat", 7, 64, 64, 4, 1.0)
MIXED = [ONE, replace(ONE, prompt="a red robot", seed=1, steps=6, guidance=3.0)]


@pytest.fixture(scope="module", params=["klein", "sdxl", "z-image"])
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def plain(name: str, tmp_path_factory: pytest.TempPathFactory) -> Family:
    return family_of(name, tmp_path_factory.mktemp(name))


def run(facts: str) -> str:
    return f"run = {{ {facts} }}\n"


def kinds(model: Any) -> set[str]:
    """Return the kinds of weights a model's linear layers have."""
    import torch

    layers = (layer for layer in model.modules() if isinstance(layer, torch.nn.Linear))
    return {type(layer.weight).__name__ for layer in layers}


def differ(one: Family, other: Family, spec: PictureSpec = ONE) -> float:
    pictures = (np.asarray(family.plain(spec)[1]).astype(int) for family in (one, other))
    return float(np.abs(next(pictures) - next(pictures)).mean())


def steps_together(family: Family) -> None:
    """Draw and vary pictures in company and compare each with the pipeline's own."""
    vary = replace(ONE, task="vary", image=striped(), strength=0.8)
    sessions = [family.engine.open(spec) for spec in (*MIXED, vary)]
    family.draw(*sessions)
    for session in sessions:
        family.check(session)


@pytest.mark.parametrize(("kind", "weights"), [("int8", "Int8Tensor"), ("float8", "Float8Tensor")])
def test_weights_are_quantised_and_the_picture_stays_close(
    plain: Family, name: str, kind: str, weights: str, tmp_path: Path
) -> None:
    small = family_of(name, tmp_path, run(f'quantize = "{kind}"'))
    assert kinds(small.denoiser) == {weights}
    assert weights not in kinds(small.engine._pipe("draw").text_encoder)
    assert 0 < differ(plain, small) < 4
    steps_together(small)


def test_a_text_encoder_is_quantised_where_it_is_asked_for(tmp_path: Path) -> None:
    facts = run('quantize = "int8", quantized = ["text_encoder"]')
    klein = family_of("klein", tmp_path, facts)
    assert "Int8Tensor" in kinds(klein.engine._pipe("draw").text_encoder)
    assert "Int8Tensor" not in kinds(klein.denoiser)
    klein.engine.close(klein.engine.open(ONE))
    with pytest.raises(EngineFailed, match="no part text_encoder_9"):
        family_of("klein", tmp_path, facts.replace("encoder", "encoder_9"))


@pytest.mark.parametrize("name", ["klein", "z-image"], indirect=True)
def test_a_denoiser_is_read_from_a_gguf_file_and_stays_as_small(
    plain: Family, name: str, tmp_path: Path
) -> None:
    write_gguf(plain.denoiser, tmp_path / "tiny.Q8_0.gguf")
    part = '{ folder = ".", files = { "tiny.Q8_0.gguf" = "" } }'
    packed = family_of(name, tmp_path, f"parts = {{ transformer = {part} }}\n")
    assert "GGUFParameter" in kinds(packed.denoiser)
    assert 0 < differ(plain, packed) < 4
    steps_together(packed)
    for unused in (tmp_path / "weights" / "transformer").glob("*.safetensors"):
        unused.unlink()
    packed.engine.unload()
    packed.engine.load()
    (tmp_path / "tiny.Q8_0.gguf").unlink()
    packed.engine.unload()
    with pytest.raises(EngineFailed, match=r"tiny\.Q8_0\.gguf .* is not there"):
        packed.engine.load()


def write_gguf(model: Any, path: Path) -> None:
    """Write a model's weights as such files do: layers in blocks of eight bits, the rest whole."""
    import torch
    from gguf import GGMLQuantizationType, GGUFWriter
    from gguf.quants import quantize

    writer, kind = GGUFWriter(path, "tiny"), GGMLQuantizationType.Q8_0
    modules = model.named_modules()
    linear = {f"{name}.weight" for name, one in modules if isinstance(one, torch.nn.Linear)}
    for name, tensor in model.state_dict().items():
        values = tensor.float().numpy()
        if name in linear and values.shape[1] % 32 == 0:
            writer.add_tensor(name, quantize(values, kind), raw_dtype=kind)
        else:
            writer.add_tensor(name, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


@pytest.mark.parametrize(
    ("kind", "missing", "words"),
    [
        ("int8", True, r"torchao, which is not installed; run: pip install 'atelier\[quant\]'"),
        ("nf4", True, "bitsandbytes, which is not installed"),
        ("nf4", False, "nf4, which needs a GPU"),
        ("int4", False, "int4, which needs a GPU"),
    ],
)
def test_what_cannot_be_quantised_here_is_one_sentence(
    kind: str, missing: bool, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quantize, "find_spec", lambda name: None if missing else name)
    with pytest.raises(EngineFailed, match=words):
        family_of("klein", tmp_path, run(f'quantize = "{kind}"'))


def test_nothing_is_printed_by_the_quantisers(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    klein = family_of("klein", tmp_path, run('quantize = "int8"'))
    capfd.readouterr()
    klein.engine.unload()
    klein.engine.load()
    klein.engine.close(klein.engine.open(ONE))
    assert capfd.readouterr() == ("", "")


@pytest.mark.filterwarnings("default")
def test_compiled_blocks_take_any_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    import torch
    from torch._dynamo.utils import counters

    # the same tracing and guards as with inductor, without a C++ compiler's half minute
    monkeypatch.setattr(speed, "BACKEND", "aot_eager")
    torch._dynamo.reset()
    counters.clear()
    (tmp_path / "eager").mkdir()
    eager = family_of("sdxl", tmp_path / "eager")
    fast = family_of("sdxl", tmp_path, run("compile = true, channels_last = true"))
    for count in (1, 2, 3, 2, 1):
        sessions = [fast.engine.open(replace(ONE, seed=n, guidance=3.0)) for n in range(count)]
        fast.draw(*sessions)
        for session in sessions:
            fast.engine.close(session)
            latents, image = eager.plain(session.piece.spec)
            assert session.strand.result is not None
            assert float((session.latents - latents).abs().max()) < 1e-3
            assert apart(session.strand.result, image) <= 1
    assert counters["stats"]["unique_graphs"] == 1  # guidance makes at least two rows of each
    assert not counters["recompile_limit"]


def test_without_repeated_blocks_it_is_not_compiled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from diffusers import UNet2DConditionModel

    monkeypatch.setattr(UNet2DConditionModel, "_repeated_blocks", [])
    with caplog.at_level(logging.WARNING, "tools.engines.speed"):
        family_of("sdxl", tmp_path, run("compile = true"))
    assert "lists no repeated blocks" in caplog.text


def test_convolutions_are_laid_out_for_gpus(tmp_path: Path) -> None:
    import torch

    (tmp_path / "plain").mkdir()
    plain = family_of("sdxl", tmp_path / "plain")
    facts = run('channels_last = true, quantize = "int8"')
    sdxl = family_of("sdxl", tmp_path, facts)
    assert sdxl.denoiser.conv_in.weight.is_contiguous(memory_format=torch.channels_last)
    assert sdxl.engine._pipe("draw").vae.decoder.conv_in.weight.is_contiguous(
        memory_format=torch.channels_last
    )
    assert 0 < differ(plain, sdxl) < 4
    steps_together(sdxl)


def test_an_attention_backend_is_set_for_one_model_only(tmp_path: Path) -> None:
    from diffusers.models.attention_dispatch import _AttentionBackendRegistry

    before = _AttentionBackendRegistry.get_active_backend()
    klein = family_of("klein", tmp_path, run('attention = "_native_math"'))
    chosen = {p._attention_backend.value for p in klein.denoiser.attn_processors.values()}
    assert chosen == {"_native_math"}
    assert _AttentionBackendRegistry.get_active_backend() == before
    steps_together(klein)


@pytest.mark.parametrize(
    ("backend", "words"),
    [("warp", "does not have; it has: .*flash"), ("sage", "'sage' of tiny cannot be used")],
)
def test_an_attention_backend_that_is_not_here_is_one_sentence(
    backend: str, words: str, tmp_path: Path
) -> None:
    with pytest.raises(EngineFailed, match=words) as caught:
        family_of("klein", tmp_path, run(f'attention = "{backend}"'))
    assert len(re.findall(r"\.(\s|$)", str(caught.value))) == 1


def test_only_denoisers_are_called_at_each_step(plain: Family) -> None:
    assert denoisers(plain.engine._pipe("draw")) == [plain.denoiser]

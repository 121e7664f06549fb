"""The bench of large models, run for real on the CPU with tiny ones of the same families."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.bench import gpu
from tests.bench.denoising import Bench, asked, knee, operations, stepped
from tests.bench.shapes import KLEIN, SDXL, Z_IMAGE, Shape, build, clips, fill, hollow, weights
from tests.tiny_models import blocks, flat_blocks, qwen
from tools.engines.diffusion import Diffusion

TINY = {
    "sdxl": replace(
        SDXL,
        denoiser=(
            "UNet2DConditionModel",
            {
                **SDXL.denoiser[1],
                "block_out_channels": (8, 8, 16),
                "attention_head_dim": (1, 2, 2),
                "transformer_layers_per_block": 1,
                "layers_per_block": 1,
                "norm_num_groups": 4,
                "cross_attention_dim": 32,
                "addition_time_embed_dim": 8,
                "projection_class_embeddings_input_dim": 6 * 8 + 16,
            },
        ),
        autoencoder=("AutoencoderKL", blocks()),
        texts=partial(clips, 16, 16, 32),
        steps=(2, 3),
    ),
    "klein": replace(
        KLEIN,
        denoiser=(
            "Flux2Transformer2DModel",
            {
                **KLEIN.denoiser[1],
                "in_channels": 16,
                "num_layers": 1,
                "num_single_layers": 1,
                "attention_head_dim": 16,
                "num_attention_heads": 2,
                "joint_attention_dim": 48,
                "axes_dims_rope": (4, 4, 4, 4),
            },
        ),
        autoencoder=("AutoencoderKLFlux2", blocks()),
        texts=qwen,
        steps=(2, 3),
    ),
    "z-image": replace(
        Z_IMAGE,
        denoiser=(
            "ZImageTransformer2DModel",
            {
                **Z_IMAGE.denoiser[1],
                "in_channels": 4,
                "dim": 32,
                "n_layers": 1,
                "n_refiner_layers": 1,
                "n_heads": 2,
                "n_kv_heads": 2,
                "cap_feat_dim": 16,
                "axes_dims": [4, 6, 6],
            },
        ),
        autoencoder=("AutoencoderKL", flat_blocks()),
        texts=qwen,
        steps=(2, 3),
    ),
}
CPU = Bench("cpu", "float32", (64,), (1, 2), 2, 64, 4, 1)


@pytest.fixture(params=TINY)
def shape(request: pytest.FixtureRequest) -> Shape:
    return TINY[request.param]


def test_everything_is_measured(
    shape: Shape, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import torch

    pipes: list[Any] = []

    def kept(*given: Any) -> Any:
        pipes.append(build(*given))
        return pipes[-1]

    monkeypatch.setattr(gpu, "build", kept)
    with torch.compiler.set_stance("force_eager"):  # tracing takes many seconds
        facts = gpu.main(CPU, (shape,))
    modules = getattr(pipes[0], shape.part).modules()
    assert any(module._compiled_call_impl is not None for module in modules)
    told = capsys.readouterr().out
    passes, requests = facts
    assert f"a pass of {shape.name} at 64, rows: " in passes.what
    assert "of the device's peak" in passes.ours
    assert "eager" in passes.beside
    assert "4 mixed requests" in requests.what
    assert "pictures/s" in requests.ours
    assert "diffusers one at a time" in requests.beside
    assert "64 px, rows: 2" in told
    assert "knee at 64, eager: " in told
    assert "knee at 64, compiled: " in told
    assert "by our engine, each by itself: at most 0 of 255" in told
    for way in ("in company", "in diffusers' own batches"):
        assert any(f"{way}: at most {most} of 255" in told for most in (0, 1))


def test_without_cuda_it_only_tells(
    shape: Shape, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert gpu.main(replace(gpu.GPU, sizes=(64,)), (shape,)) == []
    told = capsys.readouterr().out
    assert "there is no CUDA device" in told
    assert shape.name in told
    assert "requests of 2, 3 steps at once" in told


def test_a_row_takes_as_much_as_the_next(shape: Shape) -> None:
    pipe = build(shape, "cpu", "float32", real=False)
    denoiser, call = getattr(pipe, shape.part), asked(pipe, shape.model("float32"), 64)
    assert operations(denoiser, call, 3) == 3 * operations(denoiser, call, 1) > 0


@pytest.mark.parametrize(("shape", "billions"), [(SDXL, 2.57), (KLEIN, 3.88), (Z_IMAGE, 6.15)])
def test_the_sizes_are_the_published_ones(shape: Shape, billions: float) -> None:
    assert weights(hollow(shape.denoiser, "bfloat16")) / 1e9 == pytest.approx(billions, abs=0.01)


def test_weights_are_drawn_where_they_are_needed(shape: Shape) -> None:
    import torch

    made = fill(hollow(shape.denoiser, "float32").to_empty(device="cpu"))
    large = [one for one in made.parameters() if one.ndim > 1 and one.numel() > 500]
    assert large
    for weight in large:
        assert float(weight.std()) == pytest.approx(weight[0].numel() ** -0.5, rel=0.2)
    vae = fill(hollow(shape.autoencoder, "float32").to_empty(device="cpu"))
    assert all(torch.isfinite(value).all() for value in vae.state_dict().values())


def short_of_memory(rows: int) -> None:
    import torch

    if rows > 2:
        raise torch.OutOfMemoryError("no room")


def test_broken_pictures_are_not_timed(capsys: pytest.CaptureFixture[str]) -> None:
    """A picture of what is no number is black, and equal to any other."""
    shape = TINY["klein"]
    pipe, model = build(shape, "cpu", "float32"), shape.model("float32")
    pipe.transformer.proj_out.weight.fill_(float("nan"))
    engine = Diffusion(model, Path(), "cpu")
    engine._pipelines = gpu.Built(pipe, model, "cpu")
    assert gpu.mixed(shape, engine, 64, CPU) == []
    assert "not timed" in capsys.readouterr().out


def test_what_does_not_fit_is_left_out_with_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    found = stepped(short_of_memory, replace(CPU, rows=(1, 2, 4, 8)))
    assert list(found) == [1, 2]
    assert "4 rows and more: not enough memory" in capsys.readouterr().out


def test_a_model_that_does_not_fit_is_left_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: Any) -> Sequence[Any]:
        short_of_memory(4)
        return ()

    monkeypatch.setattr(gpu, "measured", fail)
    assert gpu.main(CPU, (TINY["klein"],)) == []
    assert f"{KLEIN.name}: not enough memory, left out" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("seconds", "found"),
    [
        ({1: 1.0, 2: 2.0, 4: 4.0, 8: 8.0}, 1),
        ({1: 1.0, 2: 1.1, 4: 2.2, 8: 4.4}, 2),
        ({1: 1.0, 2: 1.0, 4: 1.0, 8: 1.0}, 16),
    ],
)
def test_the_knee_is_the_engines_own(seconds: dict[int, float], found: int) -> None:
    assert knee(seconds) == found

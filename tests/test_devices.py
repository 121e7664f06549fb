import ctypes
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tools.catalogue import Model, Source
from tools.compute import devices
from tools.compute.devices import Device, Machine, WorkerPlan, able, plan
from tools.errors import ToolError

CPU = Machine(cores=4, memory=16_000)
GPUS = Machine(cores=12, memory=64_000, gpus=(24_000, 48_000))
APPLE = Machine(cores=8, memory=32_000, apple=True)


def model(family: str, device: str = "auto") -> Model:
    return Model.model_validate(
        {"name": "m", "family": family, "tasks": [], "licence": "x", "device": device}
        | {"source": Source(package="p")}
    )


def where(machine: Machine, family: str, device: str = "auto") -> set[str]:
    return set(able(model(family, device), plan(machine)))


@pytest.mark.parametrize(
    ("machine", "painter", "speaker"),
    [
        (CPU, {"pictures"}, {"words"}),
        (GPUS, {"gpu0", "gpu1"}, {"voice"}),
        (APPLE, {"gpu0"}, {"voice"}),
    ],
)
def test_speech_never_waits_for_pictures(
    machine: Machine, painter: set[str], speaker: set[str]
) -> None:
    assert where(machine, "diffusion") == painter
    assert where(machine, "speech") == where(machine, "hearing") == speaker


def test_language_shares_the_gpu_but_not_the_painting_cpu() -> None:
    assert where(GPUS, "language") == {"gpu0", "gpu1"}
    assert where(CPU, "language") == {"words"}


def test_a_new_family_finds_a_worker_on_every_machine() -> None:
    assert [where(m, "music") for m in (CPU, GPUS, APPLE)] == [
        {"pictures"},
        {"gpu0", "gpu1"},
        {"gpu0"},
    ]


def test_a_model_bound_to_the_cpu_goes_to_a_cpu_worker() -> None:
    assert where(GPUS, "diffusion", "cpu") == {"voice"}
    assert where(CPU, "diffusion", "cpu") == {"pictures"}
    gpu_only = [WorkerPlan("g", "cuda:0", frozenset({"*"}), 1, 1)]
    assert able(model("diffusion", "cpu"), gpu_only) == frozenset()


def test_devices_threads_and_memory_stay_within_the_machine() -> None:
    for machine in (CPU, GPUS, APPLE, Machine(1, 2000)):
        plans = plan(machine)
        assert all(1 <= p.threads <= machine.cores for p in plans)
        shared = [p.memory for p in plans if not p.device.startswith("cuda")]
        assert 0 < sum(shared) < machine.memory
    assert [p.device for p in plan(GPUS)] == ["cuda:0", "cuda:1", "cpu"]
    assert [p.memory < gpu for p, gpu in zip(plan(GPUS), GPUS.gpus, strict=False)] == [True, True]
    assert [p.device for p in plan(APPLE)] == ["mps", "cpu"]


def test_settings_overrule_what_was_found() -> None:
    assert {p.device for p in plan(GPUS, "cpu")} == {"cpu"}
    assert {p.memory for p in plan(CPU, memory=700)} == {700}


@pytest.mark.parametrize("device", ["cuda", "mps"])
def test_a_forced_device_that_is_missing_is_told(device: Device) -> None:
    with pytest.raises(ToolError, match="set the device to cpu or auto"):
        plan(CPU, device)


def test_looking_at_this_machine_imports_no_torch() -> None:
    code = (
        "import sys; from tools.compute.devices import Machine; here = Machine.here();"
        "assert here.cores >= 1 and here.memory > 100, here; assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": ":".join(sys.path)})


class FakeDriver:
    """Two devices of 8 and 16 GiB, as libcuda answers through its pointers."""

    def __init__(self, name: str) -> None:
        assert name in ("libcuda.so.1", "nvcuda.dll")

    def cuInit(self, flags: int) -> int:
        return 0

    def cuDeviceGetCount(self, count: Any) -> int:
        count._obj.value = 2
        return 0

    def cuDeviceGet(self, device: Any, index: int) -> int:
        device._obj.value = index
        return 0

    def cuDeviceTotalMem_v2(self, size: Any, device: Any) -> int:
        size._obj.value = (device.value + 1) * 8 * 2**30
        return 0


@pytest.mark.parametrize(
    ("line", "gpus"),
    [("cuda: Optional[str] = '13.0'", (8192, 16384)), ("cuda: Optional[str] = None", ())],
)
def test_gpus_count_only_when_torch_is_built_for_them(
    line: str, gpus: tuple[int, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "version.py").write_text(f"__version__ = '2'\n{line}\n")
    spec = SimpleNamespace(origin=str(tmp_path / "__init__.py"))
    monkeypatch.setattr(devices, "find_spec", lambda name: spec)
    monkeypatch.setattr(ctypes, "CDLL", FakeDriver)
    assert Machine.here().gpus == gpus

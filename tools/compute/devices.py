"""What this machine has, and which workers it should therefore run (imports nothing heavy)."""

import ctypes
import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from tools.catalogue import Model
from tools.errors import ToolError

Device = Literal["auto", "cpu", "cuda", "mps"]

Kind = Literal["process", "ray", "server"]
"""Where a worker runs: a child of ours, an actor of a Ray cluster, or a server that is there."""

_MIB = 2**20
_WORDS = frozenset({"language", "speech", "hearing", "meaning"})
_VOICE = frozenset({"speech", "hearing", "meaning"})


@dataclass(frozen=True, slots=True)
class WorkerPlan:
    """One worker: `device` as torch names it, CPU `threads`, `memory` for models in MiB.

    `families` are the kinds of engine it runs; "*" stands for all that no worker names. `place`
    is the node of a Ray cluster, or the name of a server. `host` is memory beside the device in
    MiB, for weights that wait there.
    """

    name: str
    device: str
    families: frozenset[str]
    threads: int
    memory: int
    kind: Kind = "process"
    place: str = ""
    host: int = 0


@dataclass(frozen=True, slots=True)
class Machine:
    """What there is to compute with: memory in MiB, `gpus` the memory of each CUDA device."""

    cores: int
    memory: int
    gpus: tuple[int, ...] = ()
    apple: bool = False

    @classmethod
    def here(cls) -> "Machine":
        """Look at this machine; asks the CUDA driver but never imports torch (blocks up to 1 s)."""
        apple = platform.system() == "Darwin" and platform.machine() == "arm64"
        return cls(_cores(), _memory(), _gpus() if _torch_knows_cuda() else (), apple)


def plan(machine: Machine, device: Device = "auto", memory: int = 0) -> tuple[WorkerPlan, ...]:
    """Return the workers for a machine: words never wait for the worker that paints on a CPU.

    `memory` overrides each worker's budget in MiB. Raises ToolError for a device it lacks.
    """
    if device == "cuda" and not machine.gpus:
        raise ToolError(
            "There is no CUDA device torch can use here; set the device to cpu or auto."
        )
    if device == "mps" and not machine.apple:
        raise ToolError("There is no Apple GPU here; set the device to cpu or auto.")
    if machine.gpus and device in ("auto", "cuda"):
        plans = _with_gpus(machine)
    elif machine.apple and device in ("auto", "mps"):
        plans = _with_apple(machine)
    else:
        plans = _with_cpu(machine)
    return tuple(replace(p, memory=memory) for p in plans) if memory else plans


def able(model: Model, plans: Sequence[WorkerPlan]) -> frozenset[str]:
    """Return the names of the workers that may run a model; empty when there is none.

    A model bound to the CPU goes to a CPU worker even if that worker does not name its family, one
    of a server only to that server.
    """
    if server := model.source.server:
        return frozenset(p.name for p in plans if p.kind == "server" and p.place == server)
    pinned = model.device == "cpu"
    fit = [p for p in plans if p.device == "cpu" or not pinned]
    named = [p for p in fit if model.family in p.families]
    rest = [p for p in fit if "*" in p.families]
    return frozenset(p.name for p in named or rest or (fit if pinned else []))


def _with_gpus(machine: Machine) -> tuple[WorkerPlan, ...]:
    share = max(1, machine.cores // (len(machine.gpus) + 1))
    paint = frozenset({"diffusion", "language", "*"})
    host = machine.memory * 50 // 100 // len(machine.gpus)
    gpus = [
        WorkerPlan(f"gpu{i}", f"cuda:{i}", paint, share, memory * 92 // 100, host=host)
        for i, memory in enumerate(machine.gpus)
    ]
    return (*gpus, WorkerPlan("voice", "cpu", _VOICE, share, machine.memory * 40 // 100))


def _with_apple(machine: Machine) -> tuple[WorkerPlan, ...]:
    # The GPU has no memory of its own: both workers share what the machine has.
    half, paint = max(1, machine.cores // 2), frozenset({"diffusion", "language", "*"})
    return (
        WorkerPlan("gpu0", "mps", paint, half, machine.memory * 60 // 100),
        WorkerPlan("voice", "cpu", _VOICE, half, machine.memory * 20 // 100),
    )


def _with_cpu(machine: Machine) -> tuple[WorkerPlan, ...]:
    paint, share = frozenset({"diffusion", "*"}), machine.memory
    return (
        WorkerPlan("pictures", "cpu", paint, machine.cores, share * 55 // 100),
        WorkerPlan("words", "cpu", _WORDS, machine.cores, share * 25 // 100),
    )


def _cores() -> int:
    """Return the cores this process may use, honouring affinity and a container's quota."""
    if not hasattr(os, "sched_getaffinity"):
        return os.cpu_count() or 1
    cores = len(os.sched_getaffinity(0))
    quota, _, period = _text(Path("/sys/fs/cgroup/cpu.max")).partition(" ")
    if quota.isdecimal() and period.strip().isdecimal():
        cores = min(cores, -(-int(quota) // int(period)))
    return max(1, cores)


def _memory() -> int:
    """Return the MiB of memory there are, honouring a container's limit."""
    if not hasattr(os, "sysconf"):
        return 8192  # Windows: no call in the standard library tells; a careful guess
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    limit = _text(Path("/sys/fs/cgroup/memory.max")).strip()
    return (min(total, int(limit)) if limit.isdecimal() else total) // _MIB


def _torch_knows_cuda() -> bool:
    """Say whether the installed torch is built for CUDA, from its version file."""
    found = find_spec("torch")
    if found is None or found.origin is None:
        return False
    lines = _text(Path(found.origin).with_name("version.py")).splitlines()
    return any(line.startswith("cuda") and not line.endswith("None") for line in lines)


def _gpus() -> tuple[int, ...]:
    """Return the MiB of each CUDA device that CUDA_VISIBLE_DEVICES leaves, from the driver."""
    try:
        cuda = ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return ()
    count = ctypes.c_int(0)
    if cuda.cuInit(0) or cuda.cuDeviceGetCount(ctypes.byref(count)):
        return ()
    return tuple(_gpu_memory(cuda, index) for index in range(count.value))


def _gpu_memory(cuda: ctypes.CDLL, index: int) -> int:
    device, size = ctypes.c_int(0), ctypes.c_size_t(0)
    cuda.cuDeviceGet(ctypes.byref(device), index)
    cuda.cuDeviceTotalMem_v2(ctypes.byref(size), device)
    return size.value // _MIB


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""

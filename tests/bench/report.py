"""What the parts of the benchmark share: peers taking turns, medians, tables and children."""

import os
import platform
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from inspect import isawaitable
from statistics import median
from typing import Any

Peer = Callable[[], Awaitable[object] | object]

UNITS = {"s": 1.0, "ms": 1e3, "us": 1e6}
LIBRARIES = ("torch", "diffusers", "transformers", "langchain", "hibari-tts", "faster-whisper")


@dataclass(frozen=True, slots=True)
class Fact:
    """A line of the README's table: what was measured, ours, and what it stands beside."""

    what: str
    ours: str
    beside: str = ""


@dataclass(frozen=True, slots=True)
class Times:
    """The seconds of one peer, a number per repetition."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        return median(self.seconds)

    def show(self, unit: str = "s") -> str:
        return shown(self.median, unit)

    def range(self, unit: str = "s") -> str:
        return f"{shown(min(self.seconds), unit)} - {shown(max(self.seconds), unit)}"


def shown(seconds: float, unit: str) -> str:
    """Write seconds in a unit with about three digits."""
    value = seconds * UNITS[unit]
    digits = 0 if value >= 100 or unit == "us" else 1 if value >= 10 or unit == "ms" else 2
    return f"{value:,.{digits}f} {unit}"


async def alternate(
    peers: Mapping[str, Peer], repeats: int, *, calls: int = 1, first: bool = True
) -> dict[str, Times]:
    """Time the peers in turn; a repetition is the mean of `calls`, `first` runs one unmeasured."""
    if first:
        for peer in peers.values():
            await _call(peer)
    seconds: dict[str, list[float]] = {name: [] for name in peers}
    for _ in range(repeats):
        for name, peer in peers.items():
            start = time.perf_counter()
            for _ in range(calls):
                await _call(peer)
            seconds[name].append((time.perf_counter() - start) / calls)
    return {name: Times(tuple(found)) for name, found in seconds.items()}


async def _call(peer: Peer) -> None:
    made = peer()
    if isawaitable(made):
        await made


def compared(times: Mapping[str, Times], one: str, unit: str = "s") -> list[tuple[str, ...]]:
    """Return rows of name, median, range, repetitions and ratio to the peer that counts as one."""
    return [
        (
            name,
            found.show(unit),
            found.range(unit),
            str(len(found.seconds)),
            f"{found.median / times[one].median:.2f}x",
        )
        for name, found in times.items()
    ]


HEAD = ("", "median", "range", "times", "ratio")


def table(title: str, rows: Sequence[tuple[str, ...]], head: tuple[str, ...] = HEAD) -> None:
    """Print a table, the first column to the left and the others to the right."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    print(f"\n{title}")
    for row in (head, *rows):
        cells = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        print("  ".join((f"  {row[0]:{widths[0]}}", *cells)))


def note(text: str) -> None:
    print(f"  {text}")


def machine() -> str:
    """Say what this was measured on, and how busy that was when it began."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    load = f"load average {os.getloadavg()[0]:.1f}, " if hasattr(os, "getloadavg") else ""
    known = ", ".join(f"{name} {_version(name)}" for name in LIBRARIES)
    return (
        f"{cores} cores ({_processor()}), {load}{platform.system()}, "
        f"Python {platform.python_version()}, {known}"
    )


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:  # noqa: PTH123
            names = [line.partition(":")[2].strip() for line in file if "model name" in line]
    except OSError:
        names = []
    return names[0] if names else platform.machine()


def child_environment(**more: str) -> dict[str, str]:
    """Return the environment of a measured process: with compiled modules kept, as for a user."""
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPATH": os.pathsep.join(p or "." for p in sys.path), **more}


def silent(*_: Any) -> None:
    """Take a report nobody waits for."""

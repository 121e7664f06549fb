"""How soon Atelier is there, and how soon it answers: in fresh processes, one after the other."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.bench.report import (
    HEAD,
    Fact,
    Times,
    alternate,
    child_environment,
    compared,
    note,
    table,
)

REPEATS = 5
WARM = 7
IMPORTS = {
    "bare python": "pass",
    "import bot.cli": "import bot.cli",
    "langchain's agent": "from langchain.agents import create_agent",
    "diffusers' pipeline": "from diffusers import StableDiffusionPipeline",
}
MEMORY = "print(open('/proc/self/status').read().split('VmHWM:')[1].split()[0])"
SLOW = "diffusers' pipeline"


class Chat:
    """`atelier chat --json` with the clock of its birth."""

    def __init__(self, data: str) -> None:
        self.born = time.perf_counter()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bot", "chat", "--json", "--data", data],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=child_environment(),
        )

    def say(self, text: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{text}\n".encode())
        self._process.stdin.flush()

    def hear(self, event: str = "") -> dict[str, Any]:
        """Return the next event, or the next of a kind; raises EOFError at the end."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            found: dict[str, Any] = json.loads(line)
            if event in ("", found["event"]):
                return found
        raise EOFError

    def leave(self) -> float:
        """Close the input and return the seconds until the process has ended."""
        start = time.perf_counter()
        self._process.communicate()
        return time.perf_counter() - start

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()


@contextmanager
def chat() -> Iterator[Chat]:
    with TemporaryDirectory() as data:
        made = Chat(data)
        try:
            yield made
        finally:
            made.kill()


def importing(code: str) -> None:
    subprocess.run([sys.executable, "-c", code], check=True, env=child_environment(), **QUIET)


QUIET: dict[str, Any] = {"stderr": subprocess.DEVNULL}


def memory_of(code: str) -> str:
    """Return the most memory a process that imports this had, in MB; "" where nobody tells."""
    if not Path("/proc/self/status").exists():
        return ""
    told = subprocess.run(
        [sys.executable, "-c", f"{code}\n{MEMORY}"],
        check=True,
        env=child_environment(),
        stdout=subprocess.PIPE,
        **QUIET,
    )
    return f"{int(told.stdout.split()[-1]) / 1024:.0f} MB"


async def imports() -> list[Fact]:
    known = {
        name: code
        for name, code in IMPORTS.items()
        if name != "langchain's agent" or find_spec("langchain")
    }
    peers = {name: lambda code=code: importing(code) for name, code in known.items()}
    slow = {SLOW: peers.pop(SLOW)}
    times = await alternate(peers, REPEATS) | await alternate(slow, 3)
    memory = {name: memory_of(code) for name, code in known.items()}
    rows = [(*row, memory[row[0]]) for row in compared(times, "import bot.cli", "ms")]
    table("Start: a fresh process that imports, to its end", rows, (*HEAD, "memory"))
    ours = times["import bot.cli"]
    beside = "; ".join(
        f"{n} {t.show('ms')}, {memory[n]}" for n, t in times.items() if t is not ours
    )
    return [
        Fact("import of the command line", f"{ours.show('ms')}, {memory['import bot.cli']}", beside)
    ]


def until(text: str, *phases: str) -> list[float]:
    """Return the seconds from the start of the process to each phase, or kind, of event."""
    found = []
    with chat() as made:
        made.say(text)
        for phase in phases:
            while phase not in (event := made.hear()).values():
                assert event["event"] != "error", event
            found.append(time.perf_counter() - made.born)
    return found


def session() -> tuple[float, list[float], float]:
    """Return the seconds to the first picture, to the first word when warm, and of leaving."""
    with chat() as made:
        made.say("draw a red apple")
        made.hear("reply")
        cold, warm = time.perf_counter() - made.born, []
        for _ in range(WARM):
            start = time.perf_counter()
            made.say("draw a red apple")
            made.hear()
            warm.append(time.perf_counter() - start)
            made.hear("reply")
        return cold, warm, made.leave()


def feedback() -> list[Fact]:
    until("/help", "notice")  # compiles our modules, where nothing was run before
    answered = Times(tuple(until("/help", "notice")[0] for _ in range(REPEATS)))
    asked = [until("draw a red apple", "received", "thinking") for _ in range(REPEATS)]
    cold, begun = (Times(tuple(column)) for column in zip(*asked, strict=True))
    picture, again, leaving = session()
    warm = Times(tuple(again))
    rows = [
        ("start to `received`", cold.show(), cold.range(), str(REPEATS)),
        ("start to answered /help", answered.show(), answered.range(), str(REPEATS)),
        ("start to `thinking`", begun.show(), begun.range(), str(REPEATS)),
        ("start to first picture", f"{picture:.2f} s", "", "1"),
        ("warm: message to `received`", warm.show("ms"), warm.range("ms"), str(WARM)),
        ("end of input to exit", f"{leaving:.2f} s", "", "1"),
    ]
    table("Feedback of `atelier chat --json`, the message waiting when it starts", rows, HEAD[:-1])
    note("`received` is the first thing shown for a message; `thinking` comes when it is read")
    return [
        Fact("time to first feedback", f"{cold.show()} from a cold start, {warm.show('ms')} warm"),
        Fact("cold start to the first finished picture", f"{picture:.1f} s"),
    ]


def main() -> list[Fact]:
    return asyncio.run(imports()) + feedback()


if __name__ == "__main__":
    main()

"""`atelier top`: what a frame shows, and the program against a running Atelier."""

import io
import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from bot.control import Snapshot
from bot.frame import frame
from tests.test_control import NOBODY, SNAPSHOT, STATUS
from tools.compute.status import UserStatus
from tools.compute.tally import BOUNDS, Histogram, Pace, Waits, Work
from tools.compute.tickets import QueuedJob

ROOT = Path(__file__).parent.parent
NOTHING = Histogram((0,) * (len(BOUNDS) + 1), 0.0)
RUNNING = QueuedJob("a", "web:1", "sdxl", 4, "running", 0, 3.0, 7, 20, "picture")


def shown(snapshot: Snapshot, rows: int = 20, width: int = 160) -> str:
    screen = io.StringIO()
    Console(file=screen, width=width, highlight=False).print(frame(snapshot, rows))
    return "\n".join(line.rstrip() for line in screen.getvalue().splitlines())


def test_a_frame_says_who_does_what_for_whom() -> None:
    waiting = [
        QueuedJob(str(n), "web:1", "[red]kokoro[/]", 1, "queued", n, 100.0 * n, kind="speech")
        for n in range(1, 4)
    ]
    work = Work("picture", 5, 1, 0, 2, 17, NOTHING, replace(NOTHING, total=100.0))
    status = replace(
        STATUS,
        queue=(RUNNING, *waiting),
        work=(work,),
        pace=Pace(5, 17, 30.0),
        waits=Waits(0.5, 2.0, 75.0),
    )
    text = shown(replace(SNAPSHOT, status=status))
    lines = [line.split() for line in text.splitlines()]
    assert text.startswith("Atelier 1.2, process 42, up 60 seconds: 1 running, 3 waiting\n")
    assert "Last minute: 5 done, 17 results, workers busy 50%" in text
    assert "9 of 10 within 2.0 s, 99 of 100 within 1 min 15 s" in text
    assert "5 done, 1 failed, 2 refused; 2 minutes of computing" in text
    assert [
        "gpu0",
        "ray",
        "cuda:0",
        "2c06e156",
        "busy",
        "7",
        "6.3/7.8",
        "GiB",
        "sdxl",
        "6.3",
    ] in lines
    assert ["Ann", "🐈?B", "web:1", "1", "3", "1", "4.5", "s", "-"] in lines
    assert ["gpu0", "Ann", "🐈?B", "picture", "4", "sdxl", "35%", "3.0", "s"] in lines
    assert [
        "3",
        "Ann",
        "🐈?B",
        "speech",
        "1",
        "[red]kokoro[/]",
        "-",
        "5",
        "min",
        "00",
        "s",
    ] in lines


def test_long_lists_end_in_a_number() -> None:
    users = tuple(UserStatus(f"web:{n}", 1, 0, 0.0, 60.0, 1.0) for n in range(50))
    queue = tuple(replace(RUNNING, id=str(n)) for n in range(30))
    text = shown(replace(SNAPSHOT, status=replace(STATUS, users=users, queue=queue)), rows=4)
    assert "\nand 46 more\n" in text
    assert text.endswith("\nand 26 more")
    assert len(text.splitlines()) == 3 + 3 + 7 + 7


def test_a_narrow_screen_cuts_words_and_never_a_number_or_a_row() -> None:
    status = replace(STATUS, queue=(RUNNING,))
    text = shown(replace(SNAPSHOT, status=status, names={"web:1": "N" * 200}), width=80)
    lines = text.splitlines()
    assert sum("cuda:0" in line and "busy" in line for line in lines) == 1
    assert [line.split()[-1] for line in lines if "NN" in line] == ["-", "s"]
    assert sum("N…" in line for line in lines) == 2


@pytest.fixture
def environment(models_dir: Path, tmp_path: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("ATELIER_")}
    mine = {"ATELIER_MODELS": str(models_dir), "ATELIER_DATA": str(tmp_path / "data")}
    return kept | mine | {"PYTHONPATH": str(ROOT), "TERM": "xterm"}


@pytest.fixture
def running(environment: dict[str, str], tmp_path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """An Atelier that has answered once."""
    with subprocess.Popen(
        [sys.executable, "-m", "bot", "chat", "--json"],
        cwd=tmp_path,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"/queue\n")
        process.stdin.flush()
        while b'"notice"' not in process.stdout.readline():
            pass
        yield process
        process.kill()


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "bot", "top", *words]


def test_it_looks_into_another_process_and_q_leaves(
    running: "subprocess.Popen[bytes]", environment: dict[str, str], tmp_path: Path
) -> None:
    told = subprocess.run(
        command("--json"), cwd=tmp_path, env=environment, capture_output=True, check=True
    )
    snapshot = json.loads(told.stdout)
    assert snapshot["pid"] == running.pid
    names = [worker["name"] for worker in snapshot["status"]["workers"]]
    once = subprocess.run(
        command("--once"), cwd=tmp_path, env=environment, capture_output=True, check=True
    )
    assert once.stdout.decode().startswith("Atelier ")
    assert all(name in once.stdout.decode() for name in names)
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        command(), cwd=tmp_path, env=environment, stdin=theirs, stdout=theirs, stderr=theirs
    ) as live:
        os.close(theirs)
        seen = b""
        while b"worker" not in seen:
            seen += os.read(ours, 4096)
        os.write(ours, b"q")
        assert live.wait(20) == 0
    os.close(ours)


def test_without_anybody_it_says_so(environment: dict[str, str], tmp_path: Path) -> None:
    done = subprocess.run(
        command(), cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(NOBODY)


def test_it_loads_nothing_heavy() -> None:
    heavy = "{'torch', 'langchain_core', 'numpy', 'sqlite_utils', 'PIL', 'agents'}"
    code = f"import sys, bot.top; print(*{heavy} & set(sys.modules))"
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == ""

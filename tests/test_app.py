"""The whole of Atelier as a script drives it: real processes, real models, real files."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from memory.database import Database
from memory.records import Chat
from memory.store import Store
from tools.catalogue import Catalogue
from tools.engines.hearing import Hearing
from tools.jobs import HearingSpec

ROOT = Path(__file__).parent.parent
Event = dict[str, Any]


@pytest.fixture
def environment(models_dir: Path) -> dict[str, str]:
    return os.environ | {"ATELIER_MODELS": str(models_dir), "PYTHONPATH": str(ROOT)}


def command(data: Path) -> list[str]:
    return [sys.executable, "-m", "bot", "chat", "--json", "--data", str(data)]


def chat(data: Path, environment: dict[str, str], *lines: str) -> list[Event]:
    """Run `atelier chat --json` to its end and return what it wrote."""
    done = subprocess.run(
        command(data),
        input="".join(f"{line}\n" for line in lines),
        capture_output=True,
        text=True,
        cwd=data,
        env=environment,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def replies(events: list[Event]) -> list[Event]:
    return [e for e in events if e["event"] != "progress"]


def brightness(path: str) -> float:
    with Image.open(path) as picture:
        return float(np.asarray(picture.convert("L"), float).mean())


async def test_pictures_a_change_and_a_voice(
    tmp_path: Path, environment: dict[str, str], models_dir: Path, catalogue: Catalogue
) -> None:
    events = await asyncio.to_thread(
        chat,
        tmp_path,
        environment,
        "draw 2 pictures of a red apple",
        "make the second one darker",
        "read aloud: good morning team",
    )
    drawn, darker, voice = replies(events)
    assert [e["message"] for e in (drawn, darker, voice)] == [1, 2, 3]
    assert [a["media_type"] for a in drawn["assets"]] == ["image/png"] * 2
    second = drawn["assets"][1]
    with Image.open(second["path"]) as picture:
        assert picture.size == (second["width"], second["height"]) == (512, 512)
        assert picture.info["parameters"].startswith("a red apple\nSteps: 20")
    assert darker["steps"][0]["tool"] == "edit"
    assert darker["steps"][0]["args"]["image"] == second["sha256"]
    assert darker["steps"][0]["parents"] == [second["sha256"]]
    assert brightness(darker["assets"][0]["path"]) < 0.8 * brightness(second["path"])
    (sound,) = voice["assets"]
    assert sound["media_type"] == "audio/ogg"
    assert sound["seconds"] > 0.5
    assert await asyncio.to_thread(heard, sound["path"], models_dir, catalogue) == (
        "good morning team"
    )
    assert events[0]["event"] == "progress"


def heard(path: str, models_dir: Path, catalogue: Catalogue) -> str:
    from tools.files import locate

    model = catalogue.find("transcribe")
    engine = Hearing(model, locate(model, models_dir), "cpu")
    engine.load()
    (text,) = engine.generate([HearingSpec(Path(path).read_bytes())], lambda *_: None)
    engine.unload()
    return text.data.decode().strip().strip(".!").lower().replace(",", "")


@pytest.fixture
def killed(tmp_path: Path, environment: dict[str, str]) -> Path:
    """A data folder whose Atelier was killed while it painted four pictures."""
    process = subprocess.Popen(
        command(tmp_path),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=tmp_path,
        env=environment,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("draw 4 smiling cats --seed 7 and read aloud: breakfast is ready\n")
    process.stdin.flush()
    for line in process.stdout:
        event = json.loads(line)
        if event["event"] == "progress" and event["phase"] in ("loading", "running"):
            break
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdin.close()
    process.stdout.close()
    return tmp_path


async def test_a_killed_request_is_finished_once_by_the_next_start(
    killed: Path, environment: dict[str, str]
) -> None:
    (reply,) = replies(await asyncio.to_thread(chat, killed, environment))
    assert reply["message"] is None
    assert [s["status"] for s in reply["steps"]] == ["done", "done"]
    assert [a["media_type"] for a in reply["assets"]] == ["image/png"] * 4 + ["audio/ogg"]
    assert all(brightness(a["path"]) > 100 for a in reply["assets"][:4])
    assert await asyncio.to_thread(chat, killed, environment) == []
    async with Database(killed / "atelier.db") as database:
        history = await Store(database).history(Chat("terminal", "main"))
    assert [m.author is None for m in history] == [False, True]
    assert len(history[1].assets) == 5

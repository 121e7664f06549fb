"""The whole of Atelier as a script drives it: real processes, real models, real files."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bot.approving import GONE
from memory.database import Database
from memory.records import Chat, Step
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
    assert brightness(darker["assets"][0]["path"]) < 0.95 * brightness(second["path"])
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


def begun(data: Path, environment: dict[str, str]) -> subprocess.Popen[str]:
    """Start `atelier chat --json`, to be spoken to line by line."""
    return subprocess.Popen(
        command(data),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=data,
        env=environment,
    )


def said(process: subprocess.Popen[str], line: str, until: Callable[[Event], bool]) -> Event:
    """Say a line and return the first event after it that fits."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{line}\n")
    process.stdin.flush()
    return next(event for event in map(json.loads, process.stdout) if until(event))


def kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()
    for pipe in (process.stdin, process.stdout):
        assert pipe is not None
        pipe.close()


@pytest.fixture
def killed(tmp_path: Path, environment: dict[str, str]) -> Path:
    """A data folder whose Atelier was killed while it painted four pictures."""
    process = begun(tmp_path, environment)
    said(
        process,
        "draw 4 smiling cats --seed 7 and read aloud: breakfast is ready",
        lambda event: event.get("phase") in ("loading", "running"),
    )
    kill(process)
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


def half_done(event: Event) -> bool:
    return event.get("plan", "").count("✓") in (1, 2)


async def stored(data: Path) -> dict[str, Step]:
    async with Database(data / "atelier.db") as database:
        return {s.tool: s for s in await Store(database).steps(Chat("terminal", "main"), limit=3)}


async def test_a_plan_is_approved_killed_in_the_middle_finished_and_done_anew(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    wish = "write a haiku about rain, illustrate it and read it aloud"
    first = begun(tmp_path, environment)
    plan = await asyncio.to_thread(said, first, wish, lambda e: e["event"] == "question")
    kill(first)  # before anybody has said go
    assert [a["label"] for a in plan["actions"]] == ["Go", "Change", "Cancel"]
    assert plan["text"].startswith("Plan: 3 steps, about ")
    assert [s["status"] for s in plan["steps"]] == ["planned"] * 3
    second = begun(tmp_path, environment)
    press = json.dumps({"press": "go", "reply_to": plan["id"]})
    await asyncio.to_thread(said, second, press, half_done)
    kill(second)  # in the middle
    before = await stored(tmp_path)
    finished = {tool for tool, step in before.items() if step.status == "done"}
    assert 0 < len(finished) < 3
    resumed, late, anew = replies(
        await asyncio.to_thread(chat, tmp_path, environment, press, "again but about winter")
    )
    assert (resumed["message"], late["message"], anew["message"]) == (None, 1, 2)
    assert [s["status"] for s in resumed["steps"]] == ["done"] * 3
    assert [a["media_type"] for a in resumed["assets"]] == ["image/png", "audio/ogg"]
    for step in resumed["steps"]:  # what was finished is not done again
        kept = before[step["tool"]]
        assert (step["id"], step["seconds"] == kept.seconds) == (kept.id, step["tool"] in finished)
    assert (late["steps"], late["text"]) == ([], GONE)
    args = {s["tool"]: s["args"] for s in anew["steps"]}
    assert (args["write"]["request"], args["draw"]["prompt"]) == ("a haiku about winter", "winter")
    assert args["speak"]["text"] in anew["text"]
    assert args["speak"]["text"] not in resumed["text"]
    assert [a["media_type"] for a in anew["assets"]] == ["image/png", "audio/ogg"]

"""The terminal for scripts, with real memory and rules and a fake runner."""

import asyncio
import io
import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from bot.adapters.console.events import Events
from bot.adapters.console.inbox import Inbox
from bot.adapters.console.lines import Lines
from memory.records import Message
from tests.fakes import FakeRunner, picture
from tests.rooms import ANA, CHAT, room
from tools.errors import EngineFailed
from tools.jobs import Runner

FIELDS = {"event", "message", "id", "text", "assets", "steps", "actions"}


async def talk(
    tmp_path: Path, *lines: str | bytes, runner: Runner | None = None, before: Message | None = None
) -> list[dict[str, Any]]:
    """Say lines and return every event until all is over."""
    raw = [line.encode() if isinstance(line, str) else line for line in lines]
    (tmp_path / "input").write_bytes(b"\n".join(raw) + b"\n")
    given = os.open(tmp_path / "input", os.O_RDONLY)
    out = io.BytesIO()
    events = Events(out, lambda status: None)
    async with room(tmp_path / "assets", runner, tmp_path / "db") as here:
        if before is not None:
            await here.studio.store.open_turn(before)
        async with Inbox(events, given) as inbox:
            adapter = Lines(here.desk, here.studio.assets, here.studio.store, inbox, events)
            await asyncio.wait_for(adapter.run(here.handle), 30)
    os.close(given)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def answers(events: list[dict[str, Any]]) -> dict[int | None, dict[str, Any]]:
    """Return the one event for each line that is not progress."""
    found = [e for e in events if e["event"] != "progress"]
    assert len({e["message"] for e in found}) == len(found)
    return {e["message"]: e for e in found}


async def test_a_request_is_acknowledged_at_once_and_answered_with_everything(
    tmp_path: Path,
) -> None:
    events = await talk(tmp_path, "draw two cats and read aloud: good morning")
    assert events[0]["phase"] == "received"
    assert [e.get("phase") for e in events].count("received") == 1
    reply = events[-1]
    assert set(reply) == FIELDS
    assert (reply["event"], reply["message"]) == ("reply", 1)
    kinds = [a["media_type"] for a in reply["assets"]]
    assert kinds == ["image/png", "image/png", "audio/ogg"]
    assert [Path(a["path"]).suffix for a in reply["assets"]] == [".png", ".png", ".ogg"]
    assert set(reply["assets"][0]) == {
        *("sha256", "media_type", "path", "width", "height", "seconds"),
    }
    step = reply["steps"][0]
    assert set(step) == {"id", "tool", "args", "status", "parents", "seconds"}
    assert (step["tool"], step["status"]) == ("draw", "done")
    assert {"id": "vary:2", "label": "Vary 2"} in reply["actions"]


async def test_replies_and_buttons_by_the_id_of_an_earlier_reply(tmp_path: Path) -> None:
    first = answers(await talk(tmp_path, "draw two cats"))[1]
    said = {"text": "the second one, but darker", "reply_to": first["id"]}
    pressed = {"press": "upscale:1", "reply_to": first["id"]}
    both = await talk(tmp_path, "draw a dog", json.dumps(said), json.dumps(pressed))
    found = answers(both)
    second = first["assets"][1]["sha256"]
    assert found[2]["steps"][0]["args"]["image"] == second
    assert found[2]["steps"][0]["parents"] == [second]
    assert found[3]["steps"][0]["parents"] == [first["assets"][0]["sha256"]]


async def test_a_button_without_a_reply_is_one_of_the_line_before(tmp_path: Path) -> None:
    found = answers(await talk(tmp_path, "draw a cat", '{"press": "upscale:1"}'))
    assert found[2]["steps"][0]["parents"] == [found[1]["assets"][0]["sha256"]]


async def test_a_line_that_looks_back_waits_for_those_before_it(tmp_path: Path) -> None:
    found = answers(await talk(tmp_path, "draw a cat", "/info", "/forget yes", "/info"))
    assert found[2]["event"] == "notice"
    assert found[1]["assets"][0]["sha256"][:12] in found[2]["text"]
    assert "erased (1 files)" in found[3]["text"]
    assert found[4]["event"] == "error"


async def test_cancel_finds_the_request_of_the_line_before(tmp_path: Path) -> None:
    found = answers(await talk(tmp_path, "draw a cat", "/cancel"))
    assert found[2]["text"] == "Stopping."
    assert found[1]["text"].startswith("Cancelled")


async def test_a_setting_is_in_force_for_the_line_after_it(tmp_path: Path) -> None:
    lines = ("/settings most 1", "/settings most 3", "/settings count 2", "/settings")
    found = answers(await talk(tmp_path, *lines))
    assert [found[n]["text"] for n in (1, 3)] == ["most is now 1 here.", "count is now 2 for you."]
    assert "most: 3 (this chat)" in found[4]["text"]


async def test_a_question_offers_its_answers(tmp_path: Path) -> None:
    found = answers(await talk(tmp_path, "draw two cats", "make it darker"))
    assert found[2]["event"] == "question"
    assert found[2]["options"] == [a["label"] for a in found[2]["actions"]] != []


async def test_every_bad_line_is_one_sentence_and_the_others_are_done(tmp_path: Path) -> None:
    (tmp_path / "half.png").write_bytes(picture()[:50])
    half = json.dumps({"text": "what is this", "attachments": [str(tmp_path / "half.png")]})
    bad: list[str | bytes] = ["", "x" * 100_000, b"\xff\xfe", "{", "/nonsense", half]
    bad += ['{"press": "again"}', '{"text": "hi", "reply_to": "nope"}', "draw a cat --model moon"]
    found = answers(await talk(tmp_path, *bad, "draw a cat"))
    assert sorted(found) == list(range(1, len(bad) + 2))  # type: ignore[type-var]
    says = ("empty", "100,000", "not text", "JSON", "/nonsense", "half.png", "no reply", "", "moon")
    for number, words in enumerate(says, 1):
        assert found[number]["event"] == "error"
        assert words in found[number]["text"]
        assert set(found[number]) == FIELDS
        assert "Traceback" not in found[number]["text"]
    assert found[len(bad) + 1]["event"] == "reply"


async def test_a_button_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path) -> None:
    found = answers(await talk(tmp_path, "draw a cat", '{"press": "forget yes"}'))
    assert "no button 'forget yes'" in found[2]["text"]
    assert "upscale:1" in found[2]["text"]


async def test_a_failed_model_is_an_error_that_says_why(tmp_path: Path) -> None:
    runner = FakeRunner(fails=EngineFailed("The model broke."))
    found = answers(await talk(tmp_path, "draw a cat", runner=runner))
    assert found[1]["event"] == "error"
    assert "The model broke." in found[1]["text"]
    assert found[1]["steps"][0]["status"] == "failed"


async def test_what_the_last_run_left_comes_first_and_belongs_to_no_line(tmp_path: Path) -> None:
    left = Message(CHAT, ANA, "draw a red apple")
    events = await talk(tmp_path, "make it darker", before=left)
    found = answers(events)
    apple = found[None]["assets"][0]["sha256"]
    assert found[1]["steps"][0]["parents"] == [apple]


class _Gone(io.BytesIO):
    """A pipe whose reader leaves just before the reply."""

    def write(self, data: Any) -> int:
        if b'"reply"' in data:
            raise BrokenPipeError
        return len(data)


async def test_when_nobody_reads_any_more_it_ends_and_sends_again_next_time(
    tmp_path: Path,
) -> None:
    gone: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    (tmp_path / "input").write_bytes(b"draw a cat\n")
    given = os.open(tmp_path / "input", os.O_RDONLY)
    events = Events(_Gone(), gone.set_result)
    async with (
        room(tmp_path / "assets", None, tmp_path / "db") as here,
        Inbox(events, given) as box,
    ):
        lines = Lines(here.desk, here.studio.assets, here.studio.store, box, events)
        running = asyncio.create_task(lines.run(here.handle))
        assert await asyncio.wait_for(gone, 20) == signal.SIGPIPE
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert len(await here.studio.store.pending("terminal")) == 1
    os.close(given)
    found = answers(await talk(tmp_path, "/help"))
    assert found[None]["steps"][0]["tool"] == "draw"

"""The terminal for people, with real memory and rules and a fake runner."""

import asyncio
import io
import os
import signal
from pathlib import Path

from rich.console import Console

from bot.adapters.console.terminal import Terminal
from bot.signals import Signals
from memory.records import Message
from tests.fakes import FakeRunner, picture
from tests.rooms import ANA, CHAT, Room, room
from tools.jobs import Artifact, Job, Report


class Gate(FakeRunner):
    """A runner that never ends by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.entered = asyncio.Event()

    async def run(self, job: Job, report: Report) -> list[Artifact]:
        self.entered.set()
        await asyncio.Event().wait()
        return []


class Seat:
    """Somebody in front of a terminal."""

    def __init__(self, here: Room, tmp_path: Path, *lines: str | bytes) -> None:
        raw = [line.encode() if isinstance(line, str) else line for line in lines]
        (tmp_path / "input").write_bytes(b"\n".join(raw))
        self._file = os.open(tmp_path / "input", os.O_RDONLY)
        self.signals, self._out, self._room = Signals(), io.StringIO(), here
        self.history = tmp_path / "typed"
        screen = Console(file=self._out, soft_wrap=True, highlight=False)
        self.terminal = Terminal(
            here.desk, here.studio.assets, self.history, self.signals, screen, self._file
        )

    async def sit(self) -> str:
        """Stay to the end and return what was on the screen."""
        try:
            await asyncio.wait_for(self.terminal.run(self._room.handle), 30)
        finally:
            os.close(self._file)
        return self._out.getvalue()


async def talk(tmp_path: Path, *lines: str | bytes) -> str:
    async with room(tmp_path / "assets") as here:
        return await Seat(here, tmp_path, *lines).sit()


async def test_pictures_then_a_darker_one_until_the_end_of_input(tmp_path: Path) -> None:
    text = await talk(tmp_path, "draw two cats", "the second one, but darker")
    assert "2 pictures of cats" in text
    assert text.count(".png") == 3


async def test_quit_leaves_what_follows_unread(tmp_path: Path) -> None:
    assert await talk(tmp_path, "/quit", "draw a cat") == ""


async def test_bad_lines_are_sentences_and_the_next_one_is_done(tmp_path: Path) -> None:
    bad: list[str | bytes] = ["", b"\xff\xfe", "/nonsense", "look at @nope.png", "x" * 9000]
    text = await talk(tmp_path, *bad, "draw a cat")
    for words in ("is empty", "not text", "no command /nonsense", "no file nope.png", "9,000"):
        assert words in text
    assert "A picture of a cat" in text


async def test_a_file_in_the_line_is_what_is_meant(tmp_path: Path) -> None:
    (tmp_path / "my cat.png").write_bytes(picture())
    text = await talk(tmp_path, f'make it darker @"{tmp_path}/my cat.png"')
    assert "darker" in text
    assert ".png" in text


async def test_ctrl_c_cancels_the_request_and_the_next_line_is_done(tmp_path: Path) -> None:
    runner = Gate()
    async with room(tmp_path / "assets", runner) as here:
        seat = Seat(here, tmp_path, "draw a cat", "/queue")
        sitting = asyncio.create_task(seat.sit())
        await asyncio.wait_for(runner.entered.wait(), 20)
        seat.signals.stop(signal.SIGINT)
        text = await sitting
    assert "Cancelled" in text
    assert "Nothing is running" in text
    assert seat.signals.status is None


async def test_a_second_ctrl_c_quits_and_what_was_cancelled_stays_so(tmp_path: Path) -> None:
    runner = Gate()
    async with room(tmp_path / "assets", runner) as here:
        seat = Seat(here, tmp_path, "draw a cat", "/queue")
        sitting = asyncio.create_task(seat.signals.watch(_status(seat)))
        await asyncio.wait_for(runner.entered.wait(), 20)
        seat.signals.stop(signal.SIGINT)
        seat.signals.stop(signal.SIGINT)
        assert await sitting == 130
        assert await here.studio.store.open_turns("terminal") == []
        (step,) = await here.studio.store.steps(CHAT)
        assert step.status == "cancelled"


async def _status(seat: Seat) -> int:
    await seat.sit()
    return 0


async def test_what_the_last_run_left_is_finished_first(tmp_path: Path) -> None:
    async with room(tmp_path / "assets") as here:
        await here.studio.store.open_turn(Message(CHAT, ANA, "draw a red apple"))
        text = await Seat(here, tmp_path, "/info").sit()
    assert text.index("A picture of a red apple") < text.index("draw (prompt=")


async def test_forgetting_also_forgets_what_was_typed(tmp_path: Path) -> None:
    async with room(tmp_path / "assets") as here:
        seat = Seat(here, tmp_path, "/forget yes")
        seat.history.write_text("draw a secret")
        await seat.sit()
    assert not seat.history.exists()

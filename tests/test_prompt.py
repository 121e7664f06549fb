"""Line editing, driven by keys."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output import DummyOutput

from bot.adapters.console.prompt import Typed, Words, editor


@pytest.fixture
def keys() -> Iterator[PipeInput]:
    with create_pipe_input() as given, create_app_session(input=given, output=DummyOutput()):
        yield given


def completions(text: str) -> list[str]:
    found = Words().get_completions(Document(text, len(text)), CompleteEvent())
    return [c.text for c in found]


def test_commands_are_completed_at_the_start_of_a_line() -> None:
    assert completions("/u") == ["/upscale", "/undo"]
    assert completions("/undo ") == []
    assert completions("say /u") == []


def test_paths_are_completed_behind_an_at(tmp_path: Path) -> None:
    (tmp_path / "cat.png").write_bytes(b"")
    assert completions(f"look at @{tmp_path}/ca") == ["t.png"]
    assert completions(f"{tmp_path}/ca") == []


async def test_a_line_comes_back_and_is_remembered(keys: PipeInput, tmp_path: Path) -> None:
    ask = editor(tmp_path / "typed")
    keys.send_text("draw a cat\r")
    assert await ask() == "draw a cat"
    keys.send_text("\x1b[A\r")
    assert await ask() == "draw a cat"
    assert list(Typed(str(tmp_path / "typed")).load_history_strings()) == ["draw a cat"]


async def test_ctrl_c_takes_back_what_is_typed_and_then_leaves(
    keys: PipeInput, tmp_path: Path
) -> None:
    ask = editor(tmp_path / "typed")
    keys.send_text("oh\x03")
    keys.send_text("\x03")
    assert await ask() is None


async def test_ctrl_d_leaves(keys: PipeInput, tmp_path: Path) -> None:
    keys.send_text("\x04")
    assert await editor(tmp_path / "typed")() is None


async def test_typing_goes_on_when_it_cannot_be_remembered(keys: PipeInput, tmp_path: Path) -> None:
    ask = editor(tmp_path)  # a folder cannot be written as a file
    keys.send_text("draw a cat\r")
    assert await ask() == "draw a cat"

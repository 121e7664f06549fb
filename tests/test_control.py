"""One program asks another how it stands, through a real socket."""

import asyncio
import logging
import os
import socket
import stat
import tempfile
from pathlib import Path

import pytest

from bot.control import Snapshot, ask, listening, socket_path
from memory.errors import AtelierError
from tools.compute.status import Status, UserStatus, WorkerStatus
from tools.compute.tally import Pace

WORKER = WorkerStatus(
    "gpu0", "ray", "cuda:0", f"2c06e156{48 * 'd'}", "busy", 7, 1, 0, 8000, (("sdxl", 6500),), ("a",)
)
STATUS = Status(
    60.0, (WORKER,), 3, 1, (UserStatus("web:1", 3, 1, 4.5, None, 1.0),), (), Pace(0, 0, 0.0), None
)
SNAPSHOT = Snapshot("1.2", 42, STATUS, {"web:1": "Ann 🐈\nB"})
NOBODY = "No Atelier is running on this data folder"


async def take() -> Snapshot:
    return SNAPSHOT


async def never() -> Snapshot:
    await asyncio.Event().wait()
    raise AssertionError


def said(data: Path, question: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX) as wire:
        wire.settimeout(5)
        wire.connect(str(socket_path(data)))
        wire.sendall(question)
        with wire.makefile("rb") as answer:
            return answer.read()


async def test_what_is_asked_is_answered_again_and_again_until_the_end(tmp_path: Path) -> None:
    async with listening(tmp_path, take):
        for _ in range(3):
            assert await asyncio.to_thread(ask, tmp_path) == SNAPSHOT
        mode = socket_path(tmp_path).stat().st_mode
        assert (stat.S_ISSOCK(mode), stat.S_IMODE(mode)) == (True, 0o600)
    with pytest.raises(AtelierError, match=NOBODY):
        ask(tmp_path)
    assert not socket_path(tmp_path).exists()


async def test_what_a_killed_process_left_is_replaced(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(socket_path(tmp_path)))
    with pytest.raises(AtelierError, match=NOBODY):
        ask(tmp_path)
    async with listening(tmp_path, take):
        assert await asyncio.to_thread(ask, tmp_path) == SNAPSHOT


@pytest.mark.parametrize("question", [b"{}\n", b"nonsense\n", b"\xff\n", b"[" * 9999 + b"\n"])
async def test_other_questions_get_no_answer(tmp_path: Path, question: bytes) -> None:
    async with listening(tmp_path, never):
        assert await asyncio.to_thread(said, tmp_path, question) == b""


async def test_who_asks_and_waits_does_not_hold_up_the_end(tmp_path: Path) -> None:
    asked = asyncio.Event()

    async def hang() -> Snapshot:
        asked.set()
        return await never()

    async with listening(tmp_path, hang):
        reader, writer = await asyncio.open_unix_connection(str(socket_path(tmp_path)))
        writer.write(b'{"ask": "status"}\n')
        await asyncio.wait_for(asked.wait(), 5)
    assert await asyncio.wait_for(reader.read(), 5) == b""
    writer.close()
    await writer.wait_closed()


async def test_an_answer_of_another_version_is_told_as_such(tmp_path: Path) -> None:
    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b'{"version": "9"}\n')
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_unix_server(hear, socket_path(tmp_path)):
        with pytest.raises(AtelierError, match="restart it"):
            await asyncio.to_thread(ask, tmp_path)


@pytest.fixture
def deep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder whose path is too long for a socket."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    folder = tmp_path / ("x" * 120)
    folder.mkdir()
    return folder


async def test_a_folder_with_a_long_path_has_its_socket_elsewhere(deep: Path) -> None:
    path = socket_path(deep)
    assert path.parent == deep.parent / f"atelier-{os.getuid()}"
    assert path != socket_path(deep.with_name("y" * 120))
    async with listening(deep, take):
        assert await asyncio.to_thread(ask, deep) == SNAPSHOT
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert not path.exists()


async def test_a_folder_others_may_write_to_is_not_used(
    deep: Path, caplog: pytest.LogCaptureFixture
) -> None:
    socket_path(deep).parent.mkdir()
    socket_path(deep).parent.chmod(0o777)
    with caplog.at_level(logging.WARNING, "bot"):
        async with listening(deep, take):
            assert "not ours alone" in caplog.text
            with pytest.raises(AtelierError, match=NOBODY):
                ask(deep)

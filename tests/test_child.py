"""The parent's end of a process: what its log says when the process died."""

import asyncio
from pathlib import Path

import pytest

from tools.compute.child import Piped


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("raise SystemExit(3)", "ended with 3"),
        ("import sys; sys.stderr.write('oh\\nno\\n'); sys.exit(3)",
         "ended with 3; its last lines:\noh\nno"),
    ],
)  # fmt: skip
async def test_a_death_is_told_with_its_last_lines_if_there_are_any(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
    code: str, says: str,
) -> None:  # fmt: skip
    (tmp_path / "dying.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    async with asyncio.timeout(20):
        process = await Piped.open("dying", "words", {})
        with pytest.raises(EOFError):
            await process.hear()
        await process.close()
    assert [r.message for r in caplog.records if r.levelname == "ERROR"] == [says]

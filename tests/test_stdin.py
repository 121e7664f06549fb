"""Standard input is read line by line, whatever comes."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.adapters.console.stdin import LONGEST_LINE, raw_lines, split


@contextmanager
def reading(tmp_path: Path, data: bytes) -> Iterator[int]:
    path = tmp_path / "input"
    path.write_bytes(data)
    file = os.open(path, os.O_RDONLY)
    try:
        yield file
    finally:
        os.close(file)


async def test_lines_come_in_order_and_the_last_needs_no_end(tmp_path: Path) -> None:
    with reading(tmp_path, b"one\n\ntwo\nthree") as file:
        assert [line async for line in raw_lines(file)] == [b"one", b"", b"two", b"three"]


async def test_a_closed_input_is_an_empty_one(tmp_path: Path) -> None:
    with reading(tmp_path, b"one\n") as file:
        pass
    assert [line async for line in raw_lines(file)] == []


def test_a_line_without_end_is_cut_and_the_next_one_is_whole(tmp_path: Path) -> None:
    with reading(tmp_path, b"x" * (3 * LONGEST_LINE) + b"\nnext\n") as file:
        first, second = split(file)
    assert len(first) == LONGEST_LINE + 1
    assert second == b"next"

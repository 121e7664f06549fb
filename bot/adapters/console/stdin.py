"""Standard input, line by line, without anything that would have to wait for it at the end."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from threading import Semaphore, Thread

from tools.errors import Refused

LONGEST_LINE = 1_000_000
"""Bytes of one line; what comes after them is dropped."""
_AHEAD = 256
_CHUNK = 65_536


async def raw_lines(file: int = 0) -> AsyncIterator[bytes]:
    """Yield the lines of a file descriptor, without their ends, as they come.

    They are read by a daemon thread and not through `sys.stdin`, whose lock a thread that waits
    for a line would hold while the interpreter shuts down.
    """
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[bytes | None] = asyncio.Queue()
    room = Semaphore(_AHEAD)

    def hand(line: bytes | None) -> None:
        room.acquire()
        loop.call_soon_threadsafe(queue.put_nowait, line)

    def read() -> None:
        with suppress(RuntimeError):  # the loop has ended: nobody wants the rest
            for line in split(file):
                hand(line)
            hand(None)

    Thread(target=read, name="stdin", daemon=True).start()
    while (line := await queue.get()) is not None:
        room.release()
        yield line


def split(file: int) -> Iterator[bytes]:
    """Yield the lines of a file descriptor (blocks); too long ones end after LONGEST_LINE + 1."""
    rest = b""
    with suppress(OSError):  # closed, or a terminal that went away: there is no more to come
        while chunk := os.read(file, _CHUNK):
            *lines, last = chunk.split(b"\n")
            for line in lines:
                yield (rest + line)[: LONGEST_LINE + 1]
                rest = b""
            rest = (rest + last)[: LONGEST_LINE + 1]
    if rest:
        yield rest


def text_of(raw: bytes) -> str:
    """Return a line as text; raises Refused with a sentence."""
    if len(raw) > LONGEST_LINE:
        raise Refused(f"That line is too long; keep it under {LONGEST_LINE:,} bytes.")
    try:
        text = raw.decode("utf-8").removeprefix("\ufeff").strip("\r\n")
    except UnicodeDecodeError as error:
        raise Refused("That line is not text; write it in UTF-8.") from error
    if "\x00" in text:
        raise Refused("That line is not text; write it in UTF-8.")
    return text

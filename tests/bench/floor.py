"""What an answer costs an empty program on this machine: nobody can be quicker than that."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from tests.bench.report import child_environment

EVERY = 0.1

_ECHO = """
import asyncio, sys
from bot import wakeup

async def main():
    wakeup.soon()
    reader, writer = await asyncio.open_connection("127.0.0.1", int(sys.argv[1]))
    while line := await reader.readline():
        writer.write(line)

asyncio.run(main())
"""


def first_in_line() -> None:
    """Let this process run whenever it has something to do, where that is allowed.

    It stands for the platform, which in truth runs elsewhere: what it waits for the processor would
    count as the bot's. The bot and its workers do not inherit that.
    """
    if sys.platform == "linux":
        try:
            real_time = os.SCHED_FIFO | os.SCHED_RESET_ON_FORK
            os.sched_setscheduler(0, real_time, os.sched_param(10))
        except PermissionError:
            sys.stderr.write("The server's own waiting counts as the bot's: this is not root.\n")


@asynccontextmanager
async def floor() -> AsyncIterator[list[float]]:
    """Measure, as long as it is entered, how long an echo over a socket takes: seconds each."""
    found: list[float] = []
    over, ended = asyncio.Event(), asyncio.Event()

    async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while not over.is_set():
            began = time.perf_counter()
            writer.write(b"?\n")
            await reader.readline()
            found.append(time.perf_counter() - began)
            with suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), EVERY)
        writer.close()
        ended.set()

    async with await asyncio.start_server(ask, "127.0.0.1", 0) as server:
        port = str(server.sockets[0].getsockname()[1])
        echo = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _ECHO, port, env=child_environment()
        )
        try:
            yield found
            over.set()
            await ended.wait()
        finally:
            echo.kill()
            await echo.wait()

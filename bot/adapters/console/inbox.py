"""A script's messages, read ahead; each is acknowledged before anything heavy is loaded."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Self

from bot.adapters.console.events import Events
from bot.adapters.console.script import Line, parse
from bot.adapters.console.stdin import raw_lines
from tools.errors import Refused

_AHEAD = 1000


@dataclass(frozen=True, slots=True)
class Entry:
    """A line that could be read; `number` counts the input's lines from 1."""

    number: int
    line: Line


class Inbox:
    """An async context manager; iterate over it for the entries, in order."""

    def __init__(self, events: Events, file: int = 0) -> None:
        self._events, self._file = events, file
        self._entries: asyncio.Queue[Entry | None] = asyncio.Queue(_AHEAD)

    async def __aenter__(self) -> Self:
        self._reading = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)

    async def __aiter__(self) -> AsyncIterator[Entry]:
        while (entry := await self._entries.get()) is not None:
            yield entry

    async def _read(self) -> None:
        number = 0
        async for raw in raw_lines(self._file):
            number += 1
            try:
                line = parse(raw)
            except Refused as error:
                self._events.told("error", number, str(error))
                continue
            received(self._events, number)
            await self._entries.put(Entry(number, line))
        await self._entries.put(None)


def received(events: Events, number: int | None) -> None:
    """Write the first thing a script hears about a line."""
    events.write("progress", number, phase="received", tool="", position=0, eta=None, percent=0)

"""How much is asked in all: Discord's limit for a bot, kept before it has to refuse.

discord.py keeps the limits of each route, and hears of this one only by being refused; who is
refused too often is shut out for a while.
"""

import asyncio
from typing import Any

import aiohttp

A_SECOND = 40
"""Requests; Discord refuses at 50."""
WINDOW = 1.0
_FREE = ("/interactions/", "/webhooks/", "/attachments/")
"""What answers commands and buttons does not count, nor does fetching files."""


class Rate:
    """Holds requests back where they leave for the wire, and lets them go in their order.

    Each takes one of so many places until a second after its answer, for Discord counts when it
    arrives, which nobody here knows.
    """

    def __init__(self) -> None:
        self._places, self._free = asyncio.Semaphore(A_SECOND), A_SECOND
        self.trace = aiohttp.TraceConfig()
        self.trace.on_request_start.append(self._start)
        self.trace.on_request_end.append(self._end)
        self.trace.on_request_exception.append(self._end)

    def spare(self, kept: int = 0) -> bool:
        """Tell whether there is a place beyond those that are kept for what matters more."""
        return self._free > kept

    async def _start(
        self, session: aiohttp.ClientSession, held: Any, asked: aiohttp.TraceRequestStartParams
    ) -> None:
        held.place = not any(part in asked.url.path for part in _FREE)
        if held.place:
            held.place = await self._places.acquire()
            self._free -= 1

    async def _end(self, session: aiohttp.ClientSession, held: Any, answered: object) -> None:
        if held.place:
            asyncio.get_running_loop().call_later(WINDOW, self._leave)

    def _leave(self) -> None:
        self._free += 1
        self._places.release()

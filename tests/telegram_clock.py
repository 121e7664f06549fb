"""Time for the Telegram server: turned by hand in tests, or the wall's in long runs."""

import asyncio
import time
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Protocol


class Clock(Protocol):
    """What the server knows about time."""

    def time(self) -> float:
        """Return seconds since 1970."""
        ...

    def sleep(self, seconds: float) -> Awaitable[None]:
        """Return what is done after some seconds of this clock."""
        ...


class WallClock:
    """The real time."""

    def time(self) -> float:
        return time.time()

    def sleep(self, seconds: float) -> Awaitable[None]:
        return asyncio.sleep(seconds)


@dataclass
class HandClock:
    """A clock that stands still until it is turned."""

    now: float = field(default_factory=lambda: float(int(time.time())))
    sleepers: list[tuple[float, asyncio.Future[None]]] = field(default_factory=list)

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> Awaitable[None]:
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.sleepers.append((self.now + seconds, waiting))
        return waiting

    def turn(self, seconds: float) -> None:
        """Let time pass, and wake whoever slept until then."""
        self.now += seconds
        due = [waiting for until, waiting in self.sleepers if until <= self.now]
        self.sleepers = [sleeper for sleeper in self.sleepers if sleeper[0] > self.now]
        for waiting in due:
            if not waiting.done():
                waiting.set_result(None)

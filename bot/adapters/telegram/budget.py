"""How much may be said now: Telegram's limits, kept before it has to refuse anything."""

from collections import defaultdict, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field

BURST = 3
"""Messages and edits that a chat takes at once; then one a second."""
GROUP, MINUTE = 20, 60.0
"""Messages and edits that a group takes in so many seconds."""
OVERALL = 25
"""Messages and edits a second in all chats; Telegram refuses at about 30."""
KEPT = 12
"""Of what a group takes, what progress leaves for results: an answer and its album."""
RESERVE = 10
"""Of what all chats take in a second, what progress leaves for results; its first sign, half."""
_REMEMBERED = 2000
"""Chats from which on those are let go of that have long taken all they were told."""
_MOMENT = 0.01
_SOON = 0.1
"""Seconds after which some of what is under way may have been answered."""


@dataclass(slots=True)
class _Chat:
    level: float = 0.0
    at: float = 0.0
    until: float = 0.0
    said: deque[float] = field(default_factory=deque)


class Budget:
    """Buckets and windows over what is said; `clock` counts seconds, `sleep` waits for them."""

    def __init__(
        self, clock: Callable[[], float], sleep: Callable[[float], Awaitable[object]]
    ) -> None:
        self._clock, self._sleep = clock, sleep
        self._chats: defaultdict[int, _Chat] = defaultdict(_Chat)
        self._all: deque[float] = deque()
        self._under_way = self._waiting = 0

    @asynccontextmanager
    async def take(self, chat: int, cost: int = 1) -> AsyncIterator[None]:
        """Wait until so many messages may be sent to a chat, and count them while it lasts."""
        while (wait := self.wait(chat, cost)) > 0:
            crowded = self._crowded(cost, 0) > 0
            self._waiting += crowded
            try:
                await self._sleep(wait + _MOMENT)
            finally:
                self._waiting -= crowded
        with self.spend(chat, cost):
            yield

    def wait(
        self, chat: int, cost: int = 1, *, spare: int = 0, kept: int = 0, reserve: int = 0
    ) -> float:
        """Return the seconds until so much may be said.

        That much more must fit: `spare` into the bucket of the chat, `kept` into a group's minute,
        `reserve` into everybody's second, in which then nothing else may wait.
        """
        now, known = self._clock(), self._chats[chat]
        _expire(known.said, now - MINUTE)
        level = max(0.0, known.level - (now - known.at))
        waits = [known.until - now, level + 1 + spare - BURST]
        if chat < 0:
            waits.append(_until(known.said, cost, GROUP - kept, MINUTE) - now)
        return max(0.0, self._crowded(cost, reserve), *waits)

    def _crowded(self, cost: int, reserve: int) -> float:
        """Return the seconds until all chats together may be told so much."""
        now = self._clock()
        _expire(self._all, now - 1)
        left = OVERALL - reserve - self._under_way
        if cost > left or (reserve and self._waiting):
            return _SOON
        return _until(self._all, cost, left, 1.0) - now

    @contextmanager
    def spend(self, chat: int, cost: int = 1) -> Iterator[None]:
        """Count messages or edits as said now.

        They count from here until a second (in groups a minute) after the answer: Telegram counts
        when they arrive, and what begins slowly would meet what follows it there.
        """
        if len(self._chats) >= _REMEMBERED:
            self._prune()
        now, known = self._clock(), self._chats[chat]
        known.level = max(0.0, known.level - (now - known.at)) + cost
        known.at = now
        if chat < 0:
            known.said.extend([now] * cost)
        self._under_way += cost
        try:
            yield
        finally:
            self._under_way -= cost
            self._all.extend([self._clock()] * cost)
            if chat < 0:
                with suppress(ValueError):  # it took longer than that
                    for _ in range(cost):
                        known.said.remove(now)
                known.said.extend([self._clock()] * cost)

    def _prune(self) -> None:
        """Let go of chats that everything may be said to again."""
        now = self._clock()
        for chat, known in list(self._chats.items()):
            _expire(known.said, now - MINUTE)
            if not known.said and known.until <= now and known.level <= now - known.at:
                del self._chats[chat]

    def close(self, chat: int, seconds: float) -> None:
        """Say nothing in a chat for so long, for Telegram asked for it."""
        known = self._chats[chat]
        known.until = max(known.until, self._clock() + seconds)


def _expire(said: deque[float], before: float) -> None:
    while said and said[0] <= before:
        said.popleft()


def _until(said: deque[float], cost: int, most: int, window: float) -> float:
    """Return the moment at which so many more fit into a window that holds `most`."""
    excess = min(len(said) + cost - most, len(said))
    return said[excess - 1] + window if excess > 0 else 0.0

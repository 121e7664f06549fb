"""How much a bot may say: Telegram's windows, as far as they are known."""

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.telegram_files import Refused


@dataclass(frozen=True)
class Limits:
    """What the server enforces; times in seconds, sizes in bytes.

    Telegram names 1 message a second and chat (short bursts are let through), 20 a minute and
    group, about 30 a second overall; that edits count in groups is known from practice.
    """

    burst: int = 4
    per_minute_and_group: int = 20
    per_second: int = 30
    upload: int = 50 << 20
    download: int = 20 << 20
    query_age: float = 30.0


UNLIMITED = Limits(burst=10**9, per_minute_and_group=10**9, per_second=10**9)


@dataclass
class Flood:
    """Windows over what was said; `early` counts calls made before a retry_after had passed."""

    limits: Limits
    now: Callable[[], float]
    early: int = 0
    refused: int = 0
    _said: dict[int, deque[float]] = field(default_factory=dict)
    _all: deque[float] = field(default_factory=deque)
    _until: dict[int, float] = field(default_factory=dict)

    def say(self, chat: int, count: int = 1) -> None:
        """Count messages or edits in a chat; raises Refused 429 when there are too many."""
        now = self.now()
        said = self._said.setdefault(chat, deque())
        while said and said[0] <= now - 60:
            said.popleft()
        while self._all and self._all[0] <= now - 1:
            self._all.popleft()
        held = self._until.get(chat, 0.0)
        self.early += now < held
        wait = max(self._wait(chat, said, count, now), held - now)
        if wait > 0:
            self.refused += 1
            raise self.held(chat, wait)
        said.extend([now] * count)
        self._all.extend([now] * count)

    def held(self, chat: int, seconds: float) -> Refused:
        """Close a chat for some seconds and return what to answer."""
        after = max(1, math.ceil(seconds))
        self._until[chat] = self.now() + after
        return Refused(429, f"Too Many Requests: retry after {after}", retry_after=after)

    def _wait(self, chat: int, said: deque[float], count: int, now: float) -> float:
        """Return how long until so many more fit into every window."""
        waits = [0.0]
        room = self.limits.per_minute_and_group - count
        if chat < 0 and len(said) > room:
            waits.append(said[min(len(said) - room, len(said)) - 1] + 60 - now)
        # a bucket of `burst` messages that fills at one a second
        level = 0.0
        for before, at in zip([None, *said], said, strict=False):
            level = max(0.0, level - (at - before if before is not None else 0)) + 1
        level = max(0.0, level - (now - said[-1])) if said else 0.0
        waits.append(level + 1 - self.limits.burst)
        if len(self._all) + count > self.limits.per_second:
            waits.append(1.0)
        return max(waits)

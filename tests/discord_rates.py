"""How often a client may ask, and what goes wrong when a test wants it to."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Rate:
    """So many requests in a window of so many seconds."""

    limit: int
    seconds: float


LOOSE = Rate(1000, 1.0)
REAL: Mapping[str, Rate] = {
    "POST /channels/{channel_id}/messages": Rate(5, 5.0),
    "PATCH /channels/{channel_id}/messages/{message_id}": Rate(5, 5.0),
    "DELETE /channels/{channel_id}/messages/{message_id}": Rate(5, 1.0),
    "POST /channels/{channel_id}/typing": Rate(5, 5.0),
    "POST /webhooks/{webhook_id}/{webhook_token}": Rate(5, 5.0),
    "PATCH /webhooks/{webhook_id}/{webhook_token}/messages/@original": Rate(5, 5.0),
    "PATCH /webhooks/{webhook_id}/{webhook_token}/messages/{message_id}": Rate(5, 5.0),
}
"""What was seen of Discord; it publishes no numbers and asks to go by the headers."""
GLOBAL = Rate(50, 1.0)


class TooMany(Exception):
    """An answer with status 429; `shared` is a limit of the resource and not of the bot."""

    def __init__(self, wait: float, *, everywhere: bool = False, shared: bool = False) -> None:
        self.wait, self.everywhere, self.shared = wait, everywhere, shared
        super().__init__(f"asked too often; wait {wait:.3f} s")


@dataclass
class Window:
    """A bucket: how many were asked since when."""

    since: float
    used: int = 0

    def take(self, rate: Rate, now: float) -> float:
        """Count one request; return 0, or the seconds to wait when there were too many."""
        if now >= self.since + rate.seconds:
            self.since, self.used = now, 0
        if self.used >= rate.limit:
            return max(0.001, self.since + rate.seconds - now)
        self.used += 1
        return 0.0


@dataclass
class Buckets:
    windows: dict[tuple[str, str], Window] = field(default_factory=dict)

    def take(self, route: str, major: str, rate: Rate, now: float) -> tuple[float, dict[str, str]]:
        """Count a request; return the seconds to wait and the headers that tell of the bucket."""
        window = self.windows.setdefault((route, major), Window(now))
        wait = window.take(rate, now)
        after = max(0.0, window.since + rate.seconds - now)
        return wait, {
            "X-RateLimit-Limit": str(rate.limit),
            "X-RateLimit-Remaining": str(rate.limit - window.used),
            "X-RateLimit-Reset": f"{now + after:.3f}",
            "X-RateLimit-Reset-After": f"{after:.3f}",
            "X-RateLimit-Bucket": f"{abs(hash(route)):x}",
        }


@dataclass
class Fault:
    """What happens to the next `times` requests whose "METHOD /path" the pattern is found in.

    `status` answers without doing anything; 0 breaks the connection off, and with `after` only
    when the request has been carried out. A 429 says to wait `retry_after`; one that is `banned`
    comes from the proxy before Discord and has no JSON.
    """

    pattern: str
    status: int = 503
    retry_after: float = 0.0
    everywhere: bool = False
    banned: bool = False
    after: bool = False
    times: int = 1

    def matches(self, asked: str) -> bool:
        if self.times < 1 or not re.search(self.pattern, asked):
            return False
        self.times -= 1
        return True

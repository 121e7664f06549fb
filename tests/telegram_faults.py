"""What goes wrong with calls to the Telegram server, on demand."""

import asyncio
from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one call.

    With `gate` it waits; then, unless `after`, it is not carried out. `body` is the answer, None
    to cut the connection without one. `hold` is how many seconds the chat is closed, with 429.
    """

    after: bool = False
    status: int = 0
    body: bytes | None = None
    gate: asyncio.Event | None = None
    hold: int = 0


def flood(seconds: int) -> Fault:
    """429: refused, like everything said in this chat until some seconds have passed."""
    return Fault(hold=seconds)


def broken(status: int = 502) -> Fault:
    """A gateway's page instead of an answer; the call was not carried out."""
    return Fault(status=status, body=b"<html>Bad Gateway</html>")


def dropped() -> Fault:
    """The connection ends before the call was carried out."""
    return Fault()


def lost() -> Fault:
    """The call is carried out, and the connection ends before the answer."""
    return Fault(after=True)


def slow(gate: asyncio.Event, *, after: bool = True) -> Fault:
    """The call is carried out (or, if not `after`, dropped) and unanswered until `gate` is set."""
    return Fault(after=after, gate=gate)

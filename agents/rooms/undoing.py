"""What of a room's log was taken back, and what somebody can take back."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from memory.records import User
from memory.rooms import RoomEvent

_JUST_NOW = timedelta(minutes=15)
LASTING = ("opened", "undo", "joined")
"""What cannot be taken back."""


def undone(events: Sequence[RoomEvent]) -> frozenset[int]:
    """Return the numbers of the events that were taken back; undoing an undo brings them back."""
    gone: set[int] = set()
    for event in reversed(events):
        if event.kind == "undo" and event.number not in gone:
            gone.update(_numbers(event))
    return frozenset(gone)


def last_of(events: Sequence[RoomEvent], user: User | None) -> list[RoomEvent]:
    """Return somebody's last contribution that stands, with all that came of it."""
    gone = undone(events)
    for event in reversed(events):
        mine = event.author == user or user is None
        if mine and event.author and event.number not in gone and event.kind not in LASTING:
            return [e for e in events if e.message == event.message and _open(e, gone)]
    return []


def fresh(events: Sequence[RoomEvent], user: User, at: datetime) -> bool:
    """Tell whether somebody's last contribution is what "forget it" may well mean.

    It was said just now, and the room has not gone on since.
    """
    mine = last_of(events, user)
    after = [e.kind for e in events if mine and e.number > mine[0].number and e not in mine]
    return bool(mine) and "stage" not in after and at - mine[-1].at < _JUST_NOW


def _open(event: RoomEvent, gone: frozenset[int]) -> bool:
    return event.number not in gone and event.kind not in LASTING


def _numbers(event: RoomEvent) -> Iterable[int]:
    found = event.data.get("numbers")
    return (one for one in found if isinstance(one, int)) if isinstance(found, list) else ()

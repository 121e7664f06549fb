"""What of a room's log was taken back, and what somebody can take back."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from memory.records import User
from memory.rooms import RoomEvent
from memory.sentences import say

_JUST_NOW = timedelta(minutes=15)
LASTING = ("opened", "undo", "joined")
"""What cannot be taken back."""
UNDONE: Mapping[str, str] = {
    "brief": say("what you said of the brief"),
    "unbrief": say("what you said of the brief"),
    "asked": say("the question that raised"),
    "idea": say("the idea"),
    "sketch": say("the sketch"),
    "ballot": say("the opening of the vote"),
    "vote": say("your vote"),
    "chosen": say("the choice of an idea"),
    "outline": say("the outline"),
    "add": say("the new piece"),
    "drop": say("leaving that out"),
    "change": say("the change"),
    "carer": say("looking after that"),
    "made": say("the new version"),
    "kept": say("the choice of a version"),
    "approved": say("your approval"),
    "comment": say("the comment"),
    "overruled": say("letting it stay"),
    "stage": say("the step to another stage"),
    "named": say("the name"),
    "owner": say("the new owner"),
    "card": say("the check"),
    "packed": say("the note that it was packed"),
}
"""What is told to be taken back, by the kind of the event."""


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

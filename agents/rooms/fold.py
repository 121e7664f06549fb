"""A room as its events leave it: a pure fold, without a database or a clock.

What an event names may be gone, for people can have theirs erased: then it changes nothing.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import chain, count
from typing import Any

from agents.rooms.brief import NAMES, said, taken_back
from agents.rooms.pieces import PIECES, Apply, ints, listed, text
from agents.rooms.state import STAGES, Ballot, Idea, Question, Reference, Room
from agents.rooms.undoing import undone
from memory.records import User
from memory.rooms import RoomEvent

_KEPT = 100
"""Rooms whose state is kept, so that a longer log is folded from where the last one ended."""
_folded: OrderedDict[str, tuple[int, RoomEvent, Room]] = OrderedDict()


def fold(id: str, events: Sequence[RoomEvent]) -> Room:
    """Return the room its events make."""
    many, last, room = _folded.get(id, (0, None, Room(id)))
    if many > len(events) or (many and events[many - 1] is not last):
        many, room = 0, Room(id)
    room = after(room, events, many)
    if events:
        _folded[id] = len(events), events[-1], room
        _folded.move_to_end(id)
        if len(_folded) > _KEPT:
            _folded.popitem(last=False)
    return room


def after(room: Room, events: Sequence[RoomEvent], many: int) -> Room:
    """Return what becomes of a room that so many events made, once all of them have happened."""
    if any(event.kind == "undo" for event in events[many:]):
        many, room = 0, Room(room.id)
    gone = undone(events) if many == 0 else frozenset()
    for event in events[many:]:
        if (author := event.author) is not None:
            if author not in room.members:
                room = replace(room, members=(*room.members, _told_apart(author, room.members)))
            known = room.members[room.members.index(author)]
            event = event if known.name == author.name else replace(event, author=known)
        apply = _APPLY.get(event.kind)
        if apply is not None and event.number not in gone:
            room = apply(room, event)
        room = replace(room, number=event.number)
    return room


def _told_apart(user: User, members: Sequence[User]) -> User:
    """Return somebody new by a name that nobody else here has."""
    taken, name = {member.name for member in members}, user.name
    if all(user.platform != member.platform for member in members if member.name == name):
        user = replace(user, name=f"{name} ({user.platform.title()})") if name in taken else user
    numbered = (replace(user, name=f"{name} ({n})") for n in count(2))
    return next(one for one in chain([user], numbered) if one.name not in taken or not one.name)


def _opened(room: Room, event: RoomEvent) -> Room:
    data, brief = event.data, room.brief
    defaults = data.get("brief")
    for name, value in defaults.items() if isinstance(defaults, dict) else ():
        brief = said(brief, name, value)
    names = ("title", "template", "kind", "language")
    texts: dict[str, Any] = {name: text(data, name) for name in names}
    return replace(room, **texts, brief=brief, owner=event.author, stage_at=event.number)


def _brief(room: Room, event: RoomEvent) -> Room:
    name = str(event.data.get("name"))
    brief = said(room.brief, name, event.data.get("value"))
    left = tuple(q for q in room.questions if q.name != name)
    by = {**room.by, name: event.author}
    return replace(room, brief=brief, by=by, questions=left, card={})  # it was of another brief


def _unbrief(room: Room, event: RoomEvent) -> Room:
    name = str(event.data.get("name"))
    brief = taken_back(room.brief, name, tuple(map(str, listed(event.data.get("values")))))
    left = tuple(q for q in room.questions if q.name != name)
    by = {**room.by, name: event.author}
    return replace(room, brief=brief, by=by, questions=left, card={})  # it was of another brief


def _asked(room: Room, event: RoomEvent) -> Room:
    name = str(event.data.get("name"))
    if name not in NAMES:
        return room
    was, by = event.data.get("was"), room.by.get(str(event.data.get("against", name)))
    question = Question(name, was, by, event.data.get("value"), event.author)
    return replace(room, questions=(*(q for q in room.questions if q.name != name), question))


def _idea(room: Room, event: RoomEvent) -> Room:
    data = event.data
    number = max((one.number for one in room.ideas), default=0) + 1
    idea = Idea(
        number,
        str(data.get("title", "")),
        str(data.get("description", "")),
        tuple(map(str, listed(data.get("tags")))),
        author=event.author,
        parents=tuple(ints(data.get("parents"))),
    )
    ideas = room.ideas
    if data.get("replaces"):
        ideas = tuple(replace(i, replaced=i.replaced or i.number in idea.parents) for i in ideas)
    chosen = number if data.get("replaces") and room.chosen in idea.parents else room.chosen
    return replace(room, ideas=(*ideas, idea), chosen=chosen)


def _sketch(room: Room, event: RoomEvent) -> Room:
    number, asset = event.data.get("idea"), str(event.data.get("asset", ""))
    ideas = (replace(i, picture=asset) if i.number == number else i for i in room.ideas)
    return replace(room, ideas=tuple(ideas))


def _ballot(room: Room, event: RoomEvent) -> Room:
    until = event.data.get("until")
    end = datetime.fromisoformat(until) if isinstance(until, str) and until else None
    among = tuple(ints(event.data.get("among")))
    old = room.ballot.votes if room.ballot and event.data.get("keep") else {}
    votes = {user: idea for user, idea in old.items() if idea in among}
    return replace(room, ballot=Ballot(among, end, votes, bool(event.data.get("last"))))


def _vote(room: Room, event: RoomEvent) -> Room:
    idea, ballot = event.data.get("idea"), room.ballot
    if ballot is None or event.author is None or idea not in ballot.among:
        return room
    return replace(room, ballot=replace(ballot, votes={**ballot.votes, event.author: idea}))


def _chosen(room: Room, event: RoomEvent) -> Room:
    idea = event.data.get("idea")
    if not isinstance(idea, int) or room.idea(idea) is None:
        return room
    return replace(room, chosen=idea, ballot=None)


def _stage(room: Room, event: RoomEvent) -> Room:
    stage = event.data.get("stage")
    if stage not in STAGES:
        return room
    return replace(room, stage=stage, stage_at=event.number, stage_since=event.at)


def _card(room: Room, event: RoomEvent) -> Room:
    again = room.rounds + 1 if event.data.get("repaired") else 0
    return replace(room, card=event.data, rounds=again)


def _packed(room: Room, event: RoomEvent) -> Room:
    return replace(room, packs=tuple(map(str, listed(event.data.get("assets")))))


def _owner(room: Room, event: RoomEvent) -> Room:
    return replace(room, owner=event.author or room.owner)


def _reference(room: Room, event: RoomEvent) -> Room:
    """Take a picture as the one all others shall look like; none takes that back."""
    asset, name = (text(event.data, key) for key in ("asset", "name"))
    found = Reference(asset, name, event.author) if asset else None
    return replace(room, reference=found, card={})


def _named(room: Room, event: RoomEvent) -> Room:
    return replace(room, title=str(event.data.get("title", "")) or room.title)


_APPLY: Mapping[str, Apply] = {
    "opened": _opened,
    "named": _named,
    "owner": _owner,
    "reference": _reference,
    "brief": _brief,
    "unbrief": _unbrief,
    "asked": _asked,
    "idea": _idea,
    "sketch": _sketch,
    "ballot": _ballot,
    "vote": _vote,
    "chosen": _chosen,
    "stage": _stage,
    "card": _card,
    "packed": _packed,
    **PIECES,
}

"""The story of a room: who contributed what, each a sentence."""

import re
from collections.abc import Iterable, Iterator, Mapping

from agents.rooms.brief import NAMES, worded
from agents.rooms.state import Room
from memory.records import User
from memory.rooms import RoomEvent
from memory.sentences import Sentence, joined, say
from tools.pack import Event

_NAMED = re.compile(r"\{(\w+)\}")


_TOLD: Mapping[str, str] = {
    "opened": say("opened the room"),
    "brief": say("set “{name}”: {value}"),
    "unbrief": say("took back “{name}”"),
    "asked": say("wanted another “{name}”: {value}"),
    "idea": say("had the idea “{title}”"),
    "vote": say("voted for {idea}"),
    "chosen": say("chose {idea}, {how}"),
    "stage": say("went on to the stage “{stage}”"),
    "add": say("added {title}: {request}"),
    "drop": say("left out piece {piece}"),
    "change": say("changed what {piece} shall be: {request}"),
    "made": say("made {piece}"),
    "own": say("contributed {piece}"),
    "kept": say("chose version {version} of {piece}"),
    "approved": say("approved {piece}"),
    "comment": say("said of {piece}: {text}"),
    "carer": say("looks after {piece}"),
    "overruled": say("let {piece} stay as it is"),
    "undo": say("took something back"),
    "joined": say("joined"),
    "owner": say("became the owner"),
    "reference": say("set the reference: {name}"),
    "packed": say("packed the set"),
}


def tales(events: Iterable[RoomEvent], room: Room) -> Iterator[Event]:
    """Yield what was contributed, in the order in which that happened."""
    for event in events:
        own = event.kind == "made" and event.author is not None
        if form := _TOLD.get("own" if own else event.kind):
            values = {key: _value(key, event, room) for key in _NAMED.findall(form)}
            yield Event(_name(event.author), Sentence(form, values), event.at)


def _value(key: str, event: RoomEvent, room: Room) -> str:
    value = event.data.get(key, "")
    if key == "value":
        return worded(str(event.data.get("name")), value)
    found = value if isinstance(value, list) else [value]
    return joined(", ", (_word(key, one, room) for one in found))


def _word(key: str, value: object, room: Room) -> str:
    """Return a value of an event in words: pieces and ideas by what they are called."""
    if key == "piece" and isinstance(value, int) and (piece := room.piece(value)):
        return piece.title
    if key == "idea" and isinstance(value, int) and (idea := room.idea(value)):
        return say("idea {number} “{title}”", number=value, title=idea.title)
    text = value if isinstance(value, str) else str(value)
    if key == "stage":
        return say(text)
    return NAMES.get(text, text) if key == "name" else text


def _name(user: User | None) -> str:
    return user.name or user.id if user else "Atelier"

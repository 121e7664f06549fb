"""Decisions about the reference: the picture that all pictures of a set shall look like."""

from collections.abc import Mapping
from typing import Any

from agents.rooms.asked import Asked, Decision, who
from agents.rooms.state import Room
from memory.rooms import Draft
from memory.sentences import say
from tools.errors import Refused

_SKETCH = "the sketch of idea {number}"


def referred(asked: Asked, data: Mapping[str, Any]) -> Decision:
    """Take a piece, the sketch of an idea, or a picture shown or sent as the reference."""
    asset, name = _meant(asked, data)
    draft = Draft("reference", {"asset": asset, "name": name})
    form = "The reference is {name} now, says {who}: all pictures shall look like it."
    return Decision(say(form, name=name, who=who(asked.user)), (draft,))


def unreferred(asked: Asked, data: Mapping[str, Any]) -> Decision:
    """Let the set have no reference any more."""
    if asked.room.reference is None:
        raise Refused("There is no reference; say “use poster 2 as the reference”.")
    told = say("There is no reference any more.")
    return Decision(told, (Draft("reference", {"asset": ""}),))


def _meant(asked: Asked, data: Mapping[str, Any]) -> tuple[str, str]:
    room = asked.room
    if "piece" in data:
        piece = room.piece(data["piece"])
        if piece is None or piece.kind != "picture" or piece.now is None:
            raise Refused("Only a picture that is there can be the reference.")
        return piece.now.asset, piece.title
    if "pick" in data:
        idea = room.idea(data["pick"])
        if idea is None or not idea.picture:
            form = "Idea {number} has no sketch yet; say “sketch {number}”."
            raise Refused(form, number=data["pick"])
        return idea.picture, say(_SKETCH, number=idea.number)
    there = [a.sha256 for a in asked.attached if a.media_type.startswith("image/")]
    if len(there) != 1:
        raise Refused("Which picture? Reply to it, send it along, or say “poster 2”.")
    return there[0], _called(room, there[0])


def _called(room: Room, asset: str) -> str:
    """Return what a picture of a room is called."""
    pieces = [p.title for p in room.pieces if asset in [v.asset for v in p.versions]]
    ideas = [say(_SKETCH, number=i.number) for i in room.ideas if i.picture == asset]
    return next(iter([*pieces, *ideas]), say("a picture that was sent"))

"""What a room answers to questions about itself; an answer changes nothing."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from agents.rooms.asked import Asked, Decision, who
from agents.rooms.board import forward
from agents.rooms.brief import NAMES, lines
from agents.rooms.choosing import standing as votes
from agents.rooms.standing import standing, still_open
from agents.rooms.story import tales
from agents.rooms.undoing import undone
from memory.records import User
from memory.sentences import count, joined, say
from tools.pack import Event

_LAST = 6
"""Contributions that are told."""
_LATER = say("What it takes is told with the outline, before anything is made.")
NOTHING = say("Nobody has said anything of that here yet.")


def answered(asked: Asked, data: Mapping[str, Any]) -> Decision:
    """Return the answer to a question."""
    return Decision(_ANSWERS[data["what"]](asked, data), (), None, forward(asked.room))


def _voters(asked: Asked, data: Mapping[str, Any]) -> str:
    ballot = asked.room.ballot
    if ballot is None:
        return standing(asked.room)
    given = [joined(": ", [who(user), str(n)]) for user, n in ballot.votes.items()]
    left = [who(user) for user in asked.room.members if user not in ballot.votes]
    missing = [say("Not voted yet: {names}.", names=joined(", ", left))] if left else []
    return joined("\n", [votes(asked.room), *([joined(", ", given)] if given else []), *missing])


def _contributed(asked: Asked, data: Mapping[str, Any]) -> str:
    person: User = data["person"]
    return _told(asked, lambda by: by == person)


def _story(asked: Asked, data: Mapping[str, Any]) -> str:
    return _told(asked, lambda by: by is not None)


def _told(asked: Asked, of: Callable[[User | None], bool]) -> str:
    gone = undone(asked.events)
    events = [e for e in asked.events if of(e.author) and e.number not in gone]
    return _lines(list(tales(events, asked.room))[-_LAST:])


def _lines(found: Sequence[Event]) -> str:
    return joined("\n", (joined(" ", [one.who, one.what]) for one in found)) or NOTHING


def _whose(asked: Asked, data: Mapping[str, Any]) -> str:
    idea = asked.room.idea(data["pick"])
    if idea is None:
        return NOTHING
    by = who(idea.author) if idea.author else "Atelier"
    return say(
        "Idea: {title} (by {who})", title=joined(": ", [idea.title, idea.description]), who=by
    )


def _carer(asked: Asked, data: Mapping[str, Any]) -> str:
    piece = asked.room.piece(data["piece"])
    if piece is None:
        return NOTHING
    if piece.carer:
        return say("{who} looks after {names}.", who=who(piece.carer), names=piece.title)
    form = "Nobody looks after {title}; say “I take {number}”."
    return say(form, title=piece.title, number=piece.number)


def _why(asked: Asked, data: Mapping[str, Any]) -> str:
    room, piece = asked.room, asked.room.piece(data["piece"])
    found = room.card.get("faults")
    if piece is None or not room.card:
        return standing(room)
    why = found.get(str(piece.number)) if isinstance(found, dict) else None
    return (
        joined("\n", why) if why else say("The check found nothing in {title}.", title=piece.title)
    )


def _score(asked: Asked, data: Mapping[str, Any]) -> str:
    told = asked.room.card.get("told")
    return told if isinstance(told, str) else standing(asked.room)


def _takes(asked: Asked, data: Mapping[str, Any]) -> str:
    """Return what making it takes: the price is added where there is one."""
    room = asked.room
    missing = len([p for p in room.pieces if p.now is None])
    if not room.after("choice"):
        until = room.ballot.until if room.ballot else None
        ends = [say("Vote until {time} UTC", time=f"{until:%Y-%m-%d %H:%M}")] if until else []
        return joined("\n", [*ends, _LATER])
    if room.stage == "making":
        return say("The pieces are being made; the board shows how far they are.")
    return count(missing, "{n} piece is to be made.", "{n} pieces are to be made.")


def _approvals(asked: Asked, data: Mapping[str, Any]) -> str:
    room = asked.room
    given = [
        joined(": ", [p.title, joined(", ", map(who, p.approved))])
        for p in room.pieces
        if p.approved
    ]
    return joined("\n", [*given, still_open(room)])


def _field(asked: Asked, data: Mapping[str, Any]) -> str:
    name, room = data["field"], asked.room
    said = dict(lines(room.brief)).get(NAMES[name])
    if not said:
        return NOTHING
    by = [say(" ({who})", who=who(room.by[name]))] if room.by.get(name) else []
    return joined("", [joined(": ", [NAMES[name], said]), *by])


_ANSWERS: Mapping[str, Callable[[Asked, Mapping[str, Any]], str]] = {
    "voters": _voters,
    "person": _contributed,
    "story": _story,
    "whose": _whose,
    "carer": _carer,
    "why": _why,
    "score": _score,
    "takes": _takes,
    "approvals": _approvals,
    "field": _field,
    "open": lambda asked, _: standing(asked.room),
}

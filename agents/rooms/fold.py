"""A room as its events leave it: a pure fold, without a database or a clock.

What an event names may be gone, for people can have theirs erased: then it changes nothing.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from agents.rooms.brief import NAMES, said, taken_back
from agents.rooms.state import (
    KINDS,
    STAGES,
    Ballot,
    Comment,
    Idea,
    Piece,
    Question,
    Reference,
    Room,
    Version,
)
from agents.rooms.undoing import undone
from memory.records import User
from memory.rooms import RoomEvent

Apply = Callable[[Room, RoomEvent], Room]


def fold(id: str, events: Sequence[RoomEvent]) -> Room:
    """Return the room its events make."""
    gone, room = undone(events), Room(id)
    for event in events:
        apply = _APPLY.get(event.kind)
        if apply is not None and event.number not in gone:
            room = apply(room, event)
        members = room.members
        if event.author is not None and event.author not in members:
            members = (*members, event.author)
        room = replace(room, number=event.number, members=members)
    return room


def _opened(room: Room, event: RoomEvent) -> Room:
    data, brief = event.data, room.brief
    defaults = data.get("brief")
    for name, value in defaults.items() if isinstance(defaults, dict) else ():
        brief = said(brief, name, value)
    names = ("title", "template", "kind", "language")
    texts: dict[str, Any] = {name: _text(data, name) for name in names}
    return replace(room, **texts, brief=brief, owner=event.author, stage_at=event.number)


def _brief(room: Room, event: RoomEvent) -> Room:
    name = str(event.data.get("name"))
    brief = said(room.brief, name, event.data.get("value"))
    left = tuple(q for q in room.questions if q.name != name)
    by = {**room.by, name: event.author}
    return replace(room, brief=brief, by=by, questions=left, card={})  # it was of another brief


def _unbrief(room: Room, event: RoomEvent) -> Room:
    name = str(event.data.get("name"))
    brief = taken_back(room.brief, name, tuple(map(str, _list(event.data.get("values")))))
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
        tuple(map(str, _list(data.get("tags")))),
        author=event.author,
        parents=tuple(_ints(data.get("parents"))),
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
    among = tuple(_ints(event.data.get("among")))
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


def _outline(room: Room, event: RoomEvent) -> Room:
    rows = [row for row in _list(event.data.get("pieces")) if isinstance(row, dict)]
    pieces = tuple(_piece(n, row, event.author) for n, row in enumerate(rows, 1))
    return replace(room, pieces=pieces)


def _piece(number: int, row: Mapping[str, Any], author: User | None) -> Piece:
    kind: Any = row.get("kind") if row.get("kind") in KINDS else "text"
    fields = ("form", "words", "reads", "seed", "language", "must")
    known: dict[str, Any] = {k: row[k] for k in fields if k in row}
    request = str(row.get("request", ""))
    return Piece(number, kind, _text(row, "title"), request, **known)


def _add(room: Room, event: RoomEvent) -> Room:
    number = max((p.number for p in room.pieces), default=0) + 1
    return replace(room, pieces=(*room.pieces, _piece(number, event.data, event.author)))


def _drop(room: Room, event: RoomEvent) -> Room:
    gone = event.data.get("piece")
    return replace(room, pieces=tuple(p for p in room.pieces if p.number != gone))


def _change(room: Room, event: RoomEvent) -> Room:
    new: Any = {k: str(v) for k, v in event.data.items() if k in ("title", "request")}
    return _with(room, event, lambda piece: replace(piece, **new))


def _carer(room: Room, event: RoomEvent) -> Room:
    return _with(room, event, lambda piece: replace(piece, carer=event.author))


def _made(room: Room, event: RoomEvent) -> Room:
    """Add a version to a piece; it counts from now on, and nobody has approved it yet."""
    data = event.data

    def new(piece: Piece) -> Piece:
        number = max((v.number for v in piece.versions), default=0) + 1
        words = {name: str(data.get(name, "")) for name in ("asset", "text", "step")}
        faults = tuple(_list(data.get("faults")))
        version = Version(number, **words, author=event.author, faults=faults)
        versions = (*piece.versions, version)
        kept = piece.kept if data.get("aside") and piece.kept else number
        same = kept == piece.kept
        return replace(
            piece,
            versions=versions,
            kept=kept,
            approved=piece.approved if same else (),
            overruled=piece.overruled if same else None,
        )

    return _with(room, event, new)


def _kept(room: Room, event: RoomEvent) -> Room:
    version = event.data.get("version")

    def keep(piece: Piece) -> Piece:
        if version == piece.kept or version not in [v.number for v in piece.versions]:
            return piece
        return replace(piece, kept=version, approved=())

    return _with(room, event, keep)


def _approved(room: Room, event: RoomEvent) -> Room:
    who = (event.author,) if event.author else ()
    return _with(
        room, event, lambda p: replace(p, approved=(*(u for u in p.approved if u not in who), *who))
    )


def _comment(room: Room, event: RoomEvent) -> Room:
    new = Comment(event.author, str(event.data.get("text", "")), bool(event.data.get("change")))
    return _with(
        room,
        event,
        lambda p: replace(
            p, comments=(*p.comments, new), approved=() if new.change else p.approved
        ),
    )


def _overruled(room: Room, event: RoomEvent) -> Room:
    return _with(room, event, lambda piece: replace(piece, overruled=event.author))


def _with(room: Room, event: RoomEvent, change: Callable[[Piece], Piece]) -> Room:
    named = event.data.get("piece")
    wanted = {named} if isinstance(named, int) else set(_ints(named))
    pieces = tuple(change(p) if p.number in wanted else p for p in room.pieces)
    same = [p.kept for p in pieces] == [p.kept for p in room.pieces]
    return replace(room, pieces=pieces, card=room.card if same else {})


def _stage(room: Room, event: RoomEvent) -> Room:
    stage = event.data.get("stage")
    if stage not in STAGES:
        return room
    return replace(room, stage=stage, stage_at=event.number, stage_since=event.at)


def _card(room: Room, event: RoomEvent) -> Room:
    again = room.rounds + 1 if event.data.get("repaired") else 0
    return replace(room, card=event.data, rounds=again)


def _packed(room: Room, event: RoomEvent) -> Room:
    return replace(room, packs=tuple(map(str, _list(event.data.get("assets")))))


def _owner(room: Room, event: RoomEvent) -> Room:
    return replace(room, owner=event.author or room.owner)


def _reference(room: Room, event: RoomEvent) -> Room:
    """Take a picture as the one all others shall look like; none takes that back."""
    asset, name = (_text(event.data, key) for key in ("asset", "name"))
    found = Reference(asset, name, event.author) if asset else None
    return replace(room, reference=found, card={})


def _named(room: Room, event: RoomEvent) -> Room:
    return replace(room, title=str(event.data.get("title", "")) or room.title)


def _text(data: Mapping[str, Any], name: str) -> str:
    """Return a text, which stays a sentence if it is one."""
    text: str = data.get(name) or ""
    return text


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _ints(value: object) -> Iterable[int]:
    return (one for one in _list(value) if isinstance(one, int))


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
    "outline": _outline,
    "add": _add,
    "drop": _drop,
    "change": _change,
    "carer": _carer,
    "made": _made,
    "kept": _kept,
    "approved": _approved,
    "comment": _comment,
    "overruled": _overruled,
    "stage": _stage,
    "card": _card,
    "packed": _packed,
}

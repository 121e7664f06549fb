"""What events do to the pieces of a room: pure functions, which `fold` puts in their order."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from agents.rooms.state import KINDS, Comment, Piece, Room, Version
from memory.records import User
from memory.rooms import RoomEvent

Apply = Callable[[Room, RoomEvent], Room]


def _outline(room: Room, event: RoomEvent) -> Room:
    rows = [row for row in listed(event.data.get("pieces")) if isinstance(row, dict)]
    pieces = tuple(_piece(n, row, event.author) for n, row in enumerate(rows, 1))
    return replace(room, pieces=pieces)


def _piece(number: int, row: Mapping[str, Any], author: User | None) -> Piece:
    kind: Any = row.get("kind") if row.get("kind") in KINDS else "text"
    fields = ("form", "words", "reads", "seed", "language", "must")
    known: dict[str, Any] = {k: row[k] for k in fields if k in row}
    request = str(row.get("request", ""))
    return Piece(number, kind, text(row, "title"), request, **known)


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
        faults = tuple(listed(data.get("faults")))
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
    wanted = {named} if isinstance(named, int) else set(ints(named))
    pieces = tuple(change(p) if p.number in wanted else p for p in room.pieces)
    same = [p.kept for p in pieces] == [p.kept for p in room.pieces]
    return replace(room, pieces=pieces, card=room.card if same else {})


def text(data: Mapping[str, Any], name: str) -> str:
    """Return a text, which stays a sentence if it is one."""
    found: str = data.get(name) or ""
    return found


def listed(value: object) -> list[Any]:
    """Return a list, which is empty if it is none."""
    return value if isinstance(value, list) else []


def ints(value: object) -> Iterable[int]:
    """Return the whole numbers of a list."""
    return (one for one in listed(value) if isinstance(one, int))


PIECES: Mapping[str, Apply] = {
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
}

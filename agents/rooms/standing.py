"""Where a room stands: what is open at its stage, and what to do about it."""

from collections.abc import Iterator

from agents.rooms.board import hint
from agents.rooms.briefing import asks
from agents.rooms.choosing import standing as votes
from agents.rooms.state import STAGES, Piece, Room
from memory.sentences import joined, say

NO_SUBJECT = say("First say what it is about: “it is about the jazz night”.")


def standing(room: Room) -> str:
    """Return what stage a room is at, what is open, and what can be said next."""
    at = STAGES.index(room.stage) + 1
    form = "The room is at “{stage}”, step {number} of {all}."
    where = say(form, stage=say(room.stage), number=at, all=len(STAGES))
    return joined("\n", [where, *_open(room), hint(room)])


def _open(room: Room) -> Iterator[str]:
    yield from map(asks, room.questions)
    if room.stage == "brief" and not room.brief.subject:
        yield NO_SUBJECT
    if room.stage == "choice":
        yield votes(room)
    if room.stage == "review":
        yield still_open(room)
    if room.stage == "check" and (wrong := fallen(room)):
        yield found_in(wrong)


def still_open(room: Room) -> str:
    """Return which pieces nobody has approved yet."""
    left = [piece.title for piece in room.pieces if not piece.approved]
    if not left:
        return say("All pieces are approved; “next” goes on.")
    return say("Still open: {names}.", names=joined(", ", left))


def outliers(room: Room) -> list[int]:
    """Return the numbers of the pieces that the last check marked."""
    found = room.card.get("outliers")
    return [n for n in found if isinstance(n, int)] if isinstance(found, list) else []


def fallen(room: Room) -> list[Piece]:
    """Return the pieces that the last check marked and nobody lets stay as they are."""
    there = [piece for n in outliers(room) if (piece := room.piece(n))]
    return [piece for piece in there if piece.overruled is None]


def found_in(pieces: list[Piece]) -> str:
    """Return that the check found something in some pieces."""
    names = joined(", ", (piece.title for piece in pieces))
    return say("The check found something in: {names}.", names=names)

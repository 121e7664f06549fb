"""What a room says of what was made, and the buttons under it."""

from collections.abc import Sequence

from agents.rooms.asked import Task, button
from agents.rooms.board import OF_IDEAS
from agents.rooms.board import told as pieces_told
from agents.rooms.checking import Checked
from agents.rooms.choosing import called, live
from agents.rooms.state import Piece, Room
from memory.records import Action
from memory.rooms import Draft
from memory.sentences import count, joined, say

ROUNDS = 2
"""How often a set is repaired by itself; then people decide."""
_FIXES = 5
_VERSIONS = 5
"""Versions that are offered to choose from; more have no buttons."""


def told_of(task: Task, room: Room, drafts: Sequence[Draft], told: str) -> str:
    """Return what to say of a task that is done."""
    if task.what in ("ideas", "refine"):
        new = len([d for d in drafts if d.kind == "idea"])
        there = room.ideas[-new:] if new else ()
        before = room.idea(task.numbers[0]) if task.what == "refine" and new else None
        told = say("In place of {idea}:", idea=called(before)) if before else told
        ideas = (joined(": ", [f"{i.number}. {i.title}", i.description]) for i in there)
        return _lines(told, *ideas)
    if task.what == "sketch":
        drawn = [called(idea) for n in task.numbers if (idea := room.idea(n))]
        return say("Sketches, in this order: {names}.", names=joined(", ", drawn))
    if task.aside:
        return _versions(task, room)
    lines = pieces_told(room)
    if set(task.numbers) >= set(lines):
        done = sum(piece.now is not None for piece in room.pieces)
        made = count(done, "{n} piece made:", "{n} pieces made:")
        return _lines(told, made, *lines.values())
    return _lines(told, *(lines[n] for n in dict.fromkeys(task.numbers) if n in lines))


def _lines(*parts: str) -> str:
    return joined("\n", filter(None, parts))


def _versions(task: Task, room: Room) -> str:
    piece = room.piece(task.numbers[0])
    if piece is None:
        return ""
    new = joined(", ", (str(v.number) for v in piece.versions[-len(task.numbers) :]))
    texts = [f"{v.number}. {v.text}" for v in piece.versions if v.text]
    form = "Versions {numbers} of {title}; which one counts?"
    return joined("\n", [say(form, numbers=new, title=piece.title), *texts])


def buttons_of(task: Task, room: Room) -> tuple[Action, ...]:
    """Return the buttons under what a task made."""
    if task.what in ("ideas", "refine"):
        votes = [button(f"vote {i.number}", f"{i.number} {i.title}"[:24]) for i in live(room)]
        return (*votes[:10], *OF_IDEAS)
    if task.what == "sketch":
        return tuple(button(f"vote {n}", say("Vote for {number}", number=n)) for n in task.numbers)
    piece = room.piece(task.numbers[0]) if task.numbers else None
    if task.aside and piece is not None:
        return keeping(piece, [v.number for v in piece.versions[-len(task.numbers) :]])
    whole = len(set(task.numbers)) == len(room.pieces)  # a button holds few words
    names = "all" if whole else ",".join(str(n) for n in task.numbers)
    return (button(f"approve {names}", say("Approve")), button(f"redo {names}", say("Again")))


def keeping(piece: Piece, numbers: Sequence[int]) -> tuple[Action, ...]:
    """Return the buttons that let one of some versions count."""
    return tuple(
        button(f"keep version {n} of {piece.number}", say("Version {number}", number=n))
        for n in numbers[-_VERSIONS:]
    )


def checked(found: Checked) -> str:
    """Return a score card in words."""
    return joined("\n", [found.told(), *found.lines()])


def mending(found: Checked, room: Room) -> tuple[Action, ...]:
    """Return the buttons under a score card: repairs while there may be some, and going on."""
    left = [n for n in found.faults if (p := room.piece(n)) and p.overruled is None]
    if not left:
        return (button("next check", say("Pack it")),)
    each = [button(f"fix {n}", say("Fix #{number}", number=n)) for n in left[:_FIXES]]
    fixes = [*each, button("fix all", say("Fix all"))] if room.rounds < ROUNDS else []
    return (*fixes, button("anyway", say("Pack anyway")))

"""What "again" means in a room: the last thing that was made, checked or packed, once more."""

import re
from collections.abc import Sequence
from typing import Any

from agents.rooms.asked import OUTCOME, Task, decided
from agents.rooms.pointing import voted
from agents.rooms.reader import Intent
from agents.rooms.state import Room
from agents.rooms.undoing import undone
from memory.rooms import RoomEvent
from memory.sentences import say

LATE = ("review", "check", "pack")
"""The stages in which there are pieces."""


def last_task(events: Sequence[RoomEvent], message: str = "") -> tuple[str, Task] | None:
    """Return the last task of a room (or that of a message) and the message that asked for it."""
    gone = undone(events)
    for event in reversed(events):
        if event.kind == OUTCOME and event.number not in gone and message in ("", event.message):
            decision = decided([event])
            if decision and decision.task:
                return event.message, decision.task
    return None


def repeated(task: Task, room: Room) -> Intent:
    """Return what repeats a task."""
    numbers = tuple(dict.fromkeys(task.numbers))
    data: dict[str, Any] = {}
    if task.what == "make" and task.aside:
        return Intent("variants", {"piece": numbers[0], "n": len(task.numbers)})
    if task.what == "make":
        return Intent("again", {"pieces": numbers or tuple(p.number for p in room.pieces)})
    if task.what == "refine":
        data = {"pick": successor(room, numbers[0]), "text": task.words}
    elif task.what == "sketch":
        data = {"pick": numbers[0]} if len(numbers) == 1 else {}
    elif task.what == "show":
        data = {"piece": numbers[0]}
    elif task.what == "ideas":
        data = {"n": task.count}
    kinds = {"pack": "repack", "check": "recheck", "show": "compare"}
    return Intent(kinds.get(task.what, task.what), data)


def successor(room: Room, number: int) -> int:
    """Return the idea that stands in the place of one that was worded anew."""
    idea = room.idea(number)
    while idea is not None and idea.replaced:
        heirs = [i for i in room.ideas if number in i.parents and i.number > number]
        number = heirs[-1].number if heirs else 0
        idea = room.idea(number)
    return number


def renumbered(text: str, room: Room) -> str:
    """Return a text in which replaced ideas are called by the number of what replaced them."""
    gone = {str(i.number): str(successor(room, i.number)) for i in room.ideas if i.replaced}
    return re.sub(r"(?<![\w.])\d{1,2}(?![\w.]\w)", lambda m: gone.get(m[0], m[0]), text)


def misplaced(text: str, room: Room) -> str:
    """Return why a number means nothing while ideas are talked about; "" when that is not it."""
    if room.stage not in ("ideas", "choice") or not room.ideas:
        return ""
    if not (number := voted(text)) or room.idea(number):
        return ""
    there = ", ".join(str(i.number) for i in room.ideas if not i.replaced)
    return say("There is no idea {number}; there are {others}.", number=number, others=there)

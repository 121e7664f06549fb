"""What is decided about, and what a decision is: events to note, words to say, work to do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from agents.rooms.brief import worded
from agents.rooms.state import Question, Room
from agents.rooms.templates import Template
from memory.records import Action, Asset, User
from memory.rooms import Draft, RoomEvent
from memory.sentences import say

What = Literal["ideas", "refine", "sketch", "make", "check", "fix", "pack", "show"]
OUTCOME = "outcome"
"""The kind of the event that says how a message was answered, so that it can be said again."""


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be made: ideas, sketches of ideas or pieces by their numbers; or looked at."""

    what: What
    numbers: tuple[int, ...] = ()
    count: int = 0
    words: str = ""
    aside: bool = False
    again: int = 0


@dataclass(frozen=True, slots=True)
class Decision:
    """What a message comes to; without drafts nothing is noted of it. `again` asks once more."""

    told: str
    drafts: tuple[Draft, ...] = ()
    task: Task | None = None
    buttons: tuple[Action, ...] = ()
    question: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """Who wants something of a room as it is, and when that was said.

    `seen` is the stage a button was pressed in, "" for words.
    """

    room: Room
    events: Sequence[RoomEvent]
    template: Template
    user: User
    at: datetime
    seen: str = ""
    attached: tuple[Asset, ...] = ()
    price: str = ""

    def after(self, drafts: Sequence[Draft]) -> "Asked":
        """Return what is decided about once some events are noted."""
        from agents.rooms.fold import after

        last = self.events[-1].number if self.events else 0
        new = [
            RoomEvent(last + n, d.kind, None if d.made else self.user, d.data, "", self.at)
            for n, d in enumerate(drafts, 1)
        ]
        events = (*self.events, *new)
        return replace(self, events=events, room=after(self.room, events, len(self.events)))


def button(words: str, label: str) -> Action:
    """Return the button that says some words to the room."""
    return Action(f"project:{words}", label)


def clipped(label: str, most: int) -> str:
    """Return the words of a button, cut where they are too long; a sentence that fits stays one."""
    return label if len(label) <= most else label[:most]


def titled(number: int, title: str) -> str:
    """Return a piece or an idea with its number."""
    return say("{number}. {title}", number=number, title=title)


def outcome(decision: Decision) -> Draft:
    """Return the event that keeps how a message was answered."""
    task = decision.task
    data: dict[str, Any] = {
        "told": decision.told,
        "question": decision.question,
        "buttons": [[a.id, a.label] for a in decision.buttons],
    }
    if task is not None:
        data["task"] = {
            "what": task.what,
            "numbers": list(task.numbers),
            "count": task.count,
            "words": task.words,
            "aside": task.aside,
            "again": task.again,
        }
    return Draft(OUTCOME, data)


def decided(events: Sequence[RoomEvent]) -> Decision | None:
    """Return the decision whose events these are."""
    event = next((e for e in events if e.kind == OUTCOME), None)
    if event is None:
        return None
    data: Mapping[str, Any] = event.data
    task = data.get("task")
    made = Task(**{**task, "numbers": tuple(task["numbers"])}) if isinstance(task, dict) else None
    buttons = tuple(Action(id, label) for id, label in data.get("buttons", ()))
    return Decision(data.get("told", ""), (), made, buttons, bool(data.get("question")))


def who(user: User | None) -> str:
    """Return what somebody is called."""
    return say("somebody") if user is None else user.name or user.id


def open_question(question: Question) -> str:
    """Return the two values people want, with their names."""
    was, new = sides(question)
    return say("{was} or {new}", was=was, new=new)


def sides(question: Question) -> tuple[str, str]:
    """Return the value that counts and the new one, each with who wants it."""
    was, new = (worded(question.name, value) for value in (question.was, question.new))
    form = "{value} ({who})"
    return (
        say(form, value=was, who=who(question.was_by)),
        say(form, value=new, who=who(question.new_by)),
    )

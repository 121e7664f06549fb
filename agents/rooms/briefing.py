"""Decisions about the brief: taken from the talk, corrected by anyone, contradictions asked."""

from collections.abc import Sequence

from agents.rooms.asked import Asked, Decision, button, clipped, open_question, sides, who
from agents.rooms.brief import LISTS, NAMES, differs, shown, worded
from agents.rooms.reader import Intent
from agents.rooms.state import Question
from memory.records import Action
from memory.rooms import Draft
from memory.sentences import count, joined, say
from tools.errors import Refused

_BUTTON = 40


def briefed(asked: Asked, intents: Sequence[Intent]) -> Decision:
    """Take in what a message says of the brief; what contradicts another person is asked back."""
    drafts: list[Draft] = []
    told: list[str] = []
    for intent in intents:
        name, value = str(intent.data["name"]), intent.data["value"]
        if intent.kind == "unbrief":
            values = value if isinstance(value, list) else [value]
            drafts.append(Draft("unbrief", {"name": name, "values": values}))
            gone = worded(name, values)
            told.append(say("no longer {name}: {value}", name=NAMES[name], value=gone))
            continue
        against = _against(asked, name, value)
        if against is not None and not intent.firm:
            drafts.append(Draft("asked", against))
        else:
            drafts.append(Draft("brief", {"name": name, "value": value}))
            told.append(_noted(name, value))
    later = asked.after(drafts).room
    mine = {i.data["name"] for i in intents}
    open_ones = [q for q in later.questions if q.name in mine]
    noted = [say("Noted: {what}.", what=joined("; ", told))] if told else []
    buttons = tuple(b for q in open_ones for b in choices(q))
    return Decision(
        joined("\n", [*noted, *map(asks, open_ones)]),
        tuple(drafts),
        None,
        buttons,
        question=bool(open_ones),
    )


def _noted(name: str, value: object) -> str:
    if name == "count" and isinstance(value, int):
        return count(value, "{n} piece", "{n} pieces")
    return joined(": ", [NAMES[name], worded(name, value)])


def _against(asked: Asked, name: str, value: object) -> dict[str, object] | None:
    """Return what is asked when somebody else said something different before."""
    room = asked.room
    was = differs(room.brief, name, value)
    other = {"must": "never", "never": "must"}.get(name, name) if name in LISTS else name
    by = room.by.get(other)
    if was is None or by is None or by == asked.user:
        return None
    return {"name": name, "value": value, "was": was, "against": other}


def asks(question: Question) -> str:
    """Return the question that a contradiction comes to, with both names."""
    if question.name not in LISTS:
        choice = open_question(question)
        return say("Which {name}: {choice}?", name=NAMES[question.name], choice=choice)
    form = "{who} wants that “{word}” must be said; {other} wants the opposite. Which?"
    if question.name == "never":
        form = "{who} wants that “{word}” must never be said; {other} wants the opposite. Which?"
    word, other = shown(question.new), who(question.was_by)
    return say(form, who=who(question.new_by), word=word, other=other)


def choices(question: Question) -> tuple[Action, ...]:
    """Return the buttons that decide a question."""
    labels = zip(sides(question), ("old", "new"), strict=True)
    return tuple(
        button(f"settle {question.name} {side}", clipped(label, _BUTTON)) for label, side in labels
    )


def settled(asked: Asked, name: str, side: str) -> Decision:
    """Decide a contradiction by a button; raises Refused when somebody was quicker."""
    question = next((q for q in asked.room.questions if q.name == name), None)
    if question is None or side not in ("old", "new"):
        raise Refused("That was decided already.")
    if side == "new":
        value, field = question.new, name
    elif name in LISTS:
        value, field = question.was, "never" if name == "must" else "must"
    else:
        value, field = question.was, name
    drafts: tuple[Draft, ...] = (Draft("brief", {"name": field, "value": value}),)
    if field != name:  # the question named the other list
        drafts = (*drafts, Draft("unbrief", {"name": name, "values": question.was}))
    told = say("Decided by {who}: {what}.", who=who(asked.user), what=_noted(field, value))
    return Decision(told, drafts)

"""Decisions about the brief: taken from the talk, corrected by anyone, contradictions asked."""

from collections.abc import Sequence

from agents.rooms.asked import Asked, Decision, button, count, open_question, who
from agents.rooms.brief import LISTS, NAMES, differs, shown
from agents.rooms.reading import Intent
from agents.rooms.state import Question
from memory.records import Action
from memory.rooms import Draft
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
            told.append(f"no longer {NAMES[name]}: {shown(value)}")
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
    words = [f"Noted: {'; '.join(told)}." if told else "", *map(asks, open_ones)]
    buttons = tuple(b for q in open_ones for b in choices(q))
    return Decision(
        "\n".join(w for w in words if w), tuple(drafts), None, buttons, question=bool(open_ones)
    )


def _noted(name: str, value: object) -> str:
    if name == "count" and isinstance(value, int):
        return count(value, "piece")
    return f"{NAMES[name]}: {shown(value)}"


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
    if question.name in LISTS:
        word, before = shown(question.new), who(question.was_by)
        rule = "never be said" if question.name == "never" else "be said"
        wanted = f"{who(question.new_by)} wants that “{word}” must {rule}"
        return f"{wanted}; {before} wants the opposite. Which?"
    return f"Which {NAMES[question.name]}: {open_question(question)}?"


def choices(question: Question) -> tuple[Action, ...]:
    """Return the buttons that decide a question."""
    name = question.name
    labels = (
        (f"{shown(question.was)} ({who(question.was_by)})", "old"),
        (f"{shown(question.new)} ({who(question.new_by)})", "new"),
    )
    return tuple(button(f"settle {name} {side}", label[:_BUTTON]) for label, side in labels)


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
    return Decision(f"Decided by {who(asked.user)}: {_noted(field, value)}.", drafts)

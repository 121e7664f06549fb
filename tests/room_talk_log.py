"""A room of three as it is at each stage, and what a message does to it, in words."""

from collections.abc import Callable
from functools import cache
from typing import Any

from agents.rooms.asked import Decision
from agents.rooms.deciding import decide
from agents.rooms.reader import Intent
from agents.rooms.reading import read
from agents.rooms.repeating import renumbered
from agents.rooms.state import STAGES, Room
from memory.records import User
from tests.test_rooms import ANA, BEN, Log
from tools.errors import Refused

CLEO = User("terminal", "cleo", "Cleo")
PEOPLE = {"ana": ANA, "ben": BEN, "cleo": CLEO}
_IDEAS = (
    (None, "Brass Fox", "A fox in uniform plays the trumpet."),
    (None, "Night Train", "A train of saxophones crosses the city."),
    (None, "Paper Moon", "A folded moon hangs over a small stage."),
    (None, "Cool Cats", "Three cats share one double bass."),
    (BEN, "Cats in Hats", "Cats with hats play trumpets."),
    (CLEO, "Piano Rain", "It rains piano keys on the city."),
)


def _brief(log: Log) -> None:
    log.note(ANA, "brief", name="audience", value="teenagers")
    log.note(BEN, "brief", name="must", value=["Friday"])
    log.note(CLEO, "brief", name="deadline", value="Thursday")
    log.note(ANA, "brief", name="never", value=["beer"])
    log.note(ANA, "brief", name="count", value=2)


def _ideas(log: Log) -> None:
    for author, title, description in _IDEAS:
        log.note(author, "idea", title=title, description=description)


def _choice(log: Log) -> None:
    log.note(ANA, "ballot", among=[1, 2, 3, 4, 5, 6])
    log.note(ANA, "vote", idea=5)
    log.note(BEN, "vote", idea=2)


def _outline(log: Log) -> None:
    from agents.rooms.choosing import took

    for draft in took(log.asked(ANA), 5, "with 2 votes").drafts:
        if draft.kind != "stage":
            log.note(ANA, draft.kind, **draft.data)
    log.note(BEN, "carer", piece=[2])
    log.note(CLEO, "change", piece=4, request="It says when the jazz night begins.")


def _review(log: Log) -> None:
    for number, file in ((1, "a"), (2, "b"), (5, "e"), (2, "c")):
        log.note(None, "made", piece=number, asset=file * 64)
    log.note(None, "made", piece=3, text="Jazz on Friday")
    log.note(None, "made", piece=4, text="The jazz night begins on Friday at eight.")
    log.note(BEN, "comment", piece=2, text="darker", change=True)
    log.note(CLEO, "approved", piece=[1])


def _check(log: Log) -> None:
    told, why = "Score 71 of 100; falling out: #2.", "#2 Poster 2: it is too bright."
    log.note(None, "card", told=told, outliers=[2], score=71, faults={"2": [why]})


def _pack(log: Log) -> None:
    log.note(ANA, "overruled", piece=[2])
    log.note(None, "packed", assets=["d" * 64])
    log.note(CLEO, "comment", piece=1, text="so pretty")


_STEPS: dict[str, Callable[[Log], None]] = {
    "brief": _brief,
    "ideas": _ideas,
    "choice": _choice,
    "outline": _outline,
    "making": lambda log: None,
    "review": _review,
    "check": _check,
    "pack": _pack,
}


@cache
def at(stage: str) -> Log:
    """Return the room at a stage, with what led there."""
    log = Log()
    for name in STAGES[: STAGES.index(stage) + 1]:
        if name != "brief":
            log.note(ANA, "stage", stage=name)
        _STEPS[name](log)
    return log


@cache
def _room(stage: str) -> Room:
    return at(stage).room


def effect(stage: str, said: str) -> str:
    """Return what "who> [piece] text" does: "" nothing, "tell: ..." an answer, else a change."""
    who, mark, text = said.partition("> ")
    user, text = (PEOPLE[who], text) if mark and who in PEOPLE else (ANA, said)
    piece = 0
    if text.startswith("["):
        number, _, text = text[1:].partition("] ")
        piece = int(number)
    log = at(stage)
    room = _room(stage)
    intents = read(text, room, log.template, piece, user)
    if not intents and (meant := renumbered(text, room)) != text:
        intents = read(meant, room, log.template, piece, user)
    if not intents:
        return ""
    try:
        decision = decide(log.asked(user), intents)
    except Refused as error:
        return f"tell: {error.sentence}"
    if not (decision.drafts or decision.task):
        return f"tell: {decision.told or 'the board'}"
    return _shown(intents, decision)


def _shown(intents: list[Intent], decision: Decision) -> str:
    if intents[0].kind == "undo":
        return f"undo: {decision.told}"
    if intents[0].kind not in ("brief", "unbrief"):
        return "; ".join(map(_act, intents))
    rows = []
    for draft in decision.drafts:
        value = draft.data.get("value") or draft.data.get("values")
        words = ", ".join(map(str, value)) if isinstance(value, list) else value
        mark = {"asked": "?", "unbrief": "-"}.get(draft.kind, "")
        rows.append(f"{mark}{draft.data['name']}: {words}")
    return "; ".join(rows)


def _act(intent: Intent) -> str:
    data: dict[str, Any] = dict(intent.data)
    numbers = data.get("pieces") or [data[k] for k in ("pick", "other", "piece") if k in data]
    if intent.kind == "fix" and not numbers:
        numbers = [2]
    parts = [intent.kind, *map(str, numbers)]
    parts += [f"n={data['n']}"] if "n" in data else ["old"] if "old" in data else []
    parts += [str(data["kind"])] if "kind" in data else []
    parts += ["less"] if "less" in data else []
    return " ".join(parts) + (f": {data['text']}" if "text" in data else "")

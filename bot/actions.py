"""Buttons: which ones a reply gets, and the command each stands for.

A button's id is all that comes back when it is pressed, perhaps years and restarts later; it is
the command's name and the number of the picture, and the message it belongs to says the rest.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

from agents.expand import LINK
from agents.scene import ASIDE
from memory.records import Action, Asset, Step
from memory.sentences import say

FEEDBACK: Mapping[str, Literal[-1, 1]] = {"good": 1, "bad": -1}
ROOM = "project:"
"""What the ids of a project room's buttons begin with: they are everybody's."""
DELETE = "delete"
"""Takes a reply away where its platform can do that."""
GO = Action("go", say("Go"))
CHANGE = Action("change", say("Change"))
PLAN = (GO, CHANGE, Action("cancel", say("Cancel")))
"""What is under a plan that waits for approval."""
STOP = Action("stop", say("Cancel"))
"""Stops the request whose progress it stands under, as /stop would all of somebody's."""
INSTEAD = "instead"
"""Does a request with the words its author gave it afterwards."""
_LONGEST = 64
_OF_PICTURES = (
    ("upscale", say("Upscale"), "Upscale {number}"),
    ("vary", say("Vary"), "Vary {number}"),
)
_PLAN = 3
"""Steps from which on what was made can be changed as a plan."""


def actions(steps: Sequence[Step], assets: Sequence[Asset]) -> tuple[Action, ...]:
    """Return the buttons under a reply that shows these assets."""
    pictures = [a for a in assets if a.media_type.startswith("image/")]
    found: list[Action] = []
    for verb, label, numbered in _OF_PICTURES:
        for n in range(1, len(pictures) + 1):
            several = len(pictures) > 1
            text = say(numbered, number=n) if several else label
            found.append(Action(f"{verb}:{n}", text))
    if any(s.status in ("done", "planned") and s.tool not in ASIDE for s in steps):
        found += [Action("again", say("Again")), Action("undo", say("Undo"))]
        found += [CHANGE] if len(steps) >= _PLAN and len({s.tool for s in steps}) > 1 else []
        found += _retries(steps)
    if found:
        found += [Action("good", "👍"), Action("bad", "👎")]
    return tuple(found)


def _retries(steps: Sequence[Step]) -> list[Action]:
    """Return a button for each step that failed by itself, once it had begun."""
    return [
        Action(
            f"retry:{number}",
            say("Try {number} again ({tool})", number=number, tool=say(step.tool)),
        )
        for number, step in enumerate(steps, 1)
        if step.status == "failed" and step.seconds and not _builds(step)
    ]


def _builds(step: Step) -> bool:
    """Whether a failed step still names what it builds on: that one is to be tried again."""
    return any(LINK.match(v) for v in step.args.values() if isinstance(v, str))


def answers(options: Sequence[str]) -> tuple[Action, ...]:
    """Return a button for each answer that a question offers."""
    return tuple(Action(_short(f"answer:{option}"), option) for option in options)


def _short(id: str) -> str:
    """Return an id cut to the 64 bytes that platforms carry, never inside a character."""
    return id.encode()[:_LONGEST].decode("utf-8", "ignore")


def command(action: str) -> str:
    """Return what pressing a button says, as a message would."""
    verb, _, rest = action.partition(":")
    if verb == "answer":
        return rest
    return f"/{verb} {rest}".strip()

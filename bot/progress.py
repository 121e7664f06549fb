"""How a request stands: many small events in, a calm stream of views out."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from agents.events import Begun, Moved, Said
from bot.translation import put
from memory.records import Status, Step
from memory.sentences import joined, say
from tools.jobs import Note

_PICTURES = (b"\xff\xd8", b"\x89PNG")
"""How previews begin that are pictures; all others are text."""

Phase = Literal["received", "hearing", "thinking", "queued", "loading", "running", "writing"]


@dataclass(frozen=True, slots=True)
class Standing:
    """One view of a request: `eta` in seconds (None: unknown), `fraction` from 0 to 1.

    `plan` says how each of several steps stands: "1/2 ✓ write · 2/2 draw 40 %".
    """

    message_id: str
    phase: Phase
    tool: str = ""
    position: int = 0
    eta: float | None = None
    fraction: float = 0.0
    preview: bytes | None = None
    text: str = ""
    plan: str = ""
    spoiler: bool = False
    language: str = ""


_PHASES: dict[Phase, str] = {
    "received": say("Got it"),
    "hearing": say("Listening"),
    "thinking": say("Thinking"),
    "queued": say("Waiting"),
    "loading": say("Loading the model"),
    "running": say("Working"),
    "writing": say("Writing"),
}


def in_words(view: Standing) -> str:
    """Return what a request is at, such as "Waiting (draw), number 3 in line"."""
    return put(_said(view), view.language)


def _said(view: Standing) -> str:
    phase = _PHASES[view.phase]
    if view.plan:
        return joined(": ", [phase, view.plan])
    told = say("{phase} ({tool})", phase=phase, tool=say(view.tool)) if view.tool else phase
    if view.phase == "queued" and view.position:
        return say("{phase}, number {place} in line", phase=told, place=view.position)
    return told


def in_a_line(view: Standing) -> str:
    """Return all that is known of how a request stands, with a bar, as one line of plain text."""
    line = in_words(view)
    if view.eta is not None:
        left = say(", about {seconds} s left", seconds=max(1, round(view.eta)))
        line += put(left, view.language)
    if view.fraction:
        full = round(10 * view.fraction)
        line += f"  {'▰' * full}{'▱' * (10 - full)} {view.fraction:.0%}"
    return line


class Board:
    """Collects what happens in one turn; shows a view when the phase changes or time has passed.

    `interval` is the least number of seconds between two views of the same phase.
    """

    def __init__(
        self,
        message_id: str,
        show: Callable[[Standing], None],
        interval: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._id, self._show, self._interval, self._clock = message_id, show, interval, clock
        self._steps: dict[str, float] = {}
        self._tools: dict[str, str] = {}
        self._states: dict[str, str] = {}
        self._text = ""
        self._preview: bytes | None = None
        self._spoiler = False
        self._last: tuple[str, float] = ("", float("-inf"))

    def phase(self, phase: Phase) -> None:
        """Say that the request as a whole has come to a phase."""
        self._view(Standing(self._id, phase, text=self._text))

    def __call__(self, event: Said | Moved | Begun) -> None:
        """Take in one event of the turn."""
        if isinstance(event, Said):
            self._text += event.text
            self._view(Standing(self._id, "writing", text=self._text))
        elif isinstance(event, Begun):
            for step in event.steps:
                self._moved(step)
        elif event.note is None:
            self._moved(event.step)
        else:
            self._noted(event.step, event.note)

    def hears(self, note: Note) -> None:
        """Take in how far the writing down of a spoken request is."""
        self._view(Standing(self._id, "hearing", "", note.position, note.eta))

    def _moved(self, step: Step) -> None:
        self._steps[step.id] = _share(step)
        self._tools[step.id] = step.tool
        self._spoiler |= bool(step.args.get("spoiler"))
        self._states[step.id] = say(_STATES[step.status], tool=say(step.tool))

    def _plan(self) -> str:
        """Return how each of several steps stands."""
        if len(self._tools) < _MANY:
            return ""
        states = [
            joined(" ", [f"{number}/{len(self._tools)}", self._states[id]])
            for number, id in enumerate(self._tools, 1)
        ]
        return joined(" · ", states)

    def _noted(self, step: Step, note: Note) -> None:
        self._tools.setdefault(step.id, step.tool)
        self._states[step.id] = _state(note, say(step.tool))
        if note.phase == "running" and note.total:
            self._steps[step.id] = min(note.done / note.total, 1.0)
        else:
            self._steps.setdefault(step.id, 0.0)
        fraction = sum(self._steps.values()) / len(self._steps)
        text, shown = "", note.preview or b""
        if shown.startswith(_PICTURES):
            self._preview = shown  # it stays until there is a newer one
        else:
            text = shown.decode("utf-8", "ignore")
        where = (step.tool, note.position, note.eta, fraction)
        self._spoiler |= bool(step.args.get("spoiler"))
        told = Standing(self._id, note.phase, *where, self._preview, text, self._plan())
        self._view(replace(told, spoiler=self._spoiler))

    def _view(self, standing: Standing) -> None:
        phase, at = self._last
        now = self._clock()
        if standing.phase != phase or now - at >= self._interval:
            self._last = (standing.phase, now)
            self._show(standing)


_MANY = 3
"""Steps from which on each is shown by itself."""

_STATES: dict[Status, str] = {
    "planned": "✓ {tool}",
    "queued": "{tool} waits",
    "running": "{tool} begins",
    "done": "✓ {tool}",
    "failed": "✗ {tool}",
    "cancelled": "✗ {tool}",
}


def _state(note: Note, tool: str) -> str:
    """Return how a step stands by the news of its job."""
    if note.phase == "queued":
        if note.position:
            return say("{tool} waits, number {place} in line", tool=tool, place=note.position)
        return say("{tool} waits", tool=tool)
    if note.phase == "loading":
        return say("{tool}: loading the model", tool=tool)
    return joined(" ", [tool, f"{round(100 * note.done / note.total)} %"]) if note.total else tool


def _share(step: Step) -> float:
    return 1.0 if step.status in ("done", "failed", "cancelled", "planned") else 0.0

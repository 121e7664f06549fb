"""Plans: which wishes are shown before they are done, and the words they are shown in."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from agents.expand import LINK, POINTERS, made
from agents.scene import ENDED_WELL
from memory.records import Step
from memory.sentences import count, joined, say
from tools.compute.admission import duration
from tools.compute.costs import Price
from tools.image import short
from tools.tool import Tool

WAITING = "Nothing has run yet. Say “go”, or what to change: “change {last} to ...”, “skip {last}”."

_FORMS: Mapping[str, str] = {
    "draw": say("draw {count} of {prompt}"),
    "edit": say("change {image}: {instruction}"),
    "vary": say("make {count} like {image}"),
    "upscale": say("enlarge {image} {factor} times"),
    "compare": say("put {image} and {other_image} side by side"),
    "describe": say("say what is in {image}"),
    "write": say("write {request}"),
    "brainstorm": say("find {count} for {theme}"),
    "speak": say("read aloud {text}"),
    "transcribe": say("write down {audio}"),
    "recall": say("look up {query} in this chat"),
}
"""What a tool does in plain words; arguments that are not named here follow in brackets."""

_COUNTED = {
    "draw": ("a picture", "{n} pictures"),
    "vary": ("a variation", "{n} variations"),
    "brainstorm": ("an idea", "{n} ideas"),
}
_GUESS, _GUESSES = (
    "{n} step, about {time} of computing (a guess: not all of this was measured here yet)",
    "{n} steps, about {time} of computing (a guess: not all of this was measured here yet)",
)
_IT = say("it")
_NAMED = re.compile(r"\{(\w+)\}")
_QUOTED = ("text", "query")
_HIDDEN = ("kind",)


Cost = Callable[[Step], Price | None]
"""Return what a step should take; None when nobody can say."""


def free(step: Step) -> Price | None:
    """Say that nothing is known of what steps take."""
    return None


@dataclass(frozen=True, slots=True)
class Asking:
    """When a plan is shown first: never, always, or for `steps` wishes or `seconds` and more."""

    ask: Literal["never", "large", "always"] = "large"
    steps: int = 3
    seconds: float = 300.0


LARGE, ALWAYS = Asking(), Asking("always")


@dataclass(frozen=True, slots=True)
class Planner:
    """Decides what is shown before it is done, and says it."""

    asking: Asking
    tools: Mapping[str, Tool]
    cost: Cost = free

    def asks(self, wishes: int, steps: Sequence[Step]) -> bool:
        """Whether the steps of so many wishes shall be seen first.

        What takes back or shows again is done by then, and what is done anew (no wish) is known.
        """
        todo = [s for s in steps if s.status == "queued"]
        if not (wishes and todo) or any(s.status in ENDED_WELL for s in steps):
            return False
        if self.asking.ask != "large":
            return self.asking.ask == "always"
        return wishes >= self.asking.steps or self.price(todo).seconds >= self.asking.seconds

    def price(self, steps: Sequence[Step]) -> Price:
        """Return what steps should take in all, as far as that can be said."""
        prices = [self.cost(s) for s in steps if s.status in ("queued", "planned")]
        known = all(p is not None and p.known for p in prices)
        return Price(sum(p.seconds for p in prices if p is not None), known)

    def words(self, steps: Sequence[Step]) -> str:
        """Return a plan as it is shown: its price, a numbered line a step, how to go on."""
        return joined("\n", [*self.lines(steps), say(WAITING, last=len(steps))])

    def lines(self, steps: Sequence[Step]) -> list[str]:
        """Return a plan's lines: how many steps and how long, then the steps, numbered."""
        lines = [joined(". ", [str(n), self.line(s, steps)]) for n, s in enumerate(steps, 1)]
        return [say("Plan: {totals}.", totals=self.totals(steps)), *lines]

    def totals(self, steps: Sequence[Step]) -> str:
        """Return how many steps there are, and how long they should take."""
        price = self.price(steps)
        one, many = "{n} step, about {time} of computing", "{n} steps, about {time} of computing"
        if not price.known:
            one, many = _GUESS, _GUESSES
        return count(len(steps), one, many, time=duration(max(1.0, price.seconds)))

    def line(self, step: Step, steps: Sequence[Step]) -> str:
        """Return what one step of a plan does, in plain words."""
        if step.status == "failed":
            form = "{tool}: this cannot be done. {why}"
            return say(form, tool=say(step.tool), why=step.result)
        said = {name: self._value(name, value, step, steps) for name, value in self._args(step)}
        form = _FORMS.get(step.tool, step.tool)
        named = {name: said.get(name, _IT) for name in _NAMED.findall(form)}
        more = [
            joined(" ", [say(k), v]) for k, v in said.items() if k not in named and k not in _HIDDEN
        ]
        line = say(form, **named)
        return say("{what} ({more})", what=line, more=joined(", ", more)) if more else line

    def _args(self, step: Step) -> list[tuple[str, object]]:
        """Return a step's arguments, and those of its form that are left to their defaults."""
        tool, form = self.tools.get(step.tool), _FORMS.get(step.tool, "")
        fields = tool.args.model_fields if tool else {}
        usual = {k: f.default for k, f in fields.items() if f"{{{k}}}" in form}
        return [(k, v) for k, v in (usual | step.args).items() if v not in ("", None)]

    def _value(self, name: str, value: object, step: Step, steps: Sequence[Step]) -> str:
        if name == "count" and step.tool in _COUNTED:
            return count(int(str(value)), *_COUNTED[step.tool])
        text = str(value)
        if link := LINK.match(text):
            return self._made_by(name, link["step"], int(link["n"] or 1), steps)
        if name in POINTERS:
            return f"#{text[:8]}"
        return f"“{short(text)}”" if name in _QUOTED else short(text)

    def _made_by(self, name: str, id: str, n: int, steps: Sequence[Step]) -> str:
        number, before = next(((k, s) for k, s in enumerate(steps, 1) if s.id == id), (0, None))
        if name not in POINTERS or before is None:
            return say("the text of step {step}", step=number)
        image, many = POINTERS[name] == "image", made(before, self.tools) > 1
        one = "the picture of step {step}" if image else "the recording of step {step}"
        nth = "picture {nth} of step {step}" if image else "recording {nth} of step {step}"
        return say(nth, nth=n, step=number) if many else say(one, step=number)


NEVER = Planner(Asking("never"), {})

"""What a local chat model is asked: prompts with the same beginning, and jobs in the queue."""

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any, cast

from agents.errors import ModelDown
from agents.models.shaping import shape
from agents.understanding.wishes import Wish
from tools.catalogue import Model
from tools.errors import EngineFailed, ModelUnavailable, Refused
from tools.jobs import Artifact, Job, Note, Runner, TextSpec
from tools.tool import Tool

Said = tuple[tuple[str, str], ...]
"""(role, words), oldest first."""

TALK, DONE = "talk", "done"
_ROOM = 96
"""Tokens of the arguments of one call beside those of the person's own words."""


@lru_cache(maxsize=1)
def words() -> Mapping[str, Any]:
    """Return what local models are told; see prompts/local.toml."""
    source = files("agents").joinpath("prompts/local.toml")
    return tomllib.loads(source.read_text(encoding="utf-8"))


def fields() -> Mapping[str, Sequence[str]]:
    """Return which of a tool's arguments a model is asked to fill in."""
    return cast(Mapping[str, Sequence[str]], words()["fields"])


@dataclass(frozen=True, slots=True)
class Marks:
    """What stands before a call's name, between name and arguments, and behind."""

    begin: str
    middle: str
    end: str

    @classmethod
    def of(cls, model: Model) -> "Marks":
        """Return the marks that a model's chat template knows, or plain lines of JSON."""
        own = model.options.get("tools") == "template"
        table = words()["template"] if own else words()
        return cls(table["begin"], table["middle"], table["end"])

    def call(self, name: str, args: str) -> str:
        """Return one whole call."""
        return f"{self.begin}{name}{self.middle}{args}{self.end}"


@dataclass(frozen=True, slots=True)
class Asking:
    """One request on its way through a local model; its jobs wait in the queue as all do.

    Everything before the request is the same every time. `said` is the past and the request, in
    the words of those who said it: what tools found is never among it.
    """

    model: Model
    tools: Mapping[str, Tool]
    said: Said
    runner: Runner
    user: str

    async def choose(self, names: Sequence[str], calls: Sequence[Wish]) -> dict[str, float]:
        """Return how likely the model does each of `names` next; together 1."""
        written = self._written(calls) + self._marks.begin
        choices = tuple(f'{name}"' for name in names)
        spec = self._spec((*self.said, ("assistant", written)), choices=choices, max_tokens=1)
        found = json.loads((await self.run(spec)).data)
        return dict(zip(names, map(float, found), strict=True))

    async def fill(self, tool: Tool, calls: Sequence[Wish], fault: str = "", bad: str = "") -> str:
        """Return the arguments of a call as JSON; `fault` is what was wrong with `bad`."""
        marks = self._marks
        begun = f"{self._written(calls)}{marks.begin}{tool.name}{marks.middle}"
        again: Said = ()
        if fault:
            told = words()["repair"].format(fault=fault)
            again = (("assistant", f"{begun}{bad}{marks.end}"), ("user", told))
        links = [f"step:{n}" for n in range(1, len(calls) + 1)]
        schema = shape(tool, fields(), links, self.said[-1][1])
        messages = (*self.said, *again, ("assistant", begun))
        room = _ROOM + len(self.said[-1][1].encode())  # no token is less than a byte
        spec = self._spec(messages, schema=json.dumps(schema), max_tokens=room)
        return (await self.run(spec)).data.decode()

    async def run(self, spec: TextSpec) -> Artifact:
        """Compute one text; raises ModelDown when the model cannot."""
        try:
            return (await self.runner.run(Job(self.model.name, (spec,), self.user), _ignore))[0]
        except (EngineFailed, ModelUnavailable) as error:
            raise ModelDown(str(error)) from error
        except Refused as error:  # too long for it, or not for here: the rules may know better
            raise ModelDown(str(error), lasting=False) from error

    @property
    def _marks(self) -> Marks:
        return Marks.of(self.model)

    def _written(self, calls: Sequence[Wish]) -> str:
        lines = (self._marks.call(c.tool, json.dumps(c.args, ensure_ascii=False)) for c in calls)
        return "".join(lines)

    def _spec(self, messages: Said, **more: Any) -> TextSpec:
        first = _beginning(self._marks)
        return TextSpec(
            (*first, *messages),
            temperature=0.0,
            repetition_penalty=1.0,
            tools=_described(tuple(self.tools.values())),
            stable=len(first),
            **more,
        )


@lru_cache(maxsize=4)
def _beginning(marks: Marks) -> Said:
    """Return what is told first, to the byte the same for every request."""
    turns: list[tuple[str, str]] = [("system", words()["system"])]
    for example in words()["examples"]:
        named = [call.partition(" ") for call in example["calls"]]
        last = DONE if named else TALK
        told = [*((name, args) for name, _, args in named), (last, "{}")]
        text = "".join(marks.call(name, args) for name, args in told)
        turns += [("user", example["said"]), ("assistant", text)]
    return tuple(turns)


@lru_cache(maxsize=4)
def _described(tools: tuple[Tool, ...]) -> tuple[str, ...]:
    known = [(t.name, t.description, shape(t, fields())) for t in tools]
    known += [(name, text, {"type": "object", "properties": {}}) for name, text in _spoken()]
    return tuple(
        json.dumps({"type": "function", "function": {"name": n, "description": d, "parameters": p}})
        for n, d, p in known
    )


def _spoken() -> list[tuple[str, str]]:
    return list(words()["words"].items())


def _ignore(_: Note) -> None:
    """Nobody waits for single words of a call."""

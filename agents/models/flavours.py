"""What servers and models really answer, put into one form: words, and whole tool calls.

Some servers give calls no index or the same one, arguments as an object, or leave calls and
thoughts in the text, since nobody told them how their model writes those.
"""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

THOUGHT, THOUGHT_END = "<think>", "</think>"
_MARKS = (THOUGHT, "<tool_call>", "<function=", "[TOOL_CALLS]", "<|python_tag|>")
_FIRST = ("{", "[", "```")
"""What a text begins with that may be a call and nothing else."""
_WRAPPED = re.compile(r"<tool_call>(.*?)(?:</tool_call>|\Z)", re.DOTALL)
_XML = re.compile(r"<function=([\w.-]+)>(.*?)(?:</function>|\Z)", re.DOTALL)
_XML_ARG = re.compile(r"<parameter=(\w+)>\n?(.*?)\n?</parameter>", re.DOTALL)
_MISTRAL = re.compile(r"([\w.-]+)\[ARGS\](\{.*)", re.DOTALL)
_FENCE = re.compile(r"\A```(?:json)?\s*(.*?)\s*```\Z", re.DOTALL)
_NAME = re.compile(r'"name"\s*:\s*"([^"]{1,64})"')


@dataclass(slots=True)
class Call:
    """One tool call as it comes in; `args` should be JSON once it is whole."""

    name: str
    args: str = ""
    id: str = ""

    @property
    def whole(self) -> bool:
        """Whether the arguments are all there."""
        try:
            return isinstance(json.loads(self.args), dict)
        except ValueError:
            return False


@dataclass(slots=True)
class Heard:
    """One answer as it comes in: what of it can be shown at once, and what it comes to."""

    tools: Collection[str]
    calls: list[Call] = field(default_factory=list)
    finished: bool = False
    shown: bool = False
    _held: str = ""
    _slots: dict[int, Call] = field(default_factory=dict)

    def words(self, piece: str) -> str:
        """Take some text; return what of it is certainly meant for people."""
        self._held += piece
        if not self._without_thoughts():
            return ""
        if not self.shown and self._held.lstrip().startswith(_FIRST):
            return ""
        text = self._held[: _safe(self._held)]
        self._held = self._held[len(text) :]
        self.shown = self.shown or bool(text.strip())
        return text

    def call(self, index: int | None, name: str, args: str, id: str) -> None:
        """Take a piece of a tool call; a call that is whole is never written on."""
        at = index if index is not None else (0 if not name else len(self._slots))
        known = self._slots.get(at)
        other = known is not None and bool(id and known.id and id != known.id)
        if known is None or (name and (other or known.whole)):
            known = self._slots[at] = Call(name)
            self.calls.append(known)
        known.id = known.id or id
        known.args += args

    def end(self) -> str:
        """Return the last words, after which `calls` are complete."""
        if self._held.lstrip().startswith(THOUGHT) or not self._held:
            return ""
        found = list(_written(self._held, self.tools))
        self.calls += found
        text = "" if found else self._held
        self.shown = self.shown or bool(text.strip())
        return text

    def _without_thoughts(self) -> bool:
        """Take out a thought that is over; say whether none is left open at the beginning."""
        while self._held.lstrip().startswith(THOUGHT):
            _, end, rest = self._held.partition(THOUGHT_END)
            if not end:
                return False
            self._held = rest.lstrip()
        return True


def _safe(text: str) -> int:
    """Return how much of a text comes before anything that may be the beginning of a mark."""
    found = [at for mark in _MARKS if (at := text.find(mark)) >= 0]
    if found:
        return min(found)
    longest = max(map(len, _MARKS))
    for size in range(min(longest - 1, len(text)), 0, -1):
        if any(mark.startswith(text[-size:]) for mark in _MARKS):
            return len(text) - size
    return len(text)


def _written(text: str, tools: Collection[str]) -> Iterator[Call]:
    """Yield the calls that a text is, in the ways models are trained to write them."""
    text = text.strip()
    if blocks := _WRAPPED.findall(text):
        for block in blocks:
            yield from _one(block.strip(), tools, sure=True)
    elif text.startswith("<function="):
        yield from _one(text, tools, sure=True)
    elif text.startswith("[TOOL_CALLS]"):
        yield from _one(text.removeprefix("[TOOL_CALLS]").strip(), tools, sure=True)
    elif text.startswith("<|python_tag|>"):
        yield from _one(text.removeprefix("<|python_tag|>").strip(), tools, sure=True)
    else:
        fenced = _FENCE.match(text)
        yield from _one(fenced[1] if fenced else text, tools, sure=False)


def _one(text: str, tools: Collection[str], *, sure: bool) -> Iterator[Call]:
    """Yield the calls of a text; unless `sure`, only if it is JSON that names known tools."""
    if found := _XML.findall(text):
        for name, rest in found:
            args = {key: _value(value) for key, value in _XML_ARG.findall(rest)}
            yield Call(name, json.dumps(args, ensure_ascii=False))
        return
    if mistral := _MISTRAL.match(text):
        yield Call(mistral[1], mistral[2])
        return
    try:
        given = json.loads(text)
    except ValueError:
        if sure:  # the model is told that this is no JSON
            name = _NAME.search(text)
            yield Call(name[1] if name else "call", text)
        return
    several = given if isinstance(given, list) else [given]
    calls = [one for one in several if isinstance(one, dict) and isinstance(one.get("name"), str)]
    if len(calls) == len(several) and (sure or all(one["name"] in tools for one in calls)):
        yield from map(_named, calls)


def _named(given: Mapping[str, Any]) -> Call:
    return Call(given["name"], arguments(given.get("arguments", given.get("parameters"))))


def _value(text: str) -> object:
    """Return an argument written as text; only lists and objects are more than that."""
    try:
        return json.loads(text) if text.lstrip()[:1] in ("{", "[") else text
    except ValueError:
        return text


def arguments(given: object) -> str:
    """Return a call's arguments as JSON text, however the server wrote them."""
    if given is None:
        return ""
    return given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)

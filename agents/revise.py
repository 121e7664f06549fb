"""A plan with other words: which arguments of which steps that changes."""

import re
from collections.abc import Container, Mapping, Sequence

from agents.approval import Reword, Skip, Swap, swap
from agents.errors import Unclear
from agents.expand import LINK, SPARED
from agents.understanding import flags, writing
from agents.understanding.folding import fold
from agents.understanding.understand import likely, understand
from memory.records import Step
from memory.sentences import count, say
from tools.tool import Tool

_WORDS = {
    "draw": "prompt",
    "edit": "instruction",
    "write": "request",
    "brainstorm": "theme",
    "speak": "text",
    "recall": "query",
}
"""By tool, the argument that holds somebody's words."""
_TEXTS = ("write", "brainstorm")

Args = dict[str, object]


def rewritten(steps: Sequence[Step], wanted: Reword | Swap) -> dict[str, Args]:
    """Return the new arguments of the steps that change, by their ids; raises Unclear."""
    if isinstance(wanted, Reword):
        step = numbered(steps, wanted.number)
        return {step.id: _said(step, wanted.words)}
    found = _swapped(steps, wanted)
    if not found:
        form = "I do not find “{old}” in these steps; which one shall change, and to what?"
        raise Unclear(say(form, old=wanted.old or say("that")))
    return found


def tuned(steps: Sequence[Step], words: str, tools: Mapping[str, Tool]) -> dict[str, Args]:
    """Return the new arguments where only flags are given (--ar 16:9); raises Unclear.

    Of a plan with one step, other words are what that shall say.
    """
    if len(steps) == 1:
        return {steps[0].id: _said(steps[0], words)}
    line, more = flags.take(flags.hide(fold(words)))
    fields = {s.id: set(tools[s.tool].args.model_fields) for s in steps if s.tool in tools}
    found = {id: more for id, names in fields.items() if more and set(more) <= names}
    if line.text or not found:
        form = "Which step shall change? Say for example “2 to {words}”."
        raise Unclear(say(form, words=words[:60]))
    return found


def reworded(steps: Sequence[Step], words: str) -> dict[str, Args]:
    """Return the new arguments, by step, where words say what takes whose place; else none.

    "about snow" takes the place of what a text is about, wherever it stands.
    """
    wanted = swap(words)
    if not isinstance(wanted, Swap):
        return {}
    if wanted.old or any(s.tool in _TEXTS for s in steps):
        return _swapped(steps, wanted)
    return {}


def left_out(steps: Sequence[Step], wanted: Skip) -> frozenset[str]:
    """Return the ids of steps to be left out, with those that build on them; raises Unclear."""
    gone = {numbered(steps, n).id for n in wanted.numbers}
    for step in steps:
        if any(k not in SPARED and _built_on(v, gone) for k, v in step.args.items()):
            gone.add(step.id)
    return frozenset(gone)


def spared(args: Mapping[str, object], gone: Container[str]) -> Args:
    """Return a step's arguments without those it had from steps that are left out."""
    return {k: v for k, v in args.items() if not _built_on(v, gone)}


def _built_on(value: object, gone: Container[str]) -> bool:
    link = LINK.match(value) if isinstance(value, str) else None
    return link is not None and link["step"] in gone


def numbered(steps: Sequence[Step], number: int) -> Step:
    """Return a step by its number; raises Unclear."""
    if number == -1:
        return steps[-1]
    if not 1 <= number <= len(steps):
        one = "There is 1 step, no number {number}; which one?"
        many = "There are {n} steps, no number {number}; which one?"
        raise Unclear(count(len(steps), one, many, number=number))
    return steps[number - 1]


def _pair(steps: Sequence[Step], wanted: Swap) -> tuple[str, str]:
    """Return the old and the new words.

    Without old ones that is what the first text is about, or what the first picture shows.
    """
    if wanted.old:
        return wanted.old, wanted.new
    first = next((s for s in steps if _words(s, steps)), None)
    if first is None:
        return "", ""
    words = _words(first, steps)
    if about := _about(words):
        return about, wanted.new
    return words, f"{words} {wanted.by} {wanted.new}" if first.tool in _TEXTS else wanted.new


def _words(step: Step, steps: Sequence[Step]) -> str:
    """Return the words somebody gave for a step; "" when another step makes them."""
    words = step.args.get(_WORDS.get(step.tool, ""))
    if not isinstance(words, str) or LINK.match(words) or words in {s.result for s in steps}:
        return ""
    return words


def _about(words: str) -> str:
    line = fold(words)
    topics = (writing.topic(words, line.fold, grammar) for grammar in likely(line))
    return next((t for t in topics if t != words), "")


def _said(step: Step, words: str) -> Args:
    """Return what a step's words become; flags such as --ar 16:9 count, too."""
    drawn = understand(f"draw {words}") if step.tool == "draw" else ()
    if len(drawn) == 1 and drawn[0].tool == "draw":  # "a house, wide" is an aspect, too
        return {**drawn[0].args, **({"illustrates": ""} if "illustrates" in step.args else {})}
    line, more = flags.take(flags.hide(fold(words)))
    name = _WORDS.get(step.tool, "")
    said: Args = {name: line.text} if name and line.text else {}
    if not (said or more):
        form = "A step of {tool} has no words to change; what shall be different?"
        raise Unclear(say(form, tool=say(step.tool)))
    return {**said, **more}


def _swapped(steps: Sequence[Step], wanted: Swap) -> dict[str, Args]:
    old, new = _pair(steps, wanted)
    pattern = re.compile(rf"(?<!\w){re.escape(old)}(?!\w)", re.IGNORECASE)
    found: dict[str, Args] = {}
    for step in steps if old else ():
        words = _words(step, steps)
        if pattern.search(words):
            found[step.id] = {_WORDS[step.tool]: pattern.sub(lambda _: new, words)}
    return found

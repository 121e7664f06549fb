"""Which words of a reply a chat model wrote: those are Markdown, all others stand as they are."""

from dataclasses import dataclass

from bot.actions import ROOM
from bot.adapter import Reply
from bot.translation import put

WRITERS = ("write", "brainstorm")
"""Tools whose result a chat model wrote; others tell in it what people said and are called."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of a reply's text; what is `written` by a model is Markdown."""

    text: str
    written: bool


def passages(reply: Reply) -> list[Passage]:
    """Return the text of a reply in passages, in order; none of it is left out.

    Questions, errors and boards are put together by code out of people's words.
    """
    text = reply.message.text
    if reply.kind != "reply" or any(a.id.startswith(ROOM) for a in reply.actions):
        return [Passage(text, written=False)]
    found, done = list[Passage](), 0
    for start, end in sorted(_told(reply)):
        if start >= done:
            found += [Passage(text[done:start], written=True)] if start > done else []
            found.append(Passage(text[start:end], written=False))
            done = end
    return [*found, Passage(text[done:], written=True)] if done < len(text) else found


def _told(reply: Reply) -> list[tuple[int, int]]:
    """Return where the text says what came of steps that do not write."""
    text, found = reply.message.text, list[tuple[int, int]]()
    for step in reply.steps:
        result = put(step.result, reply.message.language).strip()
        if result and (step.tool not in WRITERS or step.status != "done"):
            start = text.find(result)
            found += [(start, start + len(result))] if start >= 0 else []
    return found

"""Slash commands: which there are, and what they ask for; the same on every platform."""

import re
from dataclasses import dataclass

from agents.understanding.understand import understand
from agents.understanding.wishes import Hints, Wish
from memory.errors import AtelierError

COMMANDS = {
    "help": "what I can do and how to ask for it",
    "draw": "draw a picture: /draw a red bicycle --ar 16:9 --n 4",
    "edit": "change a picture: /edit 2 darker",
    "vary": "variations of a picture: /vary 2",
    "upscale": "enlarge a picture: /upscale 2",
    "describe": "what is in a picture: /describe 2",
    "write": "write something: /write a slogan for our jazz night",
    "ideas": "collect ideas: /ideas names for a bakery",
    "speak": "read something aloud: /speak good morning",
    "recall": "find what was said: /recall deadline",
    "again": "do the last thing again: /again --ar 16:9",
    "undo": "take back the last result",
    "cancel": "stop what is running for you here",
    "queue": "what is being worked on",
    "info": "how a picture was made: /info 2",
    "models": "which models there are",
    "forget": "erase everything said and made in this chat: /forget yes",
    "quit": "leave (terminal only)",
}
_COMMAND = re.compile(r"/([a-z]+)(?:@\w+)?(?:\s+(.*))?$", re.DOTALL | re.IGNORECASE)
_POINTER = re.compile(r"(#?[0-9a-f]{4,64}|\d{1,2}|all|last|previous|mine)?\s*(.*)$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Command:
    """A slash command: its name and the words behind it."""

    name: str
    words: str = ""


def parse(text: str) -> Command | None:
    """Return the command a text is, or None; raises AtelierError for one that nobody knows."""
    match = _COMMAND.match(text.strip())
    if match is None:
        return None
    name = match[1].lower()
    name = {"imagine": "draw", "brainstorm": "ideas", "say": "speak"}.get(name, name)
    if name not in COMMANDS:
        raise AtelierError(f"There is no command /{name[:30]}; /help lists them.")
    return Command(name, (match[2] or "").strip())


def wishes(command: Command) -> tuple[Wish, ...] | None:
    """Return what a command asks the tools for, or None when it is not about making things."""
    words = command.words
    if command.name == "undo":
        return (Wish("undo", {}),)
    if command.name == "again":
        return _again(words)
    if command.name == "draw":
        return _draw(words)
    if command.name in ("edit", "vary", "upscale", "describe"):
        return _pointed(command.name, words)
    if command.name in _PLAIN:
        tool, argument = _PLAIN[command.name]
        return (Wish(tool, {argument: words}),)
    return None


_PLAIN = {
    "write": ("write", "request"),
    "ideas": ("brainstorm", "theme"),
    "speak": ("speak", "text"),
    "recall": ("recall", "query"),
}


def _draw(words: str) -> tuple[Wish, ...]:
    """A bare prompt with flags and counts, as the rules read it behind "draw"."""
    found = [w for w in understand(f"draw {words}", Hints()) if w.tool == "draw"]
    return (found[0],) if len(found) == 1 else (Wish("draw", {"prompt": words}),)


def _again(words: str) -> tuple[Wish, ...]:
    found = understand(f"again {words}".strip(), Hints(last_tool="draw", pictures_here=True))
    same = [w for w in found if w.tool == "again"]
    return (same[0],) if same else (Wish("again", {"changes": {"prompt": f"+ {words}"}}),)


def _pointed(tool: str, words: str) -> tuple[Wish, ...]:
    match = _POINTER.match(words)
    pointer, rest = (match[1] or "", match[2].strip()) if match else ("", words)
    args: dict[str, object] = {"image": pointer}
    if tool == "edit":
        args["instruction"] = rest
    elif tool == "describe" and rest:
        args["question"] = rest
    elif tool == "upscale" and (factor := re.search(r"[24]", rest)):
        args["factor"] = int(factor[0])
    return (Wish(tool, args),)


def help_text() -> str:
    """Return the list of commands, one a line."""
    return "\n".join(f"/{name}  {about}" for name, about in COMMANDS.items())

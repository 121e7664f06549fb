"""Slash commands: which there are, and what they ask for; the same on every platform."""

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from agents.understanding import flags, pointing, writing
from agents.understanding.folding import fold
from agents.understanding.understand import likely, understand
from agents.understanding.wishes import Hints, Wish
from agents.versions import POINTER as VERSION
from bot.offered import ABOUT, described
from memory.errors import AtelierError
from memory.sentences import say
from tools.builtin import ORDER
from tools.errors import Refused
from tools.tool import TOOLS

COMMANDS = {name: described(name) for name in ABOUT}
OF_PLANS = ("go", "change", "retry")
"""Commands that decide about a plan; what that comes to takes a turn."""
QUIET = (
    *("vote", "settle", "approve", "keep", "back", "undo"),
    *("share", "close", "leave", "reopen", "templates"),
)
"""What of /project needs no message of its own: the board shows it."""
_OTHER_NAMES = {
    "imagine": "draw",
    "brainstorm": "ideas",
    "say": "speak",
    "stop": "cancel",
    "reset": "forget",
}
START = "start"
"""What Telegram sends when somebody opens the bot: a command, and what /help is asked then."""
_IN_CHATS = {"draw": "imagine"}
"""Commands that are known by another name where many people are."""
_COMMAND = re.compile(r"/([a-z]\w*)(?:@\w+)?[:,]?(?:\s+(.*))?$", re.DOTALL | re.IGNORECASE)
_ID = re.compile(r"#[0-9a-f]{4,64}(?!\w)|[0-9a-f]{64}(?!\w)", re.IGNORECASE)
_FACTOR = re.compile(r"(?:^|\s)(?:by )?([24])\s?(?:x|times)$|(?:^|\s)x\s?([24])$", re.IGNORECASE)
_AND = re.compile(r"^(?:and|with|to|vs\.?|,)\s+", re.IGNORECASE)
_LONGEST_POINTER = 6
"""Words that may point at a picture in front of what shall be done with it."""

_ANY = Hints(last_tool="draw", pictures_here=True)


class UnknownCommand(AtelierError):
    """A command that is not even like one of ours; it may be another bot's."""


@dataclass(frozen=True, slots=True)
class Command:
    """A slash command: its name and the words behind it; `said` is what it was called."""

    name: str
    words: str = ""
    said: str = field(default="", compare=False)


def parse(text: str) -> Command | None:
    """Return the command a text is, or None.

    Raises AtelierError for one that nobody knows, UnknownCommand when it is like none of ours.
    """
    if text.strip() == "/":
        raise AtelierError("There is no word behind the /; /help lists the commands.")
    match = _COMMAND.match(text.strip())
    if match is None:
        return None
    said = match[1].lower()
    if said == START:
        return Command("help", START)
    name = _OTHER_NAMES.get(said, said)
    if name not in COMMANDS and name not in _others():
        near = get_close_matches(said, [*COMMANDS, *_OTHER_NAMES, *_others()], 1)
        if not near:
            raise UnknownCommand("There is no command /{name}; /help lists them.", name=said[:30])
        raise AtelierError(
            "There is no command /{name}; did you mean /{near}? /help lists them.",
            name=said[:30],
            near=near[0],
        )
    return Command(name, (match[2] or "").strip(), said)


def takes_turn(command: Command) -> bool:
    """Whether a command makes something, so that it is answered like a request."""
    if command.name == "project":
        return command.words.partition(" ")[0] not in QUIET
    return command.name in OF_PLANS or wishes(command) is not None


def wishes(command: Command) -> tuple[Wish, ...] | None:
    """Return what a command asks the tools for, or None when it is not about making things.

    A picture that is not named is left open: what came with the command or what it replies to.
    Raises Refused with an example when words are missing.
    """
    read = _READERS.get(command.name)
    if read is None:
        return None if command.name in COMMANDS else (_spelt_out(command),)
    if not command.words and command.name in _NEEDS_WORDS:
        said = command.said or command.name
        example = say(ABOUT[command.name][1], command=said)
        raise Refused(
            "/{name} needs words behind it, for example: {example}", name=said, example=example
        )
    return read(command.words)


def _draw(words: str) -> tuple[Wish, ...]:
    """A prompt with flags and counts, as the rules read it behind "draw"; else word for word."""
    found = understand(f"draw {words}", Hints())
    if found[0].tool == "draw" and not str(found[0].args["prompt"]).startswith("draw "):
        return found
    line, args = flags.take(flags.hide(fold(words)))
    return (Wish("draw", {"prompt": line.text or words, **args}),)


def _edit(words: str) -> tuple[Wish, ...]:
    words, said = _unflagged("edit", words)
    image, change = _pointer(words)
    if not change:
        raise Refused("/edit needs to know what to change, for example: /edit 2 darker")
    found = understand(change, _ANY)
    if len(found) == 1 and found[0].tool == "edit" and found[0].args["image"] == "last":
        change = str(found[0].args["instruction"])
    return (Wish("edit", {"image": image, "instruction": change, **said}),)


def _vary(words: str) -> tuple[Wish, ...]:
    words, said = _unflagged("vary", words)
    image, rest = _pointer(words)
    return (Wish("vary", {"image": image or rest, **said}),)


def _upscale(words: str) -> tuple[Wish, ...]:
    words, said = _unflagged("upscale", words)
    factor = _FACTOR.search(words)
    image, rest = _pointer(words[: factor.start()] if factor else words)
    args = {"factor": int(factor[1] or factor[2])} if factor else {}
    return (Wish("upscale", {"image": image or rest, **args, **said}),)


def _unflagged(tool: str, words: str) -> tuple[str, dict[str, object]]:
    """Return the words behind a command without the flags, and those that its tool knows."""
    line, said = flags.take(flags.hide(fold(words)))
    return line.text, {name: said[name] for name in flags.TAKES[tool] if name in said}


def _describe(words: str) -> tuple[Wish, ...]:
    image, question = _pointer(words)
    asked = {"question": question} if question else {}
    return (Wish("describe", {"image": image, **asked}),)


def _compare(words: str) -> tuple[Wish, ...]:
    image, rest = _pointer(words)
    other, rest = _pointer(_AND.sub("", rest)) if rest else ("", "")
    if rest:
        raise Refused(
            "/compare wants two pictures, such as /compare 1 3, not {words!r}.", words=rest[:40]
        )
    return (Wish("compare", {"image": image, **({"other_image": other} if other else {})}),)


def _show(words: str) -> tuple[Wish, ...]:
    words, said = _unflagged("show", words)
    image, rest = _pointer(words)
    return (Wish("show", {"image": image or rest or "previous", **said}),)


def _again(words: str) -> tuple[Wish, ...]:
    found = understand(f"again {words}".strip(), _ANY)
    if found[0].tool == "again":
        return found[:1]
    line, changes = flags.take(flags.hide(fold(words)))
    more = {"prompt": f"+ {line.text}"} if line.text else {}
    return (Wish("again", {"changes": {**more, **changes}}),)


def _written(words: str) -> tuple[Wish, ...]:
    (wish,) = _read_as("write", words) or (Wish("write", {"request": words}),)
    line = fold(words)
    kinds = (writing.kind(line.fold, grammar) for grammar in likely(line))
    kind = next(filter(None, kinds), "other")
    return (Wish("write", {**wish.args, "kind": kind}),)


def _ideas(words: str) -> tuple[Wish, ...]:
    return _read_as("brainstorm", words) or (Wish("brainstorm", {"theme": words}),)


def _speak(words: str) -> tuple[Wish, ...]:
    return (Wish("speak", {"text": words or "step:0"}),)  # the text replied to, or the last one


def _read_as(tool: str, words: str) -> tuple[Wish, ...]:
    """Return the one wish that the words are for the rules behind the tool's name, if any."""
    found = understand(f"{tool} {words}", Hints())
    return found if len(found) == 1 and found[0].tool == tool else ()


_READERS: Mapping[str, Callable[[str], tuple[Wish, ...]]] = {
    "draw": _draw,
    "edit": _edit,
    "vary": _vary,
    "upscale": _upscale,
    "compare": _compare,
    "show": _show,
    "describe": _describe,
    "write": _written,
    "ideas": _ideas,
    "speak": _speak,
    "transcribe": lambda words: (Wish("transcribe", {"audio": words}),),
    "recall": lambda words: (Wish("recall", {"query": words}),),
    "again": _again,
    "undo": lambda _: (Wish("undo", {}),),
}
_NEEDS_WORDS = ("draw", "write", "ideas", "recall")


def _pointer(words: str) -> tuple[str, str]:
    """Part what points at a picture in front from the rest: "the second one darker"."""
    if found := _ID.match(words):
        return found[0].lower(), words[found.end() :].lstrip(" :,")
    head, colon, rest = words.partition(":")
    if colon and rest.startswith(" ") and (image := _pointed(head, pointing.described)):
        return image, rest.strip()
    first = words.partition(" ")[0].rstrip(",:").lower()
    if first in ("last", "previous", "mine") or VERSION.fullmatch(first):
        return first, words[len(first) :].lstrip(" :,")
    ends = [m.end() for m in re.finditer(r"\S+", words)][:_LONGEST_POINTER]
    for end in reversed(ends):
        if image := _pointed(words[:end].rstrip(",:"), pointing.pick):
            return image, words[end:].lstrip(" :,")
    return "", words


def _pointed(words: str, read: Callable[..., str | None]) -> str:
    """Return the expression words are; "it" and "this one" are left open."""
    line = fold(words.strip())
    found = next((f for f in (read(line, grammar) for grammar in likely(line)) if f), "")
    return "" if found in ("it", "reply") else found


def _others() -> list[str]:
    """Return the tools that somebody added; each is a command without more ado."""
    return [name for name in TOOLS.names() if name not in ORDER]


def _spelt_out(command: Command) -> Wish:
    """Read "image=2 colour=red" as a tool's arguments; words without a name are refused."""
    args: dict[str, object] = {}
    for word in shlex.split(command.words.replace("'", "’")):
        name, equals, value = word.partition("=")
        if not equals:
            raise Refused(
                "/{name} wants name=value, not {words!r}.", name=command.name, words=word[:40]
            )
        args[name] = value
    return Wish(command.name, args)


def offered() -> dict[str, str]:
    """Return all commands and what each does, as they are called in the terminal."""
    added = {n: TOOLS.load(n).description.partition("\n")[0] for n in _others()}
    return {**COMMANDS, **{name: say(about) for name, about in added.items()}}


def in_chats() -> dict[str, str]:
    """Return the same as they are called where many people are."""
    found = {n: a for n, a in offered().items() if n not in _IN_CHATS and n != "quit"}
    return {called: described(name, called) for name, called in _IN_CHATS.items()} | found

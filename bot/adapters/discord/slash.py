"""The commands Discord offers: what each asks for, and the text it stands for.

A command is turned into the text that a message would have, so that there is one way to understand
both. Commands that are not in the table below are offered with one field for words.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, get_args

from agents.understanding.flags import ASPECTS
from bot.commands import COMMANDS, in_chats
from bot.render import shortened
from bot.translation import languages
from memory.sentences import say
from tools.catalogue import Catalogue, Task
from tools.files import ready

TEXT, NUMBER, SWITCH, FILE = 3, 4, 5, 11
"""Discord's numbers for kinds of options."""
_SLASH, _MENU = 1, 3
_DESCRIPTION = 100
_CHOICES = 25
_VALUE = 100
_LONG = 4000
_STYLES = (
    "3D render",
    "anime",
    "black and white photo",
    "cartoon",
    "cinematic",
    "claymation",
    "comic",
    "flat vector",
    "impressionism",
    "ink drawing",
    "isometric",
    "line art",
    "low poly",
    "minimalist",
    "oil painting",
    "paper cut",
    "pencil sketch",
    "photorealistic",
    "pixel art",
    "pop art",
    "poster",
    "sticker",
    "vintage photo",
    "watercolour",
)

MENUS = {
    "Edit this": "/edit",
    "Describe": "/describe",
    "Transcribe": "/transcribe",
    "Read aloud": "/speak",
}
"""What stands in a message's menu, and the command each is."""
EDIT_THIS = "Edit this"
_ROOTED = ("project",)
"""Commands that change and pin messages for days, which only who is there can do."""
_NO_PICTURE = say("There is no picture in that message; choose one that has a picture.")
_NEEDS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "edit": (("image/",), _NO_PICTURE),
    "describe": (("image/",), _NO_PICTURE),
    "transcribe": (
        ("audio/", "video/"),
        say("There is no recording in that message; choose one that has a sound."),
    ),
    "speak": ((), say("There are no words in that message that I could read aloud.")),
}
"""What a message must have whose menu is used, and what is said when it has not."""


@dataclass(frozen=True, slots=True)
class Option:
    """A field of a command; `form` is how its value stands in the text, files do not."""

    name: str
    about: str
    kind: int = TEXT
    form: str = "{}"
    needed: bool = False
    completes: bool = False
    choices: Mapping[str, str] = field(default_factory=dict)
    bounds: tuple[int, int] | None = None

    def described(self) -> dict[str, Any]:
        """Return the option as Discord wants it described."""
        found: dict[str, Any] = {"type": self.kind, "name": self.name, "description": self.about}
        if self.needed:
            found["required"] = True
        if self.completes:
            found["autocomplete"] = True
        if self.choices:
            found["choices"] = [{"name": n, "value": v} for n, v in self.choices.items()]
        if self.bounds and self.kind == TEXT:
            found["max_length"] = self.bounds[1]
        elif self.bounds:
            found["min_value"], found["max_value"] = self.bounds
        return found


@dataclass(frozen=True, slots=True)
class Slash:
    """A command: `verb` is ours that it stands for; what is `public` is made for everybody."""

    name: str
    verb: str
    about: str
    options: tuple[Option, ...] = ()
    public: bool = True
    order: tuple[str, ...] = ()
    """The order of the values in the text, where it is not that of the options."""

    def described(self) -> dict[str, Any]:
        """Return the command as Discord wants it described."""
        return {
            "type": _SLASH,
            "name": self.name,
            "description": shortened(self.about, _DESCRIPTION),
            "options": [option.described() for option in self.options],
        }

    def text(self, given: Mapping[str, Any]) -> str:
        """Return what the command with these values says as a message."""
        ranks = {name: rank for rank, name in enumerate(self.order)}
        said = [
            option.form.format(str(given[option.name]).strip())
            for option in sorted(self.options, key=lambda option: ranks.get(option.name, 0))
            if option.kind != FILE
            and given.get(option.name) not in (None, "")
            and given[option.name] is not False
        ]
        return " ".join([f"/{self.name}", *said])


def commands() -> dict[str, Slash]:
    """Return all commands by name."""
    found = {command.name: command for command in _MAKING}
    known = {command.verb for command in _MAKING} | {"quit"}
    for name, about in COMMANDS.items():
        if name not in known:
            options = _MORE.get(name, (Option("words", "what else there is to say"),))
            found[name] = Slash(name, name, about.partition(":")[0], options, public=False)
    return found


def described(personal: bool) -> list[dict[str, Any]]:
    """Return everything that is registered with Discord.

    `personal`: whether people may add the bot to their own account, and use it everywhere.
    """
    menus = [{"type": _MENU, "name": name} for name in MENUS]
    found = [*(command.described() for command in commands().values()), *menus]
    return [{**one, **_places(personal and one["name"] not in _ROOTED)} for one in found]


def lacking(verb: str, target: Mapping[str, Any]) -> str:
    """Return what to say when a message has nothing for a command of its menu, "" when it has."""
    kinds, sentence = _NEEDS[verb.split()[0].removeprefix("/")]
    if not kinds:
        return "" if target.get("content") else sentence
    sent = [file.get("content_type") for file in target.get("attachments") or ()]
    return "" if any(not kind or kind.startswith(kinds) for kind in sent) else sentence


def completions(command: str, option: str, typed: str, known: Catalogue) -> list[str]:
    """Return what an option may be completed to, at most as many as Discord shows."""
    offered: Iterable[str] = _STYLES if option == "style" else ()
    if option == "command":
        offered = in_chats()
    elif (command, option) == ("settings", "change"):
        from bot.rules import AUTO, Rules  # not before somebody types: it would delay signing in

        offered = [*Rules.model_fields, *(f"language {one}" for one in (AUTO, *languages()))]
    elif option in ("lora", "model"):
        able, task = ready(known), _task(command)
        models = [m.name for m in known.models.values() if task in m.tasks]
        offered = [n for n in (models if option == "model" else known.loras) if n in able]
    folded = typed.strip().lower()
    return [o for o in offered if folded in o.lower() and len(o) <= _VALUE][:_CHOICES]


def _task(command: str) -> str:
    verb = commands()[command].verb
    return verb if verb in get_args(Task) else "draw"


def _places(everywhere: bool) -> dict[str, Any]:
    """Servers and private chats with the bot, or wherever people bring it, too."""
    places, ways = ([0, 1, 2], [0, 1]) if everywhere else ([0, 1], [0])
    return {"contexts": places, "integration_types": ways}


def _words(name: str, about: str, *, needed: bool = True) -> Option:
    return Option(name, about, needed=needed, bounds=(1, _LONG))


_PICTURE = Option("picture", "which one, such as 2, last or #1a2b3c; without it the last one")
_PHOTO = Option("file", "a picture of yours", FILE)
_COUNT = Option("count", "how many", NUMBER, "--n {}", bounds=(1, 10))
_LORA = Option("lora", "a LoRA", form="--lora {}", completes=True)
_SPOILER = Option("spoiler", "hidden until somebody wants to see it", SWITCH, "--spoiler")
_RATIOS = {ratio: ratio for ratio in ASPECTS}
_FACTORS = {"2x": "2x", "4x": "4x"}
_SHAPE = Option("aspect", "width to height", form="--ar {}", choices=_RATIOS)

_MAKING: Sequence[Slash] = (
    Slash(
        "imagine",
        "draw",
        "Draw pictures from words",
        (
            _words("prompt", "what the picture shows, in your own words"),
            _COUNT,
            _SHAPE,
            Option("style", "such as watercolour", form="--style {}", completes=True),
            Option("without", "what must not be in it", form="--no {}"),
            Option("model", "which model draws", form="--model {}", completes=True),
            _LORA,
            Option("seed", "to get the same again", NUMBER, "--seed {}", bounds=(0, 2**32 - 1)),
            Option("steps", "how many steps it takes", NUMBER, "--steps {}", bounds=(1, 150)),
            _SPOILER,
        ),
    ),
    Slash(
        "edit",
        "edit",
        "Change a picture",
        (_words("change", "such as: darker, crop to 16:9, at night"), _PICTURE, _PHOTO),
        order=("picture", "change"),
    ),
    Slash("vary", "vary", "Variations of a picture", (_PICTURE, _COUNT, _PHOTO)),
    Slash(
        "upscale",
        "upscale",
        "Enlarge a picture",
        (
            _PICTURE,
            Option("factor", "how much", form="{}", choices=_FACTORS),
            _PHOTO,
        ),
    ),
    Slash(
        "describe",
        "describe",
        "What is in a picture",
        (_PICTURE, _words("question", "what you want to know of it", needed=False), _PHOTO),
    ),
    Slash(
        "compare",
        "compare",
        "Two pictures side by side",
        (_PICTURE, Option("other", "the other one; without it, what the first was made from")),
    ),
    Slash("show", "show", "Show a picture or version again", (_PICTURE, _SPOILER)),
    Slash("write", "write", "Write a text", (_words("request", "such as: a haiku about rain"),)),
    Slash("ideas", "ideas", "Collect ideas", (_words("theme", "what for"),)),
    Slash("speak", "speak", "Read a text aloud", (_words("text", "the words"),)),
    Slash(
        "transcribe",
        "transcribe",
        "Write down what is said in a recording",
        (Option("file", "the recording", FILE, needed=True),),
    ),
    Slash("recall", "recall", "Find what was said here", (_words("query", "words of it"),)),
    Slash(
        "again",
        "again",
        "Do the last thing again",
        (_words("changes", "what shall be different", needed=False), _COUNT, _SHAPE),
    ),
    Slash("undo", "undo", "Take back the last result"),
    Slash("go", "go", "Do the plan you were shown"),
    Slash(
        "change",
        "change",
        "Change a plan, or what it made",
        (_words("change", "such as: 2 to a dog, without 3, snow instead of rain"),),
    ),
    Slash("retry", "retry", "Try again what failed"),
    Slash(
        "project",
        "project",
        "Make a set of pieces together",
        (_words("words", "such as: new poster-series for the jazz night", needed=False),),
    ),
)
_ERASED = {"everything said and made in this chat": "yes", "only what is mine here": "me"}
_MORE: Mapping[str, tuple[Option, ...]] = {
    "info": (_PICTURE,),
    "forget": (Option("what", "what to erase; without it, what that means", choices=_ERASED),),
    "settings": (
        Option("change", "such as: count 2; without it, what is in force here", completes=True),
    ),
    "help": (Option("command", "which one; without it, all of them", completes=True),),
    **dict.fromkeys(("cancel", "memory", "models", "queue", "quota"), ()),
}

"""Answers that only tell: what can be asked, which models there are, how a picture was made."""

from collections.abc import Sequence
from typing import get_args

from agents.errors import Unclear
from agents.references import find
from agents.scene import Scene
from bot.commands import START, in_chats, offered
from bot.studio import Studio
from memory.holdings import Holdings
from memory.records import Asset, Chat, Step, User
from memory.sentences import say
from memory.store import Store
from tools.catalogue import Catalogue, Task
from tools.files import ready

ERASING = say(
    "This erases everything said and made in this chat; to do it, type /forget yes. Only what is "
    "yours here goes with /forget me."
)
_HELLO = "Hello! I draw pictures and change them, write, read aloud and write down what is said."
_EXAMPLES = """Say what you would like in your own words:
“draw four smiling cats”
“the second one, but darker”
“write a haiku about rain and read it aloud”"""
_HOW = (
    "Reply to a picture, or send me one of yours, and say what shall be different. Where others "
    "are, say my name or reply to me."
)


def help_notice(platform: str, words: str = "") -> str:
    """Return what can be asked for, in words and as commands, or what one command does.

    Who has only just come is told of words alone.
    """
    if words == START:
        return "\n\n".join([_HELLO, _EXAMPLES, _HOW, "/help lists the commands."])
    terminal = platform == "terminal"
    known = offered() if terminal else in_chats()
    name = words.lower().removeprefix("/")
    if about := known.get(name):
        return f"/{name}: {about}"
    lines = [f"/{name} – {about}" for name, about in known.items()]
    keys = (
        "In the terminal Ctrl-C is /cancel while something is being made, and /quit at the prompt."
    )
    commands = "\n".join(["Or use a command; /help NAME tells of one:", *lines])
    return "\n\n".join([_EXAMPLES, *([] if terminal else [_HOW]), commands, *[keys] * terminal])


def models_notice(catalogue: Catalogue) -> str:
    """Return for each task the models that can be asked for, the profile's own first; LoRAs."""
    defaults, able = catalogue.profiles[catalogue.profile], ready(catalogue)
    lines = [f"Profile {catalogue.profile}; its own model comes first, --model draws with another."]
    for task in get_args(Task):
        found = [m for m in catalogue.models.values() if task in m.tasks and m.name in able]
        found.sort(key=lambda model: model.name != defaults.get(task))
        if found:
            lines.append(f"{task}: {', '.join(f'{m.name} ({m.licence})' for m in found)}")
    loras = [lora for lora in catalogue.loras.values() if lora.name in able]
    if loras:
        fits = (f"{lora.name} (for {', '.join(lora.base)})" for lora in loras)
        lines.append(f"LoRAs, by --lora NAME: {'; '.join(fits)}")
    if others := sorted({*catalogue.models, *catalogue.loras} - able):
        lines.append(f"Not here yet, whoever runs me can add them: {', '.join(others)}")
    return "\n".join(lines)


async def info_notice(studio: Studio, scene: Scene, pointer: str) -> str:
    """Return the recipe of a picture and where it came from, or what several are; raises Unclear.

    All of a set are told of when none of them is named.
    """
    try:
        found = find(pointer, scene)
    except Unclear:
        if pointer:
            raise
        found = find("all", scene)
    if len(found) == 1:
        return await _ancestry(studio.store, found[0], scene.message.chat)
    lines, makers = [], list[Step]()
    for number, asset in enumerate(found, 1):
        step = await studio.store.maker(asset.sha256, scene.message.chat)
        seed = _seed(step, asset.sha256) if step is not None else None
        lines.append(f"{number}  {_facts(asset)}" + (f", seed {seed}" if seed is not None else ""))
        makers += [step] if step is not None and step not in makers else []
    return "\n".join([*lines, *map(_recipe, makers)])


async def _ancestry(store: Store, asset: Asset, chat: Chat) -> str:
    lines, sha = [_facts(asset)], asset.sha256
    while (step := await store.maker(sha, chat)) is not None:
        lines += [f"from #{sha[:12]}"] if len(lines) > 1 else []
        lines.append(_recipe(step, sha))
        sha = step.parents[0] if step.parents else ""
    return "\n".join(lines if len(lines) > 1 else [*lines, "It was sent here, not made here."])


def _facts(asset: Asset) -> str:
    return f"#{asset.sha256[:12]}  {asset.width}x{asset.height}, {asset.size / 1000:.0f} kB"


def _seed(step: Step, sha: str) -> int | None:
    """Return the seed of one picture of a step; they count up from that of the first."""
    first, made = step.args.get("seed"), [asset.sha256 for asset in step.assets]
    if not isinstance(first, int) or sha not in made:
        return None
    return (first + made.index(sha)) % 2**32


def _recipe(step: Step, sha: str = "") -> str:
    """Return how a step was done, or how one picture of it can be made again."""
    args = dict(step.args)
    if (seed := _seed(step, sha)) is not None:
        args = {k: v for k, v in args.items() if k != "count"} | {"seed": seed}
    said = ", ".join(f"{k}={_short(v)}" for k, v in args.items() if v not in ("", None))
    who = step.user.name or step.user.id
    return f"{step.tool} ({said}), asked for by {who} on {step.at:%Y-%m-%d %H:%M} UTC"


def _short(value: object) -> str:
    text = str(value)
    return f"#{text[:12]}" if len(text) == 64 and text.isalnum() else text[:80]


async def memory_notice(studio: Studio, chat: Chat, user: User) -> str:
    """Return what is kept about a chat and a person in it, and how it is erased."""
    here = await studio.store.holdings(chat)
    mine = await studio.store.holdings(chat, user)
    return "\n".join(
        [
            f"This chat: {_held(here)}.",
            f"Of that yours: {_held(mine)}.",
            "It lies on the machine Atelier runs on, and nowhere else. /forget me erases what is "
            "yours here with the answers to it, /forget yes everything of this chat (in a server "
            "an admin); /settings shows your own defaults.",
        ]
    )


def _held(held: Holdings) -> str:
    if not (held.messages or held.steps):
        return "nothing"
    since = f", since {held.since:%Y-%m-%d}" if held.since else ""
    counted = ((held.messages, "message"), (held.files, "file"), (held.steps, "step"))
    parts = [f"{n:,} {one}" + "s" * (n != 1) for n, one in counted]
    return f"{', '.join(parts)}, {held.good} 👍, {held.bad} 👎{since}"


def forgotten(shas: Sequence[str], *, mine: bool = False) -> str:
    """Return what /forget says afterwards."""
    if mine:
        return say(
            "All of yours said and made in this chat is erased ({files} files).", files=len(shas)
        )
    return say("Everything said and made in this chat is erased ({files} files).", files=len(shas))

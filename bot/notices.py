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
from memory.sentences import count, joined, say
from memory.store import Store
from tools.catalogue import Catalogue, Task
from tools.files import ready

ERASING = say(
    "This erases everything said and made in this chat; to do it, type /forget yes. Only what is "
    "yours here goes with /forget me."
)
_HELLO = say(
    "Hello! I draw pictures and change them, write, read aloud and write down what is said."
)
_EXAMPLES = say("""Say what you would like in your own words:
“draw four smiling cats”
“the second one, but darker”
“write a haiku about rain and read it aloud”""")
_HOW = say(
    "Reply to a picture, or send me one of yours, and say what shall be different. Where others "
    "are, say my name or reply to me."
)


def help_notice(platform: str, words: str = "") -> str:
    """Return what can be asked for, in words and as commands, or what one command does.

    Who has only just come is told of words alone.
    """
    if words == START:
        return joined("\n\n", [_HELLO, _EXAMPLES, _HOW, say("/help lists the commands.")])
    terminal = platform == "terminal"
    known = offered() if terminal else in_chats()
    name = words.lower().removeprefix("/")
    if about := known.get(name):
        return joined(": ", [f"/{name}", about])
    lines = [joined(" – ", [f"/{name}", about]) for name, about in known.items()]
    keys = say(
        "In the terminal Ctrl-C is /cancel while something is being made, and /quit at the prompt."
    )
    commands = joined("\n", [say("Or use a command; /help NAME tells of one:"), *lines])
    return joined("\n\n", [_EXAMPLES, *([] if terminal else [_HOW]), commands, *[keys] * terminal])


def models_notice(catalogue: Catalogue) -> str:
    """Return for each task the models that can be asked for, the profile's own first; LoRAs."""
    defaults, able = catalogue.profiles[catalogue.profile], ready(catalogue)
    head = "Profile {profile}; its own model comes first, --model draws with another."
    lines: list[str] = [say(head, profile=catalogue.profile)]
    for task in get_args(Task):
        found = [m for m in catalogue.models.values() if task in m.tasks and m.name in able]
        found.sort(key=lambda model: model.name != defaults.get(task))
        if found:
            models = ", ".join(f"{m.name} ({m.licence})" for m in found)
            lines.append(joined(": ", [say(task), models]))
    loras = [lora for lora in catalogue.loras.values() if lora.name in able]
    if loras:
        fits = "; ".join(f"{lora.name} ({', '.join(lora.base)})" for lora in loras)
        lines.append(say("LoRAs, by --lora NAME: {loras}", loras=fits))
    if others := sorted({*catalogue.models, *catalogue.loras} - able):
        form = "Not here yet, whoever runs me can add them: {names}"
        lines.append(say(form, names=", ".join(others)))
    return joined("\n", lines)


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
    lines, makers = list[str](), list[Step]()
    for number, asset in enumerate(found, 1):
        step = await studio.store.maker(asset.sha256, scene.message.chat)
        seed = _seed(step, asset.sha256) if step is not None else None
        told = [_facts(asset), *([] if seed is None else [say("seed {seed}", seed=seed)])]
        lines.append(joined("  ", [str(number), joined(", ", told)]))
        makers += [step] if step is not None and step not in makers else []
    return joined("\n", [*lines, *map(_recipe, makers)])


async def _ancestry(store: Store, asset: Asset, chat: Chat) -> str:
    lines, sha = list[str]([_facts(asset)]), asset.sha256
    while (step := await store.maker(sha, chat)) is not None:
        lines += [say("from {picture}", picture=f"#{sha[:12]}")] if len(lines) > 1 else []
        lines.append(_recipe(step, sha))
        sha = step.parents[0] if step.parents else ""
    sent = say("It was sent here, not made here.")
    return joined("\n", lines if len(lines) > 1 else [*lines, sent])


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
    return say(
        "{tool} ({how}), asked for by {who} on {day} UTC",
        tool=say(step.tool),
        how=said,
        who=who,
        day=f"{step.at:%Y-%m-%d %H:%M}",
    )


def _short(value: object) -> str:
    text = str(value)
    return f"#{text[:12]}" if len(text) == 64 and text.isalnum() else text[:80]


async def memory_notice(studio: Studio, chat: Chat, user: User) -> str:
    """Return what is kept about a chat and a person in it, and how it is erased."""
    here = await studio.store.holdings(chat)
    mine = await studio.store.holdings(chat, user)
    return joined(
        "\n",
        [
            say("This chat: {what}.", what=_held(here)),
            say("Of that yours: {what}.", what=_held(mine)),
            say(
                "It lies on the machine Atelier runs on, and nowhere else. /forget me erases what "
                "is yours here with the answers to it, /forget yes everything of this chat (in a "
                "server an admin); /settings shows your own defaults."
            ),
        ],
    )


def _held(held: Holdings) -> str:
    if not (held.messages or held.steps):
        return say("nothing")
    parts: list[str] = [
        count(held.messages, "{n:,} message", "{n:,} messages"),
        count(held.files, "{n:,} file", "{n:,} files"),
        count(held.steps, "{n:,} step", "{n:,} steps"),
        f"{held.good} 👍",
        f"{held.bad} 👎",
    ]
    if held.since:
        parts.append(say("since {day}", day=f"{held.since:%Y-%m-%d}"))
    return joined(", ", parts)


def forgotten(shas: Sequence[str], *, mine: bool = False) -> str:
    """Return what /forget says afterwards."""
    if mine:
        return say(
            "All of yours said and made in this chat is erased ({files} files).", files=len(shas)
        )
    return say("Everything said and made in this chat is erased ({files} files).", files=len(shas))

"""Answers that only tell: what can be asked, which models there are, how a picture was made."""

from collections.abc import Sequence
from typing import get_args

from agents.references import find
from agents.scene import Scene
from bot.commands import help_text
from bot.studio import Studio
from memory.holdings import Holdings
from memory.records import Chat, Step, User
from tools.catalogue import Catalogue, Task


def help_notice(platform: str) -> str:
    """Return what can be asked for, in words and as commands."""
    told = (
        "Say it in your own words (“draw four smiling cats”, “the second one, but darker”, "
        "“read aloud: good morning”), or use a command:\n"
    )
    if platform != "terminal":
        return told + "\n".join(line for line in help_text().splitlines() if "/quit" not in line)
    keys = "Ctrl-C is /cancel while something is being made, and /quit at the prompt."
    return f"{told}{help_text()}\nIn the terminal {keys}"


def models_notice(catalogue: Catalogue) -> str:
    """Return for each task the models that can do it, the default of this profile first; LoRAs."""
    defaults = catalogue.profiles[catalogue.profile]
    lines = [f"Profile {catalogue.profile}; its own model comes first, --model draws with another."]
    for task in get_args(Task):
        able = [m for m in catalogue.models.values() if task in m.tasks]
        able.sort(key=lambda model: model.name != defaults.get(task))
        if able:
            lines.append(f"{task}: {', '.join(f'{m.name} ({m.licence})' for m in able)}")
    if catalogue.loras:
        fits = (f"{lora.name} (for {', '.join(lora.base)})" for lora in catalogue.loras.values())
        lines.append(f"LoRAs, by --lora NAME: {'; '.join(fits)}")
    return "\n".join(lines)


async def info_notice(studio: Studio, scene: Scene, pointer: str) -> str:
    """Return the recipe of a picture and where it came from; raises Unclear."""
    asset = find(pointer, scene)[0]
    step = await studio.store.maker(asset.sha256, scene.message.chat)
    lines = [f"#{asset.sha256[:12]}  {asset.width}x{asset.height}, {asset.size / 1000:.0f} kB"]
    while step is not None:
        lines.append(_recipe(step))
        parent = step.parents[0] if step.parents else ""
        step = await studio.store.maker(parent, scene.message.chat) if parent else None
        if step is not None:
            lines.append(f"from #{parent[:12]}")
    if len(lines) == 1:
        lines.append("It was sent here, not made here.")
    return "\n".join(lines)


def _recipe(step: Step) -> str:
    args = ", ".join(f"{k}={_short(v)}" for k, v in step.args.items() if v not in ("", None))
    who = step.user.name or step.user.id
    return f"{step.tool} ({args}), asked for by {who} on {step.at:%Y-%m-%d %H:%M} UTC"


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


def forgotten(shas: Sequence[str], whose: str = "Everything") -> str:
    """Return what /forget says afterwards."""
    return f"{whose} said and made in this chat is erased ({len(shas)} files)."

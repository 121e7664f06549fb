"""Answers that only tell: what waits, which models there are, how a picture was made."""

from collections.abc import Sequence

from agents.references import find
from agents.scene import Scene
from bot.commands import help_text
from bot.studio import Studio
from memory.records import Step
from tools.catalogue import Catalogue
from tools.compute.pool import Pool


def help_notice() -> str:
    """Return what can be asked for, in words and as commands."""
    return (
        "Say it in your own words (“draw four smiling cats”, “the second one, but darker”, "
        f"“read aloud: good morning”), or use a command:\n{help_text()}"
    )


def queue_notice(studio: Studio) -> str:
    """Return what is being computed and what waits."""
    jobs = studio.runner.queue() if isinstance(studio.runner, Pool) else []
    if not jobs:
        return "Nothing is running and nothing waits."
    lines = []
    for job in jobs:
        eta = "" if job.eta is None else f", about {job.eta:.0f} s"
        where = "running" if job.position == 0 else f"number {job.position} in line"
        lines.append(f"{job.model} for {job.user}: {where}{eta}")
    return "\n".join(lines)


def models_notice(catalogue: Catalogue) -> str:
    """Return every model: what it does, its licence, and whether it is a default here."""
    defaults = catalogue.profiles[catalogue.profile]
    lines = [f"Profile {catalogue.profile}; * marks its defaults."]
    for model in catalogue.models.values():
        mark = "*" if model.name in defaults.values() else " "
        need = " (licence to be accepted)" if model.accept else ""
        tasks = ", ".join(model.tasks)
        lines.append(f"{mark} {model.name}: {tasks}; {model.licence}{need}; {model.memory} MiB")
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


def forgotten(shas: Sequence[str]) -> str:
    """Return what /forget says afterwards."""
    return f"Everything said and made in this chat is erased ({len(shas)} files)."

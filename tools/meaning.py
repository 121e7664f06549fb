"""What texts mean: asked of the profile's sentence encoder."""

import asyncio
from collections.abc import Sequence

from memory.meaning import LONGEST, Meaning
from tools.catalogue import Catalogue
from tools.errors import ToolError
from tools.jobs import Job, MeaningSpec, Note, Runner

PATIENCE = 1.0
"""Seconds a person's question waits for its meaning; then it is looked for by its words alone."""


async def question(text: str, runner: Runner, catalogue: Catalogue, user: str) -> Meaning | None:
    """Return what a question means; None when there is no encoder or it is busy for too long."""
    try:
        async with asyncio.timeout(PATIENCE):
            (found,) = await meanings([text[:LONGEST]], runner, catalogue, user)
    except (ToolError, TimeoutError, ValueError):
        return None
    return found


async def meanings(
    texts: Sequence[str], runner: Runner, catalogue: Catalogue, user: str = ""
) -> list[Meaning]:
    """Return what each text means. Raises ToolError; ValueError for what is no encoder's answer."""
    model = catalogue.find("remember")
    (made,) = await runner.run(Job(model.name, (MeaningSpec(tuple(texts)),), user), _ignore)
    signs, width = made.facts.get("signs"), made.facts.get("width")
    if not (isinstance(signs, bytes) and isinstance(width, int) and width % 64 == 0):
        raise ValueError("no vectors came back")
    few, many = width // 8, width * 2
    return [
        Meaning(made.data[n * many : (n + 1) * many], signs[n * few : (n + 1) * few])
        for n in range(len(texts))
    ]


def _ignore(_: Note) -> None:
    """Take a report nobody waits for."""

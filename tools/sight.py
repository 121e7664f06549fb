"""What pictures show, and which of them some words fit: asked of the profile's dual encoder."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tools.catalogue import Catalogue
from tools.errors import ToolError
from tools.jobs import Artifact, Job, Note, Runner, SightSpec

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

PATIENCE = 2.0
"""Seconds a person's words wait to be compared with pictures; then they fit none."""
SURE = 0.8
"""Probability from which on a picture is taken without asking."""
CLOSE = 0.25
"""Part of the best one's probability that others need to be asked about with it."""
_TEMPLATE, _ANY = "a picture of {}", "a picture"


def encoder(catalogue: Catalogue) -> str:
    """Return the name of the profile's dual encoder; "" when it has none."""
    return catalogue.profiles[catalogue.profile].get("see", "")


@dataclass(frozen=True, slots=True)
class Question:
    """Words as the encoder reads them, and "a picture" of nothing in particular."""

    wanted: bytes
    neutral: bytes
    scale: float


async def question(words: str, runner: Runner, catalogue: Catalogue, user: str) -> Question | None:
    """Return words as a question; None without an encoder or when it is busy for too long."""
    if not encoder(catalogue):
        return None
    spec = SightSpec(texts=(_TEMPLATE.format(words[:200]), _ANY))
    try:
        async with asyncio.timeout(PATIENCE):
            made = await _run(spec, runner, catalogue, user)
        wanted, neutral = rows(made, 2)
    except (ToolError, TimeoutError, ValueError):
        return None
    return Question(wanted, neutral, float(str(made.facts.get("scale", 1))))


async def vectors(
    pictures: Sequence[bytes], runner: Runner, catalogue: Catalogue, user: str = ""
) -> list[bytes]:
    """Return a vector for each encoded picture. Raises ToolError; ValueError for no vectors."""
    made = await _run(SightSpec(tuple(pictures)), runner, catalogue, user)
    return rows(made, len(pictures))


def rows(made: Artifact, count: int) -> list[bytes]:
    """Return the single vectors (float16) of an artifact; raises ValueError."""
    width = made.facts.get("width")
    if not isinstance(width, int) or len(made.data) != 2 * width * count:
        raise ValueError("no vectors came back")
    return [made.data[2 * width * n : 2 * width * (n + 1)] for n in range(count)]


def fitting(asked: Question, pictures: Mapping[str, bytes]) -> tuple[str, ...]:
    """Return which pictures (vectors by SHA-256) the words fit: one for certain, or several.

    The words fit a picture by how much nearer to it they are than "a picture" is; "none of them"
    takes part with no difference, and a softmax at the model's own scale says how likely each is.
    """
    import numpy as np

    known = {sha: vector for sha, vector in pictures.items() if len(vector) == len(asked.wanted)}
    if not known:
        return ()
    seen = np.stack([_numbers(vector) for vector in known.values()])
    gained = asked.scale * (seen @ (_numbers(asked.wanted) - _numbers(asked.neutral)))
    gained[~seen.any(axis=1)] = -np.inf  # could not be read
    odds = np.exp(np.append(gained, 0.0) - max(0.0, float(gained.max())))
    likely = dict(zip(known, (odds / odds.sum())[:-1], strict=True))
    ranked = sorted(known, key=lambda sha: -likely[sha])
    best, none = likely[ranked[0]], float(odds[-1] / odds.sum())
    if best >= SURE:
        return (ranked[0],)
    some = tuple(sha for sha in ranked if likely[sha] >= max(none, CLOSE * best))
    return some if best > none and len(some) > 1 else ()


def _numbers(vector: bytes) -> Array:
    import numpy as np

    return np.frombuffer(vector, np.float16).astype(np.float32)


async def _run(spec: SightSpec, runner: Runner, catalogue: Catalogue, user: str) -> Artifact:
    model = catalogue.find("see")
    (made,) = await runner.run(Job(model.name, (spec,), user), _ignore)
    return made


def _ignore(_: Note) -> None:
    """Take a report nobody waits for."""

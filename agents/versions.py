"""Versions of a picture: v1 is what it began with, v2 the first that was made of it, and so on.

All that comes from one beginning is a family, however it branches: what one request made of any of
them is the next version, "v2.3" the third picture of it.
"""

import re
from dataclasses import dataclass

from agents.errors import Unclear
from agents.scene import ASIDE, Scene
from memory.records import Asset
from memory.sentences import count, say

POINTER = re.compile(r"v(?:ersion)?\s?:?(?P<number>\d{1,3})(?:[.:](?P<nth>-1|all|\d{1,2}))?")


@dataclass(frozen=True, slots=True)
class Version:
    """Where a picture stands in its family; `place` of `many` of the same version."""

    family: str
    number: int
    place: int
    many: int
    asset: Asset

    @property
    def label(self) -> str:
        """Return how people write it: "v2", or "v2.3" where a version has several pictures."""
        return f"v{self.number}.{self.place}" if self.many > 1 else f"v{self.number}"


def versions(scene: Scene) -> dict[str, Version]:
    """Return the version of each picture of a scene by its SHA-256, as far back as it reaches."""
    families: dict[str, dict[str, dict[str, Asset]]] = {}  # of a family, by request, its pictures
    of: dict[str, str] = {}
    sent = {a.sha256: (s.message_id, a) for s in scene.sets for a in s.of("image")}
    for step in scene.steps:
        pictures = [a for a in step.assets if a.media_type.startswith("image/")]
        if not pictures or step.tool in ASIDE:
            continue
        origin = next(iter(step.parents), "")
        if origin and origin not in of:
            of[origin] = origin
            where, asset = sent.get(origin, ("", Asset(origin, "image/png", 0)))
            families[origin] = {f"sent {where}": {origin: asset}}
        family = of[origin] if origin else step.id
        made = families.setdefault(family, {}).setdefault(step.turn, {})
        for asset in pictures:
            of.setdefault(asset.sha256, family)
            made.setdefault(asset.sha256, asset)
    return {
        sha: Version(family, number, place, len(made), asset)
        for family, turns in families.items()
        for number, made in enumerate(turns.values(), 1)
        for place, (sha, asset) in enumerate(made.items(), 1)
    }


def version(scene: Scene, looked_at: tuple[Asset, ...], number: int) -> tuple[Asset, ...]:
    """Return all pictures of a version of what is looked at; raises Unclear."""
    known = versions(scene)
    families = dict.fromkeys(known[a.sha256].family for a in looked_at if a.sha256 in known)
    if len(families) > 1:
        raise Unclear(say("Version {n} of which picture? Reply to it, please.", n=number))
    mine = [v for v in known.values() if v.family in families]
    found = tuple(v.asset for v in mine if v.number == number)
    if not found:
        last = max((v.number for v in mine), default=1)
        only = "There is no version {number} of that picture, it is the first; which one?"
        many = "There is no version {number} of that picture, it has {n}; which one?"
        raise Unclear(count(last, only, many, number=number))
    return found

"""Pictures shown once more, so that what comes next builds on them: "go back to v2"."""

from collections.abc import Iterable
from dataclasses import replace

from agents.errors import Unclear
from agents.references import counted, find
from agents.scene import Scene
from agents.versions import versions
from memory.records import Asset, Step
from memory.sentences import say
from tools.image import short
from tools.tool import Result

HERE = say("Here again")
_MOST = 10
"""Pictures that fit on one message everywhere."""


def show(scene: Scene, step: Step, image: str) -> Step:
    """Return `step` (a "show") filled in with what an expression points at; raises Unclear.

    Of a version, a person or a time all pictures are meant. Nothing is taken back: later versions
    stay, and what is made of this one is a branch. What was hidden stays so.
    """
    found = _all(scene, image)[:_MOST]
    hidden = [s for s in scene.steps if s.args.get("spoiler") and set(s.assets) & set(found)]
    veil = {"spoiler": True} if hidden or step.args.get("spoiler") else {}
    args: dict[str, object] = {"image": ",".join(a.sha256 for a in found), **veil}
    return replace(step, args=args, assets=found, result=_told(scene, found))


def veiled(step: Step, made: Iterable[Step]) -> Result:
    """Return what a "show" of a picture of its own request does: the picture is hidden."""
    every = {a.sha256: (a, n) for s in made for n, a in enumerate(s.assets, 1)}
    asset, number = every[str(step.args["image"])]
    return Result(say("Picture {number} is hidden behind a spoiler.", number=number), (asset,))


def _all(scene: Scene, image: str) -> tuple[Asset, ...]:
    try:
        return find(image, scene)
    except Unclear as unclear:
        if len(unclear.options) != len(unclear.shown):  # there is nothing, or only some fit
            raise
        try:
            return find(counted(image, "all"), scene)
        except Unclear:
            raise unclear from None


def _told(scene: Scene, found: tuple[Asset, ...]) -> str:
    known = versions(scene)
    one = known.get(found[0].sha256)
    label = f"v{one.number}" if one and len(found) > 1 else one.label if one else HERE
    words = next((w for s in scene.sets for a, w in zip(s.assets, s.words, strict=False)
                  if a == found[0]), "")  # fmt: skip
    if words:
        form = "{label}: {words}. What you ask for next builds on this."
        return say(form, label=label, words=short(words))
    return say("{label}. What you ask for next builds on this.", label=label)

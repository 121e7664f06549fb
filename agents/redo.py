""" "Again" and "undo": from stored steps back to wishes, without asking a language model."""

from collections.abc import Mapping
from dataclasses import replace

from agents.errors import Unclear
from agents.scene import Scene
from agents.understanding.wishes import Wish
from memory.records import Step
from tools.tool import Tool

MAKING = ("draw", "vary", "edit", "upscale", "write", "brainstorm", "speak")
"""The tools whose use a person means by "again"."""


def again(
    scene: Scene, tools: Mapping[str, Tool], changes: Mapping[str, object], made: str = ""
) -> Wish:
    """Return the wish that repeats the newest fitting step with some arguments changed.

    A new seed is drawn unless one is given; a prompt that starts with "+ " is appended to the
    old one. `made` is the SHA-256 of an asset whose own step is meant. Raises Unclear.
    """
    for step in _candidates(scene, made):
        fields = tools[step.tool].args.model_fields if step.tool in tools else {}
        if set(changes) <= set(fields):
            args = {k: v for k, v in step.args.items() if k in fields and k != "seed"}
            if step.tool == "edit" and step.assets and "seed" not in step.args:
                args["image"] = step.assets[0].sha256  # "again" after "darker" means darker still
            return Wish(step.tool, _changed(args, changes))
    raise Unclear("There is nothing here to do again yet; what shall I make?")


def _candidates(scene: Scene, made: str) -> list[Step]:
    gone = undone(scene.steps)
    steps = [s for s in reversed(scene.steps) if s.tool in MAKING and s.id not in gone]
    if made:
        return [s for s in steps if any(a.sha256 == made for a in s.assets)]
    if not steps:
        return []
    latest = [s for s in steps if s.turn == steps[0].turn]
    pictures = [s for s in latest if s.tool in ("draw", "vary", "edit", "upscale")]
    return pictures + [s for s in steps if s not in pictures]


def _changed(args: dict[str, object], changes: Mapping[str, object]) -> dict[str, object]:
    if "model" in changes:
        args.pop("steps", None)  # the number of steps belongs to the model it was meant for
    new = dict(args)
    for name, value in changes.items():
        if isinstance(value, str) and value.startswith("+ "):
            value = f"{args.get(name, '')} {value[2:]}".strip()
        new[name] = value
    return new


def undone(steps: tuple[Step, ...]) -> frozenset[str]:
    """Return the ids of the steps that were taken back."""
    return frozenset(
        str(s.args.get("step"))
        for s in steps
        if s.tool == "undo" and s.status in ("done", "planned")
    )


def undo(scene: Scene, step: Step) -> Step:
    """Return `step` (an "undo") filled in: the newest result is set aside, its origin shown again.

    Raises Unclear when there is nothing to take back.
    """
    gone = undone(scene.steps)
    last = next(
        (s for s in reversed(scene.steps) if s.tool != "undo" and s.assets and s.id not in gone),
        None,
    )
    if last is None:
        raise Unclear("There is nothing left to undo here.")
    known = {a.sha256: a for s in scene.steps for a in s.assets}
    known |= {a.sha256: a for s in scene.sets for a in s.assets}
    back = tuple(known[p] for p in last.parents if p in known)
    what = f"Undone: {last.result or last.tool}"
    text = f"{what} Back to the one before." if back else f"{what} Nothing came before it."
    args: dict[str, object] = {"step": last.id}
    return replace(step, args=args, result=text, assets=back)

""" "Again" and "undo": from stored steps back to wishes, without asking a language model."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from agents.commands import COMMANDS
from agents.errors import TurnError, Unclear
from agents.expand import LINK
from agents.revise import reworded
from agents.scene import ASIDE, ENDED_WELL, Scene, undone
from agents.understanding.wishes import Wish
from memory.records import Step
from memory.sentences import Sentence, first, joined, say
from tools.image import short
from tools.tool import Tool

LOOKING = ("describe", "transcribe", "recall", *ASIDE)
"""The tools whose use nobody means by "again" or "undo"."""

_WORDS = {"edit": "instruction", "write": "request", "brainstorm": "theme"}
"""What "prompt" and "request" are called by the tools that have another word for it."""

_CALL = re.compile(r"step:(\d{1,2})(?::\d+)?$")


def again(
    scene: Scene, tools: Mapping[str, Tool], changes: Mapping[str, object], made: str = ""
) -> list[Wish | Step]:
    """Return the wishes that repeat a request with some arguments changed.

    That is the request replied to, otherwise the newest one (the author's own first) in which
    something can be changed like this; all its steps that can and what builds on them, in order.
    New seeds are drawn unless one is given; a text that starts with "+ " is appended to the old
    one, unless it says what takes whose place ("about snow"). `made` is the SHA-256 of an asset
    whose own step alone is meant. Raises Unclear.
    """
    groups = _own_groups(scene, made) if made else _groups(scene)
    for steps in groups:
        known = [s for s in steps if s.tool in tools]
        fitting = {s.id: changes for s in known if _fits(changes, s, tools)}
        if fitting:
            hiding = _hiding(scene, known)
            every = {**tools, **{tool.name: tool for tool in COMMANDS}}
            return anew([*known, *hiding], _reworded(known, changes) or fitting, every)
    if groups:
        names = joined(", ", map(say, changes)) or say("that")
        raise Unclear(
            say("Nothing made here has “{names}” to change; what shall I make?", names=names)
        )
    raise Unclear("There is nothing here to do again yet; what shall I make?")


def _hiding(scene: Scene, made: Sequence[Step]) -> list[Step]:
    """Return the steps that hid something of what their own request had made."""
    own = {(s.turn, a.sha256) for s in made for a in s.assets}
    shows = [s for s in scene.steps if s.tool == "show" and s.args.get("spoiler")]
    return [s for s in shows if any((s.turn, sha) in own for sha in s.parents)]


def anew(
    steps: Sequence[Step],
    changes: Mapping[str, Mapping[str, object]],
    tools: Mapping[str, Tool],
    *,
    whole: bool = False,
) -> list[Wish | Step]:
    """Return some steps of a request, and what builds on them, as wishes with other arguments.

    `changes` are by the steps' ids; an earlier one of the list is named "step:k". With `whole` the
    list holds all steps, those that nothing has changed for as they are.
    """
    items: list[Wish | Step] = []
    listed: list[Step] = []
    for step in steps:
        args = {k: _linked(v, listed) for k, v in step.args.items()}
        if step.id in changes or any(_is_fresh(v, items) for v in args.values()):
            new = changes.get(step.id, {})
            items.append(_wish(replace(step, args=args), tools, new, further=not whole))
        elif whole:
            items.append(step)
        else:
            continue
        listed.append(step)
    return items


def _is_fresh(value: object, items: Sequence[Wish | Step]) -> bool:
    """Whether a value is made by a step that is done anew."""
    link = _CALL.match(value) if isinstance(value, str) else None
    return link is not None and any(isinstance(i, Wish) for i in items[int(link[1]) - 1 :][:1])


def _reworded(
    steps: Sequence[Step], changes: Mapping[str, object]
) -> dict[str, Mapping[str, object]]:
    """Return the changes by step where added words say what takes whose place."""
    added = next((str(changes[k]) for k in ("prompt", "request") if changes.get(k)), "")
    found = reworded(steps, added[2:]) if added.startswith("+ ") else {}
    others = {k: v for k, v in changes.items() if k not in ("prompt", "request")}
    return {id: others | args for id, args in found.items()}


def _own_groups(scene: Scene, made: str) -> list[list[Step]]:
    return [[s] for s in reversed(_made(scene)) if any(a.sha256 == made for a in s.assets)]


def _groups(scene: Scene) -> list[list[Step]]:
    """Return the steps of each request, the likeliest meant first."""
    turns: dict[str, list[Step]] = {}
    for step in reversed(_made(scene)):
        turns.setdefault(step.turn, []).insert(0, step)
    if scene.replied is not None and scene.replied.turn in turns:
        return [_worked(turns[scene.replied.turn])]
    groups = sorted(turns.values(), key=lambda steps: steps[0].user != scene.message.author)
    return list(map(_worked, groups))


def _worked(steps: list[Step]) -> list[Step]:
    """Leave out what failed, unless all of it did: then it is tried again."""
    return [s for s in steps if s.status in ENDED_WELL] or steps


def _made(scene: Scene) -> list[Step]:
    gone = undone(scene.steps)
    return [s for s in scene.steps if s.tool not in LOOKING and s.id not in gone]


def _fits(changes: Mapping[str, object], step: Step, tools: Mapping[str, Tool]) -> bool:
    return set(_renamed(changes, step.tool)) <= set(tools[step.tool].args.model_fields)


def _renamed(changes: Mapping[str, object], tool: str) -> dict[str, object]:
    words = _WORDS.get(tool, "prompt")
    return {words if k in ("prompt", "request") else k: v for k, v in changes.items()}


def _wish(
    step: Step, tools: Mapping[str, Tool], changes: Mapping[str, object], *, further: bool
) -> Wish:
    fields = tools[step.tool].args.model_fields
    new = _renamed(changes, step.tool)
    args = {k: v for k, v in step.args.items() if k in fields}
    if step.status in ENDED_WELL:  # of what was never made it is the one that was asked for
        args.pop("seed", None)
    if "model" in new:
        for name in ("steps", "lora"):  # they belong to the model they were meant for
            args.pop(name, None)
    if further and step.tool in ("edit", "upscale") and step.assets and "seed" not in step.args:
        if not str(args["image"]).startswith("step:"):
            # Without chance it would be the same picture: "again" after "darker" is darker still.
            args["image"] = step.assets[0].sha256
        if str(new.get("instruction", "")).startswith("+ "):
            args.pop("instruction", None)  # it is in the picture already
    return Wish(step.tool, args | {k: _added(args.get(k), v) for k, v in new.items()})


def _linked(value: object, before: Sequence[Step]) -> object:
    """Return "step:k" for what an earlier step of the same request made, else the value."""
    link = LINK.match(value) if isinstance(value, str) else None
    for k, step in enumerate(before, 1):
        if link and link["step"] == step.id:  # it was never run
            return f"step:{k}" + (f":{link['n']}" if link["n"] else "")
        shas = [a.sha256 for a in step.assets]
        if value in shas:
            return f"step:{k}:{shas.index(str(value)) + 1}"
        if value and value == step.result:
            return f"step:{k}"
    return value


def _added(old: object, new: object) -> object:
    if not isinstance(new, str) or not new.startswith("+ "):
        return new
    return f"{old or ''} {new[2:]}".strip()


def undo(scene: Scene, step: Step) -> Step:
    """Return `step` (an "undo") filled in: a request's results are set aside, its origin shown.

    The request replied to is meant, otherwise the author's own newest. Raises TurnError when
    there is nothing to take back.
    """
    gone = _taken_back(scene)
    if not gone:
        raise TurnError("There is nothing of yours left to undo here.")
    made = {a.sha256 for s in gone for a in s.assets}
    known = {a.sha256: a for s in scene.steps for a in s.assets}
    known |= {a.sha256: a for s in scene.sets for a in s.assets}
    parents = dict.fromkeys(p for s in gone for p in s.parents if p not in made)
    back = tuple(known[p] for p in parents if p in known)
    what = joined(" ", dict.fromkeys(map(_brief, gone)))
    text = say("Undone: {what} Back to the one before." if back else "Undone: {what}", what=what)
    args: dict[str, object] = {"steps": [s.id for s in gone]}
    if any(s.args.get("spoiler") for s in scene.steps if set(s.assets) & set(back)):
        args["spoiler"] = True
    return replace(step, args=args, result=text, assets=back)


def _brief(step: Step) -> str:
    """Return what came of a step in a few words; of a caption and its notes, the caption."""
    if isinstance(step.result, Sentence):
        return first(step.result)
    return short(step.result or step.tool)


def _taken_back(scene: Scene) -> list[Step]:
    replied = scene.replied.turn if scene.replied is not None else ""
    for steps in _groups(scene):
        if steps[0].turn == replied or steps[0].user == scene.message.author:
            good = [s for s in steps if s.status in ENDED_WELL]
            if good:
                return good
    return []

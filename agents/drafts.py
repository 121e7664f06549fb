"""From wishes to steps that can be stored: checked, their references resolved, within limits."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from pydantic import ValidationError

from agents import redo
from agents.commands import COMMANDS
from agents.expand import CALL, POINTERS, expand, pointer, veiled
from agents.references import find
from agents.scene import Scene
from agents.showing import show
from agents.understanding.wishes import Wish
from memory.records import Status, Step, new_id, now
from tools.errors import Refused, ToolError
from tools.tool import Args, Context, Tool, sentence

ENDED = ("done", "failed", "cancelled", "planned")
_COMMANDS = {tool.name: tool for tool in COMMANDS}

Limit = Callable[[Step, Sequence[Step]], Step]
"""Return a step as it may be done, after the steps of its turn before it; raises Refused."""


def unlimited(step: Step, before: Sequence[Step]) -> Step:
    """Let every step be done as it is wished."""
    return step


@dataclass(frozen=True, slots=True)
class Drafts:
    """Makes the steps of a turn; `final` is what a step that worked out ends as."""

    context: Context
    tools: Mapping[str, Tool]
    final: Status
    limit: Limit

    def of(self, wish: Wish, scene: Scene, earlier: Sequence[Sequence[Step]]) -> list[Step]:
        """Return the steps of one call; what makes no sense is a failed one with a sentence.

        Raises Unclear.
        """
        step = Step(
            wish.tool, dict(wish.args), self.context.user, scene.message.chat, scene.message.id
        )
        try:
            args = checked(wish, self.tools)
            if wish.tool == "undo":
                return [redo.undo(scene, replace(step, status=self.final))]
            if wish.tool == "show" and not CALL.match(str(args["image"])):
                return [show(scene, replace(step, status=self.final), str(args["image"]))]
            if wish.tool == "again":
                return self._again(args, scene)
            wishes = expand(Wish(wish.tool, args), scene, self.tools, earlier)
        except ToolError as error:
            return [replace(step, status="failed", result=error.sentence)]
        known = [*scene.steps, *chain(*earlier)]
        return [_queued(step, veiled(w, known)) for w in wishes]

    def replayed(self, items: Sequence[Wish | Step], scene: Scene) -> list[Step]:
        """Return the steps of wishes among results that are taken over as they are.

        "step:2" in a wish is the second of them.
        """
        groups: list[list[Step]] = []
        for item in items:
            if isinstance(item, Step):
                turn = scene.message.id
                groups.append([replace(item, id=new_id(), turn=turn, at=now(), seconds=0.0)])
            else:
                groups.append(self.of(item, scene, groups))
        return [step for steps in groups for step in steps]

    def limited(self, steps: Sequence[Step], before: Sequence[Step]) -> list[Step]:
        """Return the steps as they may be done here; one that may not be is a failed one."""
        known, count = list(before), len(before)
        for step in steps:
            try:
                known.append(step if step.status in ENDED else self.limit(step, known))
            except Refused as error:
                known.append(replace(step, status="failed", result=error.sentence))
        return known[count:]

    def _again(self, args: Mapping[str, object], scene: Scene) -> list[Step]:
        image, changes = args.get("image"), args.get("changes")
        made = find(str(image), scene)[0].sha256 if image else ""
        items = redo.again(scene, self.tools, changes if isinstance(changes, dict) else {}, made)
        return self.replayed(items, scene)


def checked(wish: Wish, tools: Mapping[str, Tool]) -> dict[str, object]:
    """Return a wish's arguments as its tool wants them; raises ToolError with a sentence.

    A picture or sound that is not named is "": what the person is obviously looking at.
    """
    tool = _COMMANDS.get(wish.tool) or tools.get(wish.tool)
    if tool is None:
        raise ToolError("There is no tool called {name!r}.", name=wish.tool)
    given = {k: v for k, v in wish.args.items() if v is not None}
    name = pointer(tool) if tool.name in tools else ""
    if not name:
        return _dumped(valid(tool, given))
    meant = str(given.get(name, ""))
    return {**_dumped(valid(tool, {**given, name: meant or "last"})), name: meant}


def valid(tool: Tool, args: Mapping[str, object]) -> Args:
    """Return arguments as a tool takes them; raises Refused with a sentence."""
    try:
        return tool.args.model_validate(args)
    except ValidationError as error:
        raise Refused(sentence(error)) from error


def _dumped(args: Args) -> dict[str, object]:
    return args.model_dump(mode="json", exclude_unset=True, exclude_none=True)


def _queued(step: Step, wish: Wish) -> Step:
    new = Step(step.tool, wish.args, step.user, step.chat, step.turn, "queued")
    shas = (str(wish.args[k]) for k in POINTERS if k in wish.args)
    return replace(new, parents=tuple(s for s in shas if not s.startswith("step:")))

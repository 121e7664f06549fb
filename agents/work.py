"""The steps of one turn: stored before they run, side by side, later ones waiting for earlier."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from pydantic import ValidationError

from agents import redo
from agents.errors import TurnError
from agents.expand import POINTERS, expand
from agents.scene import Scene
from agents.understanding.wishes import Wish
from memory.errors import AtelierError, NotFound
from memory.records import Asset, Status, Step
from tools.errors import Refused, ToolError
from tools.jobs import Note
from tools.tool import Context, Result, Tool, sentence

MOST_STEPS = 12
"""Steps one turn may take; more is a plan nobody meant or a model going round in circles."""

RESUMED = "Continued after a restart."
_EARLIER = re.compile(r"step:(?P<id>[0-9a-z]+)(?::(?P<n>\d+))?$")


@dataclass(frozen=True, slots=True)
class Said:
    """A piece of text the chat model wrote."""

    text: str


@dataclass(frozen=True, slots=True)
class Moved:
    """A step changed: its record, and how its job stands if it is being computed."""

    step: Step
    note: Note | None = None


Tell = Callable[[Said | Moved], None]
Execute = Callable[[Tool, object, Context, Step], Awaitable[Result]]


async def execute(tool: Tool, args: object, context: Context, step: Step) -> Result:
    """Run a tool for real."""
    return await tool.run(args, context)


class Work:
    """What is being done for one request.

    `stopped` says that somebody cancelled: then unfinished steps end as cancelled. Without it,
    a cancelled task (a shutdown) leaves them as they are, to be continued at the next start.
    """

    def __init__(
        self,
        scene: Scene,
        context: Context,
        tools: Mapping[str, Tool],
        tell: Tell,
        how: Execute = execute,
        final: Status = "done",
    ) -> None:
        self.scene, self.context, self.tools = scene, context, tools
        self.steps: dict[str, Step] = {}
        self.planned: list[Step] = []
        self.stopped = False
        self._calls: dict[str, list[str]] = {}
        self._tasks: dict[str, asyncio.Task[Step]] = {}
        self.tell, self._how, self._final = tell, how, final

    async def plan(self, calls: Sequence[tuple[str, Wish]]) -> None:
        """Resolve and store the steps of some calls, all of them before any of them runs.

        Each call is (its id, the wish). Raises Unclear (then nothing is stored) or TurnError.
        """
        drafts: list[Step] = []
        for number, (call, wish) in enumerate(calls):
            earlier = [self._calls[before] for before, _ in calls[:number]]
            new = [self._draft(w) for w in expand(wish, self.scene, self.tools, earlier)]
            self._calls[call] = [s.id for s in new]
            drafts += new
        if len(self.steps) + len(drafts) > MOST_STEPS:
            raise TurnError(
                f"That is more than {MOST_STEPS} steps at once; ask for less at a time."
            )
        await self.context.store.plan(drafts)
        self.planned += drafts
        self.steps |= {s.id: s for s in drafts}

    def restore(self, steps: Sequence[Step]) -> None:
        """Take up stored steps after a restart; what was running twice before is given up."""
        for step in steps:
            if step.status == "running" and step.result == RESUMED:
                step = replace(step, status="failed", result="It was interrupted twice; ask again.")
            elif step.status == "running":
                step = replace(step, status="queued", result=RESUMED)
            self.steps[step.id] = step

    async def run(self, call: str = "") -> list[Step]:
        """Run the steps of one call, or all of them, to their end; never raises a ToolError."""
        ids = self._calls[call] if call else list(self.steps)
        for step_id in ids:
            self._start(step_id)
        return list(await asyncio.gather(*(self._tasks[i] for i in ids)))

    async def close(self) -> None:
        """Stop whatever still runs and wait until it is recorded."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def _draft(self, wish: Wish) -> Step:
        scene = self.scene
        author = self.context.user
        step = Step(wish.tool, dict(wish.args), author, scene.message.chat, scene.message.id)
        if wish.tool == "undo":
            return redo.undo(scene, replace(step, status=self._final))
        try:
            return replace(step, args=_checked(wish, self.tools), status="queued")
        except ToolError as error:
            return replace(step, status="failed", result=str(error))

    def _start(self, step_id: str) -> None:
        if step_id not in self._tasks:
            self._tasks[step_id] = asyncio.create_task(self._run(step_id), name=f"step {step_id}")

    async def _run(self, step_id: str) -> Step:
        step, begun = self.steps[step_id], time.monotonic()
        if step.status not in ("queued", "running"):
            return step
        try:
            step = await self._ready(step)
            await self._keep(replace(step, status="running"))
            result = await self._do(step)
        except asyncio.CancelledError:
            if self.stopped:
                await self._keep(replace(step, status="cancelled", result="Cancelled."))
            raise
        except AtelierError as error:
            return await self._keep(_ended(step, "failed", str(error), begun))
        done = _ended(step, self._final, result.text, begun)
        done = replace(done, args=done.args | result.resolved, assets=result.assets)
        return await self._keep(done)

    async def _do(self, step: Step) -> Result:
        tool = self.tools.get(step.tool)
        if tool is None:
            raise ToolError(f"There is no tool called {step.tool!r}.")
        context = replace(self.context, report=lambda note: self.tell(Moved(step, note)))
        return await self._how(tool, _arguments(tool, step), context, step)

    async def _keep(self, step: Step) -> Step:
        self.steps[step.id] = step
        await self.context.store.save(step)
        self.tell(Moved(step))
        return step

    async def _ready(self, step: Step) -> Step:
        """Wait for the steps this one builds on and put their results in its arguments."""
        args: dict[str, object] = {}
        for name, value in step.args.items():
            match = _EARLIER.fullmatch(value) if isinstance(value, str) else None
            args[name] = await self._earlier(name, match) if match else value
        parents = tuple(str(args[k]) for k in POINTERS if args.get(k))
        return replace(step, args=args, parents=parents)

    async def _earlier(self, name: str, match: re.Match[str]) -> object:
        step_id, n = match["id"], int(match["n"] or 1)
        if step_id not in self.steps:
            raise NotFound("The step this builds on is no longer here; ask again.")
        self._start(step_id)
        # Shielded: when this step is cancelled alone, the one it waits for goes on.
        before = await asyncio.shield(self._tasks[step_id])
        if before.status != self._final:
            raise ToolError(f"The step before it did not work out ({before.tool}).")
        return _output(before, name, n)


def _output(step: Step, name: str, n: int) -> str:
    if name not in ("image", "audio"):
        return step.result
    assets: tuple[Asset, ...] = tuple(a for a in step.assets if a.media_type.startswith(name))
    if not 1 <= n <= len(assets):
        raise ToolError(f"The step before made {len(assets)} of those, there is no number {n}.")
    return assets[n - 1].sha256


def _checked(wish: Wish, tools: Mapping[str, Tool]) -> dict[str, object]:
    """Return a wish's arguments as its tool wants them; raises Refused with a sentence."""
    if wish.tool not in tools:
        raise ToolError(f"There is no tool called {wish.tool!r}.")
    try:
        args = tools[wish.tool].args.model_validate(wish.args)
    except ValidationError as error:
        raise Refused(sentence(error)) from error
    return args.model_dump(mode="json", exclude_unset=True, exclude_none=True)


def _arguments(tool: Tool, step: Step) -> object:
    fields = tool.args.model_fields
    try:
        return tool.args.model_validate({k: v for k, v in step.args.items() if k in fields})
    except ValidationError as error:
        raise Refused(sentence(error)) from error


def _ended(step: Step, status: Status, text: str, begun: float) -> Step:
    return replace(step, status=status, result=text, seconds=round(time.monotonic() - begun, 3))

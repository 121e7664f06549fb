"""The steps of one turn: stored before they run, side by side, later ones waiting for earlier."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import NoReturn

from agents.drafts import ENDED, Drafts, Limit, unlimited, valid
from agents.errors import Proposed, TurnError, Unseen
from agents.events import Begun, Moved, Tell
from agents.expand import LINK, POINTERS, SPARED
from agents.plans import NEVER, Planner
from agents.scene import ASIDE, Scene
from agents.showing import veiled
from agents.sight import looked
from agents.understanding.wishes import Wish
from memory.errors import AtelierError
from memory.records import Status, Step
from memory.sentences import say
from tools.errors import ToolError
from tools.tool import Context, Result, Tool

MOST_STEPS = 12
"""Steps one turn may take; more is a plan nobody meant or a model going round in circles."""

MOST_ROUNDS = 8
"""How often a model may ask for steps in one turn; what it asks for last is not done."""

RESUMED = say("Continued after a restart.")

Execute = Callable[[Tool, object, Context, Step], Awaitable[Result]]


async def execute(tool: Tool, args: object, context: Context, step: Step) -> Result:
    """Run a tool for real."""
    return await tool.run(args, context)


class Work:
    """What is being done for one request.

    `stopped` says that somebody cancelled: then unfinished steps end as cancelled. Without it,
    a cancelled task (a shutdown) leaves them as they are, to be continued at the next start.
    `mended` holds the ids of calls that made no sense and that the model then made differently.
    """

    def __init__(
        self,
        scene: Scene,
        context: Context,
        tools: Mapping[str, Tool],
        tell: Tell,
        how: Execute = execute,
        final: Status = "done",
        limit: Limit = unlimited,
        planner: Planner = NEVER,
    ) -> None:
        self.scene, self.context, self.tools = scene, context, tools
        self.steps: dict[str, Step] = {}
        self.mended: set[str] = set()
        self.stopped = False
        self.most = MOST_STEPS
        self._rounds = 0
        self._calls: dict[str, list[Step]] = {}
        self._tasks: dict[str, asyncio.Task[Step]] = {}
        self.tell, self.planner, self._how, self._final = tell, planner, how, final
        self._drafts = Drafts(context, tools, final, limit)

    async def plan(self, calls: Sequence[tuple[str, Wish]]) -> None:
        """Resolve and store the steps of some calls, all of them before any of them runs.

        Each call is (its id, the wish). Raises Unclear (then nothing is stored), TurnError, or
        Proposed when somebody shall see them first: then they are stored as planned.
        """
        scene, before = self.scene.after(self.steps.values()), list(self._calls.values())
        new: list[list[Step]] = []
        for _, wish in calls:
            # "step:1" is the first call of these, or else the first one of the turn.
            drafts = await self._drafted(wish, scene, [*new, *before[len(new) :]])
            known = [*self.steps.values(), *chain(*new)]
            new.append(self._drafts.limited(drafts, known))
            if wish.tool in ASIDE:
                scene = scene.after(new[-1])  # a second "undo" takes back what came before that
        await self._begin(list(chain(*new)), len(calls))
        self._calls |= {call: steps for (call, _), steps in zip(calls, new, strict=True)}

    async def _drafted(
        self, wish: Wish, scene: Scene, earlier: Sequence[Sequence[Step]]
    ) -> list[Step]:
        """Draft the steps of a call; a picture that its words do not tell is looked for by eye."""
        try:
            return self._drafts.of(wish, scene, earlier)
        except Unseen as unseen:
            return self._drafts.of(wish, await looked(unseen, scene, self.context), earlier)

    async def replay(self, items: Sequence[Wish | Step]) -> None:
        """Store the steps of wishes, among them results that are taken over as they are."""
        drafts = self._drafts.replayed(items, self.scene)
        await self._begin(self._drafts.limited(drafts, ()), 0)

    async def _begin(self, drafts: Sequence[Step], wishes: int) -> None:
        self._rounds += 1
        if self._rounds >= max(MOST_ROUNDS, self.most - MOST_STEPS):
            raise TurnError("I went round in circles with that; please say it in smaller steps.")
        if len(self.steps) + len(drafts) > self.most:
            raise TurnError(
                "That is more than {most} steps at once; ask for less at a time.", most=self.most
            )
        if asked := self._rounds == 1 and self.planner.asks(wishes, drafts):
            drafts = [replace(s, status="planned") if s.status == "queued" else s for s in drafts]
        await self.context.store.plan(drafts)
        if asked:
            self.propose(drafts)
        self._mend(drafts)
        self.steps |= {s.id: s for s in drafts}
        self.tell(Begun(tuple(self.steps.values())))

    def propose(self, steps: Sequence[Step]) -> NoReturn:
        """Hold stored steps up for approval; raises Proposed with the words of the plan."""
        self.steps |= {s.id: s for s in steps}
        raise Proposed(self.planner.words(steps))

    async def restore(self, steps: Sequence[Step]) -> None:
        """Take up stored steps after a restart; what was running twice before is given up."""
        for stored, step in zip(steps, self._drafts.limited(steps, ()), strict=True):
            self.steps[step.id] = step
            if step != stored:
                await self._keep(step)
            if step.status == "running" and step.result == RESUMED:
                text = say("It was interrupted twice; ask again.")
                failed = replace(step, status="failed", result=text, seconds=step.seconds or 0.001)
                await self._keep(failed)
            elif step.status == "running":
                self.steps[step.id] = replace(step, status="queued", result=RESUMED)
        self.tell(Begun(tuple(self.steps.values())))

    async def run(self, call: str = "") -> list[Step]:
        """Run the steps of one call, or all of them, to their end; never raises a ToolError."""
        ids = [s.id for s in self._calls[call]] if call else list(self.steps)
        for step_id in ids:
            self._start(step_id)
        return list(await asyncio.gather(*(self._tasks[i] for i in ids)))

    async def close(self) -> None:
        """Stop whatever still runs: cancelled, or back in the queue when this is a shutdown."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        here = asyncio.current_task()
        leaving = here is not None and here.cancelling() and not self.stopped
        for step in list(self.steps.values()):
            if leaving and step.status == "running":  # an orderly stop is nobody's fault
                await self._keep(replace(step, status="queued", result=""))
            elif not leaving and step.status not in ENDED:
                await self._keep(replace(step, status="cancelled", result=say("Cancelled.")))

    def _mend(self, drafts: Sequence[Step]) -> None:
        again = {s.tool for s in drafts}
        self.mended |= {
            s.id
            for s in self.steps.values()
            if s.status == "failed" and (s.tool in again or s.tool not in self.tools)
        }

    def _start(self, step_id: str) -> None:
        if step_id not in self._tasks:
            self._tasks[step_id] = asyncio.create_task(self._run(step_id), name=f"step {step_id}")

    async def _run(self, step_id: str) -> Step:
        step, begun = self.steps[step_id], time.monotonic()
        if step.status in ENDED:
            return step
        try:
            step = await self._ready(step)
            step = await self._keep(replace(step, status="running"))
            result = await self._do(step)
        except AtelierError as error:
            return await self._keep(_ended(step, "failed", error.sentence, begun))
        except Exception:
            await self._keep(_ended(step, "failed", say("Something broke here."), begun))
            raise
        done = _ended(step, self._final, result.text, begun)
        done = replace(done, args=done.args | result.resolved, assets=result.assets)
        return await self._keep(done)

    async def _do(self, step: Step) -> Result:
        if step.tool == "show":
            return veiled(step, self.steps.values())
        tool = self.tools.get(step.tool)
        if tool is None:
            raise ToolError("There is no tool called {name!r}.", name=step.tool)
        context = replace(self.context, report=lambda note: self.tell(Moved(step, note)))
        args = {k: v for k, v in step.args.items() if k in tool.args.model_fields}
        return await self._how(tool, valid(tool, args), context, step)

    async def _keep(self, step: Step) -> Step:
        self.steps[step.id] = step
        await self.context.store.save(step)
        self.tell(Moved(step))
        return step

    async def _ready(self, step: Step) -> Step:
        """Wait for the steps this one builds on and put their results in its arguments."""
        args: dict[str, object] = {}
        for name, value in step.args.items():
            match = LINK.match(value) if isinstance(value, str) else None
            args[name] = await self._earlier(name, match) if match else value
        parents = tuple(str(args[k]) for k in POINTERS if args.get(k))
        return replace(step, args=args, parents=parents)

    async def _earlier(self, name: str, match: re.Match[str]) -> object:
        step_id = match["step"]
        if step_id not in self.steps:
            raise ToolError("The step this builds on is no longer here; ask again.")
        self._start(step_id)
        # Not awaited itself: neither its bug nor its being cancelled is this step's own.
        await asyncio.wait([self._tasks[step_id]])
        before = self.steps[step_id]
        if before.status != self._final and name in SPARED:
            return ""
        if before.status != self._final:
            raise ToolError("The step before it did not work out ({tool}).", tool=say(before.tool))
        return _output(before, name, int(match["n"] or 1))


def _output(step: Step, name: str, n: int) -> str:
    if name not in POINTERS:
        return step.result
    shas = [a.sha256 for a in step.assets if a.media_type.startswith(POINTERS[name])]
    if not 1 <= n <= len(shas):
        raise ToolError(
            "The step before made {many} of those, there is no number {number}.",
            many=len(shas),
            number=n,
        )
    return shas[n - 1]


def _ended(step: Step, status: Status, text: str, begun: float) -> Step:
    seconds = max(0.001, round(time.monotonic() - begun, 3))  # what has none was never begun
    return replace(step, status=status, result=text, seconds=seconds)

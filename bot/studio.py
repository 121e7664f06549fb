"""Everything a turn needs, gathered once: memory, models, tools and the assistant."""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from agents.direct import Direct
from agents.drafts import Limit
from agents.events import Tell
from agents.plans import LARGE, Asking, Planner
from agents.rooms import templates
from agents.rooms.board import Tongue
from agents.rooms.state import Room
from agents.rooms.templates import Template
from agents.scene import Scene
from agents.turns import Thinker
from agents.work import Execute, Work, execute
from bot.boards import Boards
from bot.limits import Limits
from bot.rulebook import Rulebook
from bot.rules import AUTO
from bot.translation import ENGLISH, load, put
from memory.assets import Assets
from memory.database import Database
from memory.imports import hidden
from memory.records import Asset, Chat, Status, Step, User
from memory.rooms import Rooms
from memory.sentences import joined, say
from memory.store import Store
from tools.catalogue import Catalogue
from tools.compose import EQUALS
from tools.compute.costs import Costs, Price
from tools.errors import Refused
from tools.jobs import Artifact, Job, Note, Report, Runner, Spec, TextSpec
from tools.price import price
from tools.tool import Context, Result, Tool

if TYPE_CHECKING:
    from bot.keeping import Keeper
    from bot.settings import ChatModel

NOBODY = User("atelier", "nobody")


@dataclass(slots=True)
class Studio:
    """What the desk works with; an assistant is built in a thread when it is first needed."""

    database: Database
    store: Store
    assets: Assets
    catalogue: Catalogue
    runner: Runner
    tools: Mapping[str, Tool]
    chat: "ChatModel"
    how: Execute = execute
    final: Status = "done"
    asking: Asking = LARGE
    costs: Costs = field(default_factory=Costs)
    book: Rulebook = field(init=False)
    keeper: "Keeper | None" = field(default=None, init=False)
    rooms: Rooms = field(init=False)
    boards: Boards = field(init=False)
    folders: tuple[Path, ...] = ()
    """Where more templates of project rooms lie."""
    _assistant: "asyncio.Task[Thinker] | None" = field(default=None, init=False)

    def __post_init__(self) -> None:
        """Begin with the rules that are built in."""
        self.book, self.rooms = Rulebook(self.store), Rooms(self.database)
        self.boards = Boards(self.store, self.rooms, self.template, self.tongue)

    def templates(self) -> Mapping[str, Template]:
        """Return what rooms can make, by name."""
        return templates.load(self.folders)

    def faults(self) -> Mapping[str, str]:
        """Return what is wrong with the templates that are left out, by their files' names."""
        return templates.faults(self.folders)

    def template(self, room: Room) -> Template:
        """Return what a room was opened with; raises Refused when it stored none and it is gone."""
        found = templates.kept(room.kind) or self.templates().get(room.template)
        if found is None:
            gone = say("The template {name} of this room is no longer there.", name=room.template)
            raise Refused(joined(" ", [gone, *self.faults().values()]))
        return found

    async def tongue(self, room: Room, chat: Chat) -> Tongue:
        """Return what a room speaks in one of its chats: as its rules say, else as its opener."""
        rule = (await self.book.limits(chat, NOBODY)).rules.language
        language = rule if rule != AUTO else room.language or ENGLISH
        await load(language)
        return Tongue(language, partial(put, language=language))

    def work(self, scene: Scene, tell: Tell, limits: Limits, shape: Limit | None = None) -> Work:
        """Return an empty desk top for one request, within limits; `shape` is called on steps."""
        context = Context(
            user=scene.message.author or NOBODY,
            chat=scene.message.chat,
            store=self.store,
            assets=self.assets,
            catalogue=limits.catalogue(self.catalogue),
            runner=limits.runner(self.runner),
            report=_ignore,
            turn=scene.message.id,
        )
        planner, limit = self.planner(context.catalogue), shape or limits
        return Work(scene, context, self.tools, tell, self.how, self.final, limit, planner)

    def planner(self, known: Catalogue) -> Planner:
        """Return who decides, by what these models cost, which requests are shown as a plan."""
        return Planner(self.asking, self.tools, partial(self._cost, known))

    def _cost(self, known: Catalogue, step: Step) -> Price | None:
        return price(step.tool, step.args, known, self.costs)

    async def rules(self) -> Rulebook:
        """Return the owners' rules."""
        return self.book

    def _offered(self) -> tuple[Tool, ...]:
        """Return the tools a chat model may ask for."""
        return tuple(tool for name, tool in self.tools.items() if name not in EQUALS)

    async def assistant(self) -> Thinker:
        """Return who thinks requests through; with a chat model the first call takes a second."""
        if self._assistant is None:
            self._assistant = asyncio.create_task(
                asyncio.to_thread(_build, self.chat, self._offered())
            )
        return await asyncio.shield(self._assistant)


def _ignore(_: Note) -> None:
    """Take a report nobody waits for."""


def _build(chat: "ChatModel", tools: tuple[Tool, ...]) -> Thinker:
    if chat.model == "rules":
        return Direct()
    # The language framework takes over a second to import; nothing needs it before this. What it
    # would bring along for other programs' sake is a seventh of it.
    with hidden("rich", "pygments", "tornado", "psutil"):
        from agents.assistant import Assistant
        from agents.models.chosen import chosen

    key = chat.key.get_secret_value()
    model = chosen(chat.model, chat.name, chat.url, key, chat.tokens, tools)
    return Assistant(model, tools, own_words=chat.model == "server")


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """The runner of a dry run: nothing is made, talk is only announced.

    What a local chat model needs to understand a request, `thinks` computes.
    """

    thinks: Runner | None = None

    async def run(self, job: Job, report: Report) -> list[Artifact]:
        """Return a placeholder for each spec that is not about what is meant."""
        if self.thinks is not None and all(_understands(spec) for spec in job.specs):
            return await self.thinks.run(job, report)
        placeholder = Artifact(b"(An answer in words would follow here.)", "text/plain")
        return [placeholder for _ in job.specs]


def _understands(spec: Spec) -> bool:
    return isinstance(spec, TextSpec) and bool(spec.choices or spec.schema)


async def rehearse(tool: Tool, args: object, context: Context, step: Step) -> Result:
    """Pretend to run a tool: placeholders with made-up hashes stand for what it would make."""
    count, media_type = _YIELD.get(tool.name, (0, ""))
    count = int(getattr(args, "count", count)) if media_type.startswith("image") else count
    assets = tuple(_placeholder(step.id, n, media_type) for n in range(count))
    return Result(f"Would {tool.name} (step {step.id}).", assets)


_YIELD = {
    "draw": (1, "image/png"),
    "edit": (1, "image/png"),
    "vary": (1, "image/png"),
    "upscale": (1, "image/png"),
    "speak": (1, "audio/ogg"),
}


def _placeholder(step_id: str, n: int, media_type: str) -> Asset:
    return Asset(hashlib.sha256(f"{step_id}:{n}".encode()).hexdigest(), media_type, 0)

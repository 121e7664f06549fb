"""Turns without a chat model: stored requests, real tools over fake models, stored replies."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from agents.events import Begun, Moved, Said
from agents.scene import look
from agents.turns import Answer, perform
from agents.understanding.wishes import Wish
from agents.work import Work
from memory.records import Asset, Message, User
from tests.fakes import ANN, ROOM, FakeRunner, workshop
from tools.builtin import every_tool
from tools.tool import Context, Tool

BEN = User("console", "ben", "Ben")


@dataclass
class Stage:
    """A chat in which wishes are performed; `told` is what happened meanwhile."""

    context: Context
    tools: Mapping[str, Tool]
    told: list[Said | Moved | Begun] = field(default_factory=list)

    async def work(
        self,
        text: str = "please",
        user: User = ANN,
        assets: Sequence[Asset] = (),
        reply_to: str = "",
    ) -> Work:
        """Store a request and return its empty work."""
        message = Message(ROOM, user, text, tuple(assets), reply_to)
        await self.context.store.open_turn(message)
        scene = await look(self.context.store, message)
        return Work(scene, replace(self.context, user=user), self.tools, self.told.append)

    async def do(
        self,
        *wishes: Wish,
        text: str = "please",
        user: User = ANN,
        assets: Sequence[Asset] = (),
        reply_to: str = "",
    ) -> tuple[Answer, Message]:
        """Perform a turn to its end; return its answer and the stored reply."""
        work = await self.work(text, user, assets, reply_to)
        answer = await perform(work, wishes)
        await work.close()
        request = work.scene.message
        reply = Message(ROOM, None, answer.text, answer.assets, request.id)
        await self.context.store.close_turn(reply, (), answer.kind)
        return answer, reply


def wish(tool: str, **args: object) -> Wish:
    return Wish(tool, args)


@asynccontextmanager
async def stage(root: Path, runner: FakeRunner | None = None, *more: Tool) -> AsyncIterator[Stage]:
    """Enter a chat; `more` are tools beside the built-in ones, or in place of them."""
    async with workshop(root, runner) as context:
        yield Stage(context, {t.name: t for t in (*every_tool(), *more)})

"""What a turn costs without model time: the agent around a model that answers at once.

The same scripted model and one tool that does nothing: LangGraph's plain `create_agent`, our
assistant around it (references, stored steps, limits, in-memory database), the rules by themselves,
and a stored wish performed without any language model, as commands and buttons do. Then the rules
in chats of so many messages, with a picture in every second: 50 is what a request usually has
behind it, 100 000 must cost no more.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from langchain.agents import create_agent
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage, HumanMessage
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.tools import StructuredTool
from pydantic import Field

from agents.assistant import Assistant
from agents.direct import Direct
from agents.models.rules import RulesModel
from agents.scene import WINDOW, look
from agents.turns import Thinker, perform
from agents.understanding.wishes import Hints, Wish
from agents.work import Work
from memory import rows, step_rows
from memory.assets import Assets
from memory.database import Database
from memory.records import Asset, Chat, Message, Step, User, new_id
from memory.store import Store
from tests.bench.report import Fact, Times, alternate, compared, silent, table
from tests.fakes import FakeRunner, catalogue
from tools.tool import Args, Context, Result, Tool

if TYPE_CHECKING:
    import sqlite_utils

REPEATS, CALLS = 15, 20
STORED = (10, 50, 1_000, 100_000)
ONE, RULES = "create_agent, one tool", "the rules alone"
SAY = (
    "INSERT INTO messages (id, chat, author, text, reply_to, assets, at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?)"
)
CHAT, ANA = Chat("bench", "1"), User("bench", "1", "Ana")


class Nothing(Args):
    """Arguments of `draw`."""

    prompt: str = Field(description="what it shows")


async def nothing(args: Nothing, context: Context) -> Result:
    return Result("Done.")


DRAW = Tool("draw", "Draw something.", Nothing, nothing)


class Scripted(BaseChatModel):
    """Calls `draw` once, then says a word."""

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> Any:
        return self

    def _generate(self, *args: Any, **kwargs: Any) -> ChatResult:
        raise NotImplementedError

    async def _astream(
        self, messages: list[BaseMessage], *args: Any, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        message = AIMessageChunk(content="There.")
        if isinstance(messages[-1], HumanMessage):
            call = tool_call_chunk(name="draw", args='{"prompt": "a cat"}', id="c", index=0)
            message = AIMessageChunk(content="", tool_call_chunks=[call])
        yield ChatGenerationChunk(message=message)


def plain() -> Any:
    """Return a plain agent with the same model and one tool."""

    async def draw(prompt: str) -> str:
        return "Done."

    tool = StructuredTool(name="draw", description="Draw.", args_schema=Nothing, coroutine=draw)
    return create_agent(Scripted(), [tool], system_prompt="You are Atelier.")


@dataclass
class Bench:
    """Where turns are taken: a database in memory."""

    store: Store
    context: Context

    async def work(self, chat: Chat | None = None) -> Work:
        chat = chat or Chat("bench", new_id())
        message = Message(chat, ANA, "draw a cat")
        await self.store.add(message)
        context = replace(self.context, chat=chat)
        return Work(await look(self.store, message), context, {"draw": DRAW}, silent)

    async def ask(self, thinker: Thinker, chat: Chat | None = None) -> None:
        work = await self.work(chat)
        answer = await thinker.answer(work, work.scene.past, Hints())
        assert answer.steps[0].status == "done", answer

    async def fill(self, chat: Chat, count: int) -> None:
        """Store requests and their answers, each with a picture and its step."""

        def write(db: sqlite_utils.Database) -> None:
            number = rows.chat_number(db.conn, chat)
            user = rows.user_number(db.conn, ANA, number)
            for n in range(count // 2):
                id, asset = (
                    f"{number:010x}{n:010x}",
                    Asset(f"{number:032x}{n:032x}", "image/png", 1),
                )
                said = (f"a{id}", number, user, "draw a cat", None, 0, n)
                told = (f"b{id}", number, None, "A picture of a cat.", f"a{id}", 1, n)
                db.conn.executemany(SAY, (said, told))
                seq = db.conn.execute("SELECT last_insert_rowid()").fetchone()[0]
                rows.link_assets(db.conn, "message", seq, [asset])
                step = Step("draw", {"prompt": "a cat"}, ANA, chat, f"a{id}", "done", "", (asset,))
                step_rows.add(db.conn, step)

        await self.store.database(write)


async def around(bench: Bench) -> dict[str, Times]:
    """Time the ways to an answer, in chats without a past and in one with a long one."""
    ours, rules, agent = Assistant(Scripted(), [DRAW]), Assistant(RulesModel(), [DRAW]), plain()
    for _ in range(WINDOW):
        await bench.ask(ours, CHAT)

    async def alone() -> None:
        stream = agent.astream({"messages": [HumanMessage("draw a cat")]}, stream_mode="messages")
        assert [message async for message, _ in stream]

    async def direct() -> None:
        await perform(await bench.work(), [Wish("draw", {"prompt": "a cat"})])

    peers = {
        ONE: alone,
        "our assistant": lambda: bench.ask(ours),
        f"our assistant, {WINDOW} turns back": lambda: bench.ask(ours, CHAT),
        "our assistant, rules": lambda: bench.ask(rules),
        RULES: lambda: bench.ask(Direct()),
        "a command, no agent": direct,
    }
    return await alternate(peers, REPEATS, calls=CALLS)


async def stored(bench: Bench) -> dict[str, Times]:
    """Time the rules in chats with so many messages."""
    chats = {f"{count:,} messages stored": Chat("bench", f"n{count}") for count in STORED}
    for chat, count in zip(chats.values(), STORED, strict=True):
        await bench.fill(chat, count)
    peers = {name: partial(bench.ask, Direct(), chat) for name, chat in chats.items()}
    return await alternate(peers, REPEATS, calls=CALLS)


async def measured() -> list[Fact]:
    async with Database(None) as database:
        store, runner = Store(database), FakeRunner("Hello.")
        context = Context(ANA, CHAT, store, Assets.__new__(Assets), catalogue(), runner, silent)
        bench = Bench(store, context)
        times = await around(bench)
        table("A turn of one tool call, without model and tool time", compared(times, ONE, "ms"))
        grown = await stored(bench)
        first = next(iter(grown))
        table("The rules alone, in chats of so many messages", compared(grown, first, "ms"))
    beside = f"plain create_agent {times[ONE].show('ms')}"
    shown = "; ".join(f"{name.split()[0]} {found.show('ms')}" for name, found in grown.items())
    return [
        Fact("A turn by rules without model time", times[RULES].show("ms"), beside),
        Fact("the same by how many messages are stored in the chat", shown),
        Fact("An agent turn without model time", times["our assistant"].show("ms"), beside),
        Fact("A command or button without model time", times["a command, no agent"].show("ms")),
    ]


def main() -> list[Fact]:
    return asyncio.run(measured())


if __name__ == "__main__":
    main()

"""What a turn costs without model time: the agent around a model that answers at once.

The same scripted model and one tool that does nothing, three ways: LangGraph's plain
`create_agent`, our assistant around it (references, stored steps, limits, in-memory database),
and a stored wish performed without any language model, as commands and buttons do.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

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
from memory.assets import Assets
from memory.database import Database
from memory.records import Chat, Message, User, new_id
from memory.store import Store
from tests.bench.report import Fact, alternate, compared, silent, table
from tests.fakes import FakeRunner, catalogue
from tools.tool import Args, Context, Result, Tool

REPEATS, CALLS = 15, 20
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


async def measured() -> list[Fact]:
    async with Database(None) as database:
        store = Store(database)
        runner = FakeRunner("Hello.")
        context = Context(ANA, CHAT, store, Assets.__new__(Assets), catalogue(), runner, silent)
        ours, rules, agent = Assistant(Scripted(), [DRAW]), Assistant(RulesModel(), [DRAW]), plain()

        async def work(chat: Chat | None = None) -> Work:
            chat = chat or Chat("bench", new_id())
            message = Message(chat, ANA, "draw a cat")
            await store.add(message)
            return Work(await look(store, message), context, {"draw": DRAW}, silent)

        async def asked(assistant: Thinker, chat: Chat | None = None) -> None:
            answer = await assistant.answer(await work(chat), (), Hints())
            assert answer.steps[0].status == "done", answer

        async def direct() -> None:
            await perform(await work(), [Wish("draw", {"prompt": "a cat"})])

        for _ in range(WINDOW):
            await asked(ours, CHAT)

        async def alone() -> None:
            stream = agent.astream(
                {"messages": [HumanMessage("draw a cat")]}, stream_mode="messages"
            )
            assert [message async for message, _ in stream]

        peers = {
            "create_agent, one tool": alone,
            "our assistant": lambda: asked(ours),
            f"our assistant, {WINDOW} turns back": lambda: asked(ours, CHAT),
            "our assistant, rules": lambda: asked(rules),
            "rules alone": lambda: asked(Direct()),
            f"rules alone, {WINDOW} turns back": lambda: asked(Direct(), CHAT),
            "a command, no agent": direct,
        }
        times = await alternate(peers, REPEATS, calls=CALLS)
    one = "create_agent, one tool"
    table("A turn of one tool call, without model and tool time", compared(times, one, "ms"))
    beside = f"plain create_agent {times[one].show('ms')}"
    return [
        Fact("An agent turn without model time", times["our assistant"].show("ms"), beside),
        Fact("A command or button without model time", times["a command, no agent"].show("ms")),
    ]


def main() -> list[Fact]:
    return asyncio.run(measured())


if __name__ == "__main__":
    main()

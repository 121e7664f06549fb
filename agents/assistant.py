"""The agent: a chat model, our tools and our middleware; holds no conversation."""

from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from langchain.agents import create_agent
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage
from langsmith import tracing_context

from agents import bridge
from agents.commands import COMMANDS
from agents.events import Said
from agents.turns import Answer, answer, refused
from agents.understanding.wishes import Hints
from agents.work import Work
from memory.errors import AtelierError
from memory.records import Message
from tools.tool import Tool


class Assistant:
    """Answers requests through `create_agent`; built once, shared by every chat."""

    def __init__(self, model: BaseChatModel, tools: Sequence[Tool]) -> None:
        prompt = files("agents").joinpath("prompts/system.md").read_text(encoding="utf-8")
        self._agent: Any = create_agent(
            model,
            [bridge.as_langchain(t) for t in (*tools, *COMMANDS)],
            system_prompt=prompt,
            middleware=[bridge.Steps()],
            context_schema=bridge.Turn,
        )

    async def answer(self, work: Work, history: Sequence[Message], hints: Hints) -> Answer:
        """Think a request through and do what it asks; tells `work` what happens meanwhile.

        Expected failures become the answer; a bug is raised.
        """
        messages = bridge.as_messages(history, work.scene.message, hints)
        try:
            # Nothing leaves this machine, whatever the environment says about tracing.
            with tracing_context(enabled=False):
                said = await self._stream(messages, work)
        except AtelierError as error:
            return refused(work, error)
        return answer(work, said)

    async def _stream(self, messages: Sequence[object], work: Work) -> str:
        """Run the agent to its end and return the words it said, a paragraph for each answer."""
        said, speaker = "", None
        stream = self._agent.astream(
            {"messages": list(messages)}, context=bridge.Turn(work), stream_mode="messages"
        )
        async for message, _ in stream:
            text = str(message.text) if isinstance(message, AIMessage) else ""
            if text:
                text = f"\n\n{text}" if said and message.id != speaker else text
                said, speaker = said + text, message.id
                work.tell(Said(text))
        return said

"""The agent: a chat model, our tools and our middleware; holds no conversation."""

import asyncio
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
from agents.models.steady import SteadyModel
from agents.past import NOTES, extract, since
from agents.turns import Answer, answer, refused
from agents.understanding.wishes import Hints
from agents.work import Work
from memory.errors import AtelierError
from memory.records import Message
from memory.summaries import kept
from tools.tool import Tool

SECONDS = 120.0
"""How long a model may take to sum up what was said; nobody waits for it."""


class Assistant:
    """Answers requests through `create_agent`; built once, shared by every chat."""

    def __init__(
        self, model: BaseChatModel, tools: Sequence[Tool], *, own_words: bool = True
    ) -> None:
        """`own_words` says whether the model is good enough to sum up what was said."""
        prompt = files("agents").joinpath("prompts/system.md").read_text(encoding="utf-8")
        # Notes are not worth the rules' words: without the main model, an extract is better.
        self._model = model.main if isinstance(model, SteadyModel) else model
        self._own_words = own_words
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
        summary = await kept(work.context.store.database, work.context.chat)
        shown = since(history, summary)
        messages = bridge.as_messages(shown, work.scene.message, hints, summary.text)
        try:
            # Nothing leaves this machine, whatever the environment says about tracing.
            with tracing_context(enabled=False):
                said = await self._stream(messages, work)
        except AtelierError as error:
            return refused(work, error)
        return answer(work, said)

    async def summarise(self, before: str, messages: Sequence[Message]) -> str:
        """Return notes on what was said, in the model's own words where it can be trusted to."""
        if not self._own_words:
            return extract(before, messages)
        prompt = files("agents").joinpath("prompts/summary.md").read_text(encoding="utf-8")
        said = extract(before, messages, 4 * NOTES)
        try:
            with tracing_context(enabled=False):
                async with asyncio.timeout(SECONDS):
                    made = await self._model.ainvoke([("system", prompt), ("user", said)])
        except (AtelierError, TimeoutError):
            return extract(before, messages)
        return str(made.text).strip()[:NOTES] or extract(before, messages)

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

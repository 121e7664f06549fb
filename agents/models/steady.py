"""A chat model that may be down, with the rules in its place while it is."""

import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage
from langchain_core.outputs import ChatGenerationChunk
from langchain_core.runnables import Runnable, RunnableBinding
from langgraph.runtime import get_runtime
from pydantic import PrivateAttr

from agents.bridge import Turn
from agents.errors import ModelDown
from agents.models.chunks import text_chunk
from agents.models.streaming import StreamingModel
from memory.records import Chat

log = logging.getLogger(__name__)

REST = 60.0
"""Seconds a model that is down is not asked again."""
SPARE = "atelier_spare"
"""Marks calls of the spare model: what came of them, it ends itself."""
MEANWHILE = "Until it works again I go by my built-in rules."
THIS_TIME = "This time I go by my built-in rules."


class SteadyModel(StreamingModel):
    """Asks `main`; while that is down `spare` answers, and each chat is told so once.

    After a rest `main` is asked again, by one request; the others go on with `spare` meanwhile.
    """

    main: BaseChatModel
    spare: BaseChatModel
    rest: float = REST
    clock: Callable[[], float] = time.monotonic
    _until: float | None = PrivateAttr(default=None)
    _told: set[Chat] = PrivateAttr(default_factory=set)

    @property
    def _llm_type(self) -> str:
        return "atelier-steady"

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> Runnable[Any, AIMessage]:
        """Return the model with what its main model wants to be told of the tools."""
        bound = self.main.bind_tools(tools, **kwargs)
        return self.bind(**bound.kwargs) if isinstance(bound, RunnableBinding) else self

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        notice = ""
        if not (_spare_began(messages) or self._resting()):
            try:
                # Not the public astream: its words would be told twice.
                async for chunk in self.main._astream(messages, stop=stop, **kwargs):
                    yield chunk
            except ModelDown as error:
                notice = self._down(error, isinstance(messages[-1], HumanMessage))
            else:
                self._works()
                return
        async for chunk in self._instead(messages, notice):
            yield chunk

    async def _instead(
        self, messages: list[BaseMessage], notice: str
    ) -> AsyncIterator[ChatGenerationChunk]:
        """Yield what there is to be told, and the spare model's answer, its calls marked."""
        if notice:
            yield text_chunk(notice)
        async for chunk in self.spare._astream(messages):
            if notice and chunk.message.content:
                yield text_chunk("\n\n")
                notice = ""
            if isinstance(chunk.message, AIMessageChunk) and chunk.message.tool_call_chunks:
                chunk.message.response_metadata[SPARE] = True
            yield chunk

    def _resting(self) -> bool:
        """Say whether the main model is left alone; who finds it rested tries for everybody."""
        if self._until is None:
            return False
        now = self.clock()
        if now < self._until:
            return True
        self._until = now + self.rest
        return False

    def _works(self) -> None:
        if self._until is not None:
            log.warning("The chat model works again.")
        self._until = None
        self._told.clear()

    def _down(self, error: ModelDown, begins: bool) -> str:
        """Note that the main model is down; return what this chat has to be told of it."""
        if not error.lasting:
            return f"{error} {THIS_TIME}" if begins else ""
        log.warning("%s %s", error, MEANWHILE)
        self._until = self.clock() + self.rest
        chat = get_runtime(Turn).context.work.scene.message.chat
        if chat in self._told:
            return ""
        self._told.add(chat)
        return f"{error} {MEANWHILE}"


def _spare_began(messages: Sequence[BaseMessage]) -> bool:
    asked = [m for m in messages if isinstance(m, AIMessage) and m.tool_calls]
    ended = not isinstance(messages[-1], HumanMessage)
    return ended and bool(asked) and SPARE in asked[-1].response_metadata

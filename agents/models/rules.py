"""The chat model of a machine without a big one: rules for requests, a small model for talk."""

import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

from langchain_core.callbacks import (
    AsyncCallbackManagerForLLMRun,
    CallbackManagerForLLMRun,
)
from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.chat_models import agenerate_from_stream
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langgraph.runtime import get_runtime

from agents.bridge import REQUEST, Turn
from agents.direct import chat, decided
from agents.understanding.wishes import Hints, Wish


class RulesModel(BaseChatModel):
    """Understands requests by rules; what asks for nothing is answered by the text model."""

    @property
    def _llm_type(self) -> str:
        return "atelier-rules"

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> Runnable[Any, AIMessage]:
        """Return the model itself: its rules know the tools by name."""
        return self

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        raise NotImplementedError("Atelier's agent is asynchronous; use ainvoke or astream.")

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return await agenerate_from_stream(self._astream(messages))

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        if not isinstance(messages[-1], HumanMessage):
            yield _chunk("")  # the tools have run; what they made is told by code
            return
        calls, sentence = decided(*_request(messages[-1]))
        if calls:
            yield _calls(calls)
        elif sentence:
            yield _chunk(sentence)
        else:
            work = get_runtime(Turn).context.work
            async for text in chat(_request(messages[-1])[0], work):
                yield _chunk(text)


def _request(message: BaseMessage) -> tuple[str, Hints]:
    text, hints = message.additional_kwargs.get(REQUEST, (str(message.text), Hints()))
    return text, hints


def _chunk(text: str) -> ChatGenerationChunk:
    return ChatGenerationChunk(message=AIMessageChunk(content=text))


def _calls(wishes: Sequence[Wish]) -> ChatGenerationChunk:
    """Return the wishes as tool calls; their ids only need to be unique within the turn."""
    chunks = [
        tool_call_chunk(name=w.tool, args=json.dumps(w.args), id=f"call-{n}", index=n)
        for n, w in enumerate(wishes)
    ]
    return ChatGenerationChunk(message=AIMessageChunk(content="", tool_call_chunks=chunks))

"""The chat model of a machine without a big one: rules for requests, a small model for talk."""

from collections.abc import AsyncIterator
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.messages import BaseMessage, HumanMessage
from langchain_core.outputs import ChatGenerationChunk
from langgraph.runtime import get_runtime

from agents.bridge import REQUEST, Turn
from agents.direct import chat, decided
from agents.models.chunks import calls_chunk, text_chunk
from agents.models.streaming import StreamingModel
from agents.understanding.wishes import Hints


class RulesModel(StreamingModel):
    """Understands requests by rules; what asks for nothing is answered by the text model."""

    @property
    def _llm_type(self) -> str:
        return "atelier-rules"

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        if not isinstance(messages[-1], HumanMessage):
            yield text_chunk("")  # the tools have run; what they made is told by code
            return
        calls, sentence = decided(*_request(messages[-1]))
        if calls:
            yield calls_chunk(calls)
        elif sentence:
            yield text_chunk(sentence)
        else:
            work = get_runtime(Turn).context.work
            async for text in chat(_request(messages[-1])[0], work):
                yield text_chunk(text)


def _request(message: BaseMessage) -> tuple[str, Hints]:
    text, hints = message.additional_kwargs.get(REQUEST, (str(message.text), Hints()))
    return text, hints

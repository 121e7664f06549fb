"""The chat model of a machine without a big one: rules for requests, a small model for talk."""

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

from langchain_core.callbacks import (
    AsyncCallbackManagerForLLMRun,
    CallbackManagerForLLMRun,
)
from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.chat_models import agenerate_from_stream
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langgraph.runtime import get_runtime

from agents.bridge import REQUEST, Turn
from agents.models.beyond import beyond
from agents.models.chunks import calls_chunk, text_chunk
from agents.models.talk import talk
from agents.scene import Scene
from agents.understanding.understand import understand
from agents.understanding.wishes import Hints

HELP = """Tell me what you would like, in your own words:
• pictures: “draw four smiling cats”, “draw a rocket, wide”, “a house --ar 16:9 --seed 7”
• changes: “the second one, but darker”, “rotate it left”, “variations of the third”, “upscale 2”
• words: “write a slogan for our jazz night”, “five ideas for a bakery name”
• voice: “read aloud: good morning team”; send a sound file and I write it down
• memory: “what did we say about the deadline?”, “again”, “same but 16:9”, “undo”
Send a picture along to change or describe it. Commands: /help lists them."""


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
            yield text_chunk("")  # the tools have run; what they made is told by code
            return
        wishes = understand(*_request(messages[-1]))
        calls = [w for w in wishes if w.tool not in ("chat", "help", "cancel")]
        if calls:
            yield calls_chunk(calls)
        elif any(w.tool == "help" for w in wishes):
            yield text_chunk(HELP)
        elif any(w.tool == "cancel" for w in wishes):
            yield text_chunk("Nothing is running here that could be cancelled.")
        elif sentence := beyond(_request(messages[-1])[0]):
            yield text_chunk(sentence)
        else:
            async for text in _talk(_request(messages[-1])[0]):
                yield text_chunk(text)


def _request(message: BaseMessage) -> tuple[str, Hints]:
    text, hints = message.additional_kwargs.get(REQUEST, (str(message.text), Hints()))
    return text, hints


async def _talk(text: str) -> AsyncIterator[str]:
    work = get_runtime(Turn).context.work
    said = [*_exchanges(work.scene), ("user", text)]
    context = work.context
    async for piece in talk(said, context.runner, context.catalogue, context.asker):
        yield piece


def _exchanges(scene: Scene) -> Iterator[tuple[str, str]]:
    """Yield what was only talk, request and answer; a small model copies whatever else it sees."""
    made = {step.turn for step in scene.steps}
    requests = {m.id: m.text for m in scene.past if m.author is not None}
    for message in scene.past:
        asked = requests.get(message.reply_to, "")
        if message.author is None and asked and message.reply_to not in made:
            yield "user", asked
            yield "assistant", message.text

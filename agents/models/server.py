"""A chat model behind an OpenAI-compatible server: vLLM, SGLang, llama.cpp, Ollama."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import openai
from langchain_core.exceptions import ContextOverflowError
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_openai import ChatOpenAI
from pydantic import BaseModel, SecretStr

from agents.errors import ModelDown
from agents.models.chunks import text_chunk
from agents.models.flavours import Call, Heard, arguments

CONNECT = 5.0
"""Seconds within which a server that is there accepts a connection."""
LONGEST = 4096
"""Tokens an answer may have: a small model that finds no end fills its whole context."""
TRIES = 2
"""How often a request is sent that could not be delivered, or found the server busy or broken."""


def server_model(
    url: str, name: str, key: str = "", seconds: float = 120, tokens: int = LONGEST
) -> BaseChatModel:
    """Return the model `name` of the server at `url` (ending in /v1); connects when asked.

    `seconds` is how long the server may be silent, `tokens` the most it may answer.
    """
    model = ServerModel(
        base_url=url,
        model=name,
        api_key=SecretStr(key or "none"),
        timeout=httpx.Timeout(seconds, connect=min(CONNECT, seconds)),
        stream_chunk_timeout=seconds,
        max_retries=TRIES - 1,
        temperature=0.2,
        extra_body={"max_tokens": tokens},  # the name that every one of these servers knows
    )
    model.async_client = _Completions(model.async_client)
    return model


class ServerModel(ChatOpenAI):
    """`ChatOpenAI` whose every failure is a ModelDown with one sentence.

    Words are handed on as they come, tool calls when the answer is whole: half of one is none.
    """

    async def _astream(
        self, messages: list[BaseMessage], *args: Any, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        heard = Heard(_names(kwargs.get("tools", ())))
        try:
            async for chunk in self._chunks(messages, *args, **kwargs):
                if text := _take(heard, chunk):
                    yield text_chunk(text)
        except ModelDown as error:
            if not heard.shown:
                raise
            yield text_chunk(f"\n\n({error})")  # what was said cannot be taken back
            return
        yield text_chunk(heard.end())
        if heard.calls:
            yield _calls(heard.calls)
        elif not heard.shown and isinstance(messages[-1], HumanMessage):
            raise ModelDown("The chat server's model had nothing to say to that.", lasting=False)

    async def _chunks(
        self, messages: list[BaseMessage], *args: Any, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        """Yield an answer piece by piece; raises ModelDown."""
        begun = ended = False
        try:
            if not self.disable_streaming:
                async for chunk in super()._astream(messages, *args, **kwargs):
                    begun = True
                    ended = ended or bool((chunk.generation_info or {}).get("finish_reason"))
                    yield chunk
        except Exception as error:  # the boundary to the server: any answer may come from there
            raise _down(error, begun) from error
        if begun and not ended:
            raise _down(httpx.ReadError(""), begun)
        if not begun:  # a server that cannot stream answers with one document; asked so from now on
            self.disable_streaming = True
            yield _whole(await self._agenerate(messages, *args, **kwargs))

    async def _agenerate(
        self, messages: list[BaseMessage], *args: Any, **kwargs: Any
    ) -> ChatResult:
        try:
            return await super()._agenerate(messages, *args, **kwargs)
        except Exception as error:  # as above
            raise _down(error) from error

    def _convert_chunk_to_generation_chunk(
        self, chunk: dict[str, Any], *args: Any
    ) -> ChatGenerationChunk | None:
        for choice in chunk.get("choices") or ():
            _mend(choice.get("delta") or {})
        return super()._convert_chunk_to_generation_chunk(chunk, *args)

    def _create_chat_result(
        self, response: dict[str, Any] | openai.BaseModel, *args: Any
    ) -> ChatResult:
        if isinstance(response, openai.BaseModel):
            response = response.model_dump(warnings=False)
        if isinstance(response, dict):
            for choice in response.get("choices") or ():
                _mend(choice.get("message") or {})
        return super()._create_chat_result(response, *args)


@dataclass(frozen=True, slots=True)
class _Completions:
    """openai's completions, whose pieces come as dicts: its records warn of odd arguments."""

    inner: Any

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    async def create(self, **payload: Any) -> Any:
        answer = await self.inner.create(**payload)
        return _Pieces(answer) if isinstance(answer, openai.AsyncStream) else answer


@dataclass(frozen=True, slots=True)
class _Pieces:
    stream: openai.AsyncStream[Any]

    async def __aenter__(self) -> "_Pieces":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stream.close()

    async def __aiter__(self) -> AsyncIterator[Any]:
        async for piece in self.stream:
            yield piece.model_dump(warnings=False) if isinstance(piece, BaseModel) else piece


def _mend(message: dict[str, Any]) -> None:
    """Give every call of a message what ours need: arguments as text, and an index."""
    for number, call in enumerate(message.get("tool_calls") or ()):
        call["function"]["arguments"] = arguments(call["function"].get("arguments"))
        if call.get("index") is None:
            call["index"] = number


def _take(heard: Heard, chunk: ChatGenerationChunk) -> str:
    message = chunk.message
    for piece in message.tool_call_chunks if isinstance(message, AIMessageChunk) else ():
        name, args, id = (str(piece[key] or "") for key in ("name", "args", "id"))
        heard.call(piece["index"], name, args, id)
    return heard.words(str(message.text))


def _whole(result: ChatResult) -> ChatGenerationChunk:
    message = result.generations[0].message
    assert isinstance(message, AIMessage)
    return ChatGenerationChunk(message=AIMessageChunk(**message.model_dump(exclude={"type"})))


def _calls(calls: Sequence[Call]) -> ChatGenerationChunk:
    chunks = [
        tool_call_chunk(name=c.name, args=c.args or "{}", id=c.id or None, index=n)
        for n, c in enumerate(calls)
    ]
    return ChatGenerationChunk(message=AIMessageChunk(content="", tool_call_chunks=chunks))


def _names(tools: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    return frozenset(tool["function"]["name"] for tool in tools)


def _down(error: Exception, begun: bool = False) -> ModelDown:
    if isinstance(error, ModelDown):
        return error
    sentence = _sentence(error, begun)
    busy = isinstance(error, openai.RateLimitError | ContextOverflowError)
    return ModelDown(sentence, lasting=not (begun or busy))


def _sentence(error: Exception, begun: bool) -> str:
    if isinstance(error, ContextOverflowError):
        return "That is more than the chat model can read at once; make it shorter."
    if isinstance(error, openai.APIStatusError):
        code = error.status_code
        if code in (400, 500) and "tool" in str(error).lower():
            return "The chat server's model takes no tools; start it with them, or choose another."
        return _STATUS.get(code, f"The chat server failed (HTTP {code}); its log says why.")
    if isinstance(error, TimeoutError | httpx.TimeoutException | openai.APITimeoutError):
        return "The chat server took too long; try again in a moment."
    if isinstance(error, httpx.TransportError | openai.APIConnectionError):
        if begun:
            return "The chat server broke off in the middle of its answer; try again."
        return "The chat server does not answer; start it, or set chat.model to rules."
    return "The chat server sent something that is no chat answer; check chat.url and its log."


_STATUS = {
    400: "The chat server does not take requests like this (HTTP 400); its log says why.",
    401: "The chat server wants another key; set chat.key.",
    403: "The chat server does not allow this with your key; set another as chat.key.",
    404: "The chat server has no such model or address; check chat.url and chat.name.",
    429: "The chat server has too much to do; try again in a moment.",
}

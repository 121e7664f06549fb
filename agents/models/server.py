"""A chat model behind an OpenAI-compatible server: vLLM, SGLang, llama.cpp, Ollama."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import openai
from langchain_core.exceptions import ContextOverflowError
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from agents.errors import TurnError

CONNECT = 5.0
"""Seconds within which a server that is there accepts a connection."""


def server_model(url: str, name: str, key: str = "", seconds: float = 120) -> BaseChatModel:
    """Return the model `name` of the server at `url` (ending in /v1); connects when asked.

    `seconds` is how long the server may be silent.
    """
    return ServerModel(
        base_url=url,
        model=name,
        api_key=SecretStr(key or "none"),
        timeout=httpx.Timeout(seconds, connect=min(CONNECT, seconds)),
        stream_chunk_timeout=seconds,
        max_retries=0,  # a person waits: they are told at once and decide themselves
        temperature=0.2,
    )


class ServerModel(ChatOpenAI):
    """`ChatOpenAI` whose every failure is a TurnError with one sentence."""

    async def _astream(
        self, messages: list[BaseMessage], *args: Any, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        some = False
        try:
            async for chunk in super()._astream(messages, *args, **kwargs):
                some = True
                yield chunk
        except Exception as error:  # the boundary to the server: any answer may come from there
            raise TurnError(_sentence(error, some)) from error
        if not some:  # a server that cannot stream answers with one document; asked so from now on
            self.disable_streaming = True
            yield _whole(await self._agenerate(messages, *args, **kwargs))

    async def _agenerate(
        self, messages: list[BaseMessage], *args: Any, **kwargs: Any
    ) -> ChatResult:
        try:
            return await super()._agenerate(messages, *args, **kwargs)
        except Exception as error:  # as above
            raise TurnError(_sentence(error)) from error


def _whole(result: ChatResult) -> ChatGenerationChunk:
    message = result.generations[0].message
    return ChatGenerationChunk(message=AIMessageChunk(**message.model_dump(exclude={"type"})))


def _sentence(error: Exception, begun: bool = False) -> str:
    if isinstance(error, ContextOverflowError):
        return "That is more than the chat model can read at once; make it shorter."
    if isinstance(error, openai.APIStatusError):
        code = error.status_code
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

"""Texts from a server: `/chat/completions`, streamed."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tools.catalogue import Model
from tools.compute.client import BrokenOff, Client, Request
from tools.errors import Refused
from tools.jobs import Artifact, Progress, TextSpec

if TYPE_CHECKING:
    import httpx

# Not every server knows these; some models of OpenAI's take no temperature.
_SPARE = frozenset(
    {
        "temperature",
        "top_p",
        "seed",
        "repetition_penalty",
        "stream_options",
        "add_generation_prompt",
        "continue_final_message",
    }
)


async def write(
    client: Client, model: Model, spec: TextSpec, tell: Progress
) -> tuple[Artifact, float]:
    """Return a text with the facts `tokens` and `finished`, and the seconds it took.

    `tell` counts the pieces as they come, which are tokens with most servers. Raises Refused,
    EngineFailed or ModelUnavailable.
    """

    async def read(response: "httpx.Response") -> _Text:
        return await _read(response, spec.max_tokens, tell)

    request = Request(model, "/chat/completions", _fields(spec), spare=_SPARE)
    text, seconds = await client.ask(request, read)
    if text.reason == "content_filter":
        form = "The server {server} refuses to write that; ask for something else."
        raise Refused(form, server=client.name)
    facts: dict[str, object] = {"tokens": text.tokens, "finished": text.reason != "length"}
    return Artifact(text.shown, "text/plain", facts), seconds


@dataclass(slots=True)
class _Text:
    """A text as it comes in; `reason` why it ended, None until then."""

    words: str = ""
    tokens: int = 0
    reason: str | None = None

    @property
    def shown(self) -> bytes:
        """The text in UTF-8, without what the model only thought."""
        thinks = self.words.lstrip().startswith("<think>") and "</think>" not in self.words
        text = "" if thinks else self.words.rpartition("</think>")[2]
        return text.rstrip("\ufffd").strip().encode()  # a character may still be incomplete

    def take(self, chunk: dict[str, Any]) -> None:
        """Add what a chunk of the stream, or a whole answer, says."""
        if chunk.get("error"):
            raise BrokenOff
        for choice in chunk["choices"][:1]:
            part = choice.get("delta") or choice.get("message") or {}
            self.words += part.get("content") or ""
            self.tokens += bool(part.get("content"))
            self.reason = choice.get("finish_reason") or self.reason
        if usage := chunk.get("usage"):
            self.tokens = int(usage["completion_tokens"])


async def _read(response: "httpx.Response", most: int, tell: Progress) -> _Text:
    text = _Text()
    if "event-stream" not in response.headers.get("Content-Type", ""):
        text.take(json.loads(await response.aread()))  # it cannot stream
        return text
    async for line in response.aiter_lines():
        data = line.removeprefix("data:").strip() if line.startswith("data:") else ""
        if data and data != "[DONE]":
            text.take(json.loads(data))
            tell(min(text.tokens, most), most, text.shown)
    if text.reason is None:
        raise BrokenOff
    return text


def _fields(spec: TextSpec) -> dict[str, object]:
    fields: dict[str, object] = {
        "messages": [{"role": role, "content": content} for role, content in spec.messages],
        "max_tokens": spec.max_tokens,
        "temperature": spec.temperature,
        "top_p": spec.top_p,
        "seed": spec.seed,
        "repetition_penalty": spec.repetition_penalty,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if spec.messages and spec.messages[-1][0] == "assistant":  # its words are continued
        fields |= {"add_generation_prompt": False, "continue_final_message": True}
    return fields

"""Pieces of a chat model's answer as LangChain wants them."""

import json
from collections.abc import Sequence

from langchain_core.messages import AIMessageChunk
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk

from agents.understanding.wishes import Wish


def text_chunk(text: str) -> ChatGenerationChunk:
    """Return words."""
    return ChatGenerationChunk(message=AIMessageChunk(content=text))


def calls_chunk(wishes: Sequence[Wish]) -> ChatGenerationChunk:
    """Return wishes as tool calls; their ids only need to be unique within the turn."""
    chunks = [
        tool_call_chunk(
            name=w.tool, args=json.dumps(w.args, ensure_ascii=False), id=f"call-{n}", index=n
        )
        for n, w in enumerate(wishes)
    ]
    return ChatGenerationChunk(message=AIMessageChunk(content="", tool_call_chunks=chunks))

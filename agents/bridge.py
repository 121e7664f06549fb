"""Our messages and tools as LangChain's, and its tool calls as our steps."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from langchain.agents.middleware import AgentMiddleware, AgentState
from langchain.agents.middleware.types import ToolCallRequest
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage
from langchain_core.tools import StructuredTool
from langgraph.runtime import Runtime
from langgraph.types import Command

from agents.understanding.wishes import Hints, Wish
from agents.work import Work
from memory.records import Message, Step
from tools.tool import Tool

REQUEST = "atelier_request"
"""Where the last message carries the request's own words and `Hints` for the rules model."""


def as_langchain(tool: Tool) -> StructuredTool:
    """Describe a tool to the model; calls never reach it, `Steps` takes them first."""

    async def never(**_: object) -> str:
        raise AssertionError(f"{tool.name} must be called through Steps")

    return StructuredTool(
        name=tool.name, description=tool.description, args_schema=tool.args, coroutine=never
    )


def as_messages(history: Sequence[Message], request: Message, hints: Hints) -> list[AnyMessage]:
    """Return a conversation for the model, oldest first, the request last.

    Names and what people sent are written as data in front of the words.
    """
    past = [_message(m) for m in history]
    last = HumanMessage(
        _content(request), additional_kwargs={REQUEST: (request.text, hints)}, id=request.id
    )
    return [*past, last]


def _message(message: Message) -> AnyMessage:
    if message.author is None:
        return AIMessage(_content(message) or "(no words)")
    return HumanMessage(_content(message))


def _content(message: Message) -> str:
    kinds = [a.media_type.split("/")[0] for a in message.assets]
    shown = ", ".join(f"{kinds.count(k)} {k}" for k in dict.fromkeys(kinds))
    note = f"[with {shown}] " if shown else ""
    return f"{note}{message.text}".strip()


@dataclass(frozen=True, slots=True)
class Turn:
    """What the agent's middleware may touch during one run."""

    work: Work


class Steps(AgentMiddleware[AgentState[Any], Turn, Any]):
    """Turns the model's tool calls into stored steps, and steps into its tool results."""

    async def aafter_model(
        self, state: AgentState[Any], runtime: Runtime[Turn]
    ) -> dict[str, Any] | None:
        """Store every step the model asked for before the first of them runs."""
        last = state["messages"][-1]
        if isinstance(last, AIMessage) and last.tool_calls:
            calls = [(str(c["id"]), Wish(c["name"], dict(c["args"]))) for c in last.tool_calls]
            await runtime.context.work.plan(calls)
        return None

    async def awrap_tool_call(
        self,
        request: ToolCallRequest,
        handler: Callable[[ToolCallRequest], Awaitable[ToolMessage | Command[Any]]],
    ) -> ToolMessage | Command[Any]:
        """Run the stored steps of one call; the model reads one line each, never bytes."""
        turn: Turn = request.runtime.context  # type: ignore[assignment]  # typed for any context
        call = request.tool_call
        steps = await turn.work.run(str(call["id"]))
        return ToolMessage(
            "\n".join(map(_report, steps)),
            tool_call_id=str(call["id"]),
            name=call["name"],
            status="error" if all(s.status == "failed" for s in steps) else "success",
        )


def _report(step: Step) -> str:
    facts: Mapping[str, object] = {
        "status": step.status,
        "result": step.result,
        "assets": [f"#{a.sha256[:8]}" for a in step.assets],
    }
    return json.dumps(facts, ensure_ascii=False)

"""A small OpenAI-compatible chat server on a real socket that gives scripted answers."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

Answer = dict[str, Any]
Scripted = Answer | tuple[int, str, bytes] | Callable[[Answer], Answer]
SHORT = "text/event-stream; promises more than it sends"


def call(name: str, args: object, id: str | None = "c1") -> dict[str, Any]:
    """One tool call as a server writes it; `args` that are a string are sent as they are."""
    text = args if isinstance(args, str) else json.dumps(args)
    found: dict[str, Any] = {"type": "function", "function": {"name": name, "arguments": text}}
    return found if id is None else {**found, "id": id}


def calls(*made: dict[str, Any], content: str | None = None) -> Answer:
    return {"role": "assistant", "content": content, "tool_calls": list(made)}


def words(text: str) -> Answer:
    return {"role": "assistant", "content": text}


@dataclass
class Server:
    """An OpenAI-compatible server that gives the scripted answers, the last again and again.

    An answer is a message, a function from the request to one, or (status, type, body) as it is.
    """

    script: list[Scripted]
    streams: bool = True
    url: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[str] = field(default_factory=list)
    entered: asyncio.Event = field(default_factory=asyncio.Event)
    hold: asyncio.Event | None = None

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            await self._one(head.decode(), reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client went away
        finally:
            writer.close()

    async def _one(
        self, head: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        length = [h.split(":")[1] for h in head.split("\r\n") if h.lower().startswith("content-l")]
        body = json.loads(await reader.readexactly(int(length[0]))) if length else {}
        self.headers.append(head)
        self.requests.append(body)
        self.entered.set()
        if self.hold is not None:
            await self.hold.wait()
        ignored = bool(body.get("stream")) and not self.streams
        answer = self.script.pop(0) if len(self.script) > 1 and not ignored else self.script[0]
        if callable(answer):
            answer = answer(body)
        if isinstance(answer, tuple):
            status, kind, data = answer
        elif self.streams and body.get("stream"):
            status, kind, data = 200, "text/event-stream", _sse(_pieces(answer))
        else:
            choice = {"index": 0, "message": answer, "finish_reason": "stop"}
            status, kind, data = 200, "application/json", json.dumps(_frame([choice])).encode()
        writer.write(
            f"HTTP/1.1 {status} Told\r\nContent-Type: {kind}\r\n"
            f"Connection: close\r\nContent-Length: {len(data) + (kind == SHORT)}\r\n\r\n".encode()
            + data
        )
        await writer.drain()


def _frame(choices: Sequence[object]) -> dict[str, Any]:
    frame = {"id": "x", "object": "chat.completion", "created": 1, "model": "m"}
    return {**frame, "choices": choices}


def _pieces(answer: Answer) -> list[dict[str, Any]]:
    """Cut an answer as servers do: words one by one, arguments in halves."""
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": piece} for piece in (answer.get("content") or "").split(" ") if piece]
    for piece in deltas[1:-1]:
        piece["content"] += " "
    for index, made in enumerate(answer.get("tool_calls", ())):
        text = made["function"]["arguments"]
        half = len(text) // 2
        first = {**made, "index": index}
        first["function"] = {**made["function"], "arguments": text[:half]}
        rest = {"index": index, "function": {"arguments": text[half:]}}
        deltas += [{"tool_calls": [first]}, {"tool_calls": [rest]}]
    return deltas


def _sse(deltas: Sequence[dict[str, Any]]) -> bytes:
    frames = [_frame([{"index": 0, "delta": d, "finish_reason": None}]) for d in deltas]
    frames.append(_frame([{"index": 0, "delta": {}, "finish_reason": "stop"}]))
    return b"".join(f"data: {json.dumps(f)}\n\n".encode() for f in frames) + b"data: [DONE]\n\n"


def told(server: Server) -> list[dict[str, Any]]:
    """What the model was told about its calls, in the last request."""
    messages = server.requests[-1]["messages"]
    lines = [line for m in messages if m["role"] == "tool" for line in m["content"].splitlines()]
    return [json.loads(line) for line in lines]


@asynccontextmanager
async def serving(*script: Scripted, streams: bool = True) -> AsyncIterator[Server]:
    server = Server(list(script), streams)
    listening = await asyncio.start_server(server.handle, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1"
    try:
        yield server
    finally:
        listening.close()

"""A small OpenAI-compatible server for models on a real socket: pictures, texts, sounds.

What it sends is real: PNG of the size and seed asked for, WAV, server-sent events.
"""

import asyncio
import base64
import io
import json
import wave
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tests.fakes import picture

BREAK_OFF = 0
"""A status: close the connection after the head of the answer."""


@dataclass(frozen=True)
class Failure:
    """An answer that is none: status, body, and the Retry-After header if there is one."""

    status: int
    body: str = "{}"
    after: str = ""


@dataclass(frozen=True)
class Call:
    """A request as it came in."""

    path: str
    head: str
    fields: dict[str, Any]
    files: dict[str, bytes]


@dataclass
class ModelServer:
    """Answers every endpoint; `failures` come first, one a request.

    While `gate` is closed it answers nothing, of a text only the first piece. `calls` has every
    request, `entered` those not looked at yet; `left` tells that a client went away.
    """

    models: tuple[str, ...] = ("painter", "writer", "voice", "ear")
    pieces: tuple[str, ...] = ("Once ", "upon ", "a time.")
    reason: str = "stop"
    streams: bool = True
    failures: list[Failure] = field(default_factory=list)
    key: str = ""
    url: str = ""
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    left: asyncio.Event = field(default_factory=asyncio.Event)
    calls: list[Call] = field(default_factory=list)
    entered: "asyncio.Queue[Call]" = field(default_factory=asyncio.Queue)
    at_work: int = 0
    most: int = 0

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            call = await _receive(reader)
            self.at_work += 1
            self.most = max(self.most, self.at_work)
            try:
                await self._answer(call, reader, writer)
            finally:
                self.at_work -= 1
        except (asyncio.IncompleteReadError, ConnectionError):
            self.left.set()
        finally:
            writer.close()

    async def _answer(
        self, call: Call, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.calls.append(call)
        self.entered.put_nowait(call)
        if self.key and f"Authorization: Bearer {self.key}" not in call.head:
            await _send(writer, 401, b"{}")
        elif self.failures:
            await _fail(writer, self.failures.pop(0))
        elif call.path.endswith("/models"):
            await _json(writer, {"data": [{"id": name} for name in self.models]})
        elif call.path.endswith("/chat/completions"):
            await self._text(call, reader, writer)
        else:
            await self._wait(reader)
            await _made(writer, call)

    async def _text(
        self, call: Call, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        usage = {"completion_tokens": 7, "prompt_tokens": 3, "total_tokens": 10}
        if not self.streams:
            message = {"role": "assistant", "content": "".join(self.pieces)}
            choice = {"index": 0, "message": message, "finish_reason": self.reason}
            return await _json(writer, {"choices": [choice], "usage": usage})
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n")
        writer.write(b"Connection: close\r\n\r\n")
        for number, piece in enumerate(self.pieces):
            if number == 1:
                await self._wait(reader)
            await _event(writer, [{"delta": {"content": piece}, "finish_reason": None}])
        await _event(writer, [{"delta": {}, "finish_reason": self.reason}])
        if "stream_options" in call.fields:
            await _event(writer, [], usage)
        writer.write(b"data: [DONE]\n\n")
        await writer.drain()

    async def _wait(self, reader: asyncio.StreamReader) -> None:
        """Wait for the gate; raises ConnectionError when the client goes away before."""
        opened = asyncio.create_task(self.gate.wait())
        gone = asyncio.create_task(reader.read(1))
        try:
            await asyncio.wait((opened, gone), return_when=asyncio.FIRST_COMPLETED)
            if not self.gate.is_set():
                raise ConnectionError
        finally:
            opened.cancel()
            gone.cancel()


def wav(seconds: float, rate: int = 24_000) -> bytes:
    """Return a tone as WAV."""
    tone = np.sin(np.arange(int(seconds * rate)) * 2 * np.pi * 440 / rate) * 8000
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(tone.astype(np.int16).tobytes())
    return file.getvalue()


async def _receive(reader: asyncio.StreamReader) -> Call:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    found = {k.lower(): v for k, _, v in (h.partition(": ") for h in head.split("\r\n"))}
    body = await reader.readexactly(int(found.get("content-length", 0)))
    path, kind = head.split(" ")[1], found.get("content-type", "")
    if kind.startswith("multipart/"):
        fields, files = _form(body, kind.partition("boundary=")[2])
        return Call(path, head, fields, files)
    return Call(path, head, json.loads(body) if body else {}, {})


def _form(body: bytes, boundary: str) -> tuple[dict[str, Any], dict[str, bytes]]:
    fields: dict[str, Any] = {}
    files: dict[str, bytes] = {}
    for part in body.split(b"--" + boundary.encode())[1:-1]:
        head, _, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        name = head.split(b'name="')[1].split(b'"')[0].decode()
        content = content.removesuffix(b"\r\n")
        if b"filename=" in head:
            files[name] = content
        else:
            fields[name] = content.decode()
    return fields, files


async def _fail(writer: asyncio.StreamWriter, failed: Failure) -> None:
    if failed.status == BREAK_OFF:
        await _send(writer, 200, b"{", "text/event-stream", more=99)
    else:
        await _send(writer, failed.status, failed.body.encode(), after=failed.after)


async def _made(writer: asyncio.StreamWriter, call: Call) -> None:
    """Send a picture, a sound, or what was heard."""
    if "/images/" in call.path:
        wide, high = map(int, call.fields["size"].split("x"))
        image = picture(int(call.fields.get("seed", 0)), wide, high)
        await _json(writer, {"data": [{"b64_json": base64.b64encode(image).decode()}]})
    elif call.path.endswith("/audio/speech"):
        await _send(writer, 200, wav(0.5), "audio/wav")
    elif call.path.endswith("/audio/transcriptions"):
        await _json(writer, {"text": " Good morning team. ", "usage": {"seconds": 1}})
    else:
        await _send(writer, 404, b'{"detail": "Not Found"}')


async def _event(
    writer: asyncio.StreamWriter, choices: Sequence[object], usage: object = None
) -> None:
    chunk = {"object": "chat.completion.chunk", "choices": choices, "usage": usage}
    writer.write(f"data: {json.dumps(chunk)}\n\n".encode())
    await writer.drain()


async def _json(writer: asyncio.StreamWriter, data: object) -> None:
    await _send(writer, 200, json.dumps(data).encode())


async def _send(
    writer: asyncio.StreamWriter,
    status: int,
    body: bytes,
    kind: str = "application/json",
    after: str = "",
    more: int = 0,
) -> None:
    """Answer; `more` are bytes that are promised and not sent."""
    wait = f"Retry-After: {after}\r\n" if after else ""
    writer.write(
        f"HTTP/1.1 {status} Told\r\nContent-Type: {kind}\r\n{wait}Connection: close\r\n"
        f"Content-Length: {len(body) + more}\r\n\r\n".encode()
        + body
    )
    await writer.drain()


@asynccontextmanager
async def serving(port: int = 0, **settings: Any) -> AsyncIterator[ModelServer]:
    """Enter a running server whose gate is open."""
    server = ModelServer(**settings)
    server.gate.set()
    tasks: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        with suppress(asyncio.CancelledError):
            await server.handle(reader, writer)
        tasks.discard(task)

    listening = await asyncio.start_server(handle, "127.0.0.1", port)
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1"
    try:
        yield server
    finally:
        listening.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

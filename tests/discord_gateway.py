"""Discord's gateway (version 10): sessions that are identified, kept alive, resumed and ended."""

import asyncio
import json
import secrets
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

import zstandard
from aiohttp import WSCloseCode, WSMessage, WSMsgType, web

from tests import discord_render as render
from tests.discord_errors import Json
from tests.discord_rates import Rate, Window
from tests.discord_world import MESSAGE_CONTENT, World

DISPATCH, HEARTBEAT, IDENTIFY, PRESENCE, VOICE_STATE, RESUME = 0, 1, 2, 3, 4, 6
RECONNECT, MEMBERS, INVALID, HELLO, ACK = 7, 8, 9, 10, 11
GUILD_MEMBERS, PRESENCES = 1 << 1, 1 << 8
KNOWN_INTENTS = (1 << 26) - 1
COMMANDS = Rate(120, 60.0)
RESUMABLE = 90.0
"""Seconds after which a session nobody listens to is forgotten; Discord gives no number."""


class Codec(Protocol):
    def __call__(self, text: str) -> bytes | str: ...


def codec(compress: str | None) -> Codec:
    """Return what makes frames of messages; one stream goes through the whole connection."""
    if compress == "zlib-stream":
        deflate = zlib.compressobj()
        return lambda t: deflate.compress(t.encode()) + deflate.flush(zlib.Z_SYNC_FLUSH)
    if compress == "zstd-stream":
        squeeze = zstandard.ZstdCompressor().compressobj()
        flush = zstandard.COMPRESSOBJ_FLUSH_BLOCK
        return lambda t: squeeze.compress(t.encode()) + squeeze.flush(flush)
    return lambda t: t


class Closed(Exception):
    """Ends a connection with a close code."""

    def __init__(self, code: int, message: str) -> None:
        self.code, self.message = code, message
        super().__init__(f"{code} {message}")


@dataclass(eq=False)
class Session:
    """What outlives a connection: everything dispatched, by sequence number."""

    id: str
    intents: int
    log: list[Json] = field(default_factory=list)
    link: "Link | None" = None
    left: float = 0.0

    def dispatch(self, event: str, data: Json) -> None:
        self.log.append({"op": DISPATCH, "t": event, "s": len(self.log) + 1, "d": data})
        if self.link is not None:
            self.link.send(self.log[-1])


@dataclass(eq=False)
class Link:
    """One connection; what is sent goes out in order by a task of its own."""

    socket: web.WebSocketResponse
    request: web.Request
    encode: Codec
    compress: str | None
    session: Session | None = None
    window: Window = field(default_factory=lambda: Window(0.0))
    out: asyncio.Queue[Json | Closed] = field(default_factory=asyncio.Queue)
    heartbeats: int = 0
    closing: bool = False

    def send(self, payload: Json | Closed) -> None:
        self.out.put_nowait(payload)

    async def write(self) -> None:
        with suppress(ConnectionError):
            while True:
                payload = await self.out.get()
                if isinstance(payload, Closed):
                    self.closing = True
                    await self.socket.close(code=payload.code, message=payload.message.encode())
                    return
                frame = self.encode(json.dumps(payload))
                if isinstance(frame, str):
                    await self.socket.send_str(frame)
                else:
                    await self.socket.send_bytes(frame)

    def cut(self) -> None:
        """Break off without a word, as a network does."""
        if self.request.transport is not None:
            self.request.transport.abort()


@dataclass
class Gateway:
    """`heartbeat` is the interval in seconds; without `acks` the connection is a zombie.

    A client that is silent for `silence` seconds (0: two heartbeats) is timed out. `refuse` may
    return a close code for what comes in, `forbidden` are intents that are not granted.
    """

    world: World
    token: str
    url: str = ""
    heartbeat: float = 41.25
    silence: float = 0.0
    acks: bool = True
    forbidden: int = 0
    refuse: Callable[[Json], int] = lambda payload: 0
    sessions: dict[str, Session] = field(default_factory=dict)
    links: list[Link] = field(default_factory=list)
    received: list[Json] = field(default_factory=list)

    def emit(self, event: str, data: Json, need: int, bare: Json | None = None) -> None:
        """Dispatch to every session that asked for one of the intents."""
        for session in self.sessions.values():
            if not need or session.intents & need:
                full = bare is None or bool(session.intents & MESSAGE_CONTENT)
                session.dispatch(event, data if full or bare is None else bare)

    async def connect(self, request: web.Request) -> web.WebSocketResponse:
        query = request.query
        socket = web.WebSocketResponse(autoping=True, compress=False)
        await socket.prepare(request)
        link = Link(socket, request, codec(query.get("compress")), query.get("compress"))
        self.links.append(link)
        writer = asyncio.create_task(link.write())
        try:
            if query.get("v") != "10":
                raise Closed(4012, "Invalid API version.")
            link.send({"op": HELLO, "d": {"heartbeat_interval": int(self.heartbeat * 1000)}})
            await self._listen(link)
        except Closed as closed:
            link.send(closed)
            await writer
        finally:
            self._leave(link)
            if not link.closing:
                writer.cancel()
            with suppress(asyncio.CancelledError):
                await writer
        return socket

    def _leave(self, link: Link) -> None:
        self.links.remove(link)
        session = link.session
        if session is not None and session.link is link:
            session.link, session.left = None, self.world.clock()
        self.world.touch()

    async def _listen(self, link: Link) -> None:
        while True:
            try:
                message = await link.socket.receive(timeout=self.silence or self.heartbeat * 2)
            except TimeoutError as error:
                raise Closed(4009, "Session timed out.") from error
            if message.type is not WSMsgType.TEXT:
                return self._ended(link, message)
            if link.window.take(COMMANDS, self.world.clock()):
                raise Closed(4008, "Rate limited.")
            self._received(link, _decode(message.data))
            self.world.touch()

    def _ended(self, link: Link, message: WSMessage) -> None:
        """A session that its client closes as done cannot be resumed."""
        done = message.data in (WSCloseCode.OK, WSCloseCode.GOING_AWAY)
        if link.session is not None and message.type is WSMsgType.CLOSE and done:
            self.sessions.pop(link.session.id, None)

    def _received(self, link: Link, payload: Json) -> None:
        self.received.append(payload)
        op, data = payload["op"], payload.get("d")
        if code := self.refuse(payload):
            raise Closed(code, "Refused.")
        if op == HEARTBEAT:
            self._beat(link)
        elif op == IDENTIFY:
            self._identify(link, data or {})
        elif op == RESUME:
            self._resume(link, data or {})
        elif link.session is None:
            raise Closed(4003, "Not authenticated.")
        elif op == MEMBERS:
            self._members(link.session, data or {})
        elif op not in (PRESENCE, VOICE_STATE):
            raise Closed(4001, "Unknown opcode.")

    def _beat(self, link: Link) -> None:
        link.heartbeats += 1
        if self.acks:
            link.send({"op": ACK})

    def _identify(self, link: Link, data: Json) -> None:
        if link.session is not None:
            raise Closed(4005, "Already authenticated.")
        if data.get("token") != self.token:
            raise Closed(4004, "Authentication failed.")
        intents = data.get("intents")
        if not isinstance(intents, int) or intents & ~KNOWN_INTENTS:
            raise Closed(4013, "Invalid intent(s).")
        if intents & self.forbidden:
            raise Closed(4014, "Disallowed intent(s).")
        session = Session(secrets.token_hex(8), intents, link=link)
        self.sessions[session.id] = link.session = session
        guilds = [g for g in self.world.guilds.values() if self.world.bot.id in g.members]
        ready = {
            "v": 10,
            "user": {**render.user(self.world.bot), "verified": True, "mfa_enabled": False},
            "guilds": [{"id": str(g.id), "unavailable": True} for g in guilds],
            "session_id": session.id,
            "resume_gateway_url": f"{self.url}/resume",
            "application": {"id": str(self.world.bot.id), "flags": 0},
            "private_channels": [],
        }
        session.dispatch("READY", ready)
        for guild in guilds if intents & 1 else ():
            session.dispatch("GUILD_CREATE", render.guild(self.world, guild))
        self.world.touch()

    def _resume(self, link: Link, data: Json) -> None:
        if data.get("token") != self.token:
            raise Closed(4004, "Authentication failed.")
        session = self.sessions.get(str(data.get("session_id")))
        late = session and not session.link and self.world.clock() - session.left > RESUMABLE
        if session is None or late:
            return link.send({"op": INVALID, "d": False})
        sequence = data.get("seq")
        if not isinstance(sequence, int) or sequence > len(session.log):
            raise Closed(4007, "Invalid seq.")
        session.link, link.session = link, session
        for payload in session.log[sequence:]:
            link.send(payload)
        session.dispatch("RESUMED", {})

    def _members(self, session: Session, data: Json) -> None:
        guild = self.world.guilds[int(data["guild_id"])]
        asked = {str(i) for i in data.get("user_ids") or ()}
        everyone = not asked and data.get("query") == "" and not data.get("limit")
        if everyone and not session.intents & GUILD_MEMBERS:
            return
        found = [a for a in guild.members.values() if everyone or str(a.id) in asked]
        chunk = {
            "guild_id": str(guild.id),
            "members": [render.member(self.world, guild, a) for a in found],
            "chunk_index": 0,
            "chunk_count": 1,
            "nonce": data.get("nonce"),
        }
        session.dispatch("GUILD_MEMBERS_CHUNK", chunk)

    def ask_to_reconnect(self) -> None:
        self._all({"op": RECONNECT, "d": None})

    def invalidate(self, *, resumable: bool = False) -> None:
        """Tell every client that its session is no longer valid."""
        if not resumable:
            self.sessions.clear()
        self._all({"op": INVALID, "d": resumable})

    def close(self, code: int) -> None:
        self._all(Closed(code, "Closed."))

    def drop(self) -> None:
        """Cut every connection without a word."""
        for link in self.links:
            link.cut()

    def _all(self, payload: Json | Closed) -> None:
        for link in self.links:
            link.send(payload)


def _decode(text: str) -> Json:
    try:
        payload: Any = json.loads(text)
    except ValueError as error:
        raise Closed(4002, "Decode error.") from error
    if len(text) > 4096 or not isinstance(payload, dict) or "op" not in payload:
        raise Closed(4002, "Decode error.")
    return payload

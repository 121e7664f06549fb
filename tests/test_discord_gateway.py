"""The gateway of the server for tests and the real client's: sessions, resuming, closing."""

import zlib
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import discord
import pytest
import zstandard
from discord.backoff import ExponentialBackoff

from bot.adapters.discord import endpoints, wire
from tests.discord_client import Bare, connected
from tests.discord_server import Server, serving


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving() as running:
        yield running


@pytest.fixture
async def client(server: Server) -> AsyncIterator[Bare]:
    async with connected(server) as bare:
        yield bare


async def test_wrong_tokens_and_intents_are_turned_away(server: Server) -> None:
    endpoints.use(server.api_url, server.gateway_url)
    client = Bare()
    with pytest.raises(discord.LoginFailure):
        await client.start("nobody")
    await client.close()
    server.gateway.forbidden = 1 << 15
    intents = discord.Intents.default()
    intents.message_content = True
    with pytest.raises(discord.PrivilegedIntentsRequired):
        async with connected(server, intents=intents):
            pass
    server.gateway.refuse = lambda payload: 4004 if payload["op"] == 2 else 0
    with pytest.raises(discord.ConnectionClosed) as closed:
        async with connected(server):
            pass
    assert closed.value.code == 4004


async def test_a_gateway_that_cannot_be_reached_at_first_is_no_bug(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ExponentialBackoff, "delay", lambda _: 0.0)
    endpoints.use(server.api_url, "ws://127.0.0.1:9", server.url)
    async with Bare() as client:
        await client.login(server.token)
        with pytest.raises(ConnectionError, match="gateway"):
            await wire.connect(client)
    endpoints.use()


@pytest.mark.parametrize("how", ["drop", "ask_to_reconnect", "invalidate", "close"])
async def test_a_session_is_resumed_and_nothing_is_lost(
    server: Server, client: Bare, how: str
) -> None:
    ana, gateway = server.person("Ana"), server.gateway
    ana.mentions("one")
    await client.next()
    arguments: dict[str, Any] = {"invalidate": {"resumable": True}, "close": {"code": 4000}}
    getattr(gateway, how)(**arguments.get(how, {}))
    ana.mentions("two")
    assert (await client.next()).content.endswith("two")
    await client.until("resumed")
    assert [p["op"] for p in gateway.received].count(2) == 1
    assert client.heard.empty()


async def test_a_lost_session_begins_anew(server: Server, client: Bare) -> None:
    server.gateway.invalidate()
    await client.until("ready", 2)
    server.person("Ana").mentions("still there?")
    await client.next()
    server.gateway.sessions.clear()
    server.gateway.close(4000)  # the client resumes, is told that there is nothing, identifies
    await client.until("ready", 3)


async def test_a_gateway_that_does_not_answer_heartbeats_is_left(server: Server) -> None:
    gateway = server.gateway
    gateway.heartbeat, gateway.silence, gateway.acks = 0.05, 60, False
    async with connected(server, heartbeat_timeout=0.25) as client:
        await client.until("resumed")
        assert server.gateway.links[0].heartbeats


async def test_the_stream_is_compressed_as_the_client_asks(server: Server) -> None:
    asked = {"zlib-stream": zlib.decompressobj().decompress, "zstd-stream": _zstd()}
    async with aiohttp.ClientSession() as session:
        for name, decompress in asked.items():
            url = f"{server.gateway_url}/?v=10&encoding=json&compress={name}"
            async with session.ws_connect(url) as socket:
                assert b'"op": 10' in decompress(await socket.receive_bytes())
        async with session.ws_connect(f"{server.gateway_url}/?v=9") as socket:
            message = await socket.receive()
            assert message.data == 4012


def _zstd() -> Any:
    return zstandard.ZstdDecompressor().decompressobj().decompress


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        (["{"], 4002),
        (['{"op": 3, "d": {}}'], 4003),
        (['{"op": 2, "d": {"token": "nobody"}}'], 4004),
        (["identify", "identify"], 4005),
        (["identify", '{"op": 99}'], 4001),
        (['{"op": 1}'] * 121, 4008),
    ],
)
async def test_the_gateway_closes_on_what_it_does_not_take(
    server: Server, frames: list[str], code: int
) -> None:
    identify = f'{{"op": 2, "d": {{"token": "{server.token}", "intents": 513}}}}'
    url = f"{server.gateway_url}/?v=10&encoding=json"
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
        for frame in frames:
            await socket.send_str(identify if frame == "identify" else frame)
        while (message := await socket.receive()).type is not aiohttp.WSMsgType.CLOSE:
            pass
        assert message.data == code


async def test_a_client_that_is_silent_is_timed_out(server: Server) -> None:
    server.gateway.heartbeat = 0.01
    url = f"{server.gateway_url}/?v=10"
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
        await socket.receive()
        assert (await socket.receive()).data == 4009


async def test_a_session_left_for_long_is_not_resumed(server: Server) -> None:
    url = f"{server.gateway_url}/?v=10&encoding=json"
    signed = {"token": server.token, "intents": 513}
    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(url) as socket:
            await socket.send_json({"op": 2, "d": signed})
            assert (await socket.receive_json())["op"] == 10
            ready = await socket.receive_json()
            await socket.close(code=4000)
        await server.wait_for(lambda: not server.gateway.links)
        resume = {"token": server.token, "session_id": ready["d"]["session_id"], "seq": 1}
        for late, op in ((0, 0), (100, 9)):
            async with session.ws_connect(url) as socket:
                server.world.clock.advance(late)
                await socket.send_json({"op": 6, "d": resume})
                await socket.receive_json()
                assert (await socket.receive_json())["op"] == op
                await socket.close(code=4000)
            await server.wait_for(lambda: not server.gateway.links)

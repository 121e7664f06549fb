"""The limit over all requests to Discord: who waits, and what does not count."""

import asyncio

import aiohttp
import pytest

from bot.adapters.discord import rate
from tests.discord_server import serving


async def test_requests_wait_for_a_place_but_not_those_that_do_not_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rate, "A_SECOND", 1)
    monkeypatch.setattr(rate, "WINDOW", 3600)
    held = rate.Rate()
    async with (
        serving() as server,
        aiohttp.ClientSession(server.url, trace_configs=[held.trace]) as session,
    ):
        assert held.spare()
        assert not held.spare(1)
        await session.get("/api/v10/gateway")
        assert not held.spare()
        second = asyncio.create_task(session.get("/api/v10/gateway/bot"))
        await session.post("/api/v10/interactions/1/token/callback")
        await session.get("/attachments/1/2/none.png")
        assert not server.asked("GET", "/gateway/bot")
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second


async def test_a_place_is_free_again_a_moment_after_the_answer_or_failure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rate, "A_SECOND", 1)
    monkeypatch.setattr(rate, "WINDOW", 0.001)
    held = rate.Rate()
    async with (
        serving() as server,
        aiohttp.ClientSession(server.url, trace_configs=[held.trace]) as session,
    ):
        server.fail("POST", status=0)
        with pytest.raises(aiohttp.ClientError):
            await session.post("/api/v10/channels/1/messages")
        async with asyncio.timeout(5):
            assert (await session.get("/api/v10/gateway")).status == 401

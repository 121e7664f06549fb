"""Telegram by webhook: the same as polling, and nothing that was confirmed is lost."""

import asyncio
import json
import socket
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.adapters.telegram import check
from bot.adapters.telegram.webhook import HEADER
from bot.errors import SettingsError
from memory.records import Chat
from memory.store import Store
from tests.fakes import picture
from tests.telegram_bot import clean, given, living
from tests.telegram_clock import HandClock
from tests.telegram_faults import Fault, lost
from tests.telegram_server import serving


def hook() -> dict[str, str]:
    """Return settings that listen at a port that is free."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{free.getsockname()[1]}"
    return {"webhook_url": f"http://{place}/behind/a/proxy", "webhook_listen": place}


async def post(url: str, body: Any, token: str) -> int:
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.post(url, json=body, headers={HEADER: token})
    return answer.status_code


async def test_what_is_told_is_answered_without_a_poll(tmp_path: Path) -> None:
    async with serving() as server, living(server, tmp_path, more=hook()) as bot:
        ana = server.person("Ana")
        asked = ana.says("draw 2 cats --seed 5")
        main = await bot.answer(ana)
        await bot.settled()
        assert (main.kind, main.reply_to) == ("photo", asked)
        ana.presses(main, "upscale:2")
        await bot.answer(ana, 1)
        await bot.settled()
        assert server.count("getUpdates") == 0
        assert set(server.updates.given.values()) == {1}
        async with asyncio.timeout(5):
            while await bot.room.studio.store.facts("telegram update"):
                pass
    clean(server)


async def test_the_pictures_of_an_album_are_one_request(tmp_path: Path) -> None:
    async with serving() as server, living(server, tmp_path, more=hook(), quiet=0.3) as bot:
        ana = server.person("Ana")
        ana.sends_photos([picture(), picture()], "make the second one darker")
        await bot.answer(ana)
        await bot.settled()
        (said,) = [
            m
            for m in await bot.room.studio.store.history(Chat("telegram", str(ana.id)))
            if m.author is not None
        ]
        assert len(said.assets) == 2
    clean(server)


async def test_only_telegram_is_heard_and_each_update_once(tmp_path: Path) -> None:
    async with serving() as server, living(server, tmp_path, more=hook()) as bot:
        ana = server.person("Ana")
        ana.says("/help")
        await bot.said(ana)
        url, secret = server.updates.hook["url"], server.updates.hook["secret"]
        asked = server.messages(ana)[0].reply_to
        assert asked is not None
        update = {"update_id": 5, "message": asked.json() | {"message_id": 99}}
        assert await post(url, update, "a guess") == 404
        assert await post(url.rpartition("/")[0] + "/guess", update, secret) == 404
        assert await post(url, ["nothing"], secret) == 400
        assert await post(url, {"update_id": 4, "message": 3}, secret) == 200
        assert await post(url, update, secret) == 200
        assert await post(url, update, secret) == 200
        await bot.said(ana, 2)
        assert await post(url, update, secret) == 200
        ana.says("draw a cat")
        await bot.answer(ana)
        await bot.settled()
        assert len(server.messages(ana)) == 3


async def test_what_was_confirmed_survives_a_kill_and_a_change_to_polling(tmp_path: Path) -> None:
    async with serving() as server:
        ana = server.person("Ana")
        async with living(server, tmp_path, more=hook(), quiet=600):
            (asked, _) = ana.sends_photos([picture(), picture()], "make the second one darker")
            await server.wait_for(lambda: not server.updates.pending)
        async with living(server, tmp_path) as bot:
            assert (await bot.answer(ana)).reply_to is asked
            await bot.settled()
            assert not server.updates.hook
            assert len([p for p in server.messages(ana) if p.answered]) == 1
    clean(server)


async def test_what_cannot_be_stored_is_told_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    keep, failed = Store.keep, asyncio.Event()

    async def broken(store: Store, name: str, facts: Any) -> None:
        if name.startswith("telegram update") and not failed.is_set():
            failed.set()
            raise OSError("no room")
        await keep(store, name, facts)

    monkeypatch.setattr(Store, "keep", broken)
    async with serving() as server, living(server, tmp_path, more=hook()) as bot:
        ana = server.person("Ana")
        ana.says("draw a cat")
        await server.wait_for(lambda: server.updates.hook.get("last_error_message"))
        assert isinstance(server.clock, HandClock)
        server.clock.turn(1)
        await bot.answer(ana)
        await bot.settled()
        assert "500" in server.updates.hook["last_error_message"]
        told = await asyncio.to_thread(lambda: list(check.look(given(server, **hook()))))
        assert "another address" in told[1].found
    assert "could not be stored" in caplog.text


async def test_a_lost_answer_to_setting_it_is_tried_again(tmp_path: Path) -> None:
    async with serving() as server:
        server.fail("setWebhook", lost())
        async with living(server, tmp_path, more=hook()) as bot:
            await server.wait_for(lambda: server.count("setWebhook") == 2)
            ana = server.person("Ana")
            ana.says("draw a cat")
            await bot.answer(ana)
            await bot.settled()


async def test_what_cannot_be_is_one_sentence(tmp_path: Path) -> None:
    body = {"ok": False, "error_code": 400, "description": "Bad Request: bad webhook: no port 81"}
    async with serving() as server:
        server.fail("setWebhook", Fault(status=400, body=json.dumps(body).encode()))
        with pytest.raises(SettingsError, match=r"not take telegram\.webhook_url: .*no port 81"):
            async with living(server, tmp_path, more=hook()):
                pass
        taken = hook()
        taken["webhook_listen"] = server.url.removeprefix("http://")
        with pytest.raises(SettingsError, match=r"heard at 127.* set another telegram\.webhook_li"):
            async with living(server, tmp_path, more=taken):
                pass


async def test_the_doctor_says_how_it_is_told(tmp_path: Path) -> None:
    def told(**more: str) -> tuple[str, str]:
        *_, last = check.look(given(server, **more))
        return last.state, last.found

    async with serving() as server:
        ours = hook()
        assert await asyncio.to_thread(told) == ("ok", "It is polled; 0 updates wait.")
        state, found = await asyncio.to_thread(told, **ours)
        assert (state, "No webhook is set yet" in found) == ("ok", True)
        async with living(server, tmp_path, more=ours):
            state, found = await asyncio.to_thread(told, **ours)
            assert (state, "nothing failed" in found) == ("ok", True)
            secret = server.updates.hook["url"].rpartition("/")[2]
        state, found = await asyncio.to_thread(told)
        assert (state, "takes it away" in found) == ("warn", True)
        server.person("Ana").says("draw a cat")
        await server.wait_for(lambda: server.updates.hook.get("last_error_message"))
        state, found = await asyncio.to_thread(told, **ours)
        assert (state, "1 updates wait" in found, "Connection failed" in found) == (
            "warn",
            True,
            True,
        )
        assert secret not in found

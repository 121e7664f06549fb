"""How the Telegram server delivers updates, limits what is said, and fails on demand."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from telegram import Bot
from telegram.error import Conflict, NetworkError, RetryAfter, TimedOut

from tests.telegram_client import application, request, talking
from tests.telegram_clock import HandClock
from tests.telegram_faults import broken, dropped, flood, lost, slow
from tests.telegram_server import serving


async def texts(bot: Bot, offset: int = 0, **how: Any) -> list[str]:
    updates = await bot.get_updates(offset=offset, timeout=0, **how)
    return [u.effective_message.text or "" for u in updates if u.effective_message]


async def test_updates_come_again_until_they_are_confirmed() -> None:
    async with talking() as (server, bot):
        ana = server.person("Ana")
        ana.says("one")
        ana.says("two")
        assert await texts(bot) == await texts(bot) == ["one", "two"]
        first, second = await bot.get_updates(timeout=0)
        assert await texts(bot, second.update_id) == ["two"]
        assert server.updates.given == {first.update_id: 3, second.update_id: 4}
        assert await texts(bot, second.update_id + 1) == await texts(bot) == []


async def test_a_long_poll_ends_with_news_or_with_its_time() -> None:
    clock = HandClock()
    async with talking(clock=clock) as (server, bot):
        poll = asyncio.create_task(bot.get_updates(timeout=20))
        await server.wait_for(lambda: server.updates.polled)
        server.person("Ana").says("hi")
        (update,) = await poll
        poll = asyncio.create_task(bot.get_updates(update.update_id + 1, timeout=20))
        await server.wait_for(lambda: server.updates.polled and not server.updates.pending)
        clock.turn(20)
        assert await poll == ()


async def test_of_two_who_poll_the_first_is_told_of_a_conflict() -> None:
    async with talking() as (server, bot):
        poll = asyncio.create_task(bot.get_updates(timeout=20))
        await server.wait_for(lambda: server.updates.polled)
        async with Bot(server.token, f"{server.url}/bot", request=request()) as other:
            second = asyncio.create_task(other.get_updates(timeout=20))
            with pytest.raises(Conflict, match="terminated by other getUpdates request"):
                await poll
            server.person("Ana").says("hi")
            assert len(await second) == 1
        assert server.updates.conflicts == 1


async def test_only_what_was_asked_for_is_delivered() -> None:
    async with talking() as (server, bot):
        ana = server.person("Ana")
        assert await texts(bot, allowed_updates=["message"]) == []
        ana.edits(ana.says("hi"), "ho")
        assert await texts(bot) == ["hi"]
        ana.blocks()
        assert len(await bot.get_updates(timeout=0)) == 1


async def test_a_webhook_gets_its_updates_with_the_secret_until_it_takes_them() -> None:
    clock, got = HandClock(), list[tuple[str, int]]()
    async with talking(clock=clock) as (server, bot):

        async def take(hook: web.Request) -> web.Response:
            update = json.loads(await hook.read())
            got.append((hook.headers["X-Telegram-Bot-Api-Secret-Token"], update["update_id"]))
            return web.Response(status=500 if len(got) == 1 else 200)

        app = web.Application()
        app.router.add_post("/hook", take)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        await bot.set_webhook(
            f"http://127.0.0.1:{runner.addresses[0][1]}/hook", secret_token="s3cret"
        )
        with pytest.raises(Conflict, match="can't use getUpdates method while webhook is active"):
            await bot.get_updates(timeout=0)
        server.person("Ana").says("hi")
        await server.wait_for(lambda: clock.sleepers)
        info = await bot.get_webhook_info()
        assert info.last_error_message == (
            "Wrong response from the webhook: 500 Internal Server Error"
        )
        clock.turn(1)
        await server.wait_for(lambda: not server.updates.pending)
        assert got == [("s3cret", got[0][1])] * 2
        await bot.delete_webhook()
        assert await texts(bot) == []
        await runner.cleanup()


async def test_an_application_works_with_a_webhook(unused_tcp_port: int) -> None:
    async with serving() as server:
        app = application(server)
        async with app:
            assert app.updater is not None
            where: dict[str, Any] = {"listen": "127.0.0.1", "port": unused_tcp_port}
            queue = await app.updater.start_webhook(**where, url_path="hook", secret_token="s")
            server.person("Ana").says("hi")
            async with asyncio.timeout(5):
                update: Any = await queue.get()
            assert update.message.text == "hi"
            await app.updater.stop()


async def test_a_chat_takes_one_message_a_second_and_a_few_at_once() -> None:
    clock = HandClock()
    async with talking(clock=clock) as (server, bot):
        ana, ben = server.person("Ana"), server.person("Ben")
        for person in (ana, ben):
            person.says("hi")
        for number in range(4):
            await bot.send_message(ana.id, f"{number}")
        with pytest.raises(RetryAfter) as refused:
            await bot.send_message(ana.id, "too soon")
        assert refused.value.retry_after == timedelta(seconds=1)
        await bot.send_message(ben.id, "others are not held up")
        clock.turn(0.5)
        with pytest.raises(RetryAfter):
            await bot.send_message(ana.id, "still too soon")
        assert (server.flood.refused, server.flood.early) == (2, 1)
        clock.turn(1)
        for _ in range(30):
            await bot.send_message(ana.id, "at one a second it goes on for ever")
            clock.turn(1)
        assert len(server.violations) == 2


async def test_a_group_takes_twenty_messages_and_edits_a_minute() -> None:
    clock = HandClock()
    async with talking(clock=clock) as (server, bot):
        room = server.group("Studio", server.person("Ana"))
        sent = await bot.send_message(room.id, "0 %")
        for number in range(1, 20):
            clock.turn(2)
            await bot.edit_message_text(f"{number} %", room.id, sent.message_id)
        clock.turn(2)
        with pytest.raises(RetryAfter) as refused:
            await bot.edit_message_text("21 %", room.id, sent.message_id)
        assert refused.value.retry_after == timedelta(seconds=20)
        clock.turn(20)
        await bot.edit_message_text("100 %", room.id, sent.message_id)
        assert server.flood.early == 0


async def test_thirty_a_second_over_all_chats() -> None:
    async with talking() as (server, bot):
        people = [server.person(f"P{number}") for number in range(31)]
        for person in people:
            person.says("hi")
        for person in people[:30]:
            await bot.send_message(person.id, "hello")
        with pytest.raises(RetryAfter):
            await bot.send_message(people[30].id, "hello")


async def test_calls_fail_on_demand() -> None:
    clock = HandClock()
    async with talking(clock=clock) as (server, bot):
        ana = server.person("Ana")
        ana.says("hi")
        server.fail("sendMessage", flood(209), broken(502), dropped())
        with pytest.raises(RetryAfter) as refused:
            await bot.send_message(ana.id, "x")
        assert refused.value.retry_after == timedelta(seconds=209)
        with pytest.raises(NetworkError, match=r"Bad Gateway \(502\)"):
            await bot.send_message(ana.id, "x")
        with pytest.raises(NetworkError, match="httpx"):
            await bot.send_message(ana.id, "x")
        assert not server.messages(ana)
        clock.turn(208)
        with pytest.raises(RetryAfter):
            await bot.send_message(ana.id, "too early")
        assert (server.flood.early, server.violations.pop()[:12]) == (1, "sendMessage:")
        clock.turn(1)
        server.fail("sendMessage", lost(), chat=ana.id)
        with pytest.raises(NetworkError, match="httpx"):
            await bot.send_message(ana.id, "carried out")
        assert [post.text for post in server.messages(ana)] == ["carried out"]
        assert server.count("sendMessage") == 5
        assert not server.violations


async def test_a_call_that_times_out_may_have_been_carried_out() -> None:
    async with talking() as (server, bot):
        ana = server.person("Ana")
        ana.says("hi")
        gate = asyncio.Event()
        server.fail("sendMessage", slow(gate), slow(gate, after=False))
        for text in ("carried out", "not carried out"):
            with pytest.raises(TimedOut):
                await bot.send_message(ana.id, text, read_timeout=0.05)
        gate.set()
        assert [post.text for post in server.messages(ana)] == ["carried out"]


async def test_a_cut_long_poll_loses_nothing() -> None:
    async with talking() as (server, bot):
        poll = asyncio.create_task(bot.get_updates(timeout=20))
        await server.wait_for(lambda: server.updates.polled)
        server.cut()
        with pytest.raises(NetworkError, match="httpx"):
            await poll
        server.person("Ana").says("hi")
        assert await texts(bot) == ["hi"]

"""How much is said when: bursts, minutes, everybody together, and after a refusal."""

import asyncio
from contextlib import ExitStack
from typing import Any, cast

import pytest

from bot.adapter import Reply
from bot.adapters.telegram.budget import (
    _REMEMBERED,
    BURST,
    GROUP,
    KEPT,
    OVERALL,
    RESERVE,
    Budget,
)
from bot.adapters.telegram.outbox import TelegramOutbox
from bot.adapters.telegram.wire import Address, Timing, Wire
from bot.pace import Busy
from bot.trail import Trail
from memory.records import Chat, Message, Post
from tests.telegram_client import talking


class Time:
    """A clock that passes when somebody waits for it."""

    def __init__(self) -> None:
        self.now = 1000.0

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        await asyncio.sleep(0)


def budget() -> tuple[Time, Budget]:
    time = Time()
    return time, Budget(lambda: time.now, time.sleep)


async def take(it: Budget, chat: int, cost: int = 1) -> None:
    async with it.take(chat, cost):
        pass


async def test_a_burst_goes_at_once_and_then_one_a_second() -> None:
    time, it = budget()
    for _ in range(BURST):
        await take(it, 7)
    assert time.now == 1000
    for _ in range(10):
        await take(it, 7)
    assert 1010 <= time.now < 1010.5
    await take(it, 8)
    assert time.now < 1010.5


async def test_a_group_takes_so_much_a_minute_and_an_album_as_much_as_it_holds() -> None:
    time, it = budget()
    await take(it, -7, 10)
    time.now += 10
    await take(it, -7, 10)
    assert time.now == 1010
    await take(it, -7, 1)
    assert 1060 <= time.now < 1060.5
    for _ in range(GROUP + 20):
        await take(it, -7)
    assert time.now >= 1120


async def test_progress_leaves_room_for_results() -> None:
    time, it = budget()
    for _ in range(GROUP - KEPT):
        await take(it, -7)
        time.now += 2
    assert it.wait(-7) == 0
    assert it.wait(-7, spare=1, kept=KEPT) > 0
    assert it.wait(7, spare=1, kept=KEPT) == 0


async def test_all_chats_together_are_told_so_much_a_second() -> None:
    time, it = budget()
    for chat in range(1, 2 * OVERALL + 1):
        await take(it, chat)
    assert 1001 <= time.now < 1001.5


async def test_progress_takes_no_place_of_a_result_in_a_crowd() -> None:
    time, it = budget()
    chat, shown = 100, 0
    while it.wait(chat, reserve=RESERVE) == 0:  # progress in as many chats as may show it
        with it.spend(chat):
            chat, shown = chat + 1, shown + 1
    assert shown == OVERALL - RESERVE
    for result in range(RESERVE):
        assert it.wait(result) == 0
        await take(it, result)
    assert time.now == 1000
    crowd = [asyncio.create_task(take(it, result)) for result in range(20, 20 + 40)]
    while not all(task.done() for task in crowd):
        await asyncio.sleep(0)
        waiting = sum(not task.done() for task in crowd)
        assert waiting < 2 or it.wait(chat, reserve=RESERVE) > 0
    assert 1001 < time.now < 1004
    time.now += 1
    assert it.wait(chat, reserve=RESERVE) == 0


async def test_a_refusal_is_obeyed_in_its_chat() -> None:
    time, it = budget()
    it.close(7, 30)
    assert it.wait(7) == 30
    assert it.wait(8) == 0
    await take(it, 7)
    assert 1030 <= time.now < 1030.5


async def test_what_is_under_way_counts_until_a_second_after_its_answer() -> None:
    time, it = budget()
    with ExitStack() as slow:
        for chat in range(1, OVERALL + 1):
            slow.enter_context(it.spend(chat))
        time.now += 5
        assert it.wait(99) > 0
    assert it.wait(99) == 1
    time.now += 1
    assert it.wait(99) == 0


async def test_chats_that_fell_silent_are_let_go_of() -> None:
    time, it = budget()
    for chat in range(1, 3 * _REMEMBERED):
        await take(it, -chat if chat % 2 else chat)
        time.now += 0.1
    assert len(it._chats) <= _REMEMBERED
    it.close(7, 1e6)
    await take(it, 8)
    for chat in range(10_000, 10_000 + 2 * _REMEMBERED):
        await take(it, chat)
    assert it.wait(7) > 0  # what Telegram asked for is not forgotten


async def test_a_group_counts_what_was_answered_late_from_its_answer_on() -> None:
    time, it = budget()
    with it.spend(-7, GROUP):
        time.now += 5
    time.now += 59
    await take(it, -7)
    assert 1065 <= time.now < 1065.5


async def test_a_board_waits_while_answers_need_what_a_group_takes() -> None:
    async with talking() as (server, bot):
        time, nothing = Time(), cast(Any, None)
        wire = Wire(bot, Timing(lambda: time.now, time.sleep))
        group = server.group("Team", server.person("Ana"))
        post = await wire.send(Address(group.id), bot.send_message, text="Stage: brief")
        outbox = TelegramOutbox(wire, nothing, nothing, Address(group.id))
        said = Message(Chat("telegram", str(group.id)), None, "Stage: ideas")
        trail = Trail(nothing, said.id, {0: Post(0, str(post.message_id))})
        await take(wire.budget, group.id, GROUP - 6)
        time.now += 20
        with pytest.raises(Busy):
            await outbox.update(Reply("reply", said), trail)
        assert time.now >= 1060
        assert await outbox.update(Reply("reply", said), trail)
        assert [p.text for p in server.messages(group)] == ["Stage: ideas"]

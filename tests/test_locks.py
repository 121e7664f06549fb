"""Locks by key: one at a time, in their order, and none that nobody uses."""

import asyncio

from bot.locks import Locks


async def test_one_at_a_time_and_in_order_for_each_key() -> None:
    locks, said = Locks[str](), list[str]()
    first = asyncio.Event()

    async def hold(key: str, word: str, until: asyncio.Event | None = None) -> None:
        async with locks[key]:
            said.append(word)
            if until is not None:
                await until.wait()

    tasks = [asyncio.create_task(hold("a", "one", first))]
    tasks += [asyncio.create_task(hold("a", word)) for word in ("two", "three")]
    tasks += [asyncio.create_task(hold("b", "elsewhere"))]
    await tasks[-1]
    assert said == ["one", "elsewhere"]
    first.set()
    await asyncio.gather(*tasks)
    assert said == ["one", "elsewhere", "two", "three"]


async def test_locks_that_nobody_uses_are_forgotten() -> None:
    locks = Locks[int]()
    for number in range(1000):
        async with locks[number]:
            assert len(locks) == 1
    assert len(locks) == 0

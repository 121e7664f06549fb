"""Progress is shown calmly: the newest view, not too often, and never after the end."""

import asyncio

from bot.pace import Busy, Pace


class Screen:
    """Shows numbers; each waits until it is let go."""

    def __init__(self) -> None:
        self.shown: list[int] = []
        self.gate, self.came = asyncio.Event(), asyncio.Event()
        self.error: Exception | None = None

    async def show(self, view: int) -> None:
        self.shown.append(view)
        self.came.set()
        await self.gate.wait()
        if self.error is not None:
            error, self.error = self.error, None
            raise error

    async def next(self) -> None:
        async with asyncio.timeout(5):
            await self.came.wait()
        self.came.clear()


async def test_what_comes_too_soon_is_dropped_but_for_the_newest() -> None:
    screen = Screen()
    pace = Pace(screen.show, 0.001)
    pace.put(1)
    await screen.next()
    for view in (2, 3, 4):
        pace.put(view)
    screen.gate.set()
    await screen.next()
    assert screen.shown == [1, 4]
    await pace.stop()
    pace.put(5)
    assert screen.shown == [1, 4]


async def test_a_view_after_a_while_is_shown_at_once() -> None:
    screen = Screen()
    screen.gate.set()
    pace = Pace(screen.show, 0.0)
    for view in (1, 2):
        pace.put(view)
        await screen.next()
    assert screen.shown == [1, 2]
    await pace.stop()


async def test_the_end_waits_for_what_is_on_its_way_but_for_no_interval() -> None:
    screen = Screen()
    pace = Pace(screen.show, 3600)
    pace.put(1)
    await screen.next()
    pace.put(2)
    ending = asyncio.create_task(pace.stop())
    await asyncio.sleep(0)
    assert not ending.done()
    screen.gate.set()
    async with asyncio.timeout(5):
        await ending
    assert screen.shown == [1]


async def test_a_busy_platform_is_left_alone() -> None:
    screen = Screen()
    screen.gate.set()
    screen.error = Busy(3600)
    pace = Pace(screen.show, 0.0)
    pace.put(1)
    await screen.next()
    pace.put(2)
    for _ in range(10):
        await asyncio.sleep(0)
    assert screen.shown == [1]
    await pace.stop()


async def test_a_view_that_breaks_is_the_last() -> None:
    screen = Screen()
    screen.gate.set()
    screen.error = OSError("gone")
    pace = Pace(screen.show, 0.0)
    pace.put(1)
    await screen.next()
    await pace.stop()
    pace.put(2)
    assert screen.shown == [1]


async def test_what_met_a_busy_platform_is_shown_later_if_there_is_nothing_newer() -> None:
    screen = Screen()
    screen.gate.set()
    screen.error = Busy(0.001)
    pace = Pace(screen.show, 0.0)
    pace.put(1)
    await screen.next()
    await screen.next()
    assert screen.shown == [1, 1]
    await pace.stop()

"""What stands where on a platform is known piece by piece, also after a restart."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.adapter import Received, Reply
from bot.errors import Undeliverable
from bot.trail import Trail
from memory.database import Database
from memory.errors import NotFound
from memory.records import STATUS, Chat, Message, Post
from memory.store import Store
from tests.rooms import ANA, CHAT, FakeOutbox, room


@pytest.fixture
async def store() -> AsyncIterator[Store]:
    async with Database(None) as database:
        yield Store(database)


async def test_what_a_platform_tells_twice_is_one_turn(store: Store) -> None:
    first, again = Message(CHAT, ANA, "a fox"), Message(CHAT, ANA, "a fox")
    assert await store.open_turn(first, "77")
    assert not await store.open_turn(again, "77")
    elsewhere = Message(Chat("terminal", "other"), ANA, "a fox")
    assert await store.open_turn(elsewhere, "77")
    assert [m.id for m in await store.open_turns("terminal")] == [first.id, elsewhere.id]
    assert await store.behind(CHAT, "77") == (first.id, Post(0, "77"))
    assert await store.behind(CHAT, "") is None


async def test_a_trail_tells_what_was_under_way(store: Store) -> None:
    reply = Message(CHAT, None, "a fox", reply_to="r")
    await store.close_turn(reply)
    trail = await Trail.of(store, reply.id)
    assert trail[0] is None
    await trail.begin(0)
    await trail.end(1, "78", "a" * 64)
    await trail.end(STATUS, "79")
    left = await Trail.of(store, reply.id)
    assert (left[0], left[1], left[STATUS]) == (
        Post(0),
        Post(1, "78", "a" * 64),
        Post(STATUS, "79"),
    )
    assert await store.behind(CHAT, "78") == (reply.id, Post(1, "78", "a" * 64))
    await store.forget(CHAT)
    assert await store.behind(CHAT, "78") is None
    await trail.end(0, "80")  # nothing is noted, nothing breaks
    with pytest.raises(NotFound):
        await store.posted(reply.id, Post(0))


class Gone(FakeOutbox):
    async def send(self, reply: Reply, trail: Trail) -> None:
        raise Undeliverable("the channel is gone")


async def test_a_reply_that_can_never_be_shown_is_given_up(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        await here.handle(Received(Message(CHAT, ANA, "hello")), Gone())
        assert not await here.studio.store.pending("terminal")
        assert not await here.studio.store.open_turns("terminal")


async def test_an_event_that_comes_again_is_answered_once(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        for _ in range(2):
            event = Received(Message(CHAT, ANA, "draw a cat"), post="5")
            await here.handle(event, here.outbox)
        assert len(here.outbox.replies) == 1

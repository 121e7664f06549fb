"""The newest messages and steps of a chat: what is kept in memory is what is stored."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from memory.database import Database
from memory.records import Asset, Chat, Message, Step, User
from memory.store import Store

HERE, THERE = Chat("test", "1"), Chat("test", "2")
ANA = User("test", "1", "Ana")
PICTURE = Asset("a" * 64, "image/png", 3)


@pytest.fixture
async def store() -> AsyncIterator[Store]:
    async with Database(None) as database:
        yield Store(database)


async def same(store: Store, limit: int = 50) -> None:
    """Check that the window is what the tables say."""
    found = await store.recent(HERE, limit=limit)
    assert list(found.messages) == await store.history(HERE, limit=limit)
    assert list(found.steps) == await store.steps(HERE, limit=limit)


async def test_what_is_said_and_done_meanwhile_is_in_it(store: Store) -> None:
    await same(store)
    request = Message(HERE, ANA, "draw a cat", (PICTURE,))
    await store.add(request)
    await store.add(Message(THERE, ANA, "elsewhere"))
    await same(store)
    step = Step("draw", {"prompt": "a cat"}, ANA, HERE, request.id, "queued")
    await store.plan([step, replace(step, id="0" * 20, tool="speak")])
    await same(store)
    await store.save(replace(step, status="running"))
    await same(store)
    await store.save(replace(step, status="done", result="Drew it.", assets=(PICTURE,)))
    await store.add(Message(HERE, None, "Drew it.", (PICTURE,), request.id))
    await same(store)
    assert [s.status for s in (await store.recent(HERE)).steps] == ["done", "queued"]


async def test_it_holds_the_newest_only(store: Store) -> None:
    for n in range(30):
        await store.add(Message(HERE, ANA, f"{n}"))
        await store.plan([Step("draw", {"n": n}, ANA, HERE, "t", "done")])
        await same(store, 7)
    await same(store, 3)
    await same(store, 20)


async def test_nothing_forgotten_stays_in_it(store: Store) -> None:
    await store.add(Message(HERE, ANA, "a secret"))
    await same(store)
    await store.forget(HERE)
    await same(store)
    await store.add(Message(HERE, ANA, "anew"))
    await same(store)
    assert [m.text for m in (await store.recent(HERE)).messages] == ["anew"]


async def test_words_given_later_and_a_move_are_seen(store: Store) -> None:
    spoken = Message(HERE, ANA, "", (PICTURE,))
    await store.add(spoken)
    await same(store)
    await store.reword(spoken.id, "what was said")
    await same(store)
    await store.move_chat(HERE, THERE)
    assert [m.chat for m in (await store.recent(HERE)).messages] == [THERE]
    await store.reword("unknown", "nothing happens")

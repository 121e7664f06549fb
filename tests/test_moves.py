"""A chat that goes on under another id, what is kept of it, and one person's part erased."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from memory.database import Database
from memory.holdings import Holdings
from memory.recall import search
from memory.records import Asset, Chat, Feedback, Message, Post, Step, User
from memory.store import Store

OLD, NEW, ELSEWHERE = (Chat("telegram", id) for id in ("-5", "-1005", "-55"))
ANA, BEN = User("telegram", "1", "Ana"), User("telegram", "2", "Ben")


@pytest.fixture
async def store() -> AsyncIterator[Store]:
    async with Database(None) as database:
        yield Store(database)


async def asked(store: Store, text: str, chat: Chat, user: User, post: str) -> Message:
    """Let somebody ask for a picture and get it."""
    request = Message(chat, user, text)
    assert await store.open_turn(request, post)
    made = Asset(request.id[-4:] * 16, "image/png", 12)
    args: dict[str, object] = {"prompt": text}
    step = Step("draw", args, user, chat, request.id, "done", f"drew {text}", (made,))
    await store.plan([step])
    await store.save(step)
    await store.close_turn(Message(chat, None, "here", (made,), request.id))
    return request


async def found(store: Store, chat: Chat, word: str) -> int:
    return len(await search(store.database, chat, word))


async def test_a_chat_keeps_everything_under_its_new_id(store: Store) -> None:
    request = await asked(store, "a red fox", OLD, ANA, "7")
    await asked(store, "a blue owl", ELSEWHERE, BEN, "7")
    await store.keep("rules channel telegram:-5", {"count": 2})
    await store.keep("rules channel telegram:-55", {"count": 3})
    for _ in range(2):  # told twice
        await store.move_chat(OLD, NEW)
    for chat in (NEW, OLD):  # who still knows the old id speaks of the same chat
        assert [m.text for m in await store.history(chat)] == ["a red fox", "here"]
        assert [s.turn for s in await store.steps(chat)] == [request.id]
        assert await found(store, chat, "fox")
    assert (await store.message(request.id)).chat == NEW
    assert await store.kept("rules channel telegram:-1005") == {"count": 2}
    assert await store.kept("rules channel telegram:-55") == {"count": 3}
    assert not await store.kept("rules channel telegram:-5")
    await asked(store, "late", OLD, ANA, "8")
    assert len(await store.history(NEW)) == 4


async def test_posts_of_before_are_not_mistaken_for_those_of_after(store: Store) -> None:
    request = await asked(store, "a red fox", OLD, ANA, "7")
    await store.move_chat(OLD, NEW)
    assert await store.behind(OLD, "7") == (request.id, Post(0, "7"))
    assert await store.behind(NEW, "7") is None
    again = await asked(store, "a green fox", NEW, ANA, "7")  # its platform counts anew
    assert await store.behind(NEW, "7") == (again.id, Post(0, "7"))
    assert await store.behind(OLD, "7") == (request.id, Post(0, "7"))


async def test_what_was_said_under_the_new_id_already_joins_it(store: Store) -> None:
    await asked(store, "a red fox", OLD, ANA, "7")
    early = await asked(store, "a green fox", NEW, BEN, "7")
    await store.keep("rules channel telegram:-5", {"count": 2})
    await store.keep("rules channel telegram:-1005", {"count": 4})
    await store.move_chat(OLD, NEW)
    assert [m.text for m in await store.history(NEW)] == [
        "a red fox",
        "here",
        "a green fox",
        "here",
    ]
    assert await store.behind(NEW, "7") == (early.id, Post(0, "7"))
    assert await found(store, NEW, "green") == await found(store, NEW, "red") > 0
    assert await store.kept("rules channel telegram:-1005") == {"count": 4}  # the newer one
    await store.move_chat(NEW, OLD)  # and back
    assert len(await store.history(OLD)) == len(await store.history(NEW)) == 4
    assert len(await store.forget(OLD)) == 2
    assert not await found(store, NEW, "fox")
    assert not await store.history(NEW)


async def test_what_is_kept_is_counted_for_a_chat_and_for_a_person(store: Store) -> None:
    first = await asked(store, "a red fox", OLD, ANA, "1")
    await asked(store, "a blue owl", OLD, BEN, "2")
    await asked(store, "elsewhere", ELSEWHERE, ANA, "3")
    reply = (await store.history(OLD))[1]
    await store.judge(Feedback(reply.id, ANA, 1))
    await store.judge(Feedback(reply.assets[0].sha256, BEN, -1))
    at = replace(first).at
    assert await store.holdings(OLD) == Holdings(4, 2, 2, 1, 1, at)
    assert await store.holdings(OLD, ANA) == Holdings(1, 0, 1, 1, 0, at)
    assert await store.holdings(Chat("telegram", "9")) == Holdings()


async def test_one_person_is_forgotten_and_nothing_of_the_others(store: Store) -> None:
    await asked(store, "a red fox", OLD, ANA, "1")
    kept = await asked(store, "a blue owl", OLD, BEN, "2")
    await asked(store, "elsewhere", ELSEWHERE, ANA, "3")
    fox, owl = (m for m in await store.history(OLD) if m.author is None)
    await store.judge(Feedback(fox.id, BEN, 1))
    await store.judge(Feedback(owl.id, ANA, -1))
    assert await store.forget(OLD, ANA) == [fox.assets[0].sha256]
    assert [m.text for m in await store.history(OLD)] == ["a blue owl", "here"]
    assert [s.turn for s in await store.steps(OLD)] == [kept.id]
    assert not await found(store, OLD, "fox")
    assert await found(store, OLD, "owl")
    assert await store.holdings(OLD, ANA) == Holdings()
    assert (await store.holdings(OLD)).bad == 0
    assert len(await store.history(ELSEWHERE)) == 2
    assert await store.forget(OLD, User("telegram", "9")) == []
    await store.forget(ELSEWHERE, ANA)
    assert await store.names([ANA]) == {ANA: ""}

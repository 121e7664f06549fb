"""Meanings: kept as signs in blocks, found by nearness, gone when their messages are."""

from collections.abc import AsyncIterator

import numpy as np
import pytest

from memory import meaning
from memory.database import Database
from memory.meaning import Meaning
from memory.recall import Found, search
from memory.records import Chat, Message, User
from memory.store import Store

HERE, THERE = Chat("test", "1"), Chat("test", "2")
ANA, BEN = User("test", "1", "Ana"), User("test", "2", "Ben")
RANDOM = np.random.default_rng(1)


@pytest.fixture
async def store() -> AsyncIterator[Store]:
    async with Database(None) as database:
        yield Store(database)


def of(vector: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> Meaning:
    unit = vector / np.linalg.norm(vector)
    return Meaning(unit.astype(np.float16).tobytes(), np.packbits(unit > 0).tobytes())


def some(count: int) -> list["np.ndarray[tuple[int], np.dtype[np.float64]]"]:
    return list(RANDOM.normal(size=(count, 512)))


async def told(store: Store, meanings: dict[str, Meaning], encoder: str = "e") -> int:
    """Give every message that waits for it the meaning of its text; return how many there were."""
    new = await store.meanings.pending(encoder, 10_000)
    await store.meanings.put(new, {id: meanings[text].signs for id, text in new.texts.items()})
    return new.count


async def near(store: Store, wanted: Meaning, chat: Chat = HERE, words: str = "zz") -> list[Found]:
    return await search(
        store.database, chat, words, meaning=wanted, meanings=store.meanings, limit=8
    )


async def test_what_means_nearly_the_same_is_found_in_its_chat_only(store: Store) -> None:
    vectors = some(300)
    known = {f"m{n}": of(v) for n, v in enumerate(vectors)}
    for n in range(300):
        await store.add(Message(THERE if n % 3 == 2 else HERE, ANA, f"m{n}"))
    await store.add(Message(HERE, None, ""))
    assert await told(store, known) == 301
    assert await told(store, known) == 0
    asked = of(vectors[7] + 0.5 * vectors[12] + 0.3 * RANDOM.normal(size=512))
    assert [one.text for one in await near(store, asked)] == ["m7", "m12"]
    assert [one.text for one in await near(store, of(vectors[8]))] == []
    assert [one.text for one in await near(store, of(vectors[8]), THERE)] == ["m8"]


async def test_words_and_meaning_add_up(store: Store) -> None:
    a, b, c = some(3)
    for text in ("red fox", "blue boat", "red brick"):
        await store.add(Message(HERE, ANA, text))
    await told(store, {"red fox": of(a), "blue boat": of(b), "red brick": of(c)})
    found = await near(store, of(a + 0.6 * b), words="red")
    assert [one.text for one in found] == ["red fox", "red brick", "blue boat"]
    assert found[0].score > found[1].score


async def test_many_blocks_are_searched(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meaning, "BLOCK", 8)
    monkeypatch.setattr(meaning, "_WEIGHED", 5)
    vectors = some(50)
    known = {f"m{n}": of(v) for n, v in enumerate(vectors)}
    for n in range(50):
        await store.add(Message(HERE, ANA, f"m{n}"))
        if n % 3 == 0:
            await told(store, known)
    await told(store, known)
    for n, vector in enumerate(vectors):
        assert [one.text for one in await near(store, of(vector))] == [f"m{n}"]


async def test_what_is_forgotten_is_not_found_nor_kept(store: Store) -> None:
    vectors = some(20)
    known = {f"m{n}": of(v) for n, v in enumerate(vectors)}
    for n in range(20):
        await store.add(Message(HERE, BEN if n % 2 else ANA, f"m{n}"))
    await told(store, known)
    assert await near(store, of(vectors[3]))
    await store.forget(HERE, BEN)
    assert not await near(store, of(vectors[3]))
    assert [one.text for one in await near(store, of(vectors[4]))] == ["m4"]
    await store.forget(HERE)
    rows = await store.database(lambda db: db.execute("SELECT * FROM sketches").fetchall())
    assert rows == []
    await store.add(Message(HERE, ANA, "m5"))  # takes the number of one that was forgotten
    assert await told(store, known) == 1
    assert [one.text for one in await near(store, of(vectors[5]))] == ["m5"]


async def test_what_is_erased_while_its_meaning_is_worked_out_is_left_out(store: Store) -> None:
    (vector,) = some(1)
    await store.add(Message(HERE, ANA, "a secret"))
    new = await store.meanings.pending("e", 10)
    await store.forget(HERE)
    await store.add(Message(HERE, ANA, "hello"))
    await store.meanings.put(new, dict.fromkeys(new.texts, of(vector).signs))
    assert await near(store, of(vector)) == []


async def test_another_encoder_and_later_words_begin_anew(store: Store) -> None:
    a, b = some(2)
    spoken = Message(HERE, ANA, "")
    await store.add(spoken)
    await store.add(Message(HERE, ANA, "fox"))
    assert await told(store, {"fox": of(a)}) == 2
    await store.reword(spoken.id, "boat")
    assert await told(store, {"boat": of(b)}) == 1
    assert [one.text for one in await near(store, of(a))] == ["fox"]
    assert [one.text for one in await near(store, of(b))] == ["boat"]
    assert await told(store, {"fox": of(b), "boat": of(a)}, "another") == 2
    assert [one.text for one in await near(store, of(a))] == ["boat"]


async def test_a_chat_that_moves_takes_its_meanings_along(store: Store) -> None:
    a, b = some(2)
    await store.add(Message(HERE, ANA, "fox"))
    await store.add(Message(THERE, ANA, "boat"))
    await told(store, {"fox": of(a), "boat": of(b)})
    await store.move_chat(HERE, THERE)
    assert [one.text for one in await near(store, of(a), THERE)] == ["fox"]
    assert [one.text for one in await near(store, of(b), THERE)] == ["boat"]

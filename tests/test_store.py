"""The store: what goes in comes out, in order, once, and is forgotten when asked."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import pytest
import sqlite_utils

from memory import erase, message_rows
from memory.database import Database
from memory.errors import NotFound, StorageFull
from memory.recall import search
from memory.records import Action, Asset, Chat, Delivery, Feedback, Message, Step, User
from memory.store import Store

HERE, THERE = Chat("test", "here"), Chat("test", "there")
ANA, BEN = User("test", "1", "Ana"), User("test", "2", "Ben")


@pytest.fixture
async def database() -> AsyncIterator[Database]:
    async with Database(None) as database:
        yield database


@pytest.fixture
def store(database: Database) -> Store:
    return Store(database)


def picture(name: str) -> Asset:
    return Asset(name * 64, "image/png", 12, 96, 64)


VOICE = Asset("e" * 64, "audio/ogg", 9, seconds=1.25, waveform=bytes(range(256)))


def said(text: str, chat: Chat = HERE, author: User | None = ANA, **more: Any) -> Message:
    return dataclasses.replace(Message(chat, author, text), **more)


def drawn(prompt: str, chat: Chat = HERE, turn: str = "t", **more: Any) -> Step:
    step = Step("draw", {"prompt": prompt, "count": 2, "seed": None}, ANA, chat, turn)
    return dataclasses.replace(step, **more)


async def test_a_message_comes_back_as_it_was(store: Store) -> None:
    at = datetime(2026, 11, 21, 12, 0, 0, 123457, tzinfo=UTC)
    message = said("猫 \x00 'quoted' 🎨", assets=(picture("b"), VOICE, picture("a")), at=at)
    await store.add(message)
    assert await store.message(message.id) == message
    reply = said("here", author=None, reply_to=message.id)
    await store.add(reply)
    assert await store.message(reply.id) == reply
    author = (await store.message(message.id)).author
    assert author
    assert author.name == "Ana"  # no part of who they are, so equality does not look at it


async def test_a_message_is_stored_once(store: Store) -> None:
    message = said("hello", assets=(VOICE,))
    await store.add(message)
    await store.add(message)
    assert await store.history(HERE) == [message]


async def test_what_utf8_cannot_hold_is_replaced_not_lost(store: Store) -> None:
    message = said("bad \ud800 text")
    await store.add(message)
    await store.save(drawn("\udc80"))
    assert (await store.message(message.id)).text == "bad ? text"


async def test_what_is_not_there_is_not_found(store: Store) -> None:
    for missing in (store.message("x"), store.step("x"), store.asset("x")):
        with pytest.raises(NotFound, match=r"^That .*\.$"):
            await missing


async def test_history_is_the_newest_of_one_chat_oldest_first(store: Store) -> None:
    # Ids of one millisecond do not sort: the order is that of arrival.
    here = [said(str(n), id=f"{n % 10}-{n}") for n in range(120)]
    for message in here:
        await store.add(message)
        await store.add(said("elsewhere", THERE, author=BEN))
    assert await store.history(HERE) == here[-50:]
    assert await store.history(HERE, limit=3) == here[-3:]
    assert await store.history(HERE, limit=2, before=here[10].id) == here[8:10]
    assert await store.history(HERE, limit=0) == []
    assert await store.history(Chat("test", "nowhere")) == []
    with pytest.raises(NotFound):
        await store.history(HERE, before="unknown")


async def test_the_same_id_on_two_platforms_is_two_chats(store: Store) -> None:
    await store.add(said("one", Chat("discord", "7")))
    await store.add(said("two", Chat("telegram", "7")))
    (message,) = await store.history(Chat("discord", "7"))
    assert message.text == "one"


async def test_people_are_known_by_their_latest_name(store: Store) -> None:
    for name in ("Ana", "Ana Maria", ""):
        await store.add(said("hi", author=User("test", "1", name)))
    names = [message.author and message.author.name for message in await store.history(HERE)]
    assert names == ["Ana Maria"] * 3


ASK: dict[str, tuple[Callable[[Store], Awaitable[object]], str]] = {
    "history": (lambda store: store.history(HERE), "messages_chat (chat=? AND rowid<?)"),
    "steps": (lambda store: store.steps(HERE), "steps_chat (chat=?)"),
    "pending": (lambda store: store.pending("test"), "USING INDEX deliveries_pending"),
    "open turns": (lambda store: store.open_turns("test"), "USING INDEX turns_open"),
    "steps of": (lambda store: store.steps_of("t"), "steps_turn (turn=?)"),
    "maker": (lambda store: store.maker("a" * 64), "step_assets_asset (asset=?)"),
}


@pytest.mark.parametrize("question", ASK)
async def test_questions_are_answered_from_an_index(
    store: Store, database: Database, question: str
) -> None:
    ask, plan = ASK[question]
    asked: list[str] = []
    await store.add(said("hello"))
    await database(lambda db: db.conn.set_trace_callback(asked.append))
    await ask(store)
    await database(lambda db: db.conn.set_trace_callback(None))
    (sql,) = [sql for sql in asked if "FROM messages m" in sql or "FROM steps s" in sql]
    rows = await database(lambda db: db.execute(f"EXPLAIN QUERY PLAN {sql}").fetchall())
    details = "\n".join(row[3] for row in rows)
    assert plan in details
    assert "SCAN m" not in details
    assert "SCAN s" not in details
    if question in ("history", "steps"):  # the order is that of the index, so 50 rows cost 50 rows
        assert "TEMP B-TREE" not in details


async def test_a_turn_is_open_until_its_reply_is_stored(store: Store) -> None:
    first, second = said("draw a fox"), said("and a dog")
    elsewhere = said("other platform", Chat("other", "1"))
    for message in (first, second, elsewhere, first):
        await store.open_turn(message)
    assert await store.open_turns("test") == [first, second]
    reply = said("a fox", author=None, reply_to=first.id, assets=(picture("a"),))
    actions = (Action("again:1", "Again"), Action("vary:1", "Väry"))
    delivery = await store.close_turn(reply, actions)
    assert delivery == Delivery(reply, actions)
    assert await store.open_turns("test") == [second]
    assert await store.pending("test") == [delivery]
    assert await store.history(HERE) == [first, second, reply]


async def test_an_answered_request_that_comes_again_stays_answered(store: Store) -> None:
    request = said("draw a fox")
    await store.open_turn(request)
    await store.close_turn(said("a fox", author=None, reply_to=request.id))
    await store.open_turn(request)  # a platform may deliver twice
    assert await store.open_turns("test") == []


async def test_a_message_stored_before_can_become_a_turn(store: Store) -> None:
    request = said("draw a fox")
    await store.add(request)
    await store.open_turn(request)
    assert await store.open_turns("test") == [request]


async def test_a_reply_is_delivered_once(store: Store) -> None:
    reply = said("a fox", author=None, reply_to="r")
    await store.close_turn(reply)
    await store.sent(reply.id)
    assert await store.pending("test") == []
    again = await store.close_turn(reply, (Action("x", "X"),))
    assert again == Delivery(reply, (), "sent")
    assert await store.pending("test") == []
    lost = said("a dog", author=None, reply_to="r")
    await store.close_turn(lost)
    await store.failed(lost.id)
    await store.failed("forgotten meanwhile")
    assert await store.pending("test") == []


async def test_a_delivery_says_what_kind_of_reply_it_is(store: Store) -> None:
    reply = said("Which one?", author=None, reply_to="r")
    delivery = await store.close_turn(reply, kind="question")
    assert delivery.kind == "question"
    assert await store.delivery(reply) == delivery
    with pytest.raises(NotFound):
        await store.delivery(said("never stored"))


async def test_a_reply_that_cannot_be_stored_leaves_its_turn_open(
    store: Store, database: Database
) -> None:
    request = said("draw a fox")
    await store.open_turn(request)
    await database(lambda db: db.conn.execute("PRAGMA max_page_count = 1").fetchone())
    with pytest.raises(StorageFull):
        await store.close_turn(said("x" * 200_000, author=None, reply_to=request.id))
    assert await store.open_turns("test") == [request]
    assert await store.history(HERE) == [request]
    await database(lambda db: db.conn.execute("PRAGMA max_page_count = 100000").fetchone())
    await store.close_turn(said("x" * 200_000, author=None, reply_to=request.id))
    assert await store.open_turns("test") == []


async def test_steps_keep_their_planned_order_and_everything_in_them(store: Store) -> None:
    steps = [drawn(f"fox {n}", parents=("b" * 64, "a" * 64)) for n in range(20)]
    await store.plan(steps)
    await store.plan(steps)
    assert await store.steps_of("t") == steps
    assert await store.step(steps[7].id) == steps[7]
    assert await store.steps(HERE, limit=5) == steps[-5:]
    assert await store.steps(THERE) == []


async def test_a_saved_step_replaces_the_planned_one(store: Store) -> None:
    steps = [drawn("one"), drawn("two"), drawn("three")]
    await store.plan(steps)
    done = dataclasses.replace(
        steps[1],
        status="done",
        args={"prompt": "two", "seed": 7, "nested": {"a": [1, 2.5, True]}},
        result="Here are 2 pictures.",
        assets=(picture("b"), picture("a")),
        parents=("c" * 64,),
        seconds=1.5,
    )
    await store.save(done)
    await store.save(done)
    assert await store.steps_of("t") == [steps[0], done, steps[2]]
    failed = dataclasses.replace(done, status="failed", assets=(), parents=())
    await store.save(failed)
    assert await store.step(done.id) == failed
    new = drawn("never planned")
    await store.save(new)
    assert await store.step(new.id) == new


async def test_a_plan_is_stored_whole_or_not_at_all(store: Store) -> None:
    with pytest.raises(TypeError):
        await store.plan([drawn("good"), drawn("bad", args={"not json": object()})])
    assert await store.steps(HERE) == []


async def test_the_maker_is_the_newest_done_step(store: Store) -> None:
    old = drawn("old", status="done", assets=(picture("a"),))
    new = drawn("new", THERE, status="done", assets=(picture("b"), picture("a")))
    failed = drawn("failed", status="failed", assets=(picture("a"),))
    for step in (old, new, failed):
        await store.save(step)
    assert await store.maker("a" * 64) == new
    assert await store.maker("a" * 64, HERE) == old
    assert await store.maker("b" * 64, HERE) is None


async def test_what_is_known_of_an_asset(store: Store) -> None:
    await store.add(said("listen", assets=(VOICE,)))
    await store.save(drawn("fox", assets=(picture("a"),)))
    assert await store.asset(VOICE.sha256) == VOICE
    assert await store.asset("a" * 64) == picture("a")


async def test_the_last_judgement_of_a_person_counts(store: Store, database: Database) -> None:
    judged: list[tuple[User, Literal[-1, 1]]] = [(ANA, 1), (BEN, 1), (ANA, -1)]
    for user, score in judged:
        await store.judge(Feedback("a" * 64, user, score, "too dark"))
    sql = "SELECT u.name, f.score, f.note FROM feedback f JOIN users u ON u.number = f.user"
    rows = await database(lambda db: sorted(db.execute(sql).fetchall()))
    assert rows == [("Ana", -1, "too dark"), ("Ben", 1, "too dark")]


async def counts(database: Database) -> dict[str, int]:
    tables = (
        "messages", "steps", "members", "chats", "users", "assets", "message_assets",
        "step_assets", "step_parents", "turns", "deliveries", "feedback",
    )  # fmt: skip
    return await database(
        lambda db: {t: db.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in tables}
    )


async def talk(store: Store, chat: Chat, user: User, shared: Asset, own: Asset) -> None:
    request = said("draw a zebra", chat, user, assets=(shared,))
    await store.open_turn(request)
    parents = (shared.sha256,)
    made = drawn("a zebra", chat, request.id, status="done", assets=(own,), parents=parents)
    await store.save(dataclasses.replace(made, user=user, result="One zebra."))
    reply = said("a zebra", chat, None, reply_to=request.id, assets=(own,))
    await store.close_turn(reply, (Action("x", "X"),))
    await store.judge(Feedback(reply.id, user, 1))
    await store.judge(Feedback(own.sha256, user, 1))


async def test_forgetting_leaves_nothing_of_a_chat_and_all_of_the_others(
    store: Store, database: Database
) -> None:
    await talk(store, THERE, BEN, picture("a"), picture("c"))
    before = await counts(database), await store.history(THERE), await store.steps(THERE)
    await talk(store, HERE, ANA, picture("a"), picture("b"))
    assert await store.forget(HERE) == ["b" * 64]
    assert (await counts(database), await store.history(THERE), await store.steps(THERE)) == before
    assert await search(database, HERE, "zebra") == []
    assert len(await search(database, THERE, "zebra")) == 3
    assert await store.forget(HERE) == []
    assert await store.forget(THERE) == ["a" * 64, "c" * 64]
    assert set((await counts(database)).values()) == {0}


async def test_what_is_said_after_forgetting_is_found(store: Store, database: Database) -> None:
    for n in range(600):  # more than one piece
        await store.add(said(f"old zebra {n}"))
    await store.forget(HERE)
    await store.add(said("new zebra"))
    (found,) = await search(database, HERE, "zebra")
    assert found.text == "new zebra"


async def test_who_speaks_while_a_chat_is_forgotten_is_heard(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = said("wait, draw a fox")

    def speak(chat: Chat, user: User | None, db: sqlite_utils.Database) -> bool:
        message_rows.add(db.conn, late)
        return erase_steps(chat, user, db)

    erase_steps = erase.steps
    monkeypatch.setattr(erase, "steps", speak)  # runs when all messages are gone
    await store.add(said("old"))
    await store.forget(HERE)
    assert await store.history(HERE) == [late]


async def test_a_forgotten_word_is_nowhere_on_the_disk(tmp_path: Path) -> None:
    file = tmp_path / "a.db"
    async with Database(file) as database:
        store = Store(database)
        works = [
            work
            for n in range(300)  # enough for several segments of the index
            for work in (
                store.add(said(f"xylophone{n}")),
                store.add(said(f"harpsichord{n}", THERE)),
                store.save(drawn(f"xylophone{n}", turn=f"xylophone{n}")),
            )
        ]
        await asyncio.gather(*works)
        assert await search(database, HERE, "xylophone7")
        await store.forget(HERE)
    everything = file.read_bytes()
    assert b"harpsichord299" in everything
    assert b"xylophone" not in everything
    assert b"ylopho" not in everything  # the index shortens words to what differs


async def test_many_at_once_lose_nothing(store: Store) -> None:
    async def turn(n: int) -> None:
        request = said(str(n), Chat("test", str(n % 7)))
        await store.open_turn(request)
        await store.close_turn(said("ok", request.chat, None, reply_to=request.id))

    await asyncio.gather(*(turn(n) for n in range(300)))
    assert await store.open_turns("test") == []
    assert len(await store.pending("test")) == 300


async def test_people_are_known_by_their_last_name(store: Store) -> None:
    await store.add(Message(HERE, ANA, "hi"))
    await store.add(Message(HERE, dataclasses.replace(ANA, name="Ana Maria"), "hi"))
    assert await store.names({ANA, BEN}) == {ANA: "Ana Maria", BEN: ""}


async def test_facts_take_the_place_of_those_before(store: Store) -> None:
    assert await store.kept("costs") == {}
    await store.keep("costs", {"a": 1})
    await store.keep("costs", {"b": [1.5, None]})
    assert await store.kept("costs") == {"b": [1.5, None]}


async def test_planned_steps_are_taken_up_once_and_all_together(store: Store) -> None:
    steps = [drawn(f"cat {n}", turn="plan") for n in range(3)]
    await store.plan(steps)
    first, second, _ = (dataclasses.replace(s, turn="go", status="queued") for s in steps)
    assert await store.take_up("plan", [first, dataclasses.replace(second, args={"n": 7})])
    assert [(s.id, s.args, s.status) for s in await store.steps_of("go")] == [
        (first.id, first.args, "queued"),
        (second.id, {"n": 7}, "queued"),
    ]
    assert [s.status for s in await store.steps_of("plan")] == ["cancelled"]
    assert not await store.take_up("plan", [steps[0]])
    assert not await store.take_up("never", [steps[0]])
    assert (await store.step(first.id)).turn == "go"

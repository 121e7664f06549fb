"""Full-text search: one chat only, many scripts, any question."""

import dataclasses
from collections.abc import AsyncIterator

import pytest

from memory import index
from memory.database import Database
from memory.recall import Found, search
from memory.records import Chat, Message, Step, User
from memory.store import Store

HERE, THERE = Chat("test", "1"), Chat("test", "2")
ANA = User("test", "1", "Ana")


@pytest.fixture
async def database() -> AsyncIterator[Database]:
    async with Database(None) as database:
        yield database


@pytest.fixture
def store(database: Database) -> Store:
    return Store(database)


async def texts(database: Database, words: str, limit: int = 10) -> list[str]:
    return [found.text for found in await search(database, HERE, words, limit=limit)]


async def say(store: Store, *texts: str, chat: Chat = HERE) -> list[Message]:
    messages = [Message(chat, ANA, text) for text in texts]
    for message in messages:
        await store.add(message)
    return messages


async def test_a_message_is_found_with_who_said_it_and_when(
    store: Store, database: Database
) -> None:
    fox, _ = await say(store, "A red fox in the snow", "nothing of the kind")
    (found,) = await search(database, HERE, "fox")
    assert found == Found(fox.id, fox.text, fox.at, "Ana", found.score)
    assert found.score > 0


async def test_the_assistants_words_have_no_author(store: Store, database: Database) -> None:
    await store.add(Message(HERE, None, "Here is your fox."))
    (found,) = await search(database, HERE, "fox")
    assert found.author_name == ""


async def test_another_chat_is_never_seen(store: Store, database: Database) -> None:
    # Chat 1 and chat 12 begin alike, as do their terms.
    for n in range(2, 13):
        await say(store, "a secret fox", f"{n}xfox", "2xfox", chat=Chat("test", str(n)))
    await say(store, "hello")
    assert await texts(database, "secret fox") == []
    assert await texts(database, "2xfox 12xsecret 12x fo") == []
    assert await search(database, Chat("test", "unknown"), "fox") == []


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("Ein Café in München", "cafe munchen"),
        ("ein cafe", "CAFÉ"),
        ("cafe\u0301", "café"),
        ("Straße", "STRASSE"),
        ("İstanbul", "istanbul"),
        ("Ёлка в лесу", "елка"),
        ("photographs of mountains", "photo"),
        ("猫咪在窗台上睡觉", "窗台"),
        ("猫咪在窗台上睡觉", "猫"),
        ("猫咪在窗台上睡觉", "觉"),
        ("画一只戴帽子的狐狸，写实风格", "狐狸"),
        ("画一只 red fox 在雪里", "fox"),
        ("夕焼けの海を描いてください", "夕焼け"),
        ("ネコの絵をもう一枚", "ネコ"),
        ("ガラスの靴", "ガラス"),
        ("ｶﾞﾗｽの靴", "ガラス"),
        ("고양이를 그려줘", "고양이"),
        ("วาดแมวสีแดง", "แมว"),
        ("बिल्ली का चित्र", "बिल्ली"),
        ("ארנב בשלג", "ארנב"),
        ("seed 4711", "4711"),
        ("say it isn't so", "isn't"),
        ("snake_case_name", "case"),
        ("𠮷野家", "𠮷野"),
    ],
)
async def test_words_are_found_in_any_script(
    store: Store, database: Database, said: str, asked: str
) -> None:
    await say(store, "something else 別の話 另一件事 다른", said, "and more")
    assert (await texts(database, asked))[:1] == [said]


@pytest.mark.parametrize(
    ("said", "asked"),
    [("狗在睡觉", "猫咪"), ("かき", "がき"), ("a cat", "at"), ("bar", "foobar"), ("上海", "海上")],
)
async def test_what_differs_is_not_found(
    store: Store, database: Database, said: str, asked: str
) -> None:
    await say(store, said)
    assert await texts(database, asked) == []


@pytest.mark.parametrize(
    "question",
    [
        "", " ", '"', '"" OR', "fox AND", "NOT fox", "fox*", "^fox", "words:fox", "NEAR(a b)",
        "-fox", "(fox", "fox)", "{a b}: fox", "'; DROP TABLE messages; --", "\x00", "\ud800", "%",
        "🦊", "🦊🎨", "a" * 100_000, "猫" * 100_000, " ".join(map(str, range(20_000))), "\u0301",
        "ﷺ", "1x", "x",
    ],
)  # fmt: skip
async def test_any_question_is_safe(store: Store, database: Database, question: str) -> None:
    await say(store, "the fox", question)
    await search(database, HERE, question)
    assert await texts(database, "the fox", limit=1) == ["the fox"]


@pytest.mark.parametrize("question", ['"fox"', "fox AND", "(fox", "fox*", "-fox", "words:fox"])
async def test_operators_are_just_words(store: Store, database: Database, question: str) -> None:
    await say(store, "the fox")
    assert await texts(database, question) == ["the fox"]


async def test_steps_are_found_by_prompt_and_result(store: Store, database: Database) -> None:
    args: dict[str, object] = {"prompt": "an otter at dusk", "image": "ab" * 32, "count": 3}
    step = Step("draw", args, ANA, HERE, "turn")
    await store.plan([step])
    (found,) = await search(database, HERE, "otter")
    assert (found.message_id, found.step_id, found.author_name) == ("turn", step.id, "Ana")
    done = dataclasses.replace(step, status="done", result="Three watercolours.")
    await store.save(done)
    (found,) = await search(database, HERE, "watercolour")
    assert found.text == "Three watercolours.\nan otter at dusk"
    assert await search(database, HERE, "abab") == []
    await store.save(dataclasses.replace(done, result="Two sketches.", args={"prompt": "a mole"}))
    assert await search(database, HERE, "watercolour otter") == []
    assert [one.step_id for one in await search(database, HERE, "mole")] == [step.id]


async def test_messages_and_steps_are_weighed_together(store: Store, database: Database) -> None:
    await say(store, "an otter", "a blue heron")
    await store.plan([Step("draw", {"prompt": "a blue otter"}, ANA, HERE, "turn")])
    assert await texts(database, "blue otter") == ["\na blue otter", "a blue heron", "an otter"]


async def test_a_rare_word_counts_more_than_common_ones(store: Store, database: Database) -> None:
    rare, *_ = await say(store, "the walrus", *(f"the picture of day {n}" for n in range(300)))
    assert (await texts(database, "the picture of the walrus"))[0] == rare.text


async def test_a_text_with_all_words_is_found_at_any_age(store: Store, database: Database) -> None:
    both, *_ = await say(store, "red apple", *(t for _ in range(250) for t in ("red", "apple")))
    assert (await texts(database, "red apple"))[0] == both.text


async def test_a_whole_word_comes_before_a_longer_one(store: Store, database: Database) -> None:
    await say(store, "a cat", "a category")
    assert await texts(database, "cat") == ["a cat", "a category"]


async def test_of_equals_the_newest_comes_first(store: Store, database: Database) -> None:
    messages = await say(store, *(f"fox {n}" for n in range(700)))  # indexed in several batches
    assert await texts(database, "fox", limit=3) == [m.text for m in messages[:-4:-1]]
    assert await texts(database, "fox 3", limit=1) == ["fox 3"]
    assert await texts(database, "fox", limit=0) == []


async def test_adding_indexes_now_and_then_and_searching_the_rest(
    store: Store, database: Database
) -> None:
    await say(store, *(f"fox {n}" for n in range(index.BATCH + 10)))
    sql = "SELECT upto FROM indexed"
    assert await database(lambda db: db.execute(sql).fetchone()[0]) == index.BATCH
    await search(database, HERE, "fox")
    assert await database(lambda db: db.execute(sql).fetchone()[0]) == index.BATCH + 10


def test_terms_carry_their_chat_and_are_each_there_once() -> None:
    assert index.terms(7, "The fox, the FOX!") == "7xthe 7xfox"
    assert index.terms(7, "猫咪在睡") == "7x猫咪 7x咪在 7x在睡 7x睡"

"""What Telegram refuses, what the network loses, and how the bot goes on."""

import asyncio
from pathlib import Path

import pytest

from bot.adapters.telegram.platform import Telegram
from bot.adapters.telegram.request import CONNECTIONS
from bot.errors import SettingsError
from memory.records import Chat
from tests.rooms import room
from tests.telegram_bot import Gate, Living, alone, clean, given, living, timing
from tests.telegram_faults import Fault, broken, dropped, flood, lost
from tests.telegram_people import Person, Place
from tests.telegram_server import serving
from tests.telegram_world import Post


async def held(bot: Living, where: Person | Place) -> Post:
    """Wait for the status message of a request that a gate holds."""
    (status,) = await bot.said(where)
    assert isinstance(bot.room.studio.runner, Gate)
    await asyncio.wait_for(bot.room.studio.runner.entered.wait(), 5)
    return status


def let_go(bot: Living) -> None:
    assert isinstance(bot.room.studio.runner, Gate)
    bot.room.studio.runner.go.set()


async def given_up(bot: Living, chat: str) -> None:
    """Wait until a reply is given up, and see that its turn is over."""
    await bot.settled()
    store = bot.room.studio.store
    reply = (await store.history(Chat("telegram", chat)))[-1]
    assert (reply.author, (await store.delivery(reply)).status) == (None, "failed")


@pytest.mark.parametrize("fault", [flood(209), broken(502), dropped(), lost()])
async def test_an_edit_is_made_again_until_it_is_answered(tmp_path: Path, fault: object) -> None:
    async with alone(tmp_path, Gate()) as bot:
        ana = bot.server.person("Ana")
        ana.says("draw a cat")
        status = await held(bot, ana)
        bot.server.fail("editMessageMedia", fault, fault)  # type: ignore[arg-type]
        let_go(bot)
        assert await bot.answer(ana) is status
        await bot.settled()
        assert bot.server.count("editMessageMedia") == 3
        assert len(bot.server.messages(ana)) == 1


async def test_who_blocked_the_bot_gets_nothing_and_the_others_go_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with alone(tmp_path, Gate()) as bot:
        ana, ben = bot.server.person("Ana"), bot.server.person("Ben")
        ana.says("draw a cat")
        await held(bot, ana)
        ana.blocks()
        let_go(bot)
        await given_up(bot, str(ana.id))
        assert "was given up" in caplog.text
        ben.says("draw a dog")
        assert (await bot.answer(ben)).kind == "photo"
        await bot.settled()


async def test_a_bot_that_was_thrown_out_gives_up(tmp_path: Path) -> None:
    async with alone(tmp_path, Gate()) as bot:
        ana = bot.server.person("Ana")
        group = bot.server.group("Studio", ana)
        ana.says("/draw a cat", group)
        await held(bot, group)
        group.kick_bot(ana)
        let_go(bot)
        await given_up(bot, str(group.id))


async def test_where_nothing_may_be_said_no_error_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with alone(tmp_path, Gate()) as bot:
        ana = bot.server.person("Ana")
        group = bot.server.group("Studio", ana)
        group.forbid()
        ana.says("/draw a cat", group)
        await bot.server.wait_for(lambda: bot.server.count("sendMessage"))
        let_go(bot)
        await given_up(bot, str(group.id))
    assert "was given up" in caplog.text
    assert not [record for record in caplog.records if record.exc_info]


async def test_a_closed_topic_is_given_up(tmp_path: Path) -> None:
    async with alone(tmp_path, Gate()) as bot:
        ana = bot.server.person("Ana")
        forum = bot.server.group("Studio", ana, forum=True)
        topic = forum.open_topic("Cats", ana)
        ana.says("/draw 2 cats", forum, topic=topic)
        await held(bot, forum)
        forum.close_topic(topic)
        let_go(bot)
        await given_up(bot, f"{forum.id}:{topic}")


async def test_where_pictures_are_forbidden_it_is_said_in_words(tmp_path: Path) -> None:
    async with alone(tmp_path) as bot:
        ana = bot.server.person("Ana")
        group = bot.server.group("Studio", ana)
        group.forbid("photos", "voice notes", "audios", "documents")
        ana.says("/draw 2 cats", group)
        answer = await bot.answer(group)
        assert answer.kind == "text"
        assert "It cannot be shown here" in answer.text
        await bot.settled()
        assert len(bot.server.messages(group)) == 1
        ana.says("/speak good morning", group)
        told = await bot.server.wait_for(
            lambda: [p for p in bot.server.messages(group) if "not send sounds" in p.text]
        )
        assert told[0].reply_to is await bot.answer(group, 1)
        await bot.settled()


async def test_where_nothing_may_be_said_nothing_is(tmp_path: Path) -> None:
    async with alone(tmp_path) as bot:
        ana = bot.server.person("Ana")
        group = bot.server.group("Studio", ana)
        group.forbid()
        ana.says("/draw a cat", group)
        ana.says("/help", group)
        await bot.server.wait_for(lambda: bot.server.count("sendMessage") >= 2)
        await given_up(bot, str(group.id))


async def test_a_group_that_grew_is_answered_where_it_is_now(tmp_path: Path) -> None:
    async with alone(tmp_path, Gate()) as bot:
        ana = bot.server.person("Ana")
        group = bot.server.group("Studio", ana)
        ana.says("/draw 2 cats", group)
        await held(bot, group)
        grown = group.upgrade(ana)
        let_go(bot)
        posts = await bot.said(grown, 3)
        assert posts[0].labels
        assert {p.reply_to for p in posts[1:]} == {posts[0]}
        assert posts[0].reply_to is None
        await bot.settled()
        ana.says("/edit 2 darker", grown)
        edited = await bot.answer(grown, 1)
        assert edited.kind == "photo"
        await bot.settled()
        made, changed = await bot.room.studio.store.steps(Chat("telegram", str(grown.id)))
        assert changed.parents == (made.assets[1].sha256,)


async def test_an_answer_needs_no_status_message(tmp_path: Path) -> None:
    async with alone(tmp_path, Gate()) as bot:
        ana = bot.server.person("Ana")
        asked = ana.says("draw a cat")
        status = await held(bot, ana)
        status.deleted = True
        asked.deleted = True
        let_go(bot)
        answer = await bot.answer(ana)
        assert (answer.kind, answer.reply_to) == ("photo", None)
        await bot.settled()
        assert bot.server.messages(ana) == [answer]


async def test_a_busy_group_stays_within_its_limits(tmp_path: Path) -> None:
    async with alone(tmp_path) as bot:
        people = [bot.server.person(name) for name in ("Ana", "Ben", "Cleo")]
        group = bot.server.group("Studio", *people)
        for person in people * 3:
            person.says("/draw 4 cats", group)
        await bot.answer(group, 8)
        await bot.settled()
        assert len(bot.server.messages(group)) == 9 * 5
        assert not bot.server.flood.refused


async def test_progress_gives_way_when_telegram_wants_to_be_left_alone(tmp_path: Path) -> None:
    async with alone(tmp_path) as bot:
        ana = bot.server.person("Ana")
        bot.server.fail("sendMessage", flood(30))
        ana.says("draw a cat")
        answer = await bot.answer(ana)
        assert answer.kind == "photo"
        await bot.settled()


async def test_polling_goes_on_after_whatever_happens(tmp_path: Path) -> None:
    async with alone(tmp_path) as bot:
        ana = bot.server.person("Ana")
        bot.server.fail("getUpdates", broken(), dropped(), lost(), flood(3))
        bot.server.cut()
        ana.says("draw a cat")
        assert (await bot.answer(ana)).kind == "photo"
        await bot.settled()
        assert len(bot.server.messages(ana)) == 1


async def test_an_update_that_cannot_be_read_is_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(spec=None) as server, living(server, tmp_path) as bot:
        bot.server.updates.add("message", {"strange": True})
        ana = bot.server.person("Ana")
        ana.says("draw a cat")
        await bot.answer(ana)
        await bot.settled()
        assert "could not be read" in caplog.text


async def test_a_second_program_with_the_same_token_is_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    async with (
        serving() as server,
        living(server, tmp_path / "one"),
        living(server, tmp_path / "two"),
    ):
        await server.wait_for(lambda: "stop one of the two" in caplog.text)
        assert server.updates.conflicts


async def test_a_wrong_token_is_one_sentence_without_it(tmp_path: Path) -> None:
    async with serving() as server, room(tmp_path) as here:
        wrong = given(server, "1234:nobody")
        args = (here.desk, here.studio, timing(server))
        with pytest.raises(SettingsError, match="@BotFather") as caught:
            await Telegram(wrong, *args).run(here.handle)
        assert "nobody" not in str(caught.value)


async def test_a_token_that_was_taken_away_ends_it(tmp_path: Path) -> None:
    async with serving() as server, room(tmp_path) as here:
        args = (here.desk, here.studio, timing(server))
        task = asyncio.create_task(Telegram(given(server), *args).run(here.handle))
        await server.wait_for(lambda: server.updates.polled)
        server.token = "1234:another"
        server.cut()
        with pytest.raises(SettingsError, match="@BotFather"):
            await asyncio.wait_for(task, 5)


async def test_it_starts_when_telegram_can_be_reached_again(tmp_path: Path) -> None:
    async with serving() as server:
        server.fail("getMe", broken(), dropped())
        async with living(server, tmp_path) as bot:
            ana = server.person("Ana")
            ana.says("draw a cat")
            await bot.answer(ana)
            await bot.settled()
        clean(server)


async def test_a_bug_is_told_once_with_a_number(tmp_path: Path) -> None:
    class Broken(Gate):
        async def run(self, *args: object) -> list[object]:  # type: ignore[override]
            raise ZeroDivisionError

    async with alone(tmp_path, Broken()) as bot:
        ana = bot.server.person("Ana")
        ana.says("draw a cat")
        post = await bot.server.wait_for(
            lambda: [p for p in bot.server.messages(ana) if "Something broke" in p.text]
        )
        await bot.settled()
        assert bot.server.messages(ana) == post


@pytest.mark.parametrize("fault", [broken(502), lost()])
async def test_a_first_sign_that_is_lost_is_no_error(
    tmp_path: Path, fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    async with alone(tmp_path) as bot:
        bot.server.fail("sendMessage", fault)
        ana = bot.server.person("Ana")
        ana.says("draw a cat")
        assert (await bot.answer(ana)).kind == "photo"
        await bot.settled()
    assert "Traceback" not in caplog.text


async def test_a_crowd_shares_a_few_connections(tmp_path: Path) -> None:
    async with alone(tmp_path) as bot:
        people = [bot.server.person(f"Ana {number}") for number in range(80)]
        for person in people:
            person.says("/quota")
        await bot.server.wait_for(lambda: all(map(bot.server.messages, people)), 30)
        await bot.server.wait_for(lambda: bot.server.count("sendChatAction") == 80)
        assert len(bot.server.peers) <= CONNECTIONS
        await bot.settled()

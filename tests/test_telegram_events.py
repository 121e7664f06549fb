"""How people on Telegram ask: in private, in groups and topics, with files, replies and buttons."""

from dataclasses import replace
from pathlib import Path

import pytest

from bot.adapter import Place
from bot.commands import COMMANDS
from memory.records import Chat, Message
from tests.fakes import FakeRunner, picture, sound
from tests.telegram_bot import Gate, Living, alone
from tests.telegram_files import Upload


async def last(bot: Living, chat: int | str) -> Message:
    """Return the newest request of a chat."""
    history = await bot.room.studio.store.history(Chat("telegram", str(chat)))
    return next(m for m in reversed(history) if m.author is not None)


async def test_the_menu_offers_the_commands(tmp_path: Path) -> None:
    async with alone(tmp_path) as bot:
        await bot.server.wait_for(lambda: bot.server.world.commands)
        menu = [c["command"] for c in bot.server.world.commands["default"]]
        assert {"draw", "imagine", "help", "queue"} <= set(menu)
        assert set(menu) == set(COMMANDS) - {"quit"} | {"imagine"}


async def test_other_bots_commands_are_left_to_them(tmp_path: Path) -> None:
    async with alone(tmp_path) as bot:
        ana = bot.server.person("Ana")
        group = bot.server.group("Studio", ana)
        ana.says("/ban somebody", group)
        ana.says("/imagin a cat", group)
        ana.says("/ban@atelier_bot somebody", group)
        told = await bot.said(group, 2)
        await bot.settled()
        assert [post.text[:29] for post in told] == [
            "There is no command /imagin; ",
            "There is no command /ban; /he",
        ]


async def test_start_is_answered_with_help(tmp_path: Path) -> None:
    async with alone(tmp_path) as bot:
        ana = bot.server.person("Ana")
        asked = ana.says("/start")
        (told,) = await bot.said(ana)
        assert "draw four smiling cats" in told.text
        assert "/help" in told.text
        assert told.reply_to is asked
        ana.says("/nonsense")
        _, told = await bot.said(ana, 2)
        assert told.text == "There is no command /nonsense; /help lists them."
        await bot.settled()


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("/draw a cat", "/draw a cat"),
        ("/draw@atelier_bot a cat", "/draw a cat"),
        ("/imagine@Atelier_Bot a cat", "/imagine a cat"),
        ("@atelier_bot draw a cat", "draw a cat"),
        ("draw a cat, @ATELIER_bot", "draw a cat,"),
    ],
)
async def test_in_groups_commands_and_mentions_are_heard(
    tmp_path: Path, text: str, meant: str
) -> None:
    async with alone(tmp_path) as bot:
        ana = bot.server.person("Ana")
        group = bot.server.group("Studio", ana)
        asked = ana.says(text, group)
        answer = await bot.answer(group)
        assert (answer.kind, answer.reply_to) == ("photo", asked)
        assert (await last(bot, group.id)).text == meant
        await bot.settled()


async def test_without_privacy_mode_what_is_said_to_others_is_left_alone(tmp_path: Path) -> None:
    async with alone(tmp_path, privacy=False) as bot:
        ana = bot.server.person("Ana")
        group = bot.server.group("Studio", ana)
        ana.says("draw a cat", group)
        ana.says("/draw@other_bot a dog", group)
        asked = ana.says("@atelier_bot draw a fox", group)
        answer = await bot.answer(group)
        assert answer.reply_to is asked
        ana.says("/again", group, reply_to=answer)
        await bot.answer(group, 1)
        await bot.settled()
        assert len(bot.server.messages(group)) == 2


async def test_each_topic_is_a_conversation(tmp_path: Path) -> None:
    async with alone(tmp_path) as bot:
        ana = bot.server.person("Ana")
        forum = bot.server.group("Studio", ana, forum=True)
        cats, dogs = forum.open_topic("Cats", ana), forum.open_topic("Dogs", ana)
        ana.says("/draw a cat", forum, topic=cats)
        cat = await bot.answer(forum)
        ana.says("/draw a dog", forum, topic=dogs)
        dog = await bot.answer(forum, 1)
        ana.says("/draw a fox", forum)
        fox = await bot.answer(forum, 2)
        assert [p.topic for p in (cat, dog, fox)] == [cats, dogs, 0]
        ana.says("/edit darker", forum, topic=cats)
        assert (await bot.answer(forum, 3)).topic == cats
        await bot.settled()
        steps = await bot.room.studio.store.steps(Chat("telegram", f"{forum.id}:{cats}"))
        assert [s.tool for s in steps] == ["draw", "edit"]
        assert steps[1].parents == (steps[0].assets[0].sha256,)


async def test_events_know_their_place(tmp_path: Path) -> None:
    async with alone(tmp_path) as bot:
        ana, ben = bot.server.person("Ana"), bot.server.person("Ben")
        forum = bot.server.group("Studio", ana, ben, forum=True)
        topic = forum.open_topic("Cats", ana)
        forum.promote(ana)
        ana.says("/help", forum, topic=topic)
        ben.says("/draw a cat", forum, topic=topic)
        main = await bot.answer(forum)
        ana.presses(main, "good")
        await bot.server.wait_for(lambda: len(bot.events) == 3)
        ana.says("/help")
        await bot.server.wait_for(lambda: len(bot.events) == 4)
        places = [event.place for event in bot.events]
        there = Place(str(forum.id), private=False, admin=True)
        assert places == [there, replace(there, admin=False), there, Place()]
        assert bot.server.count("getChatMember") == 2
        await bot.said(ana)
        await bot.settled()
        await bot.server.wait_for(lambda: not bot.server.unanswered)


async def test_a_photo_with_a_caption_is_edited(tmp_path: Path) -> None:
    async with alone(tmp_path) as bot:
        ana = bot.server.person("Ana")
        ana.sends_photo(picture(1), "make it darker")
        answer = await bot.answer(ana)
        assert answer.kind == "photo"
        await bot.settled()
        (step,) = await bot.room.studio.store.steps(Chat("telegram", str(ana.id)))
        assert step.tool == "edit"


async def test_an_album_is_one_request(tmp_path: Path) -> None:
    async with alone(tmp_path) as bot:
        ana = bot.server.person("Ana")
        posts = ana.sends_photos([picture(1), picture(2), picture(3)], "the second one darker")
        await bot.answer(ana)
        await bot.settled()
        request = await last(bot, ana.id)
        assert len(request.assets) == 3
        (step,) = await bot.room.studio.store.steps(request.chat)
        assert step.parents == (request.assets[1].sha256,)
        for number in (0, 2):
            ana.says("make it brighter", reply_to=posts[number])
            await bot.answer(ana, 1 + number // 2)
            await bot.settled()
            step = (await bot.room.studio.store.steps(request.chat))[-1]
            assert step.parents == (request.assets[number].sha256,)


async def test_two_albums_at_once_are_not_mixed(tmp_path: Path) -> None:
    async with alone(tmp_path, privacy=False) as bot:
        ana, ben = bot.server.person("Ana"), bot.server.person("Ben")
        group = bot.server.group("Studio", ana, ben)
        hers = ("@atelier_bot the first one darker", group)
        his = ("@atelier_bot the second one darker", group)
        ana.sends_photo(picture(1), *hers, album="hers")
        ben.sends_photo(picture(3), *his, album="his")
        ana.sends_photo(picture(2), "", group, album="hers")
        ben.sends_photo(picture(4), "", group, album="his")
        await bot.answer(group, 1)
        await bot.settled()
        history = await bot.room.studio.store.history(Chat("telegram", str(group.id)))
        assert sorted(len(m.assets) for m in history if m.author) == [2, 2]


async def test_a_voice_note_is_taken_for_what_it_says(tmp_path: Path) -> None:
    runner = FakeRunner(heard="draw a cat")
    async with alone(tmp_path, runner) as bot:
        ana = bot.server.person("Ana")
        ana.sends_voice(sound(), 1)
        answer = await bot.answer(ana)
        assert answer.kind == "photo"
        assert answer.text.startswith("“draw a cat”")
        await bot.settled()


async def test_a_picture_sent_as_a_file_is_used_as_it_is(tmp_path: Path) -> None:
    async with alone(tmp_path) as bot:
        ana = bot.server.person("Ana")
        ana.sends_document(Upload("cat.png", picture(5), "image/png"), "make it darker")
        await bot.answer(ana)
        await bot.settled()
        request = await last(bot, ana.id)
        assert await bot.room.studio.assets.read(request.assets[0]) == picture(5)


async def test_files_that_cannot_be_used_get_one_sentence(tmp_path: Path) -> None:
    async with alone(tmp_path) as bot:
        ana = bot.server.person("Ana")
        ana.sends_document(Upload("big.png", b"x" * (25 << 20), "image/png"), "darker")
        (told,) = await bot.said(ana)
        assert told.text.startswith("That file has 26 MB; Telegram lets me fetch up to 20 MB")
        ana.sends_document(Upload("notes.pdf", b"%PDF-1.7", "application/pdf"))
        assert len(await bot.said(ana, 2)) == 2
        await bot.settled()


async def test_a_reply_to_somebody_else_shows_what_is_meant(tmp_path: Path) -> None:
    async with alone(tmp_path) as bot:
        ana, ben = bot.server.person("Ana"), bot.server.person("Ben")
        group = bot.server.group("Studio", ana, ben)
        photo = ben.sends_photo(picture(7), "our cat", group)
        ana.says("@atelier_bot make it darker", group, reply_to=photo)
        await bot.answer(group)
        ana.says("/speak", group, reply_to=ben.says("Breakfast is ready.", group))
        await bot.said(group, 1, "voice")
        await bot.settled()
        steps = await bot.room.studio.store.steps(Chat("telegram", str(group.id)))
        assert [s.tool for s in steps] == ["edit", "speak"]
        assert steps[1].args["text"] == "Breakfast is ready."
        ben.says("@atelier_bot brighter, please", group, reply_to=photo)
        await bot.answer(group, 2)
        await bot.settled()
        assert (await bot.room.studio.store.steps(Chat("telegram", str(group.id))))[
            -1
        ].parents == steps[0].parents


async def test_a_reply_to_one_picture_of_an_album_means_that_one(tmp_path: Path) -> None:
    async with alone(tmp_path) as bot:
        ana = bot.server.person("Ana")
        ana.says("draw 3 cats")
        posts = await bot.said(ana, 4)
        await bot.settled()
        ana.says("make it darker", reply_to=posts[2])
        await bot.answer(ana, 1)
        ana.says("make the third one darker", reply_to=posts[0])
        await bot.answer(ana, 2)
        await bot.settled()
        made, second, third = await bot.room.studio.store.steps(Chat("telegram", str(ana.id)))
        assert second.parents == (made.assets[1].sha256,)
        assert third.parents == (made.assets[2].sha256,)


async def test_two_people_at_once_are_kept_apart(tmp_path: Path) -> None:
    runner = Gate()
    async with alone(tmp_path, runner) as bot:
        ana, ben = bot.server.person("Ana"), bot.server.person("Ben")
        hers, his = ana.says("draw a cat"), ben.says("draw a dog")
        await bot.said(ana)
        await bot.said(ben)
        runner.go.set()
        assert (await bot.answer(ana)).reply_to is hers
        assert (await bot.answer(ben)).reply_to is his
        await bot.settled()
        assert not bot.server.updates.conflicts


async def test_what_somebody_edits_afterwards_changes_nothing(tmp_path: Path) -> None:
    async with alone(tmp_path) as bot:
        ana = bot.server.person("Ana")
        asked = ana.says("draw a cat")
        await bot.answer(ana)
        ana.edits(asked, "draw a dog")
        await bot.settled()
        assert len(await bot.room.studio.store.steps(Chat("telegram", str(ana.id)))) == 1

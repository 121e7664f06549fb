"""The Telegram server's round trips, with the real client."""

import io
from typing import Any

import pytest
from PIL import Image
from telegram import (
    Bot,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaDocument,
    InputMediaPhoto,
    Message,
    ReactionTypeEmoji,
    Update,
)
from telegram.error import BadRequest, NetworkError
from telegram.ext import CallbackQueryHandler, CommandHandler, MessageHandler, filters

from tests.fakes import picture, sound
from tests.telegram_client import application, talking
from tests.telegram_clock import HandClock
from tests.telegram_faults import lost
from tests.telegram_flood import UNLIMITED
from tests.telegram_server import TelegramServer, serving

KEYS = InlineKeyboardMarkup([[InlineKeyboardButton("Go", callback_data="go")]])


async def updates(bot: Bot, offset: int = 0) -> list[Update]:
    return list(await bot.get_updates(offset=offset, timeout=0))


async def heard(bot: Bot) -> list[Message]:
    return [update.effective_message for update in await updates(bot) if update.effective_message]


async def started(update: Update, context: Any) -> None:
    assert update.message is not None
    await update.message.reply_text("Welcome", reply_markup=KEYS)


async def pressed(update: Update, context: Any) -> None:
    query = update.callback_query
    assert query is not None
    await query.answer("On it")
    await query.edit_message_text(f"you pressed {query.data}")


async def copied(update: Update, context: Any) -> None:
    message = update.message
    assert message is not None
    assert message.voice is not None
    file = await message.voice.get_file()
    await message.reply_voice(bytes(await file.download_as_bytearray()), duration=2)


async def test_a_bare_application_talks_with_people() -> None:
    async with serving() as server:
        app = application(server)
        app.add_handler(CommandHandler("start", started))
        app.add_handler(MessageHandler(filters.VOICE, copied))
        app.add_handler(CallbackQueryHandler(pressed))
        async with app:
            await app.start()
            assert app.updater is not None
            await app.updater.start_polling()
            ana = server.person("Ana")
            ana.says("/start")
            (welcome,) = await server.wait_for(lambda: server.messages(ana))
            assert (welcome.text, welcome.labels) == ("Welcome", ["Go"])
            query = ana.presses(welcome, "go")
            await server.wait_for(lambda: welcome.text == "you pressed go")
            assert (server.world.answers[query], welcome.labels) == ("On it", [])
            ana.sends_voice(sound(), 2)
            voice = await server.wait_for(lambda: server.messages(ana)[1:])
            assert (voice[0].kind, voice[0].data) == ("voice", sound())
            await app.updater.stop()
            await app.stop()
    assert not server.violations
    assert not server.unanswered
    assert not server.updates.pending


async def test_messages_come_back_as_they_were_sent() -> None:
    async with talking() as (server, bot):
        ana = server.person("Ana", username="ana_b")
        asked = ana.says("draw")
        sent = await bot.send_message(
            ana.id, "a <b>bold</b> 🐈 <i>cat</i>", parse_mode="HTML", reply_to_message_id=asked.id
        )
        assert sent.text == "a bold 🐈 cat"
        assert [(e.type, sent.parse_entity(e)) for e in sent.entities] == [
            ("bold", "bold"),
            ("italic", "cat"),
        ]
        assert sent.reply_to_message is not None
        assert sent.reply_to_message.text == "draw"
        assert (sent.chat.username, sent.from_user and sent.from_user.id) == ("ana_b", bot.id)
        edited = await bot.edit_message_text("done", ana.id, sent.message_id, reply_markup=KEYS)
        assert isinstance(edited, Message)
        assert edited.edit_date is not None
        assert [(p.text, p.labels, p.edits) for p in server.messages(ana)] == [("done", ["Go"], 1)]
        await bot.delete_message(ana.id, sent.message_id)
        assert not server.messages(ana)
        assert not server.violations


async def test_photos_are_made_smaller_and_documents_kept() -> None:
    async with talking(limits=UNLIMITED) as (server, bot):
        ana = server.person("Ana")
        ana.says("hi")
        photo = await bot.send_photo(
            ana.id, picture(1, 1600, 800), "A <i>cat</i>", parse_mode="HTML"
        )
        assert (photo.photo[-1].width, photo.photo[-1].height, photo.caption) == (
            1280,
            640,
            "A cat",
        )
        got = await (await photo.photo[-1].get_file()).download_as_bytearray()
        with Image.open(io.BytesIO(got)) as opened:
            assert (opened.format, opened.size) == ("JPEG", (1280, 640))
        again = await bot.send_photo(ana.id, photo.photo[-1].file_id, has_spoiler=True)
        assert again.has_media_spoiler
        document = await bot.send_document(ana.id, picture(2), filename="two.png")
        assert document.document is not None
        assert document.document.file_name == "two.png"
        assert await (await document.document.get_file()).download_as_bytearray() == picture(2)
        audio = await bot.send_audio(ana.id, b"ID3 song", title="Song", duration=3)
        assert audio.audio is not None
        assert audio.audio.title == "Song"
        new = InputMediaPhoto(picture(3), caption="three")
        await bot.edit_message_media(new, ana.id, photo.message_id, reply_markup=KEYS)
        await bot.edit_message_caption(ana.id, photo.message_id, caption="drei")
        posts = server.messages(ana)
        assert [p.kind for p in posts] == ["photo", "photo", "document", "audio"]
        assert (posts[0].data, posts[0].text, posts[0].labels) == (picture(3), "drei", [])
        assert not server.violations


async def test_a_status_becomes_the_picture_by_an_edit_that_may_be_repeated() -> None:
    async with talking() as (server, bot):
        ana = server.person("Ana")
        ana.says("a cat")
        status = await bot.send_message(ana.id, "50 %")
        server.fail("editMessageMedia", lost())
        result = InputMediaPhoto(picture(1), caption="a cat")
        with pytest.raises(NetworkError):
            await bot.edit_message_media(result, ana.id, status.message_id, reply_markup=KEYS)
        await bot.edit_message_media(result, ana.id, status.message_id, reply_markup=KEYS)
        (post,) = server.messages(ana)
        assert (post.kind, post.data, post.text, post.labels) == (
            "photo",
            picture(1),
            "a cat",
            ["Go"],
        )


async def test_albums_have_a_message_for_each_picture() -> None:
    clock = HandClock()
    async with talking(clock=clock) as (server, bot):
        ana = server.person("Ana")
        ana.says("four cats")
        media = [InputMediaPhoto(picture(seed), caption=f"{seed}") for seed in range(4)]
        sent = await bot.send_media_group(ana.id, media)
        assert len({m.message_id for m in sent}) == 4
        assert len({m.media_group_id for m in sent}) == 1
        ana.says("the hat off", reply_to=server.messages(ana)[2])
        reply = (await heard(bot))[-1].reply_to_message
        assert reply is not None
        assert (reply.message_id, reply.caption) == (sent[2].message_id, "2")
        ana.sends_photos([picture(7), picture(8)], "merge these")
        first, second = (await heard(bot))[-2:]
        assert first.media_group_id == second.media_group_id is not None
        assert (first.caption, second.caption) == ("merge these", None)
        clock.turn(5)
        files = [InputMediaDocument(picture(s), filename=f"{s}.png") for s in (1, 2)]
        album = await bot.send_media_group(ana.id, files)
        with pytest.raises(BadRequest, match="media of the specified type in the album"):
            await bot.edit_message_media(media[0], ana.id, album[0].message_id)


@pytest.mark.parametrize(("privacy", "seen"), [(True, 5), (False, 7)])
async def test_privacy_mode_hides_what_is_not_for_the_bot(privacy: bool, seen: int) -> None:
    async with talking(privacy=privacy) as (server, bot):
        ana = server.person("Ana")
        room = server.group("Studio", ana)
        ours = await bot.send_message(room.id, "hello")
        ana.says("just talking", room)
        ana.says("/imagine a cat", room)
        ana.says("🐈 @Atelier_Bot draw a cat", room)
        ana.says("/imagine@other_bot a cat", room)
        ana.says("please /imagine@atelier_bot a cat", room)
        ana.says("again", room, reply_to=server.messages(room)[0])
        ana.edits(ana.says("@atelier_bot a dog", room), "never mind")
        assert len(await updates(bot)) == seen + (not privacy)
        assert ours.chat.type == "group"
        room.promote_bot(ana)
        ana.says("admins hear everything", room)
        assert (await heard(bot))[-1].text == "admins hear everything"


async def test_topics() -> None:
    clock = HandClock()
    async with talking(clock=clock) as (server, bot):
        ana = server.person("Ana")
        room = server.group("Studio", ana, forum=True)
        topic = room.open_topic("Cats", ana)
        asked = ana.says("/imagine a cat", room, topic=topic)
        message = (await heard(bot))[-1]
        assert message.message_thread_id == topic
        assert message.is_topic_message
        assert message.reply_to_message is not None
        assert message.reply_to_message.forum_topic_created is not None
        await bot.send_message(room.id, "by topic", message_thread_id=topic)
        await bot.send_message(room.id, "by reply", reply_to_message_id=asked.id)
        await bot.send_message(room.id, "in General")
        photos = [InputMediaPhoto(picture(seed)) for seed in (1, 2)]
        clock.turn(5)
        for photo in await bot.send_media_group(room.id, photos, reply_to_message_id=asked.id):
            assert photo.reply_to_message is not None
            assert photo.reply_to_message.text == "/imagine a cat"
        assert [p.topic for p in server.messages(room)] == [topic, topic, 0, topic, topic]
        assert not server.violations


async def test_what_happens_to_the_bot_is_told() -> None:
    async with talking() as (server, bot):
        ana = server.person("Ana")
        room = server.group("Studio", ana)
        ana.says("/start")
        ana.blocks()
        ana.unblocks()
        room.kick_bot(ana)
        room.add_bot(ana)
        changes = [u.my_chat_member for u in await updates(bot)]
        told = [(c.chat.type, c.new_chat_member.status) for c in changes if c]
        assert told == [
            ("private", "kicked"),
            ("private", "member"),
            ("group", "kicked"),
            ("group", "member"),
        ]
        grown = room.upgrade(ana)
        old, new = (await heard(bot))[-2:]
        assert (old.migrate_to_chat_id, new.migrate_from_chat_id) == (grown.id, room.id)
        assert (await bot.get_chat_member(grown.id, ana.id)).status == "member"
        await bot.leave_chat(grown.id)
        assert (await updates(bot))[-1].my_chat_member is not None
        assert not server.violations


async def smaller_things(server: TelegramServer, bot: Bot, chat: int, message: int) -> None:
    await bot.set_my_commands([("imagine", "Draw a picture"), ("help", "What I can do")])
    assert [c.command for c in await bot.get_my_commands()] == ["imagine", "help"]
    await bot.send_chat_action(chat, "upload_photo")
    await bot.send_message_draft(chat, 7, "Once upon")
    await bot.set_message_reaction(chat, message, [ReactionTypeEmoji("👍")])
    assert (await bot.get_chat(chat)).first_name == "Ana"


async def test_smaller_things() -> None:
    async with talking() as (server, bot):
        ana = server.person("Ana")
        asked = ana.says("hi")
        await smaller_things(server, bot, ana.id, asked.id)
        room = server.world.rooms[ana.id]
        assert (room.doings, room.drafts) == (["upload_photo"], ["Once upon"])
        assert asked.reactions == ["👍"]
        assert bot.username == "atelier_bot"
        assert not server.violations

"""What people on Telegram see: progress, then the answer in its place, then what follows."""

import io
from pathlib import Path

from PIL import Image

from memory.records import Chat
from tests.fakes import FakeRunner, picture, sound
from tests.telegram_bot import Gate, alone


async def test_a_status_message_becomes_the_picture(tmp_path: Path) -> None:
    runner = Gate()
    async with alone(tmp_path, runner) as bot:
        ana = bot.server.person("Ana")
        asked = ana.says("draw a cat")
        (status,) = await bot.said(ana)
        assert status.reply_to is asked
        assert "typing" in bot.server.world.rooms[ana.id].doings
        runner.go.set()
        answer = await bot.answer(ana)
        assert answer is status
        assert (answer.kind, answer.reply_to) == ("photo", asked)
        assert {"Upscale", "Again", "Edit", "Files", "Info", "Delete"} <= set(answer.labels)
        await bot.settled()
        assert len(bot.server.messages(ana)) == 1


async def test_four_pictures_are_a_numbered_sheet_and_an_album(tmp_path: Path) -> None:
    async with alone(tmp_path) as bot:
        ana = bot.server.person("Ana")
        ana.says("draw 4 cats")
        posts = await bot.said(ana, 5)
        main, album = posts[0], posts[1:]
        with Image.open(io.BytesIO(main.data)) as sheet:
            assert sheet.width > 2 * 60
        assert {"Upscale 1", "Vary 4"} <= set(main.labels)
        assert [p.text for p in album] == ["1", "2", "3", "4"]
        assert {p.reply_to for p in album} == {main}
        assert len({p.album for p in album}) == 1
        await bot.settled()
        reply = (await bot.room.studio.store.history(Chat("telegram", str(ana.id))))[-1]
        assert [p.data for p in album] == [
            await bot.room.studio.assets.read(a) for a in reply.assets
        ]
        assert len(bot.server.messages(ana)) == 5


async def test_twelve_pictures_come_in_two_albums(tmp_path: Path) -> None:
    async with alone(tmp_path) as bot:
        ana = bot.server.person("Ana")
        ana.says("draw 8 cats and draw 3 dogs")
        posts = await bot.said(ana, 12)
        await bot.settled()
        assert [p.text for p in posts[1:]] == [str(n) for n in range(1, 12)]
        assert [bool(p.album) for p in posts[1:]] == [True] * 10 + [False]


async def test_speech_is_a_voice_message_that_replies(tmp_path: Path) -> None:
    async with alone(tmp_path) as bot:
        ana = bot.server.person("Ana")
        ana.says("read aloud: good morning")
        main, voice = await bot.said(ana, 2)
        assert (main.kind, voice.kind, voice.reply_to) == ("text", "voice", main)
        assert voice.data == sound()
        assert voice.file is not None
        assert voice.file.facts["duration"] == 1
        await bot.settled()


async def test_who_wants_no_voice_messages_gets_a_sound(tmp_path: Path) -> None:
    async with alone(tmp_path) as bot:
        ana = bot.server.person("Ana")
        ana.room().forbidden.add("voice notes")
        ana.says("read aloud: good morning")
        _, heard = await bot.said(ana, 2)
        assert (heard.kind, heard.data) == ("audio", sound())
        await bot.settled()


async def test_a_long_text_comes_in_pieces_and_a_very_long_one_as_a_file(tmp_path: Path) -> None:
    words = " ".join(f"word{n}." for n in range(1200))
    book = words * 3
    async with alone(tmp_path, FakeRunner(words, book)) as bot:
        ana = bot.server.person("Ana")
        ana.says("write a story")
        first, *more = await bot.said(ana, 3)
        assert " ".join([first.text, *(p.text for p in more)]) == words
        assert (first.buttons != [], [p.buttons for p in more]) == (True, [[], []])
        await bot.settled()
        ana.says("write a story about rain")
        (file,) = await bot.said(ana, kind="document")
        assert file.data.decode() == book
        assert file.reply_to is not None
        assert file.reply_to.text.endswith("…")
        await bot.settled()


async def test_a_preview_is_shown_and_gives_way_to_the_answer(tmp_path: Path) -> None:
    runner = Gate(preview=picture(9, 64, 64))
    async with alone(tmp_path, runner) as bot:
        ana = bot.server.person("Ana")
        ana.says("draw a cat")
        (status,) = await bot.said(ana)
        bot.server.clock.turn(5)  # type: ignore[attr-defined]
        await bot.server.wait_for(lambda: status.kind == "photo")
        assert "Working (draw)" in status.text
        runner.go.set()
        answer = await bot.answer(ana)
        assert answer is status
        assert answer.data != runner.preview
        await bot.settled()


async def test_words_do_not_stay_under_a_preview(tmp_path: Path) -> None:
    runner = Gate(preview=picture(9, 64, 64))
    async with alone(tmp_path, runner) as bot:
        ana = bot.server.person("Ana")
        ana.says("draw a cat")
        (status,) = await bot.said(ana)
        bot.server.clock.turn(5)  # type: ignore[attr-defined]
        await bot.server.wait_for(lambda: status.kind == "photo")
        ana.says("/cancel")
        answer = await bot.answer(ana)
        assert (answer.kind, answer.text) == ("text", "Cancelled: draw.")
        assert status.deleted
        await bot.settled()

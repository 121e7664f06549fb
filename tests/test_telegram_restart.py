"""What happens on Telegram when the process ends in the middle: nothing twice, nothing lost."""

import asyncio
from pathlib import Path

import pytest

from memory.records import Chat
from tests.fakes import picture
from tests.telegram_bot import Gate, clean, living
from tests.telegram_faults import lost, slow
from tests.telegram_files import Json
from tests.telegram_server import serving


async def test_a_request_in_the_making_goes_on_after_a_restart(tmp_path: Path) -> None:
    gate = Gate()
    async with serving() as server:
        ana = server.person("Ana")
        async with living(server, tmp_path, gate):
            asked = ana.says("draw 2 cats")
            (status,) = await server.wait_for(lambda: server.messages(ana))
            await asyncio.wait_for(gate.entered.wait(), 5)
        assert status.text == "Paused for a restart; it goes on by itself."
        async with living(server, tmp_path) as bot:
            answer = await bot.answer(ana)
            await bot.settled()
            assert answer is status
            assert answer.reply_to is asked
            assert [p.kind for p in server.messages(ana)] == ["photo"] * 3
        async with living(server, tmp_path) as bot:
            await bot.settled()
            assert len(server.messages(ana)) == 3
        clean(server)


@pytest.mark.parametrize("arrived", [True, False])
async def test_an_answer_cut_off_in_the_middle_is_shown_once(tmp_path: Path, arrived: bool) -> None:
    async with serving() as server:
        ana, held = server.person("Ana"), asyncio.Event()
        async with living(server, tmp_path):
            server.fail("editMessageMedia", slow(held, after=arrived))
            ana.says("draw a cat")
            await server.wait_for(lambda: server.count("editMessageMedia"))
        held.set()
        async with living(server, tmp_path) as bot:
            await bot.answer(ana)
            await bot.settled()
            assert [p.kind for p in server.messages(ana)] == ["photo"]
        clean(server)


@pytest.mark.parametrize("arrived", [True, False])
async def test_an_album_cut_off_in_the_middle_is_left_to_a_button(
    tmp_path: Path, arrived: bool
) -> None:
    async with serving() as server:
        ana, held = server.person("Ana"), asyncio.Event()
        async with living(server, tmp_path):
            server.fail("sendMediaGroup", slow(held, after=arrived))
            ana.says("draw 3 cats and read aloud: hello")
            await server.wait_for(lambda: server.count("sendMediaGroup"))
        held.set()
        async with living(server, tmp_path) as bot:
            await bot.said(ana, 1, "voice")
            main = await bot.answer(ana)
            await server.wait_for(lambda: "Send again" in main.labels)
            await bot.settled()
            assert server.count("sendMediaGroup") == 1
            assert len(server.messages(ana)) == 2 + 3 * arrived
            ana.presses(main, "resend")
            await server.wait_for(lambda: "Send again" not in main.labels)
            assert server.count("sendMediaGroup") == 2
            assert {"Upscale 1", "Vary 3", "Again"} <= set(main.labels)
            album = [p for p in server.messages(ana) if p.album][-3:]
            ana.says("make it darker", reply_to=album[1])
            await bot.answer(ana, 1)
            await bot.settled()
            made, _, edited = await bot.room.studio.store.steps(Chat("telegram", str(ana.id)))
            assert edited.parents == (made.assets[1].sha256,)
        clean(server)


@pytest.mark.parametrize("arrived", [True, False])
async def test_a_lost_answer_to_a_voice_message_is_not_sent_twice(
    tmp_path: Path, arrived: bool
) -> None:
    async with serving() as server:
        ana = server.person("Ana")
        async with living(server, tmp_path) as bot:
            held = asyncio.Event()
            held.set()
            server.fail("sendVoice", slow(held, after=arrived))
            ana.says("read aloud: hello")
            main = await bot.answer(ana)
            await server.wait_for(lambda: "Send again" in main.labels)
            await bot.settled()
            assert server.count("sendVoice") == 1
            assert sum(p.kind == "voice" for p in server.messages(ana)) == arrived
            ana.presses(main, "resend")
            await server.wait_for(lambda: "Send again" not in main.labels)
            await server.wait_for(lambda: not server.unanswered)
        clean(server)


async def test_a_status_whose_answer_was_lost_leaves_one_answer(tmp_path: Path) -> None:
    async with serving() as server:
        ana = server.person("Ana")
        async with living(server, tmp_path) as bot:
            server.fail("sendMessage", lost())
            ana.says("draw a cat")
            answer = await bot.answer(ana)
            await bot.settled()
            assert answer.kind == "photo"
            assert sum(p.kind == "photo" for p in server.messages(ana)) == 1
        clean(server)


async def test_what_is_told_again_is_handled_once(tmp_path: Path) -> None:
    async with serving() as server:
        ana, told = server.person("Ana"), []
        async with living(server, tmp_path) as bot:
            keep = server.world.notify

            def notify(kind: str, body: Json) -> None:
                keep(kind, body)
                told.append(server.updates.pending[-1])

            server.world.notify = notify
            ana.says("draw a cat")
            main = await bot.answer(ana)
            ana.presses(main, "again")
            ana.sends_photos([main.data, main.data], "make the second one darker")
            await bot.answer(ana, 2)
            ana.says("/quota")  # these two are answered by a sentence, and not stored
            ana.says("/nonsense")
            await bot.settled()
            steps = await bot.room.studio.store.steps(Chat("telegram", str(ana.id)))
        server.updates.pending = list(told)
        async with living(server, tmp_path) as bot:
            await bot.settled()
            while not server.messages(ana)[-1].text.startswith("Nothing"):
                ana.says("/queue")  # which may still show what is told again, being recognised
                before = len(server.messages(ana))
                await server.wait_for(lambda n=before: len(server.messages(ana)) > n)  # type: ignore[misc]
            await bot.settled()
            assert await bot.room.studio.store.steps(Chat("telegram", str(ana.id))) == steps
        told_of = [p.reply_to.text for p in server.messages(ana) if p.reply_to is not None]
        assert (told_of.count("/quota"), told_of.count("/nonsense")) == (1, 1)
        clean(server)


async def test_what_was_not_stored_is_told_again_after_a_restart(tmp_path: Path) -> None:
    async with serving() as server:
        ana, held = server.person("Ana"), asyncio.Event()
        async with living(server, tmp_path):
            server.fail("getFile", slow(held))
            ana.sends_photo(picture(3), "make it darker")
            await server.wait_for(lambda: server.count("getFile"))
            ben = server.person("Ben")
            ben.says("draw a dog")
            await server.wait_for(lambda: any(p.answered for p in server.messages(ben)))
        held.set()
        assert server.updates.pending
        async with living(server, tmp_path) as bot:
            assert (await bot.answer(ana)).kind == "photo"
            await bot.settled()
            assert len(server.messages(ana)) == 1
            assert len(server.messages(ben)) == 1
        clean(server)


async def test_a_group_that_grew_before_a_restart_has_no_wrong_message_edited(
    tmp_path: Path,
) -> None:
    gate = Gate()
    async with serving() as server:
        ana = server.person("Ana")
        group = server.group("Studio", ana)
        async with living(server, tmp_path, gate) as bot:
            group.promote(ana)
            ana.says("/settings server most 2", group)
            await bot.said(group)
            ana.says("/draw 2 cats", group)
            await bot.said(group, 2)
            await asyncio.wait_for(gate.entered.wait(), 5)
            grown = group.upgrade(ana)
            grown.promote(ana)
            ana.says("/help", grown)
            await bot.said(grown)
            ana.says("/quota", grown)
            others = await bot.said(grown, 2)
            await server.wait_for(lambda: not server.updates.pending)
            status = server.messages(group)[1]
            assert status.id in {post.id for post in others}  # an edit would meet one of them
        texts = [post.text for post in others]
        async with living(server, tmp_path) as bot:
            answer = await bot.answer(grown)
            await bot.settled()
            assert (answer.kind, answer.reply_to) == ("photo", None)
            assert [post.text for post in others] == texts
            assert len(server.messages(grown)) == 5
            ana.says("/draw 3 dogs", grown)
            await server.wait_for(lambda: "At most 2 pictures" in server.messages(grown)[-1].text)
            await bot.settled()
        clean(server)


async def test_what_follows_an_answer_finds_its_way_after_a_group_grew(tmp_path: Path) -> None:
    async with serving() as server:
        ana, held = server.person("Ana"), asyncio.Event()
        group = server.group("Studio", ana)
        async with living(server, tmp_path) as bot:
            server.fail("sendMediaGroup", slow(held, after=False))
            ana.says("/draw 2 cats", group)
            await server.wait_for(lambda: server.count("sendMediaGroup"))
            (main,) = server.messages(group)
            grown = group.upgrade(ana)
            ana.says("/help", grown)
            await bot.said(grown)
            await server.wait_for(lambda: not server.updates.pending)
        held.set()
        before = [post.text for post in server.messages(grown)]
        async with living(server, tmp_path) as bot:
            await bot.settled()
            assert [post.text for post in server.messages(grown)] == before
            told = ana.presses(main, "delete")
            await server.wait_for(lambda: told in server.world.answers)
            assert "before this group was made larger" in server.world.answers[told]
            ana.presses(main, "files")
            files = await bot.said(grown, 2, "document")
            assert [file.reply_to for file in files] == [None, None]
            again = ana.presses(main, "vary:1")
            await server.wait_for(lambda: again in server.world.answers)
            assert (await bot.answer(grown)).reply_to is None
            await bot.settled()
            assert [post.text for post in server.messages(grown)][: len(before)] == before
        clean(server)

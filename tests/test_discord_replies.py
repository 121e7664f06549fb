"""How replies look in Discord: parts, status, voice, limits, and what a restart makes of them."""

import io
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from bot.actions import actions
from bot.adapter import Reply
from bot.adapters.discord import parts as rendering
from bot.adapters.discord import status
from bot.adapters.discord.parts import Part, custom_id, parts, pressed
from bot.render import units
from memory.assets import Assets
from memory.records import Chat, Message, Step, User
from tests.discord_bot import Held, talking
from tests.discord_records import Permission
from tests.discord_server import EDITS, Server, serving
from tests.fakes import picture, sound

HERE, ANA = Chat("discord", "1"), User("discord", "2", "Ana")
MIB = 1024 * 1024


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving(require_nonce=True) as running:
        yield running
    assert running.violations == []


async def reply(root: Path, count: int = 1, text: str = "Here.") -> tuple[Reply, Assets]:
    """Return a reply that shows pictures, with all the buttons they get."""
    assets = Assets(root)
    made = [await assets.put(picture(n), "image/png", width=32, height=32) for n in range(count)]
    step = Step("draw", {"prompt": "a fox"}, ANA, HERE, "r", "done", assets=tuple(made))
    said = Message(HERE, None, text, tuple(made), "r")
    return Reply("reply", said, actions([step], made), (step,)), assets


async def test_ten_pictures_need_two_messages_and_five_rows(tmp_path: Path) -> None:
    first, second = await parts(*await reply(tmp_path, 10), 10 * MIB)
    assert [len(first.files), len(second.files)] == [10, 1]
    assert first.files[0].name.startswith("sheet-")
    assert first.asset == ""
    assert len(first.buttons) == 5
    assert all(1 <= len(row) <= 5 for row in first.buttons)
    ids = [pressed(id)[1] for row in first.buttons for id, _ in row]
    assert {"again", "undo", "edit", "info", "delete"} <= set(ids)
    assert not second.buttons
    assert await parts(*await reply(tmp_path, 1), 10 * MIB) != [first, second]


async def test_a_question_shows_the_sheet_alone(tmp_path: Path) -> None:
    shown, assets = await reply(tmp_path, 4)
    (asked,) = await parts(replace(shown, kind="question"), assets, 10 * MIB)
    assert [file.words for file in asked.files] == ["4 pictures on one sheet, numbered row by row."]


async def test_a_lone_picture_is_noted_as_what_its_message_shows(tmp_path: Path) -> None:
    found, assets = await reply(tmp_path)
    (only,) = await parts(found, assets, 10 * MIB)
    assert only.asset == found.message.assets[0].sha256
    assert len(only.files) == 1


async def test_large_pictures_are_made_to_fit(tmp_path: Path) -> None:
    found, assets = await reply(tmp_path)
    noise = Image.effect_noise((512, 512), 90)
    file = io.BytesIO()
    noise.save(file, "PNG")
    big = await assets.put(file.getvalue(), "image/png", width=512, height=512)
    shown = Reply("reply", Message(HERE, None, "Here.", (big,), "r"), found.actions, found.steps)
    (only,) = await parts(shown, assets, 100_000)
    assert len(only.files[0].data) <= 100_000
    assert only.files[0].name == f"{big.sha256[:12]}.jpg"


async def test_long_texts_are_split_and_very_long_ones_a_file(tmp_path: Path) -> None:
    text = "\n\n".join(f"Paragraph {n}. " + "word " * 60 for n in range(20))
    found, assets = await reply(tmp_path, text=text)
    made = await parts(found, assets, 10 * MIB)
    assert [bool(part.buttons) for part in made] == [False] * (len(made) - 1) + [True]
    assert 1 < len(made) <= 4
    assert max(units(part.text) for part in made) <= 2000
    assert "".join("".join(p.text for p in made).split()) == "".join(text.split())
    (short,) = await parts((await reply(tmp_path, text=text * 3))[0], assets, 10 * MIB)
    assert short.files[0].name == "text.txt"
    assert short.files[0].data.decode() == text * 3


async def test_a_file_that_is_gone_or_too_large_is_not_sent(tmp_path: Path) -> None:
    found, assets = await reply(tmp_path)
    assets.path(found.message.assets[0]).unlink()
    (only,) = await parts(found, assets, MIB)
    assert only.files == ()
    note = await assets.put(sound(), "audio/ogg", seconds=0.3, waveform=b"abc")
    said = Reply("reply", Message(HERE, None, "Here.", (note,), "r"))
    _, told = await parts(said, assets, 10)
    assert "too large" in told.text


def test_custom_ids_fit_whatever_a_button_says() -> None:
    id = "18a7c2f4e5b6d7081a2b"
    assert len(custom_id(id, "answer:" + "x" * 57)) <= 100
    assert pressed(custom_id(id, "answer:a:b")) == (id, "answer:a:b")


async def test_a_voice_comes_as_a_voice_message(server: Server, tmp_path: Path) -> None:
    async with talking(server, tmp_path) as bot:
        ana = server.person("Ana")
        said = ana.mentions("read aloud: good morning")
        voice = await bot.reply(said, lambda m: m.voice)
        (file,) = voice.files
        assert file.data == sound()
        assert file.duration == 0.3
        assert file.waveform
        assert voice.reply_to is said
        heard = await bot.reply(ana.mentions("transcribe that", reply_to=voice))
        assert "good morning team" in heard.content


async def test_where_no_voice_messages_are_allowed_it_is_a_file(
    server: Server, tmp_path: Path
) -> None:
    server.channel.denied = Permission.SEND_VOICE_MESSAGES
    async with talking(server, tmp_path) as bot:
        said = server.person("Ana").mentions("read aloud: good morning")
        plain = await bot.reply(said, lambda m: m.files)
        assert not plain.voice
        assert plain.files[0].filename.endswith(".ogg")


async def test_one_status_message_shows_how_it_stands_and_goes(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(status, "INTERVAL", 0)
    runner = Held()
    runner.preview = picture(1)
    async with talking(server, tmp_path, runner) as bot:
        said = server.person("Ana").mentions("draw a fox")
        shown = await server.message(lambda m: "25%" in m.content)
        assert shown.reply_to is said
        assert shown.texts[0] == "Got it"
        assert shown.flags & 1 << 12, "nobody is notified of it"
        assert [f.filename for f in shown.files] == ["preview.png"]
        runner.go.set()
        answer = await bot.reply(said)
        assert shown.deleted
        assert server.messages() == [answer]


async def test_one_message_is_edited_at_most_every_three_seconds(
    server: Server, tmp_path: Path
) -> None:
    runner = Held()
    async with talking(server, tmp_path, runner) as bot:
        said = server.person("Ana").mentions("draw a fox")
        await runner.held()
        runner.go.set()
        await bot.reply(said)
        assert len(server.asked("PATCH", "/messages/")) <= 1
    assert status.INTERVAL * EDITS.limit > EDITS.seconds  # what Discord takes for one message


async def test_a_larger_servers_limit_is_used(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits: list[int] = []
    plain = rendering.parts

    async def noted(reply: Reply, assets: Assets, limit: int) -> list[Part]:
        limits.append(limit)
        return await plain(reply, assets, limit)

    monkeypatch.setattr("bot.adapters.discord.outbox.parts", noted)
    server.guild.tier = 2
    async with talking(server, tmp_path) as bot:
        ana = server.person("Ana")
        await bot.reply(ana.mentions("draw a fox"))
        await bot.reply(ana.says("draw a fox", ana.direct))
    assert limits == [50 * MIB, 10 * MIB]


async def test_the_request_may_be_deleted_meanwhile(server: Server, tmp_path: Path) -> None:
    runner = Held()
    async with talking(server, tmp_path, runner) as bot:
        ana = server.person("Ana")
        said = ana.mentions("draw a fox")
        await runner.held()
        ana.deletes(said)
        runner.go.set()
        answer = await bot.reply(like=lambda m: m.files)
        assert answer.reply_to is None

"""What people say in Discord is heard, and what is made comes back."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.adapter import Place
from memory.records import Chat
from tests.discord_bot import Bot, talking
from tests.discord_records import THREAD, Permission, Role
from tests.discord_server import Server, serving
from tests.fakes import FakeRunner, picture, sound


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving(require_nonce=True) as running:
        yield running
    assert running.violations == []


@pytest.fixture
async def bot(server: Server, tmp_path: Path) -> AsyncIterator[Bot]:
    async with talking(server, tmp_path, FakeRunner(heard="draw a red cat")) as running:
        yield running


async def test_a_mention_is_answered_with_a_picture_and_buttons(server: Server, bot: Bot) -> None:
    ana = server.person("Ana")
    said = ana.mentions("draw a red bicycle")
    answer = await bot.reply(said)
    (file,) = answer.files
    assert file.description == "A picture made by AI: a red bicycle"
    assert file.filename.endswith(".png")
    actions = [id.partition(":")[2] for id in answer.buttons]
    assert actions[:6] == ["upscale:1", "vary:1", "again", "undo", "good", "bad"]
    assert actions[6:] == ["edit", "info", "delete"]
    assert answer.pings == []
    assert server.messages() == [answer]
    assert server.channel.typed == 1


async def test_a_button_makes_more_and_says_who_wanted_that(server: Server, bot: Bot) -> None:
    ana, ben = server.person("Ana"), server.person("Ben")
    first = await bot.reply(ana.mentions("draw a red bicycle"))
    button = next(id for id in first.buttons if id.endswith("vary:1"))
    asked = await ben.presses(first, button).answer()
    line = asked.original
    assert line is not None
    second = await bot.reply(line)
    assert line.content == "Ben: /vary 1"
    assert second.files[0].filename.startswith("sheet-")
    assert len(second.files) == 5
    assert (
        second.files[0].description
        == "4 pictures on one sheet, numbered row by row; each follows by itself."
    )
    assert next(iter(second.buttons)).endswith(":upscale:1")
    third = await bot.reply(ana.says("the second one but darker", reply_to=second))
    assert len(third.files) == 1
    assert second.reply_to is line
    chat = Chat("discord", str(server.channel.id))
    request = next(m for m in await bot.room.studio.store.history(chat) if "second" in m.text)
    assert (await bot.room.studio.store.message(request.reply_to)).assets


async def test_private_chats_need_no_name(server: Server, bot: Bot) -> None:
    ana = server.person("Ana")
    answer = await bot.reply(ana.says("draw a boat", ana.direct))
    assert answer.channel is ana.direct
    assert answer.files


async def test_threads_are_chats_of_their_own(server: Server, bot: Bot) -> None:
    ana = server.person("Ana")
    thread = server.world.thread(server.channel, "boats", ana.account, THREAD)
    answer = await bot.reply(ana.mentions("draw a boat", thread))
    assert answer.channel is thread
    assert await bot.room.studio.store.history(Chat("discord", str(thread.id)))
    assert not await bot.room.studio.store.history(Chat("discord", str(server.channel.id)))


async def test_what_is_not_said_to_it_is_left_alone(server: Server, bot: Bot) -> None:
    ana = server.person("Ana")
    ana.says("draw a boat")
    first = await bot.reply(ana.mentions("draw a fox"))
    ana.says("draw another", reply_to=first, ping=False)
    said = ana.mentions("draw a hut")
    ana.rewrites(said, f"<@{server.bot.id}> draw a castle")
    await bot.reply(said)
    assert len(server.messages()) == 2


async def test_a_picture_with_words_is_an_edit(server: Server, bot: Bot) -> None:
    ana = server.person("Ana")
    photo = [("p.png", picture(3))]
    answer = await bot.reply(ana.mentions("black and white", attachments=photo))
    assert answer.files
    assert "edit" in (await bot.steps(answer))[0].tool


async def test_a_reply_to_somebody_elses_message_brings_its_picture(
    server: Server, bot: Bot
) -> None:
    ana, ben = server.person("Ana"), server.person("Ben")
    theirs = ben.says("look", attachments=[("p.png", picture(3))])
    answer = await bot.reply(ana.mentions("make it black and white", reply_to=theirs))
    assert [f.filename for f in answer.files]
    assert [s.tool for s in await bot.steps(answer)] == ["edit"]


async def test_without_the_intent_it_says_what_it_cannot_see(tmp_path: Path) -> None:
    async with (
        serving(require_nonce=True, content_granted=False) as server,
        talking(server, tmp_path) as bot,
    ):
        ana, ben = server.person("Ana"), server.person("Ben")
        theirs = ben.says("look", attachments=[("p.png", picture(3))])
        told = await bot.reply(ana.mentions("", reply_to=theirs))
        assert "does not show me" in told.content
        assert (await bot.reply(ana.mentions("draw a fox"))).files
        assert server.violations == []


async def test_a_voice_message_is_a_request(server: Server, bot: Bot) -> None:
    ana = server.person("Ana")
    answer = await bot.reply(ana.speaks(sound(), 0.3, ana.direct))
    assert answer.content.startswith("“draw a red cat”")
    assert answer.files


async def test_a_reply_with_at_to_a_recording_writes_it_down(server: Server, bot: Bot) -> None:
    ana = server.person("Ana")
    theirs = server.person("Ben").speaks(sound(), 0.3)
    answer = await bot.reply(ana.mentions("transcribe this", reply_to=theirs))
    assert "draw a red cat" in answer.content
    assert [s.tool for s in await bot.steps(answer)] == ["transcribe"]


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [("a.pdf", b"%PDF-1.7 nothing", "a.pdf cannot be used."), ("e.png", b"", "The file is empty")],
)
async def test_files_of_other_kinds_are_refused_in_a_sentence(
    server: Server, bot: Bot, name: str, data: bytes, told: str
) -> None:
    said = server.person("Ana").mentions("make it darker", attachments=[(name, data)])
    answer = await bot.reply(said)
    assert told in answer.content
    assert "\n" not in answer.content


async def test_files_that_are_too_large_are_not_fetched(
    server: Server, bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.adapters.discord.inbox.MAX_BYTES", 50)
    said = server.person("Ana").mentions("darker", attachments=[("big.png", picture(1))])
    assert "must be smaller" in (await bot.reply(said)).content
    assert not server.asked("GET", "/attachments/")


async def test_commands_that_only_tell_are_short_replies(server: Server, bot: Bot) -> None:
    said = server.person("Ana").mentions("/queue")
    answer = await bot.reply(said)
    assert answer.content
    assert not answer.buttons
    assert not server.asked("DELETE")


async def test_two_people_at_once_get_each_their_own(server: Server, bot: Bot) -> None:
    ana, ben = server.person("Ana"), server.person("Ben")
    lounge = server.world.channel(server.guild, "lounge")
    one, two = ana.mentions("draw a fox"), ben.mentions("draw a hut", lounge)
    three = ben.mentions("draw a tree")
    for said, word in ((one, "fox"), (two, "hut"), (three, "tree")):
        answer = await bot.reply(said)
        assert word in str(answer.files[0].description)
        assert answer.channel is said.channel


async def test_a_message_told_twice_is_answered_once(server: Server, bot: Bot) -> None:
    ana = server.person("Ana")
    said = ana.mentions("draw a fox")
    await bot.reply(said)
    server.world.tell("MESSAGE_CREATE", said)
    await bot.reply(ana.mentions("draw a hut"))
    assert len(server.messages()) == 2
    assert len(server.asked("POST", "/messages")) == 4, "two answers and how they stood"


async def test_names_stand_in_place_of_mentions(server: Server, bot: Bot) -> None:
    ana, ben = server.person("Ana"), server.person("Ben")
    answer = await bot.reply(ana.mentions(f"draw a cake for <@{ben.account.id}>"))
    assert "@Ben" in str(answer.files[0].description)
    assert answer.pings == []


async def test_where_things_happen_is_told_for_the_rules(server: Server, tmp_path: Path) -> None:
    ana = server.person("Ana")
    chief, painter = Role(7, "chief", Permission.ADMINISTRATOR), Role(8, "painter")
    server.guild.roles += [chief, painter]
    studio = server.world.channel(server.guild, "studio", nsfw=True)
    thread = server.world.thread(studio, "boats", ana.account, THREAD)
    ana.account.roles.append(painter)
    async with talking(server, tmp_path) as bot:
        await bot.reply(ana.mentions("draw a boat", thread))
        await bot.reply(ana.says("draw a boat", ana.direct))
        ana.account.roles.append(chief)
        asked = await ana.slash("imagine", prompt="a boat").answer()
        await bot.reply(asked.original)
    first, second, third = (event.place for event in bot.events)
    assert first == Place(str(server.guild.id), str(studio.id), False, True, False, PAINTER)
    assert second == Place(channel=str(ana.direct.id))
    assert (third.channel, third.adult, third.admin) == (str(server.channel.id), False, True)


PAINTER = frozenset({"discord:role:8"})

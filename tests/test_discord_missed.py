"""What was said on Discord while nobody listened: heard once, when there is somebody again."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import discord
import pytest

from bot.adapter import Received
from bot.adapters.discord import missed
from bot.told import Told
from tests.discord_bot import Bot, talking
from tests.discord_records import Permission, Role
from tests.discord_server import Server, serving


@pytest.fixture(params=[True, False])
async def server(request: pytest.FixtureRequest) -> AsyncIterator[Server]:
    async with serving(require_nonce=True) as running:
        running.world.content_granted = request.param
        yield running
    assert running.violations == []


def heard(bot: Bot) -> list[str]:
    return [event.message.text for event in bot.events if isinstance(event, Received)]


async def test_what_was_said_meanwhile_is_answered_once(server: Server, tmp_path: Path) -> None:
    ana, ben = server.person("Ana"), server.person("Ben")
    silent = server.world.channel(server.guild, "silent")
    async with talking(server, tmp_path, kept=True) as bot:
        drawn = await bot.reply(ana.mentions("draw a fox"))
        await bot.reply(ben.says("draw a hen", ben.direct))
        told = ana.mentions("/quota")
        refused = ana.mentions("darker", attachments=[("p.pdf", b"%PDF-1.7")])
        async with asyncio.timeout(5):
            while not all(
                [
                    await Told(bot.room.studio.store, "discord").knows(str(m.id))
                    for m in (told, refused)
                ]
            ):
                pass
        await bot.stop()
    chief = Role(7, "chief", Permission.ADMINISTRATOR)
    server.guild.roles.append(chief)
    ana.account.roles.append(chief)
    asked = ana.mentions("draw a hut")
    replied = ben.says("make it darker", reply_to=drawn)
    direct = ben.says("draw a boat", ben.direct)
    ana.says("nothing for you")
    ana.mentions("draw a pig", silent)  # where it never was it does not look
    for _ in range(2):
        async with talking(server, tmp_path, kept=True) as bot:
            for said in (asked, replied, direct):
                assert (await bot.reply(said)).files
            fresh = await bot.reply(ana.mentions("draw a cow"))
            assert fresh.files
            await bot.delivered()
            news = heard(bot)
            await bot.stop()
        assert sorted(news) in (
            sorted(["draw a cow", "draw a hut", "make it darker", "draw a boat"]),
            ["draw a cow"],
        )
    assert news == ["draw a cow"]
    answers = [m.reply_to for m in server.messages() if m.reply_to in (told, refused)]
    assert sorted(answers, key=id) == sorted([told, refused], key=id)
    (event,) = [e for e in bot.events if isinstance(e, Received)]
    assert event.place.admin


async def test_what_is_long_ago_is_left_alone(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = server.person("Ana")
    async with talking(server, tmp_path, kept=True) as bot:
        await bot.reply(ana.mentions("draw a fox"))
        await bot.stop()
    ana.mentions("draw a hut")
    monkeypatch.setattr(missed, "OLDEST", timedelta(0))
    async with talking(server, tmp_path, kept=True) as bot:
        await bot.reply(ana.mentions("draw a cow"))
        assert heard(bot) == ["draw a cow"]


async def test_a_session_that_was_lost_for_good_is_caught_up_with(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def at_once(*_: object, **__: object) -> None:
        """Do not wait the five seconds that lie between two sessions."""

    monkeypatch.setattr(discord.Client, "before_identify_hook", at_once)
    async with talking(server, tmp_path) as bot:
        ana = server.person("Ana")
        await bot.reply(ana.mentions("draw a fox"))
        server.gateway.sessions.clear()
        asked = ana.mentions("draw a hut")  # nobody is told
        server.gateway.drop()
        assert (await bot.reply(asked)).files
        assert heard(bot) == ["draw a fox", "draw a hut"]


async def test_a_channel_that_is_gone_or_closed_stops_nothing(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = server.person("Ana")
    gone = server.world.channel(server.guild, "gone")
    closed = server.world.channel(server.guild, "closed")
    monkeypatch.setattr(missed, "CHANNELS", 1)
    async with talking(server, tmp_path, kept=True) as bot:
        for channel in (None, gone, closed):
            await bot.reply(ana.mentions("draw a fox", channel))
        await bot.stop()
    asked = ana.mentions("draw a hut")
    server.world.change(gone, deleted=True)
    server.world.change(closed, denied=Permission.READ_HISTORY)
    async with talking(server, tmp_path, kept=True) as bot:
        assert (await bot.reply(asked)).files

"""What the doctor says of Discord, and that nothing is loaded before it is wanted."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot import doctor
from bot.adapters.discord.checkup import PERMISSIONS
from bot.settings import Discord, Settings
from tests.discord_records import Permission
from tests.discord_server import Server, serving

ROOT = Path(__file__).parent.parent


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving() as running:
        yield running


async def findings(server: Server, **change: object) -> list[doctor.Finding]:
    given = {"token": SecretStr(server.token), "api_url": server.api_url, **change}
    settings = Settings(discord=Discord.model_validate(given))
    return await asyncio.to_thread(lambda: list(doctor._discord(settings)))


async def test_a_good_token_gives_the_link_to_invite_it(server: Server) -> None:
    found = [f for f in await findings(server) if f.what == "Discord"]
    assert {f.state for f in found} == {"ok"}
    assert str(server.bot.id) in found[0].found
    assert f"client_id={server.bot.id}" in found[1].found
    assert f"permissions={PERMISSIONS}" in found[1].found
    assert "scope=applications.commands&integration_type=1" in found[2].found
    assert "switch off Public Bot" in found[3].found
    assert "may read the pictures" in found[4].found
    assert "In 1 server it may do what it needs" in found[5].found


async def test_without_the_intent_it_says_what_that_means() -> None:
    async with serving(content_granted=False) as server:
        told = [f.found for f in await findings(server)]
        assert any("Message Content Intent" in one for one in told)


async def test_a_link_that_would_not_work_is_told() -> None:
    async with serving(code_grant=True) as server:
        bad = [f.found for f in await findings(server) if f.state == "bad"]
        assert ["Requires OAuth2 Code Grant" in one for one in bad] == [True]


async def test_what_it_may_not_do_in_a_server_is_named(server: Server) -> None:
    role = server.guild.roles[0]
    role.permissions &= ~(Permission.ATTACH_FILES | Permission.SEND_VOICE_MESSAGES)
    server.world.guild("Second")
    *_, lacks, well = await findings(server)
    assert lacks.state == "warn"
    assert "In Studio it may not Attach Files and Send Voice Messages; open" in lacks.found
    assert "In 1 server" in well.found
    role.permissions |= Permission.ADMINISTRATOR
    assert "In 2 servers" in (await findings(server))[-1].found


async def test_a_bot_that_is_nowhere_yet_is_told_how_to_get_in() -> None:
    async with serving(installs=(0,)) as server:
        server.world.leave(server.guild)
        found = await findings(server)
        assert (found[-1].state, "open the link" in found[-1].found) == ("warn", True)
        assert not any("your own account" in f.found for f in found)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"token": SecretStr("wrong")}, "token (what is set is none: they have two dots)"),
        ({"token": SecretStr("wr.on.g")}, "does not accept the token; copy a new one from https"),
        ({"api_url": "http://127.0.0.1:9/api/v10"}, "does not answer"),
        ({"api_url": "nonsense"}, "does not answer"),
    ],
)
async def test_what_is_bad_says_what_to_do(
    server: Server, change: dict[str, object], told: str
) -> None:
    bad = [f for f in await findings(server, **change) if f.state == "bad"]
    assert told in bad[0].found
    assert "wrong" not in bad[0].found


async def test_no_token_is_no_trouble(server: Server) -> None:
    found = await findings(server, token=SecretStr(""))
    assert ["click by click" in f.found for f in found] == [True]


@pytest.mark.parametrize(
    ("status", "told"), [(503, "fails with HTTP 503"), (404, "discord.api_url; it ends in /api")]
)
async def test_trouble_is_told_apart(server: Server, status: int, told: str) -> None:
    server.fail("GET /users/@me/guilds", status=status)
    assert told in (await findings(server))[-1].found


def test_discord_is_loaded_when_it_runs_and_not_before() -> None:
    code = (
        "import sys, bot.cli, bot.doctor\n"
        "from bot.adapters.discord import adapter\n"
        "assert adapter(None, None).name == 'discord'\n"
        "print(*sorted({'discord', 'aiohttp', 'httpx'} & set(sys.modules)))"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == ""

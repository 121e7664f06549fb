"""What the doctor finds out about Telegram."""

import asyncio
from pathlib import Path

from pydantic import SecretStr

from bot import doctor
from bot.adapters.telegram import check
from bot.doctor import Finding
from bot.settings import Settings, Telegram
from tests.telegram_bot import given
from tests.telegram_faults import broken
from tests.telegram_server import serving


def first(settings: Telegram) -> Finding:
    return next(check.look(settings))


async def test_a_good_token_is_told_how_the_bot_gets_into_a_group() -> None:
    async with serving() as server:
        found = await asyncio.to_thread(first, given(server))
        assert found.state == "ok"
        assert "https://t.me/atelier_bot?startgroup=new" in found.found


async def test_what_should_be_set_otherwise_is_named() -> None:
    async with serving(privacy=False) as server:
        found = await asyncio.to_thread(first, given(server))
        assert (found.state, "/setprivacy" in found.found) == ("warn", True)
        server.world.bot["can_join_groups"] = False
        found = await asyncio.to_thread(first, given(server))
        assert (found.state, "/setjoingroups" in found.found) == ("warn", True)


async def test_a_wrong_token_and_a_silent_server_are_bad_and_the_token_is_not_shown() -> None:
    async with serving() as server:
        found = await asyncio.to_thread(first, given(server, "1234:nobody"))
        assert (found.state, "@BotFather" in found.found) == ("bad", True)
        assert "mend telegram.base_url" in found.found
        server.fail("getMe", broken())
        found = await asyncio.to_thread(first, given(server))
        assert (found.state, "does not answer" in found.found) == ("bad", True)
        assert server.token not in found.found


def test_no_token_is_no_trouble(tmp_path: Path) -> None:
    findings = {f.what: f for f in doctor.look(Settings(data=tmp_path))}
    assert "click by click" in findings["Telegram"].found
    none = Telegram(token=SecretStr("1:a"), base_url="http://127.0.0.1:9/bot")
    assert first(none).state == "bad"

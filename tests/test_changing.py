"""/settings, /quota, /memory and /forget: what they tell, and who may do what."""

from dataclasses import replace
from pathlib import Path

import pytest

from bot.adapter import Place
from bot.rules import Rules
from tests.rooms import ANA, BEN, CHAT, room
from tests.test_rules import ADMIN, SERVER


async def test_settings_show_what_is_in_force_and_where_it_comes_from(tmp_path: Path) -> None:
    async with room(tmp_path, rules=Rules(most=4)) as here:
        await here.told("/settings server count 2", place=ADMIN)
        await here.told("/settings models small", place=ADMIN)
        assert await here.told("/settings count 3", BEN, SERVER) == "count is now 3 for you."
        told = (await here.told("/settings", BEN, SERVER)).splitlines()
        assert "count: 3 (you)" in told
        assert "most: 4 (the operator)" in told
        assert "models: small (this chat)" in told
        assert "tools: all (built in)" in told
        assert any(line.startswith("You are terminal:ben") for line in told)
        assert "count: 2 (this server)" in await here.told("/settings", ANA, SERVER)
        one = await here.told("/settings aspect", ANA, SERVER)
        assert one.startswith("aspect: any (built in). ")
        assert len((await here.say("draw a cat", BEN, place=SERVER)).message.assets) == 3
        assert len((await here.say("draw a cat", ANA, place=SERVER)).message.assets) == 2


async def test_a_value_is_taken_back(tmp_path: Path) -> None:
    async with room(tmp_path, rules=Rules(count=1)) as here:
        await here.told("/settings count=3", place=SERVER)
        told = await here.told("/settings count default", place=SERVER)
        assert told == "count is now 1 for you (the operator)."
        assert len((await here.say("draw a cat", place=SERVER)).message.assets) == 1


@pytest.mark.parametrize(
    ("words", "place", "sentence"),
    [
        ("most 2", SERVER, "Only an admin can change most for this chat."),
        ("server count 2", SERVER, "Only an admin can change count for this server."),
        ("me models small", ADMIN, "For yourself you can set count, aspect, language, not models."),
        ("server count 2", Place(), "This chat is in no server"),
        ("models big, small", ADMIN, "There is no model 'big'; there are: small, writer"),
        ("tools dance", ADMIN, "There is no tool 'dance'; there are: draw"),
        ("most 9", ADMIN, "most 9 is more than is allowed here: 4 (the operator)."),
        ("count 9", SERVER, "count 9 is more than is allowed here: 4 (the operator)."),
        ("adult private", ADMIN, "adult private is more than is allowed here: never"),
        ("server tools all", ADMIN, "tools all is more than is allowed here: draw, write"),
        ("colour red", ADMIN, "There is no setting 'colour'; there are: users"),
        ("colour", SERVER, "There is no setting 'colour'; there are: users"),
        ("aspect 5:7", SERVER, "aspect cannot be '5:7'"),
        ("users ana", ADMIN, "platform:id such as discord:123"),
        ("changes", SERVER, "Only an admin"),
    ],
)
async def test_every_mistake_is_told(
    tmp_path: Path, words: str, place: Place, sentence: str
) -> None:
    async with room(tmp_path, rules=Rules(most=4, tools=("draw", "write"))) as here:
        told = await here.told(f"/settings {words}", place=place)
        assert told.startswith("error: ")
        assert sentence in told
        assert "changed here yet" in await here.told("/settings changes", place=ADMIN)


async def test_every_change_is_logged_and_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    database = tmp_path / "atelier.db"
    with caplog.at_level("INFO", "bot"):
        async with room(tmp_path, None, database) as here:
            await here.say("hello", ANA)
            await here.told("/settings server pause back at six", ANA, ADMIN)
            await here.told("/settings buttons asker", ANA, ADMIN)
    assert (
        "rules server terminal:s: terminal:ana set pause from None to 'back at six'" in caplog.text
    )
    async with room(tmp_path, None, database) as here:
        told = (await here.told("/settings changes", place=ADMIN)).splitlines()
        assert told[0].endswith("this server: pause from default to back at six, by Ana")
        assert told[1].endswith("this chat: buttons from default to asker, by Ana")
        assert "I am paused: back at six" in await here.told("draw a cat", BEN, SERVER)
        other = replace(SERVER, channel="d")
        assert "I am paused" in await here.told("draw a cat", BEN, other)
        await here.told("/settings server pause default", ANA, ADMIN)
        assert (await here.say("draw a cat", BEN, place=SERVER)).kind == "reply"


async def test_in_private_everybody_rules_their_own_chat(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        assert await here.told("/settings chat most 2") == "most is now 2 here."
        assert "At most 2" in (await here.say("draw 3 cats")).message.text


async def test_memory_tells_what_is_kept(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        assert "This chat: nothing." in await here.told("/memory")
        reply = await here.say("draw a cat", ANA)
        await here.say("draw a dog", BEN)
        await here.press(reply, "good", BEN)
        told = await here.told("/memory", BEN)
        assert "This chat: 4 messages, 2 files, 2 steps, 1 👍, 0 👎, since 20" in told
        assert "Of that yours: 1 message, 0 files, 1 step, 1 👍, 0 👎" in told


async def test_who_may_have_what_forgotten(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        await here.say("draw a cat", ANA, place=SERVER)
        await here.say("draw a dog", BEN, place=SERVER)
        assert "Only an admin" in await here.told("/forget yes", ANA, SERVER)
        assert "/forget me" in await here.told("/forget", ANA, SERVER)
        assert "All of yours" in await here.told("/forget me", ANA, SERVER)
        texts = [m.text for m in await here.studio.store.history(CHAT)]
        assert texts[0] == "draw a dog"
        assert len(texts) == 2
        assert "Everything" in await here.told("/forget yes", BEN, ADMIN)
        assert not await here.studio.store.history(CHAT)

"""Where the bot is not: people who added it to their own account bring it along."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.adapters.discord import asked as asking
from bot.adapters.discord import wire
from bot.adapters.discord.parts import FILES, Attached, Part, fewer
from tests.discord_bot import Held, talking
from tests.discord_people import Person
from tests.discord_records import Channel, Interaction, Message, Permission
from tests.discord_server import Server, serving


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "WAITS", (0,))


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving(require_nonce=True) as running:
        yield running


@pytest.fixture
def ana(server: Server) -> Person:
    person = server.person("Ana")
    person.account.installed = True
    return person


def elsewhere(server: Server, *people: Person) -> Channel:
    """Return a channel of a server that the bot is not in."""
    guild = server.world.guild("Elsewhere", joined=False)
    for person in people:
        server.world.join(guild, person.account)
    return server.world.channel(guild, "lobby")


async def shown(server: Server, asked: Interaction) -> Message:
    """Wait until an interaction is answered by a result with buttons."""
    line = (await asked.answer()).original
    assert line is not None
    await server.wait_for(lambda: any(not id.endswith(":stop") for id in line.buttons))
    return line


@pytest.mark.parametrize("group", [False, True])
async def test_a_command_a_button_and_a_menu_are_answered_where_the_bot_is_not(
    server: Server, ana: Person, tmp_path: Path, group: bool
) -> None:
    ben, cid = server.person("Ben"), server.person("Cid")
    room = server.world.among(ana.account, ben.account, cid.account)
    room = room if group else elsewhere(server, ana, ben)
    async with talking(server, tmp_path) as bot:
        drawn = await shown(server, ana.slash("imagine", room, prompt="two foxes"))
        assert len(drawn.files) == 3
        larger = await shown(server, ben.presses(drawn, bot.button(drawn, "upscale:2")))
        assert larger.files, "Ben did not add it, and may press"
        said = ben.says("good morning", room)
        spoken = ana.context_menu("Read aloud", said)
        await shown(server, spoken)
        await server.wait_for(lambda: spoken.followups)
        assert [file.filename[-4:] for m in spoken.followups for file in m.files] == [".ogg"]
        told = await ana.slash("queue", room).answer()
        await server.wait_for(lambda: told.original and told.original.content)
        await bot.delivered()
        assert bot.events[0].place.private is False
        with pytest.raises(AssertionError, match="not installed"):
            ben.slash("imagine", room, prompt="a fox")
        with pytest.raises(AssertionError, match=r"not (offered|installed)"):
            ana.slash("project", room)
    assert server.violations == []
    assert not [r for r in server.requests if r.status >= 400]


async def test_forgetting_a_group_takes_more_than_one_of_its_people(
    server: Server, ana: Person, tmp_path: Path
) -> None:
    room = server.world.among(ana.account, server.person("Ben").account)
    async with talking(server, tmp_path):
        asked = await ana.slash("forget", room, what="yes").answer()
        await server.wait_for(lambda: asked.original and "Only an admin" in asked.original.content)


async def test_who_is_not_welcome_to_bring_it_sees_the_result_alone(
    server: Server, ana: Person, tmp_path: Path
) -> None:
    room = elsewhere(server, ana)
    assert room.guild is not None
    room.guild.roles[0].permissions &= ~Permission.USE_EXTERNAL_APPS
    async with talking(server, tmp_path) as bot:
        line = await shown(server, ana.slash("imagine", room, prompt="a fox"))
        assert line.ephemeral_to is ana.account
        assert line.files
        await bot.delivered()


async def test_what_is_deleted_goes_by_its_token(
    server: Server, ana: Person, tmp_path: Path
) -> None:
    room = elsewhere(server, ana)
    async with talking(server, tmp_path) as bot:
        asked = ana.slash("speak", room, text="good morning")
        line = await shown(server, asked)
        await server.wait_for(lambda: asked.followups)
        await bot.delivered()
        ana.presses(line, bot.button(line, "delete"))
        await server.wait_for(lambda: line.deleted and all(m.deleted for m in asked.followups))
        kept = await shown(server, ana.slash("imagine", room, prompt="a fox"))
        server.world.clock.advance(16 * 60)
        late = ana.presses(kept, bot.button(kept, "delete"))
        await server.wait_for(lambda: late.original and "quarter" in late.original.content)
        assert not kept.deleted


async def test_after_a_quarter_of_an_hour_the_result_comes_in_private(
    server: Server, ana: Person, tmp_path: Path
) -> None:
    room, runner = elsewhere(server, ana), Held()
    async with talking(server, tmp_path, runner) as bot:
        await ana.slash("imagine", room, prompt="a fox").answer()
        await runner.held()
        server.world.clock.advance(16 * 60)
        runner.go.set()
        result = await server.message(lambda m: m.channel is ana.direct and m.files)
        why, _ = server.messages(ana.direct)
        assert "a server can invite me" in why.content
        assert not result.buttons
        async with asyncio.timeout(5):
            await bot.delivered()


async def test_before_that_it_is_said(
    server: Server, ana: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "_SOON", timedelta(hours=1))
    room, runner = elsewhere(server, ana), Held()
    async with talking(server, tmp_path, runner) as bot:
        line = (await ana.slash("imagine", room, prompt="a fox").answer()).original
        assert line is not None
        await server.wait_for(lambda: "the result will come to you in private" in line.content)
        runner.go.set()
        await server.wait_for(lambda: line.files)
        await bot.delivered()


async def test_it_goes_on_after_a_restart(server: Server, ana: Person, tmp_path: Path) -> None:
    room, runner = elsewhere(server, ana), Held()
    async with talking(server, tmp_path, runner, kept=True) as bot:
        asked = await ana.slash("imagine", room, prompt="a fox").answer()
        await runner.held()
        line = asked.original
        assert line is not None
        await server.wait_for(lambda: not line.loading)
        await bot.stop()
        assert line.content.startswith("Paused")
    runner = Held()
    async with talking(server, tmp_path, runner, kept=True) as bot:
        await server.wait_for(lambda: not line.content.startswith("Paused"))
        assert not line.files
        runner.go.set()
        assert (await shown(server, asked)).files
        await bot.delivered()
        assert server.messages() == [line]


async def test_commands_stay_at_home_where_only_servers_may_add_the_application(
    tmp_path: Path,
) -> None:
    async with serving(installs=(0,)) as server:
        async with talking(server, tmp_path, kept=True):
            known = {c["name"]: c for c in server.commands.sets[0]}
            assert known["imagine"]["integration_types"] == [0]
        server.installs = (0, 1)
        server.commands.sets.clear()
        async with talking(server, tmp_path, kept=True):
            known = {c["name"]: c for c in server.commands.sets[0]}
            assert known["Describe"]["contexts"] == [0, 1, 2]
            assert known["project"]["integration_types"] == [0]
        assert server.violations == []


def test_a_long_answer_fits_into_six_messages() -> None:
    def sounds(many: int) -> list[Part]:
        return [Part(files=(Attached(f"{n}.ogg", b""),), voice=True) for n in range(many)]

    texts = [Part("one"), Part("two", buttons=((("id", "Again"),),))]
    assert fewer([*texts, *sounds(4)], 6) == [*texts, *sounds(4)]
    made = fewer([*texts, *sounds(3), Part("One was too large."), *sounds(9)], 6)
    assert [len(part.files) for part in made] == [0, 0, 1, 10, 1]
    files = [file for part in made for file in part.files]
    assert len(files) == 12
    assert "One was too large." in "".join(part.text for part in made)
    cut = fewer([*texts, *sounds(60)], 6)
    assert len(cut) == 6
    assert max(len(part.files) for part in cut) == FILES
    assert "left out: 29;" in "".join(part.text for part in cut)

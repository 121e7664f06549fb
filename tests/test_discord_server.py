"""The real discord.py client goes its rounds with the server for tests."""

import asyncio
import io
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import discord
import pytest
from discord.http import handle_message_parameters

from bot.adapters.discord import endpoints
from tests.discord_client import Bare, connected
from tests.discord_rates import Rate
from tests.discord_records import Permission
from tests.discord_rest import ROUTES
from tests.discord_server import Server, serving
from tests.discord_spec import folder, load
from tests.fakes import picture


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving() as running:
        yield running


@pytest.fixture
async def client(server: Server) -> AsyncIterator[Bare]:
    async with connected(server) as bare:
        yield bare


def text_channel(client: Bare, server: Server) -> discord.TextChannel:
    channel = client.get_channel(server.channel.id)
    assert isinstance(channel, discord.TextChannel)
    return channel


async def test_a_client_signs_in_and_knows_the_server(server: Server, client: Bare) -> None:
    assert client.user is not None
    assert client.user.id == server.bot.id
    assert client.guilds[0].name == "Studio"
    channel = text_channel(client, server)
    assert channel.permissions_for(channel.guild.me).attach_files
    assert server.violations == []


async def test_a_mention_with_a_file_is_answered_by_a_reply_with_files(
    server: Server, client: Bare
) -> None:
    said = server.person("Ana").mentions("a fox", attachments=[("fox.png", picture(1))])
    heard = await client.next()
    assert heard.content.endswith("a fox")
    assert heard.attachments[0].width
    assert await heard.attachments[0].read() == picture(1)
    shown = [
        discord.File(io.BytesIO(picture(n)), f"{n}.png", description=f"picture {n}", spoiler=n == 2)
        for n in (1, 2)
    ]
    sent = await heard.reply("Two foxes", files=shown, nonce="r1")
    kept = server.messages()[0]
    assert (kept.content, kept.reply_to, kept.nonce) == ("Two foxes", said, "r1")
    assert [f.description for f in kept.files] == ["picture 1", "picture 2"]
    assert [f.spoiler for f in kept.files] == [False, True]
    assert sent.attachments[1].is_spoiler()
    assert server.violations == []


async def test_a_message_is_edited_and_deleted(server: Server, client: Bare) -> None:
    channel = text_channel(client, server)
    sent = await channel.send("Working", nonce="1")
    await sent.edit(content="Half")
    done = await sent.edit(content="Done", attachments=[discord.File(io.BytesIO(b"x"), "a.txt")])
    assert server.messages()[0].texts == ["Working", "Half", "Done"]
    emptied = await done.edit(attachments=[])
    assert emptied.attachments == []
    await sent.delete()
    assert server.messages() == []
    await client.until("raw_message_delete")


async def test_what_is_read_reacted_to_and_typed(server: Server, client: Bare) -> None:
    channel, ana = text_channel(client, server), server.person("Ana")
    said = [ana.says(f"number {n}") for n in range(3)]
    assert [m.content async for m in channel.history(limit=2)] == ["number 2", "number 1"]
    message = await channel.fetch_message(said[0].id)
    await message.add_reaction("👍")
    ana.reacts(said[0], "👍")
    await client.until("raw_reaction_add", 2)
    await message.remove_reaction("👍", discord.Object(server.bot.id))
    assert said[0].reactions == [("👍", ana.account)]
    await channel.typing()
    assert server.channel.typed == 1


async def test_private_chats_and_threads(server: Server, client: Bare) -> None:
    ana = server.person("Ana")
    ana.says("psst", ana.direct)
    heard = await client.next()
    await heard.channel.send("yes?")
    user = await client.fetch_user(ana.account.id)
    await (await user.create_dm()).send("again")
    assert [m.content for m in server.messages(ana.direct)] == ["yes?", "again"]
    message = await text_channel(client, server).send("a topic")
    thread = await message.create_thread(name="foxes")
    await thread.send("in here")
    ana.says("me too", server.world.channels[thread.id])
    assert isinstance((await client.next()).channel, discord.Thread)
    await thread.edit(archived=True)
    with pytest.raises(discord.HTTPException, match="archived"):
        await (await thread.fetch_message(server.messages()[-1].id)).edit(content="no")


async def test_message_content_is_kept_from_those_without_the_intent(server: Server) -> None:
    ana = server.person("Ana")
    async with connected(server) as client:  # the default intents leave message content out
        own = await text_channel(client, server).send("mine")
        ana.says("secret", attachments=[("a.txt", b"a")])
        ana.mentions("for you")
        ana.says("a reply", reply_to=server.messages()[0])
        ana.says("quiet reply", reply_to=server.messages()[0], ping=False)
        ana.says("in private", ana.direct)
        heard = [await client.next() for _ in range(5)]
    assert own.content == "mine"
    texts = ["", f"<@{server.bot.id}> for you", "a reply", "", "in private"]
    assert [m.content for m in heard] == texts
    assert heard[0].attachments == []
    intents = discord.Intents.default()
    intents.message_content = True
    async with connected(server, intents=intents) as client:
        ana.says("all of it")
        assert (await client.next()).content == "all of it"


async def test_a_client_waits_where_the_rates_say_so() -> None:
    route = "POST /channels/{channel_id}/messages"
    async with serving(rates={route: Rate(2, 0.05)}) as server, connected(server) as client:
        channel = text_channel(client, server)
        await asyncio.gather(*(channel.send(str(n)) for n in range(5)))
        assert len(server.messages()) == 5
        assert {r.status for r in server.asked("POST", "/messages")} <= {200, 429}


async def test_requests_fail_when_told_to(server: Server) -> None:
    async with connected(server, max_ratelimit_timeout=30) as client:
        channel = text_channel(client, server)
        server.fail("POST .*/messages", status=429, retry_after=0.01)
        server.fail("POST .*/messages", status=429, retry_after=0.01, everywhere=True)
        await channel.send("at last")
        server.fail("POST .*/messages", status=429, retry_after=3600)
        with pytest.raises(discord.RateLimited):
            await channel.send("no")
        server.fail("POST .*/messages", status=429, banned=True)
        with pytest.raises(discord.HTTPException, match="1015"):
            await channel.send("no")
        server.fail("POST .*/messages", status=503)
        with pytest.raises(discord.DiscordServerError):
            await channel.send("no")
        server.fail("POST .*/messages", status=0)
        with pytest.raises(aiohttp.ClientError):
            await channel.send("no")
        server.fail("POST .*/messages", status=0, after=True)
        with pytest.raises(aiohttp.ClientError):
            await channel.send("said all the same", nonce="n")
        await channel.send("said all the same", nonce="n")
    assert [m.content for m in server.messages()] == ["at last", "said all the same"]
    assert server.violations == []


async def test_global_rates_and_edits_of_one_message_are_limited() -> None:
    settings: Any = {"global_rate": Rate(7, 3600), "edit_rate": Rate(2, 3600)}
    async with serving(**settings) as server, connected(server, max_ratelimit_timeout=30) as client:
        sent = await text_channel(client, server).send("0")
        await sent.edit(content="1")
        await sent.edit(content="2")
        with pytest.raises(discord.RateLimited):
            await sent.edit(content="3")
        other = await text_channel(client, server).send("another")
        assert not server.violations[1:]
        with pytest.raises(discord.RateLimited):
            await other.edit(content="one request too many")
        assert server.messages()[0].texts == ["0", "1", "2"]
        assert len(server.violations) == 2


async def test_addresses_of_files_expire_and_are_signed_anew(server: Server, client: Bare) -> None:
    said = server.person("Ana").mentions("look", attachments=[("a b.txt", b"words")])
    heard = await client.next()
    url = heard.attachments[0].url
    server.world.clock.advance(25 * 3600)
    with pytest.raises(discord.NotFound):
        await heard.attachments[0].read()
    again = await text_channel(client, server).fetch_message(said.id)
    assert await again.attachments[0].read() == b"words"
    with pytest.raises(discord.NotFound):
        await client.http.get_from_cdn(url.replace("hm=", "hm=0"))


async def test_permissions_and_what_is_gone(server: Server, client: Bare) -> None:
    channel, ana = text_channel(client, server), server.person("Ana")
    server.world.change(server.channel, denied=Permission.SEND_MESSAGES)
    await client.until("guild_channel_update")
    assert not channel.permissions_for(channel.guild.me).send_messages
    with pytest.raises(discord.Forbidden) as refused:
        await channel.send("no")
    assert refused.value.code == 50013
    server.world.change(server.channel, deleted=True)
    with pytest.raises(discord.NotFound) as missing:
        await channel.send("no")
    assert missing.value.code == 10003
    ana.account.blocks_bot = True
    with pytest.raises(discord.Forbidden) as blocked:
        await (await client.fetch_user(ana.account.id)).send("no")
    assert blocked.value.code == 50007
    assert server.violations == []


async def test_addresses_go_back_to_discords_own() -> None:
    endpoints.use("http://127.0.0.1:1/api/v10/", "ws://127.0.0.1:1")
    assert discord.http.Route("GET", "/users/@me").url == "http://127.0.0.1:1/api/v10/users/@me"
    assert discord.Asset.BASE == endpoints.CDN
    endpoints.use()
    assert discord.http.Route("GET", "/users/@me").url == f"{endpoints.API}/users/@me"


def test_every_route_is_one_of_discords() -> None:
    spec = load(folder())
    if spec is None:
        pytest.skip("Discord's OpenAPI document is not at hand")
    known = spec.document["paths"]
    missing = [r for r in ROUTES if r.split(" ")[0].lower() not in known.get(r.split(" ")[1], {})]
    assert missing == ["POST /attachments/refresh-urls"]


class VoiceFile(discord.File):
    """A voice note; discord.py 2.7 leaves out what makes it one."""

    def to_dict(self, index: int) -> dict[str, Any]:
        return {**super().to_dict(index), "duration_secs": 2.0, "waveform": "AAAA"}


async def test_a_voice_message_and_buttons_go_out_by_channel_id(
    server: Server, client: Bare
) -> None:
    flags = discord.MessageFlags()
    flags.voice = True
    note = VoiceFile(io.BytesIO(b"OggS" + bytes(60)), "voice-message.ogg")
    with handle_message_parameters(file=note, flags=flags, nonce="v1") as params:
        await client.http.send_message(server.channel.id, params=params)
    view = discord.ui.View(timeout=None)
    view.add_item(discord.ui.Button(label="Again", custom_id="again"))
    shown = discord.File(io.BytesIO(picture(1)), "1.png", description="a fox")
    with handle_message_parameters("Done", file=shown, view=view, nonce="v2") as params:
        await client.http.send_message(server.channel.id, params=params)
    voice, done = server.messages()
    assert voice.voice
    assert voice.files[0].duration == 2.0
    assert list(done.buttons) == ["again"]
    assert done.files[0].description == "a fox"
    assert not client.persistent_views
    assert server.violations == []


async def test_whom_a_message_notifies(server: Server, client: Bare) -> None:
    ana = server.person("Ana")
    channel = client.get_partial_messageable(server.channel.id)
    said = ana.says("hello")
    text = f"@everyone <@{ana.account.id}>"
    await channel.send(text)
    await channel.send(text, allowed_mentions=discord.AllowedMentions.none())
    reply = channel.get_partial_message(said.id)
    await channel.send("x", reference=reply, mention_author=False)
    await channel.send("x", reference=reply)
    loud, quiet, silent, pinging = server.messages()
    assert (loud.pings_everyone, loud.pings) == (True, [ana.account])
    assert (quiet.pings_everyone, quiet.pings) == (False, [])
    assert silent.reply_to is said
    assert (silent.pings, pinging.pings) == ([], [ana.account])


async def test_bodies_that_are_no_json_and_calls_without_a_token(server: Server) -> None:
    url = f"{server.api_url}/channels/{server.channel.id}/messages"
    signed = {"Authorization": f"Bot {server.token}", "Content-Type": "application/json"}
    async with aiohttp.ClientSession() as session:
        async with session.post(url, data=b"{", headers=signed) as answer:
            assert (answer.status, (await answer.json())["code"]) == (400, 50109)
        async with session.post(url, json={"content": "x"}) as answer:
            assert answer.status == 401
        async with session.get(f"{server.api_url}/nowhere", headers=signed) as answer:
            assert answer.status == 404
        server.fail("GET .*/users/@me", status=500)
        async with session.get(f"{server.api_url}/users/@me", headers=signed) as answer:
            assert answer.status == 500

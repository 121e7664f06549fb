"""What Discord does not take, the server for tests does not take either, with the same codes."""

import io
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import discord
import pytest
from discord.http import Route

from tests.discord_client import Bare, connected
from tests.discord_rates import REAL
from tests.discord_records import THREAD, VOICE
from tests.discord_server import Server, serving
from tests.discord_spec import folder, load

Json = dict[str, Any]
MESSAGES = "/channels/{channel_id}/messages"
BUTTON = {"type": 2, "style": 1, "label": "Go", "custom_id": "go"}
TEXT = {"type": 10, "content": "x"}
OGG = b"OggS" + bytes(60)
V2 = 1 << 15


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving() as running:
        yield running


@pytest.fixture
async def client(server: Server) -> AsyncIterator[Bare]:
    async with connected(server) as bare:
        yield bare


async def post(
    client: Bare, server: Server, payload: Json, *files: tuple[str, bytes], to: int = 0
) -> Json:
    """Send a message as it is written here: discord.py itself would not let some of it through."""
    form: Any = None
    if files:
        form = [{"name": "payload_json", "value": json.dumps(payload)}]
        form += [
            {"name": f"files[{n}]", "value": io.BytesIO(data), "filename": name}
            for n, (name, data) in enumerate(files)
        ]
    route = Route("POST", MESSAGES, channel_id=to or server.channel.id)
    body = {"form": form} if files else {"json": payload}
    sent: Json = await client.http.request(route, **body)
    return sent


async def refused(client: Bare, server: Server, payload: Json, *files: tuple[str, bytes]) -> Json:
    """Return the body of the refusal a message meets."""
    with pytest.raises(discord.HTTPException) as error:
        await post(client, server, payload, *files)
    assert server.messages() == []
    return {"code": error.value.code, "text": str(error.value)}


def row(*components: Json) -> Json:
    return {"type": 1, "components": list(components)}


def buttons(count: int, start: int = 0) -> list[Json]:
    return [{**BUTTON, "custom_id": str(start + n)} for n in range(count)]


def nested(count: int) -> list[Json]:
    return [row(*buttons(5, 5 * n)) for n in range(count)]


FORMS: dict[str, tuple[Json, str]] = {
    "content": ({"content": "x" * 2001}, "content"),
    "embeds": ({"embeds": [{"title": "x"}] * 11}, "embeds"),
    "embed title": ({"embeds": [{"title": "x" * 257}]}, "embeds.0.title"),
    "embed description": ({"embeds": [{"description": "x" * 4097}]}, "embeds.0.description"),
    "embed fields": (
        {"embeds": [{"fields": [{"name": "a", "value": "b"}] * 26}]},
        "embeds.0.fields",
    ),
    "all embeds": ({"embeds": [{"description": "x" * 3001}] * 2}, "embeds"),
    "nonce": ({"content": "x", "nonce": "x" * 26}, "nonce"),
    "promised nonce": ({"content": "x", "enforce_nonce": True}, "nonce"),
    "alt text": (
        {"content": "x", "attachments": [{"id": 0, "description": "x" * 1025}]},
        "attachments.0.description",
    ),
    "file that is not there": ({"content": "x", "attachments": [{"id": 3}]}, "attachments.0.id"),
    "reply to nothing": (
        {"content": "x", "message_reference": {"message_id": "1"}},
        "message_reference",
    ),
    "mentions twice": (
        {"content": "x", "allowed_mentions": {"parse": ["users"], "users": ["1"]}},
        "allowed_mentions",
    ),
    "six rows": ({"components": nested(6)}, "components"),
    "six buttons": ({"components": [row(*buttons(6))]}, "components.0.components"),
    "empty row": ({"components": [row()]}, "components.0.components"),
    "button outside": ({"components": [BUTTON]}, "components.0.type"),
    "row in a row": ({"components": [row(row(BUTTON))]}, "components.0.components.0.type"),
    "button beside menu": (
        {"components": [row(BUTTON, {"type": 5, "custom_id": "m"})]},
        "components.0.components",
    ),
    "no custom_id": (
        {"components": [row({"type": 2, "style": 1, "label": "x"})]},
        "components.0.components.0.custom_id",
    ),
    "long custom_id": (
        {"components": [row({**BUTTON, "custom_id": "x" * 101})]},
        "components.0.components.0.custom_id",
    ),
    "custom_id twice": (
        {"components": [row(BUTTON), row(BUTTON)]},
        "components.1.components.0.custom_id",
    ),
    "long label": (
        {"components": [row({**BUTTON, "label": "x" * 81})]},
        "components.0.components.0.label",
    ),
    "link without address": (
        {"components": [row({"type": 2, "style": 5, "label": "x"})]},
        "components.0.components.0.url",
    ),
    "too many options": (
        {
            "components": [
                row(
                    {
                        "type": 3,
                        "custom_id": "m",
                        "options": [{"label": "x", "value": str(n)} for n in range(26)],
                    }
                )
            ]
        },
        "components.0.components.0.options",
    ),
    "text input in a message": (
        {"components": [row({"type": 4, "custom_id": "x", "style": 1, "label": "x"})]},
        "components.0.components.0.type",
    ),
    "layout without its flag": ({"components": [TEXT]}, "components.0.type"),
    "layout with content": ({"components": [TEXT], "content": "x", "flags": V2}, "content"),
    "layout too long": (
        {"components": [{"type": 10, "content": "x" * 2001}] * 2, "flags": V2},
        "components",
    ),
    "layout too rich": ({"components": [TEXT] * 41, "flags": V2}, "components"),
    "gallery of a file that is not there": (
        {
            "components": [{"type": 12, "items": [{"media": {"url": "attachment://a.png"}}]}],
            "flags": V2,
        },
        "components.0.items.0.media.url",
    ),
    "container in a container": (
        {
            "components": [
                {"type": 17, "components": [{"type": 17, "components": [TEXT]}]},
            ],
            "flags": V2,
        },
        "components.0.components.0.type",
    ),
}


@pytest.mark.parametrize("spec", [False, True], ids=["rules", "document"])
@pytest.mark.parametrize("name", FORMS)
async def test_a_wrong_form_is_refused(name: str, spec: bool) -> None:
    document = load(folder()) if spec else None
    if spec and document is None:
        pytest.skip("Discord's OpenAPI document is not at hand")
    payload, place = FORMS[name]
    async with serving(spec=document) as server, connected(server) as client:
        told = await refused(client, server, payload)
        assert told["code"] == 50035
        assert f"In {place}" in told["text"]
        assert len(server.violations) == 1


async def test_a_field_that_does_not_exist_is_refused(server: Server, client: Bare) -> None:
    if server.spec is None:
        pytest.skip("Discord's OpenAPI document is not at hand")
    told = await refused(client, server, {"content": "x", "contents": "y"})
    assert "In contents" in told["text"]
    nested_field = {"content": "x", "components": [row({**BUTTON, "colour": 1})]}
    assert "In components.0.components.0.colour" in str(await refused(client, server, nested_field))
    assert "In content" in str(await refused(client, server, {"content": 1}))


async def test_files_too_large_too_many_or_empty_messages(server: Server, client: Bare) -> None:
    limit = server.guild.file_limit
    large = await refused(client, server, {"content": "x"}, ("a.bin", bytes(limit + 1)))
    assert large["code"] == 40005
    files = [(f"{n}.txt", b"x") for n in range(11)]
    assert (await refused(client, server, {}, *files))["code"] == 30015
    assert (await refused(client, server, {"content": ""}))["code"] == 50006
    server.guild.tier = 2
    await post(client, server, {}, ("a.bin", bytes(limit + 1)))
    assert len(server.messages()[0].files[0].data) == limit + 1


VOICE_ATTACHMENT = {"id": 0, "filename": "v.ogg", "duration_secs": 1.5, "waveform": "AAAA"}


@pytest.mark.parametrize(
    ("payload", "files", "code"),
    [
        ({"content": "x", "attachments": [VOICE_ATTACHMENT]}, [("v.ogg", OGG)], 50159),
        ({"attachments": [VOICE_ATTACHMENT]}, [("v.ogg", OGG), ("w.ogg", OGG)], 50160),
        ({"attachments": [VOICE_ATTACHMENT]}, [("v.ogg", b"RIFF")], 50160),
        ({"attachments": [{"id": 0, "filename": "v.ogg"}]}, [("v.ogg", OGG)], 50161),
    ],
)
async def test_what_is_no_voice_message(
    server: Server, client: Bare, payload: Json, files: list[tuple[str, bytes]], code: int
) -> None:
    assert (await refused(client, server, {**payload, "flags": VOICE}, *files))["code"] == code


async def test_a_voice_message_is_taken_and_cannot_be_edited(server: Server, client: Bare) -> None:
    payload = {"flags": VOICE, "attachments": [VOICE_ATTACHMENT]}
    sent = await post(client, server, payload, ("v.ogg", OGG))
    kept = server.messages()[0]
    assert kept.voice
    assert (kept.files[0].duration, kept.files[0].waveform) == (1.5, "AAAA")
    partial = client.get_partial_messageable(server.channel.id).get_partial_message(int(sent["id"]))
    with pytest.raises(discord.HTTPException) as error:
        await partial.edit(content="x")
    assert error.value.code == 50162


async def test_a_nonce_is_shown_once_for_some_minutes(server: Server, client: Bare) -> None:
    channel = client.get_partial_messageable(server.channel.id)
    first = await channel.send("one", nonce="n")
    again = await channel.send("two", nonce="n")
    assert (again.id, again.content) == (first.id, "one")
    server.world.clock.advance(600)
    await channel.send("three", nonce="n")
    assert [m.content for m in server.messages()] == ["one", "three"]
    await (await channel.send("four", nonce="m")).delete()
    with pytest.raises(discord.NotFound):
        await channel.send("five", nonce="m")


async def test_a_server_that_wants_nonces_refuses_messages_without() -> None:
    async with serving(require_nonce=True) as server, connected(server) as client:
        assert "nonce" in (await refused(client, server, {"content": "x"}))["text"]
        told = await refused(client, server, {"content": "x", "nonce": "1"})
        assert "enforce_nonce" in told["text"]
        await client.get_partial_messageable(server.channel.id).send("discord.py makes one itself")


async def test_messages_of_others_and_threads_that_are_shut(server: Server, client: Bare) -> None:
    ana, channel = server.person("Ana"), client.get_partial_messageable(server.channel.id)
    said = channel.get_partial_message(ana.says("mine").id)
    with pytest.raises(discord.Forbidden) as error:
        await said.edit(content="yours")
    assert error.value.code == 50005
    with pytest.raises(discord.Forbidden) as error:
        await said.delete()
    assert error.value.code == 50013
    with pytest.raises(discord.NotFound) as missing:
        await channel.get_partial_message(1).edit(content="x")
    assert missing.value.code == 10008
    thread = server.world.thread(server.channel, "foxes", server.bot, THREAD)
    server.world.change(thread, locked=True)
    with pytest.raises(discord.Forbidden) as locked:
        await post(client, server, {"content": "x"}, to=thread.id)
    assert locked.value.code == 160005
    server.most_threads = 1
    known = client.get_channel(server.channel.id)
    assert isinstance(known, discord.TextChannel)
    with pytest.raises(discord.HTTPException) as full:
        await known.get_partial_message(said.id).create_thread(name="more")
    assert full.value.code == 160006


async def test_a_client_that_overlooks_the_rates_is_told_to_wait() -> None:
    async with serving(rates=REAL) as server, aiohttp.ClientSession() as session:
        url = f"{server.api_url}/channels/{server.channel.id}/typing"
        signed = {"Authorization": f"Bot {server.token}"}
        answers = [await session.post(url, headers=signed) for _ in range(6)]
        assert [a.status for a in answers] == [204] * 5 + [429]
        told = answers[-1]
        assert told.headers["X-RateLimit-Remaining"] == "0"
        assert 0 < (await told.json())["retry_after"] <= 5
        assert len(server.violations) == 1
        server.world.clock.advance(5)
        assert (await session.post(url, headers=signed)).status == 204

"""Commands, buttons, forms and completion through the real discord.py, and their deadlines."""

import io
from collections.abc import AsyncIterator
from typing import Any

import discord
import pytest
from discord import app_commands

from tests.discord_client import Bare, connected
from tests.discord_records import Permission, Role
from tests.discord_server import Server, serving
from tests.fakes import picture

Asked = discord.Interaction[Any]


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving() as running:
        yield running


@pytest.fixture
async def client(server: Server) -> AsyncIterator[Bare]:
    async with connected(server) as bare:
        yield bare


class Edit(discord.ui.Modal, title="Edit"):
    words: discord.ui.TextInput[Any] = discord.ui.TextInput(label="What", custom_id="words")


def tree_of(client: Bare) -> app_commands.CommandTree[Any]:
    tree = app_commands.CommandTree(client)

    @tree.command(description="Draw a picture")
    async def imagine(
        asked: Asked, prompt: str, count: int = 4, like: discord.Attachment | None = None
    ) -> None:
        size = len(await like.read()) if like else 0
        await asked.response.send_message(f"{prompt} x{count} like {size}")

    @imagine.autocomplete("prompt")
    async def words(asked: Asked, typed: str) -> list[app_commands.Choice[str]]:
        return [app_commands.Choice(name=f"{typed} {n}", value=str(n)) for n in range(3)]

    @tree.context_menu(name="Describe")
    async def describe(asked: Asked, message: discord.Message) -> None:
        await asked.response.send_message(message.content, ephemeral=True)

    settings = app_commands.Group(name="settings", description="Set things")

    @settings.command(description="Show them")
    @app_commands.checks.has_permissions(administrator=True)
    async def show(asked: Asked) -> None:
        await asked.response.send_modal(Edit(custom_id="edit"))

    settings.default_permissions = discord.Permissions(manage_messages=True)
    tree.add_command(settings)
    return tree


async def test_commands_are_registered_used_and_complete(server: Server, client: Bare) -> None:
    tree, ana = tree_of(client), server.person("Ana")
    first = await tree.sync()
    assert {c.id for c in await tree.sync()} == {c.id for c in first}
    asked = await ana.slash("imagine", prompt="a fox", like=("f.png", picture(1))).answer()
    assert asked.original is not None
    assert asked.original.content == f"a fox x4 like {len(picture(1))}"
    assert asked.latency < 3
    typed = await ana.completes("imagine", focused="prompt", text="red").answer()
    assert [c["name"] for c in typed.choices] == ["red 0", "red 1", "red 2"]
    said = ana.says("words nobody else may read")
    shown = await ana.context_menu("Describe", said).answer()
    assert shown.original is not None
    assert shown.original.content == said.content
    assert shown.original.ephemeral_to is ana.account
    assert server.violations == []


async def test_what_people_cannot_do_is_an_error_of_the_test(server: Server, client: Bare) -> None:
    tree, ana = tree_of(client), server.person("Ana")
    await tree.sync()
    with pytest.raises(AssertionError, match="required"):
        ana.slash("imagine")
    with pytest.raises(AssertionError, match="does not fit"):
        ana.slash("imagine", prompt="x", count="many")
    with pytest.raises(AssertionError, match="no command"):
        ana.slash("paint")
    with pytest.raises(AssertionError, match="may not use"):
        ana.slash("settings show")
    powers = Permission.MANAGE_MESSAGES | Permission.ADMINISTRATOR
    server.guild.roles.append(Role(server.world.new_id(), "staff", powers))
    ana.account.roles.append(server.guild.roles[-1])
    asked = await ana.slash("settings show").answer()
    with pytest.raises(AssertionError):
        ana.submits(asked, words="")
    ana.submits(asked, words="at night")
    sent = (await client.next_asked(), await client.next_asked())[1]
    assert sent.type is discord.InteractionType.modal_submit
    assert sent.data is not None
    assert "at night" in str(sent.data)


@pytest.mark.parametrize(
    ("commands", "place"),
    [
        ([{"name": "Imagine", "description": "x"}], "0.name"),
        ([{"name": "a", "description": "x" * 101}], "0.description"),
        ([{"name": "a", "description": "x"}] * 2, "1"),
        ([{"name": "a", "type": 3, "description": "x"}], "0"),
        ([{"name": "a", "type": 3, "integration_types": [0], "contexts": [2]}], "0.contexts"),
        ([{"name": "a", "type": 3, "integration_types": [2]}], "0.integration_types"),
        (
            [
                {
                    "name": "a",
                    "description": "x",
                    "options": [
                        {"name": "b", "description": "x", "type": 3},
                        {"name": "c", "description": "x", "type": 3, "required": True},
                    ],
                }
            ],
            "0.options.1",
        ),
    ],
)
async def test_wrong_commands_are_refused(
    server: Server, client: Bare, commands: list[Any], place: str
) -> None:
    with pytest.raises(discord.HTTPException) as error:
        await client.http.bulk_upsert_global_commands(server.bot.id, commands)
    assert error.value.code == 50035
    assert f"In {place}" in str(error.value)


async def sent_buttons(client: Bare, server: Server) -> None:
    view = discord.ui.View(timeout=None)
    for name in ("upscale:1", "vary:1"):
        view.add_item(discord.ui.Button(label=name, custom_id=name, disabled=name == "vary:1"))
    await client.get_partial_messageable(server.channel.id).send("Pictures", view=view)
    view.stop()


async def test_a_button_works_without_a_view(server: Server, client: Bare) -> None:
    await sent_buttons(client, server)
    ana, message = server.person("Ana"), server.messages()[0]
    pressed = ana.presses(message, "upscale:1")
    asked = await client.next_asked()
    assert asked.data is not None
    assert asked.data.get("custom_id") == "upscale:1"
    await asked.response.defer()
    await asked.edit_original_response(content="Upscaling")
    await asked.followup.send("Here", file=discord.File(io.BytesIO(picture(1)), "big.png"))
    assert message.texts == ["Pictures", "Upscaling"]
    assert pressed.followups[0].reply_to is message
    with pytest.raises(AssertionError, match="disabled"):
        ana.presses(message, "vary:1")


async def test_a_deferred_answer_takes_the_place_of_thinking(server: Server, client: Bare) -> None:
    await tree_of(client).sync()
    client._connection._command_tree = None  # the answers are given here
    asked = server.person("Ana").slash("imagine", prompt="x")
    event = await client.next_asked()
    await event.response.defer(thinking=True)
    assert asked.original is not None
    assert asked.original.loading
    await event.followup.send("first")
    await event.followup.send("second", ephemeral=True)
    await event.edit_original_response(content="first, edited")
    assert (asked.original.content, asked.original.loading) == ("first, edited", False)
    assert [m.ephemeral_to for m in asked.followups] == [asked.person]
    assert (await event.original_response()).content == "first, edited"
    await event.delete_original_response()
    assert [m.content for m in server.messages()] == ["second"]


async def test_deadlines(server: Server, client: Bare) -> None:
    await sent_buttons(client, server)
    ana, message = server.person("Ana"), server.messages()[0]
    ana.presses(message, "upscale:1")
    late = await client.next_asked()
    server.world.clock.advance(3.1)
    with pytest.raises(discord.NotFound) as error:
        await late.response.defer()
    assert error.value.code == 10062
    with pytest.raises(discord.NotFound) as unknown:
        await late.followup.send("x")
    assert unknown.value.code == 10015
    ana.presses(message, "upscale:1")
    twice = await client.next_asked()
    await twice.response.defer()
    twice.response._response_type = None  # what another process would not know
    with pytest.raises(discord.HTTPException) as again:
        await twice.response.defer()
    assert again.value.code == 40060
    await twice.followup.send("in time")
    server.world.clock.advance(15 * 60)
    with pytest.raises(discord.HTTPException) as stale:
        await twice.followup.send("x")
    assert stale.value.code == 50027
    assert len(server.violations) == 4


async def test_what_somebody_brought_along_is_followed_five_times(
    server: Server, client: Bare
) -> None:
    await tree_of(client).sync()
    client._connection._command_tree = None  # the answers are given here
    ana, ben = server.person("Ana"), server.person("Ben")
    ana.account.installed = True
    room = server.world.among(ana.account, ben.account)
    ana.slash("imagine", room, prompt="x")
    event = await client.next_asked()
    assert event.context.private_channel
    await event.response.send_message("one")
    for number in range(5):
        await event.followup.send(f"and {number}")
    with pytest.raises(discord.HTTPException) as error:
        await event.followup.send("too many")
    assert error.value.code == 40094
    assert len(server.messages(room)) == 6
    with pytest.raises(discord.Forbidden) as shut:
        await client.get_partial_messageable(room.id).send("we are not there")
    assert shut.value.code == 50001


async def test_answers_that_do_not_fit_are_refused(server: Server, client: Bare) -> None:
    await sent_buttons(client, server)
    ana, message = server.person("Ana"), server.messages()[0]
    ana.presses(message, "upscale:1")
    asked = await client.next_asked()
    with pytest.raises(discord.HTTPException, match="2000"):
        await asked.response.send_message("x" * 2001)
    with pytest.raises(discord.HTTPException, match=r"data\.title"):
        await asked.response.send_modal(Edit(title="x" * 46))
    with pytest.raises(discord.HTTPException, match="empty"):
        await asked.response.send_message()
    await asked.response.send_message("fits")


async def test_a_form_with_a_file_and_a_choice(server: Server, client: Bare) -> None:
    await sent_buttons(client, server)
    ana, message = server.person("Ana"), server.messages()[0]
    pressed = ana.presses(message, "upscale:1")
    form = discord.ui.Modal(title="Edit", custom_id="edit:1")
    upload: Any = discord.ui.FileUpload(custom_id="mask", required=False, max_values=2)
    form.add_item(discord.ui.Label(text="Mask", component=upload))
    options = [discord.SelectOption(label=x, value=x) for x in ("1:1", "3:2")]
    menu: Any = discord.ui.Select(custom_id="aspect", options=options)
    form.add_item(discord.ui.Label(text="Shape", component=menu))
    await (await client.next_asked()).response.send_modal(form)
    await pressed.answer()
    ana.submits(pressed, mask=[("m.png", picture(2))], aspect=["3:2"])
    sent = await client.next_asked()
    await sent.response.defer()
    assert menu.values == ["3:2"]
    assert await upload.values[0].read() == picture(2)
    assert sent.message is not None
    assert sent.message.id == message.id
    assert server.violations == []

"""Commands, menus, forms and completion in Discord, from the bot that serves them."""

import asyncio
import threading
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from agents.understanding.wishes import Wish
from bot import commands
from bot.adapters.discord import slash
from tests import discord_render as render
from tests.discord_bot import Bot, Held, talking
from tests.discord_records import Interaction, Message, Permission, Role
from tests.discord_server import Server, serving
from tests.fakes import catalogue, picture, sound


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving(require_nonce=True) as running:
        yield running
    assert running.violations == []


@pytest.fixture
async def bot(server: Server, tmp_path: Path) -> AsyncIterator[Bot]:
    async with talking(server, tmp_path) as running:
        yield running


def wish(name: str, **given: Any) -> Wish:
    command = commands.parse(slash.commands()[name].text(given))
    assert command is not None
    (found,) = commands.wishes(command) or ()
    return found


async def told(server: Server, asked: Interaction) -> Message:
    """Return what is shown in place of "thinking"."""
    shown = asked.original
    assert shown is not None
    await server.wait_for(lambda: not shown.loading)
    return shown


def test_fields_become_the_arguments_of_tools() -> None:
    drawn = wish("imagine", prompt="a red fox", count=3, aspect="16:9", style="pop art", seed=7)
    assert drawn.tool == "draw"
    assert "red fox" in str(drawn.args["prompt"])
    told = {k: v for k, v in drawn.args.items() if k != "prompt"}
    assert told == {"count": 3, "aspect": "16:9", "style": "pop art", "seed": 7}
    changed: dict[str, object] = {"image": "2", "instruction": "darker"}
    assert wish("edit", change="darker", picture="2") == Wish("edit", changed)
    assert wish("upscale", picture="2", factor="4x").args == {"image": "2", "factor": 4}
    assert wish("vary", count=2).args == {"image": "", "count": 2}
    assert wish("speak", text="good morning") == Wish("speak", {"text": "good morning"})
    assert wish("again", aspect="16:9").args == {"changes": {"aspect": "16:9"}}


def test_every_command_that_makes_sense_is_offered() -> None:
    offered = {command.verb for command in slash.commands().values()}
    assert offered == set(commands.COMMANDS) - {"quit"}
    assert all(len(c.described()["description"]) <= 100 for c in slash.commands().values())


async def test_a_command_is_acknowledged_shown_and_answered(server: Server, bot: Bot) -> None:
    ana = server.person("Ana")
    asked = await ana.slash("imagine", prompt="a red fox", count=2).answer()
    assert asked.original is not None
    answer = await bot.reply(asked.original)
    assert len(answer.files) == 3
    assert asked.original.content == "Ana: /imagine a red fox --n 2"
    assert server.messages() == [asked.original, answer]
    assert asked.latency < 1


async def test_it_is_acknowledged_while_the_database_is_busy(server: Server, bot: Bot) -> None:
    free = threading.Event()
    busy = asyncio.create_task(bot.room.studio.store.database(lambda _: free.wait(5)))
    await asyncio.sleep(0)
    ana = server.person("Ana")
    asked = await ana.slash("imagine", prompt="a fox").answer()
    quiet = await ana.slash("queue").answer()
    assert not busy.done()
    free.set()
    await busy
    await bot.reply(asked.original)
    await server.wait_for(lambda: quiet.original and not quiet.original.loading)


async def test_what_only_tells_is_seen_by_the_one_who_asked(server: Server, bot: Bot) -> None:
    ana = server.person("Ana")
    for name in ("help", "queue", "models", "cancel", "quota", "settings", "memory"):
        asked = await ana.slash(name).answer()
        assert asked.original is not None
        original = await told(server, asked)
        assert {m.ephemeral_to for m in (original, *asked.followups)} == {ana.account}


async def test_forgetting_wants_to_be_sure_and_an_admin(server: Server, bot: Bot) -> None:
    ana = server.person("Ana")
    await bot.reply(ana.mentions("draw a fox"))
    assert "/forget yes" in (await told(server, await ana.slash("forget").answer())).content
    refused = await ana.slash("forget", what="yes").answer()
    assert "Only an admin" in (await told(server, refused)).content
    ana.account.roles.append(Role(7, "admin", Permission.ADMINISTRATOR))
    server.guild.roles.append(ana.account.roles[-1])
    done = await ana.slash("forget", what="yes").answer()
    assert "is erased" in (await told(server, done)).content


async def test_a_file_comes_with_a_command(server: Server, bot: Bot) -> None:
    ana = server.person("Ana")
    photo = ("p.png", picture(1))
    asked = await ana.slash("edit", change="black and white", file=photo).answer()
    answer = await bot.reply(asked.original)
    assert [s.tool for s in await bot.steps(answer)] == ["edit"]


async def test_a_bad_file_is_told_to_the_one_who_sent_it(server: Server, bot: Bot) -> None:
    ana = server.person("Ana")
    asked = await ana.slash("edit", change="darker", file=("p.pdf", b"%PDF-1.7")).answer()
    await server.wait_for(lambda: asked.followups)
    assert "p.pdf cannot be used" in asked.followups[0].content
    assert asked.followups[0].ephemeral_to is ana.account
    assert asked.original is not None
    assert asked.original.deleted


async def test_models_styles_and_loras_complete(server: Server, bot: Bot) -> None:
    ana = server.person("Ana")

    async def offered(option: str, text: str) -> list[str]:
        asked = await ana.completes("imagine", option, text).answer()
        return [choice["name"] for choice in asked.choices]

    assert await offered("model", "SM") == ["small"]
    assert await offered("lora", "") == []  # its file is not there
    assert "watercolour" in await offered("style", "water")
    assert await offered("style", "no such style") == []
    assert slash.completions("imagine", "prompt", "x", catalogue()) == []
    assert slash.completions("settings", "change", "co", catalogue()) == ["count"]


async def test_menus_work_on_other_peoples_messages(server: Server, bot: Bot) -> None:
    ana, ben = server.person("Ana"), server.person("Ben")
    shown = ben.says("good morning team", attachments=[("p.png", picture(1))])
    described = await ana.context_menu("Describe", shown).answer()
    assert "32x32" in (await bot.reply(described.original)).content
    read = await ana.context_menu("Read aloud", shown).answer()
    assert (await bot.reply(read.original, lambda m: m.voice)).voice
    talk = ben.speaks(sound(), 0.3)
    heard = await ana.context_menu("Transcribe", talk).answer()
    assert "good morning team" in (await bot.reply(heard.original)).content


async def test_menus_take_nothing_from_elsewhere(server: Server, bot: Bot) -> None:
    ana, ben = server.person("Ana"), server.person("Ben")
    await bot.reply(ana.mentions("draw a fox"))
    words = ben.says("good morning team")
    shown = ben.says("", attachments=[("p.png", picture(1))])
    cases = {"Describe": (words, "no picture"), "Read aloud": (shown, "no words")}
    cases |= {"Edit this": (words, "no picture"), "Transcribe": (shown, "no recording")}
    for name, (target, lacks) in cases.items():
        asked = await ana.context_menu(name, target).answer()
        if name != "Edit this":
            await server.wait_for(partial(getattr, asked, "followups"))
        for only in asked.followups or filter(None, [asked.original]):
            assert (lacks in only.content, only.ephemeral_to) == (True, ana.account)


async def test_menus_work_on_our_own_messages(server: Server, bot: Bot) -> None:
    ana = server.person("Ana")
    drawn = await bot.reply(ana.mentions("draw a fox"))
    described = await ana.context_menu("Describe", drawn).answer()
    assert "a fox" in (await bot.reply(described.original)).content


async def test_edit_this_asks_what_and_edits(server: Server, bot: Bot) -> None:
    ana, ben = server.person("Ana"), server.person("Ben")
    shown = ben.says("my cat", attachments=[("p.png", picture(1))])
    opened = await ana.context_menu("Edit this", shown).answer()
    sent = await ana.submits(opened, words="black and white").answer()
    answer = await bot.reply(sent.original)
    assert [s.tool for s in await bot.steps(answer)] == ["edit"]


async def test_the_edit_button_asks_what_and_which(server: Server, bot: Bot) -> None:
    ana = server.person("Ana")
    drawn = await bot.reply(ana.mentions("draw two foxes --n 2"))
    button = next(id for id in drawn.buttons if id.endswith(":edit"))
    opened = await ana.presses(drawn, button).answer()
    sent = await ana.submits(opened, words="darker", which="2").answer()
    answer = await bot.reply(sent.original)
    (step,) = await bot.steps(answer)
    made = await bot.shown(drawn)
    assert step.parents == (made[1].sha256,)


async def test_a_plan_is_changed_by_a_form_and_done_by_a_button(server: Server, bot: Bot) -> None:
    ana = server.person("Ana")
    plan = await bot.reply(
        ana.mentions("write a haiku about rain, illustrate it and read it aloud")
    )
    assert plan.content.startswith("Plan: 3 steps")
    assert [id.rpartition(":")[2] for id in plan.buttons] == ["go", "change", "cancel"]
    opened = await ana.presses(plan, bot.button(plan, "change")).answer()
    sent = await ana.submits(opened, words="2 to a fox").answer()
    changed = await bot.reply(sent.original)
    assert "2. draw a picture of a fox" in changed.content
    asked = await ana.presses(changed, bot.button(changed, "go")).answer()
    done = await bot.reply(asked.original, lambda m: m.buttons)
    assert [s.tool for s in await bot.steps(done)] == ["write", "draw", "speak"]
    opened = await ana.presses(done, bot.button(done, "change")).answer()
    sent = await ana.submits(opened, words="2 to a hen").answer()
    anew = await bot.reply(sent.original, lambda m: m.buttons)
    prompts = [s.args.get("prompt") for s in await bot.steps(anew)]
    assert prompts == [None, "a hen", None]


async def test_info_and_thumbs_are_quiet_and_delete_takes_away(server: Server, bot: Bot) -> None:
    ana = server.person("Ana")
    drawn = await bot.reply(ana.mentions("draw a fox"))
    for action, words in (("info", "small"), ("good", "Thank you"), ("bad", "Thank you")):
        asked = await ana.presses(drawn, bot.button(drawn, action)).answer()
        shown = await told(server, asked)
        assert words in shown.content
        assert shown.ephemeral_to is ana.account
    stranger = await server.person("Ben").presses(drawn, bot.button(drawn, "delete")).answer()
    await server.wait_for(lambda: stranger.original and "Only who" in stranger.original.content)
    several = await bot.reply(ana.mentions("draw two foxes --n 2"))
    asked = await ana.presses(several, bot.button(several, "info")).answer()
    first, second, _recipe = (await told(server, asked)).content.splitlines()
    assert int(second.rpartition(" ")[2]) == int(first.rpartition(" ")[2]) + 1
    asked = await ana.slash("info", picture="2").answer()
    assert f"seed={second.rpartition(' ')[2]}," in (await told(server, asked)).content
    gone = await ana.presses(drawn, bot.button(drawn, "delete")).answer()
    await server.wait_for(lambda: drawn.deleted and gone.original and gone.original.deleted)


async def test_after_a_quarter_of_an_hour_results_still_come(
    server: Server, tmp_path: Path
) -> None:
    runner = Held()
    async with talking(server, tmp_path, runner) as bot:
        asked = await server.person("Ana").slash("imagine", prompt="a fox").answer()
        await runner.held()
        server.world.clock.advance(16 * 60)
        runner.go.set()
        answer = await bot.reply(asked.original)
        assert answer.files
        assert asked.original is not None
        assert asked.original.content == "Ana: /imagine a fox"
        late = [v for v in server.violations if "50027" in v or "Webhook" in v]
        assert server.violations == late
        server.violations.clear()


async def test_one_that_could_not_be_acknowledged_is_answered_anyway(
    server: Server, bot: Bot
) -> None:
    server.fail("POST /interactions/.*/callback", status=404)
    server.person("Ana").slash("imagine", prompt="a fox")
    answer = await bot.reply()
    assert answer.files
    assert server.messages() == [answer]


async def test_answers_to_questions_are_buttons(server: Server, bot: Bot) -> None:
    ana, ben = server.person("Ana"), server.person("Ben")
    await bot.reply(ben.mentions("draw a fox"))
    question = await bot.reply(ana.mentions("make the picture of the cat darker"))
    asked = await ana.presses(question, next(iter(question.buttons))).answer()
    assert await bot.reply(asked.original)


async def test_one_that_is_told_twice_is_done_once(server: Server, bot: Bot) -> None:
    ana = server.person("Ana")
    asked = await ana.slash("imagine", prompt="a fox").answer()
    await bot.reply(asked.original)
    server.world.emit("INTERACTION_CREATE", render.interaction(server.world, asked))
    await server.wait_for(lambda: server.violations)
    await bot.reply(ana.mentions("draw a hut"))
    assert len(server.messages()) == 3
    assert "acknowledged" in server.violations.pop()


async def test_commands_work_in_private_and_in_threads(server: Server, bot: Bot) -> None:
    ana = server.person("Ana")
    thread = server.world.thread(server.channel, "boats", ana.account)
    for channel in (ana.direct, thread):
        asked = await ana.slash("imagine", channel, prompt="a boat").answer()
        answer = await bot.reply(asked.original)
        assert answer.channel is channel
        quiet = await ana.slash("queue", channel).answer()
        assert (await told(server, quiet)).content

"""Pictures that are hidden until somebody wants to see them: asked for, inherited, by rule."""

import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PIL import Image

from agents.understanding.understand import understand
from agents.understanding.wishes import Hints
from bot import commands
from bot.rules import Rules
from tests.discord_bot import Held, talking
from tests.discord_server import Server
from tests.discord_server import serving as discord
from tests.rooms import room
from tests.telegram_bot import Gate, alone
from tests.telegram_clock import HandClock
from tests.telegram_faults import lost
from tests.telegram_world import Post


@pytest.mark.parametrize(
    "said",
    [
        "draw a red cat --spoiler",
        "draw a red cat as a spoiler",
        "draw a red cat behind a spoiler tag please",
        "zeichne eine rote Katze als Spoiler",
        "dessine un chat rouge en spoiler",
        "dibuja un gato rojo como spoiler",
        "画一只红色的猫，作为剧透",
        "画一只红色的猫，加剧透遮罩",
        "desenha um gato vermelho como spoiler",
        "нарисуй рыжую кошку под спойлером",
        "ネタバレとして赤い猫を描いて",
        "draw a red cat and mark it as a spoiler",
        "as a spoiler: draw a red cat",
    ],
)
def test_a_request_says_that_it_is_hidden(said: str) -> None:
    (wish,) = understand(said, Hints())
    assert (wish.tool, wish.args.pop("spoiler")) == ("draw", True)
    assert str(wish.args.pop("prompt")) in said
    assert not wish.args


@pytest.mark.parametrize("what", ["a car with a spoiler", "a bird under a spoiler of a sports car"])
def test_a_spoiler_of_a_car_is_drawn(what: str) -> None:
    (wish,) = understand(f"draw {what}", Hints())
    assert wish.args == {"prompt": what}


def test_whatever_is_made_can_be_said_to_be_hidden() -> None:
    shown = Hints(last_tool="draw", pictures_here=True)
    for said, tool in (
        ("make it darker, as a spoiler", "edit"),
        ("vary 2 as a spoiler", "vary"),
        ("upscale 2 behind a spoiler", "upscale"),
    ):
        (wish,) = understand(said, shown)
        assert (wish.tool, wish.args.pop("spoiler")) == (tool, True)
        assert "spoiler" not in str(wish.args)
    for said in ("again as a spoiler", "again, as a spoiler", "again --spoiler"):
        assert understand(said, shown)[0].args == {"changes": {"spoiler": True}}
    assert understand("I hate spoilers in films", shown)[0].tool == "chat"


@pytest.mark.parametrize(
    "said",
    [
        "the second one as a spoiler",
        "number 2, as a spoiler please",
        "show me the second one again as a spoiler",
        "hide the second one behind a spoiler",
        "as a spoiler: the second one",
        "das zweite bitte als Spoiler",
        "markiere das zweite als Spoiler",
        "la deuxième en spoiler",
        "mets la deuxième en spoiler",
        "la segunda como spoiler",
        "muéstrame la segunda otra vez como spoiler",
        "marca a segunda como spoiler",
        "вторую под спойлер",
        "покажи вторую ещё раз под спойлером",
        "第二张作为剧透",
        "把第二张设为剧透",
        "把第二张加上剧透遮罩再发一次",
        "2枚目をネタバレとして",
        "2枚目をネタバレ防止で投稿して",
    ],
)
def test_a_picture_that_is_there_is_shown_again_hidden(said: str) -> None:
    shown = Hints(last_tool="draw", pictures_here=True)
    (wish,) = understand(said, shown)
    assert (wish.tool, wish.args) == ("show", {"image": "2", "spoiler": True})


def test_which_picture_shall_be_hidden() -> None:
    shown = Hints(last_tool="draw", pictures_here=True)
    for said, image in (
        ("v2 as a spoiler", "v:2"),
        ("the red one as a spoiler", "red"),
        ("all of them as a spoiler", "all"),
        ("#1a2b3c4d as a spoiler", "#1a2b3c4d"),
        ("mark it as a spoiler", "last"),
        ("now as a spoiler", "last"),
    ):
        (wish,) = understand(said, shown)
        assert (wish.tool, wish.args) == ("show", {"image": image, "spoiler": True})
    (wish,) = understand("as a spoiler", Hints(replied_images=1))
    assert wish.args["image"] == "reply"
    assert understand("mark it as a spoiler", Hints())[0].tool == "chat"
    (wish,) = understand("the cat with the hat as a spoiler", shown)
    assert wish.args == {"prompt": "the cat with the hat", "spoiler": True}


async def test_the_very_picture_is_posted_again_hidden(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        drawn = await here.say("draw 2 cats")
        hidden = await here.say("the second one as a spoiler")
        assert hidden.message.assets == drawn.message.assets[1:]
        assert hidden.spoiler
        assert not (await here.say("show the first one again")).spoiler
        again = await here.say("show the second one again")  # what was hidden stays so
        assert (again.message.assets, again.spoiler) == (hidden.message.assets, True)


def test_commands_take_the_flag() -> None:
    for text, args in {
        "/show 2 --spoiler": {"image": "2", "spoiler": True},
        "/draw a cat --spoiler": {"prompt": "a cat", "spoiler": True},
        "/vary 2 --n 3 --spoiler": {"image": "2", "count": 3, "spoiler": True},
        "/upscale 2 4x --spoiler": {"image": "2", "factor": 4, "spoiler": True},
        "/edit 2 darker --spoiler": {"image": "2", "instruction": "darker", "spoiler": True},
    }.items():
        command = commands.parse(text)
        assert command is not None
        (wish,) = commands.wishes(command) or ()
        assert wish.args == args


async def test_what_is_made_of_it_is_hidden_too(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        assert (await here.say("draw a cat --spoiler")).spoiler
        assert (await here.say("make it darker")).spoiler
        assert (await here.say("undo")).spoiler
        assert (await here.say("again")).spoiler
        assert not (await here.say("draw a dog")).spoiler
        linked = await here.say("draw a hen as a spoiler and then upscale it")
        assert [bool(s.args.get("spoiler")) for s in linked.steps] == [True, True]


async def test_a_rule_hides_and_an_inner_one_may_show(tmp_path: Path) -> None:
    async with room(tmp_path, rules=Rules(spoiler=True)) as here:
        assert (await here.say("draw a cat")).spoiler
        assert (await here.told("/settings spoiler off")) == "spoiler is now off here."
        assert not (await here.say("draw a dog")).spoiler
        assert (await here.say("draw a dog --spoiler")).spoiler
        assert "spoiler: off (this chat)" in await here.told("/settings")
        assert "cannot be 'perhaps'" in await here.told("/settings spoiler perhaps")


def veiled(post: Post) -> bool:
    return bool(post.json().get("has_media_spoiler"))


async def test_telegram_hides_the_preview_the_sheet_and_the_singles(tmp_path: Path) -> None:
    runner = Gate(preview=_jpeg())
    async with alone(tmp_path, runner) as bot:
        ana = bot.server.person("Ana")
        ana.says("draw 2 cats --spoiler")
        (shown,) = await bot.said(ana)
        assert isinstance(bot.server.clock, HandClock)
        bot.server.clock.turn(5)
        await bot.server.wait_for(lambda: shown.kind == "photo")
        assert veiled(shown)
        bot.server.fail("sendMediaGroup", lost())
        runner.go.set()
        main = await bot.answer(ana)
        await bot.settled()
        assert veiled(main)
        await bot.server.wait_for(lambda: "Send again" in main.labels)
        ana.presses(main, "resend")
        posts = await bot.said(ana, 5, "photo")
        assert all(map(veiled, posts))
        ana.says("draw a dog")
        dog = await bot.answer(ana, 1)
        assert not veiled(dog)
        await bot.settled()
        ana.says("mark it as a spoiler", reply_to=dog)
        hidden = await bot.answer(ana, 2)
        assert (veiled(hidden), hidden.data) == (True, dog.data)
        await bot.settled()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with discord(require_nonce=True) as running:
        yield running
    assert running.violations == []


async def test_discord_hides_the_preview_the_sheet_and_the_singles(
    server: Server, tmp_path: Path
) -> None:
    runner = Held(preview=_jpeg())
    async with talking(server, tmp_path, runner) as bot:
        ana = server.person("Ana")
        asked = await ana.slash("imagine", prompt="a cat", count=2, spoiler=True).answer()
        line = asked.original
        assert line is not None
        await server.wait_for(lambda: line.files)
        assert line.files[0].filename == "SPOILER_preview.jpg"
        runner.go.set()
        answer = await bot.reply(line)
        assert [f.filename[:8] for f in answer.files] == ["SPOILER_"] * 3
        plain = await bot.reply(ana.mentions("draw a dog"))
        assert not plain.files[0].filename.startswith("SPOILER_")
        hidden = await bot.reply(ana.mentions("the first one as a spoiler", reply_to=plain))
        assert hidden.files[0].filename == f"SPOILER_{plain.files[0].filename}"
        assert hidden.files[0].data == plain.files[0].data
        again = await ana.slash("show", picture="last", spoiler=True).answer()
        assert (await bot.reply(again.original)).files[0].filename.startswith("SPOILER_")
        shown = await ana.slash("imagine", prompt="a cat", spoiler=False).answer()
        assert not (await bot.reply(shown.original)).files[0].filename.startswith("SPOILER_")


def _jpeg() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(file, "JPEG")
    return file.getvalue()


async def test_one_of_those_that_are_just_made_is_hidden(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        made = await here.say("draw 2 cats; the second one as a spoiler")
        first, second = made.message.assets
        assert (made.hides(first), made.hides(second)) == (False, True)
        assert "Picture 2 is hidden behind a spoiler." in made.message.text
        assert (await here.say("make the second one darker")).spoiler
        again = await here.say("again", reply_to=made.message.id)
        first, second = again.message.assets
        assert (again.hides(first), again.hides(second)) == (False, True)
        assert "Undone: 2 pictures of cats" in (await here.say("undo")).message.text
        plan = await here.say("draw 2 cats, upscale the first and post the second as a spoiler")
        assert "3. hide picture 2 of step 1 behind a spoiler" in plan.message.text
        done = await here.say("go")
        assert [done.hides(asset) for asset in done.message.assets] == [False, True, False]


async def test_telegram_hides_one_of_two(tmp_path: Path) -> None:
    async with alone(tmp_path) as bot:
        ana = bot.server.person("Ana")
        ana.says("draw 2 cats; the second one as a spoiler")
        sheet, *singles = await bot.said(ana, 3, "photo")
        await bot.settled()
        assert list(map(veiled, [sheet, *singles])) == [True, False, True]


async def test_discord_hides_one_of_two(server: Server, tmp_path: Path) -> None:
    async with talking(server, tmp_path) as bot:
        said = server.person("Ana").mentions("draw 2 cats; the second one as a spoiler")
        names = [f.filename[:8] for f in (await bot.reply(said)).files]
        assert [name == "SPOILER_" for name in names] == [True, False, True]

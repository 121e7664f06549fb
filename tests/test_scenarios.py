"""What people do in a day, on both platforms, with the starter models behind them."""

import io
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytest_asyncio
from PIL import Image

from bot.app import opened
from bot.settings import Settings
from tests.scenes import PATIENCE, House, answer, lived_in, seen
from tests.sides import Guild, Phone, Shown, Side
from tools.compute.pool import Pool

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory, models_dir: Path) -> AsyncIterator[House]:
    """One program for all of them, so that it loads its models once."""
    settings = Settings(data=tmp_path_factory.mktemp("data"), models=models_dir)
    async with lived_in(lambda: opened(settings, interval=0.1)) as house:
        yield house


@pytest.fixture(params=[Phone, Guild])
def side(house: House, request: pytest.FixtureRequest) -> Side:
    made: Side = request.param(house)
    return made


def pixels(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data)) as picture:
        return picture.convert("RGB")


def brightness(data: bytes) -> float:
    return float(np.asarray(pixels(data).convert("L"), float).mean())


def cells(sheet: bytes, count: int) -> list[Image.Image]:
    """Return the pictures of a square sheet, without the corner that has the number."""
    whole = pixels(sheet)
    side = round(count**0.5)
    wide, high = whole.width // side, whole.height // side
    places = [(n % side * wide, n // side * high) for n in range(count)]
    return [whole.crop((x + wide // 4, y + high // 4, x + wide, y + high)) for x, y in places]


def distance(one: Image.Image, other: Image.Image) -> float:
    small = [np.asarray(picture.resize((24, 24)), float) for picture in (one, other)]
    return float(np.abs(small[0] - small[1]).mean())


def shows_in_order(drawn: Shown) -> bool:
    """Tell whether each picture of the sheet is most like the single one of its number."""
    singles = [pixels(data).crop((128, 128, 512, 512)) for data in drawn.pictures]
    nearest = [
        min(range(4), key=lambda n: distance(cell, singles[n])) for cell in cells(drawn.sheet, 4)
    ]
    return nearest == [0, 1, 2, 3]


async def until(side: Side, person: Any, *words: str) -> None:
    """Wait until the newest line of a private chat has some words in it."""

    def there() -> bool:
        line = "".join(side.progress(person)[-1:])
        return all(word in line for word in words)

    await side.server.wait_for(there, PATIENCE)


async def test_four_pictures_are_drawn_picked_varied_and_changed(side: Side) -> None:
    ana = side.person("Ana")
    drawn = await answer(side, ana, side.says(ana, "draw four cats --steps 6"))
    assert side.progress(ana)[0] == "Got it"
    assert len(drawn.pictures) == 4
    assert {pixels(data).size for data in drawn.pictures} == {(512, 512)}
    assert all(drawn.alts)
    assert {"Upscale 2", "Vary 4"} <= set(drawn.labels)
    assert shows_in_order(drawn)
    larger = await answer(side, ana, await side.presses(ana, drawn, "upscale:2"))
    assert larger.steps[0].tool == "upscale"
    assert larger.steps[0].parents == (drawn.hashes[1],)
    varied = await answer(side, ana, await side.presses(ana, drawn, "vary:2"))
    assert varied.steps[0].parents == (drawn.hashes[1],)
    parts = dict(zip(drawn.hashes, drawn.singles, strict=False))  # on Discord it is one message
    shown = {**parts, larger.hashes[0]: larger.singles[0]}
    for picture, single in list(shown.items())[-2:]:
        darker = await answer(side, ana, side.says(ana, "darker", reply_to=single))
        assert darker.steps[0].tool == "edit"
        assert darker.steps[0].parents == (picture,)
    assert brightness(darker.pictures[0]) < 0.95 * brightness(larger.pictures[0])


async def test_what_is_spoken_is_heard_and_what_is_read_aloud_is_spoken(side: Side) -> None:
    ana = side.person("Ana")
    words = await answer(side, ana, side.says(ana, "read aloud: draw a red apple"))
    note, seconds = side.sound(words.voice)
    assert 0.5 < words.message.assets[0].seconds < 5
    assert seconds == pytest.approx(words.message.assets[0].seconds, abs=0.6)
    apple = await answer(side, ana, side.speaks(ana, note, seconds))
    assert apple.text.lower().startswith("“draw a red apple")
    assert apple.steps[0].tool == "draw"
    assert "red apple" in str(apple.steps[0].args["prompt"])
    (picture,) = apple.pictures
    red, green, blue = np.asarray(pixels(picture), float)[192:320, 192:320].mean((0, 1))
    assert red > max(green, blue)
    greeting = await answer(side, ana, side.says(ana, "read aloud: good morning team"))
    asked = side.says(ana, "transcribe that", reply_to=greeting.voice)
    assert "good morning team" in (await answer(side, ana, asked)).text.lower().replace(",", "")


async def test_two_people_in_one_room_each_have_their_own(side: Side) -> None:
    ana, ben = people = [side.person("Ana"), side.person("Ben")]
    room = side.room(ana, ben)
    asked = [
        side.says(ana, "draw 2 red apples --steps 6", room),
        side.says(ben, "draw 2 blue balls --steps 6", room),
    ]
    drawn = [await answer(side, who, what) for who, what in zip(people, asked, strict=True)]
    assert [len(one.pictures) for one in drawn] == [2, 2]
    assert not {*drawn[0].hashes} & {*drawn[1].hashes}
    for who, own in zip(people, drawn, strict=True):
        assert own.message.reply_to == own.steps[0].turn
        assert side.user(who) == own.steps[0].user.key
    asked = [side.says(who, "make the second one darker", room) for who in people]
    changed = [await answer(side, who, what) for who, what in zip(people, asked, strict=True)]
    assert [one.steps[0].parents for one in changed] == [(own.hashes[1],) for own in drawn]


async def test_what_runs_and_what_waits_is_cancelled(side: Side) -> None:
    ana, ben, cem = (side.person(name) for name in ("Ana", "Ben", "Cem"))
    asked = [
        (ana, side.says(ana, "draw four cats --steps 60"), "Cancelled: draw."),
        (ben, side.says(ben, "write a long story about rain"), "Cancelled: write."),
    ]
    await until(side, ana, "Working (draw)", "%")
    await until(side, ben, "Working (write)")
    asked += [
        (ana, side.says(ana, "draw a dog"), "Cancelled before it began."),
        (cem, side.says(cem, "read aloud: never mind"), "Cancelled: speak."),
    ]
    await until(side, cem, "Waiting (speak), number 1 in line")
    for who in (cem, ana, ben):
        side.says(who, "/cancel")
    for who in (cem, cem, ana, ana, ana, ben, ben):
        await side.house.done(side.user(who))
    assert [(await seen(side, what)).text for _, what, _ in asked] == [text for *_, text in asked]
    assert (await answer(side, ana, side.says(ana, "draw a hut --steps 2"))).pictures
    pool = side.house.app.studio.runner
    assert isinstance(pool, Pool)
    assert "starter" not in [job.model for job in pool.status().queue]


async def test_a_restart_in_the_middle_is_noticed_and_nothing_else(house: House) -> None:
    sides: list[Side] = [Phone(house), Guild(house)]
    people = [side.person("Ana") for side in sides]
    both = list(zip(sides, people, strict=True))
    old = [await answer(side, ana, side.says(ana, "draw 2 huts --steps 2")) for side, ana in both]
    asked = [side.says(ana, "draw four cats --steps 12") for side, ana in both]
    for side, ana in both:
        await until(side, ana, "Working (draw)")
    await house.close()
    for side, ana in both:
        assert side.progress(ana)[-1] == "Paused for a restart; it goes on by itself."
    await house.open()
    for (side, ana), what, before in zip(both, asked, old, strict=True):
        await side.server.wait_for(partial(side.main, what), PATIENCE)
        larger = await answer(side, ana, await side.presses(ana, before, "upscale:1"))
        assert larger.steps[0].parents == (before.hashes[0],)
        drawn = await seen(side, what)
        assert side.replies(what.post) == [drawn.post]
        assert [step.status for step in drawn.steps] == ["done"]
        assert len(drawn.pictures) == 4
        assert shows_in_order(drawn)

"""What people like: learnt when asked for, shown with why, used where a wish is open, erased."""

from pathlib import Path

import pytest

from bot.adapter import Place
from bot.liking import heard, taste
from bot.rules import Rules
from memory.tastes import Pick, Taste, Tastes, person
from tests.fakes import FakeRunner
from tests.rooms import ANA, BEN, CHAT, Room, room

GROUP = Place(server="s1", private=False, admin=False)
ADMIN = Place(server="s1", private=False, admin=True)


def last(here: Room) -> tuple[int, int, str, str]:
    """Return the last picture's size, prompt and what it should not have."""
    assert isinstance(here.studio.runner, FakeRunner)
    spec = here.studio.runner.pictures[-1]
    return spec.width, spec.height, spec.prompt, spec.negative


async def test_nothing_is_learnt_until_somebody_says_so(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        for _ in range(6):
            await here.say("draw a cat, wide")
        assert "I do not learn what you like" in await here.told("/memory")
        await here.say("always 16:9")
        reply = await here.say("draw a dog")
        assert "like it" not in reply.message.text
        assert last(here)[0] == last(here)[1]


async def test_what_is_chosen_again_and_again_becomes_usual_and_is_said(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        assert "From now on" in await here.told("/memory on")
        for text in ("draw a cat, wide",) * 4 + ("draw a house, square", "draw a fox, wide"):
            await here.say(text)
        told = await here.told("/memory")
        assert "- 16:9: chosen in 5 of the last 6 pictures" in told
        reply = await here.say("draw a dog")
        assert reply.message.text.endswith("16:9 as you like it.")
        width, height, *_ = last(here)
        assert width > 1.6 * height
        reply = await here.say("draw a dog, square")  # what is asked for comes first
        assert last(here)[0] == last(here)[1]
        assert "like it" not in reply.message.text
        reply = await here.say("draw a dog", BEN)  # nobody else's liking
        assert last(here)[0] == last(here)[1]
        assert "Forgotten: 16:9" in await here.told("/memory forget wide")
        assert "chosen in" not in await here.told("/memory")
        reply = await here.say("draw an owl")
        assert last(here)[0] == last(here)[1]


async def test_picks_and_thumbs_count(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        wide = await here.say("draw a cat, wide", BEN)
        square = await here.say("draw a cat", BEN)
        others = [await here.say(f"draw a {thing}, wide", BEN) for thing in ("fox", "owl", "boat")]
        await here.told("/memory on")
        await here.press(wide, "upscale:1")
        varied = await here.press(wide, "vary:1")
        await here.press(varied, "upscale:2")
        for reply in others:
            await here.told_by(reply, "good")
        await here.told_by(square, "bad")
        told = await here.told("/memory")
        assert "- 16:9: chosen in 5 of the last 6 pictures" in told
        for reply in others:
            await here.told_by(reply, "bad")
        assert "16:9: chosen" not in await here.told("/memory")


async def test_likings_that_are_said_are_used_together(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        await here.told("/memory on")
        reply = await here.say("Never text!")
        assert reply.message.text.startswith("Noted: no text")
        assert reply.steps == ()
        await here.say("I like it darker")
        await here.told("/memory like watercolor")
        reply = await here.say("draw a harbour")
        assert last(here)[2:] == ("a harbour, darker, watercolor", "text")
        assert reply.message.text.endswith("darker, watercolor, no text as you like it.")
        await here.say("draw a poster with text in watercolor")
        assert last(here)[2:] == ("a poster with text, watercolor", "")
        again = await here.say("again")
        assert "like it" not in again.message.text
        told = await here.told("/memory")
        assert "- no text: somebody said so" in told
        assert "- darker: somebody said so" in told
        assert "Forgotten: darker" in await here.told("/memory forget darker")
        assert "I did not know of 'purple'" in await here.told("/memory forget purple")
        await here.told("/memory off")
        assert "I do not learn" in await here.told("/memory")


async def test_a_room_has_likings_that_an_admin_sets_and_rules_come_first(tmp_path: Path) -> None:
    async with room(tmp_path, rules=Rules(aspect="9:16")) as here:
        assert "Only an admin" in await here.told("/memory room like pixel art", place=GROUP)
        await here.told("/memory room like pixel art", place=ADMIN)
        await here.told("/memory room like 16:9", place=ADMIN)
        reply = await here.say("draw a cat", BEN, place=GROUP)
        assert reply.message.text.endswith("pixel art as people here like it.")
        width, height, prompt, _ = last(here)
        assert height > 1.6 * width
        assert prompt == "a cat, pixel art"
        assert "What people here like:\n- pixel art" in await here.told("/memory", place=GROUP)
        assert "I do not understand" in await here.told("/memory dance")


async def test_likings_go_with_their_person_and_their_chat(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        for user in (ANA, BEN):
            await here.told("/memory like watercolor", user)
            await Tastes(here.studio.database).pick([Pick("aspect", "16:9")], user, CHAT)
        await here.told("/forget me", BEN)
        assert "watercolor" not in await here.told("/memory", BEN)
        assert "watercolor" in await here.told("/memory", ANA)
        await here.told("/forget yes")
        rows = await here.studio.database(
            lambda db: db.execute(
                "SELECT owner FROM tastes UNION SELECT owner FROM picks"
            ).fetchall()
        )
        assert rows == []


async def test_only_the_newest_choices_are_kept(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        tastes = Tastes(here.studio.database)
        await tastes.learn(person(ANA), ANA, CHAT)
        for n in range(30):
            await tastes.pick(
                [Pick("aspect", "16:9" if n > 20 else "1:1", asset=f"{n}")], ANA, CHAT
            )
        await tastes.pick([Pick("aspect", "16:9", asset="29")], ANA, CHAT)  # the same once more
        known = await tastes.known([person(ANA)])
        assert known[person(ANA)] == [Taste("aspect", "16:9", True, 9, 9)]


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("always 16:9", "aspect", "16:9"),
        ("Please always in watercolor.", "style", "watercolor"),
        ("never any text in my pictures", "without", "text"),
        ("I like my pictures square", "aspect", "1:1"),
        ("from now on pixel art", "style", "pixel art"),
        ("immer 16:9", "aspect", "16:9"),
        ("nie Text im Bild", "without", "text"),
        ("jamais de texte", "without", "texte"),
        ("siempre acuarela", "style", "acuarela"),
        ("sempre em aquarela", "style", "aquarela"),
        ("всегда акварель", "style", "акварель"),
        ("总是用水彩", "style", "水彩"),
        ("永远不要文字", "without", "文字"),
        ("いつも水彩で描いて", "style", "水彩"),
    ],
)
def test_likings_are_heard_in_many_languages(text: str, name: str, value: str) -> None:
    found = heard(text)
    assert found is not None
    assert (found.name, found.value) == (name, value)


@pytest.mark.parametrize(
    "text",
    [
        "I like it",
        "always look on the bright side of life",
        "hello",
        "draw a cat",
        "I like pizza",
        "never gonna give you up",
        "x" * 500,
        "",
    ],
)
def test_other_talk_is_no_liking(text: str) -> None:
    assert heard(text) is None


def test_words_of_a_liking_are_read_as_those_of_a_request() -> None:
    assert taste("no text") == Taste("without", "text", False)
    assert taste("portrait").name == "aspect"

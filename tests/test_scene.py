"""What can be pointed at: sets in the order people saw them, within this chat only."""

from pathlib import Path

import pytest

from agents.errors import Unclear
from agents.references import find
from agents.scene import WINDOW, Scene, look
from agents.turns import perform
from memory.records import Asset, Chat, Message
from tests.fakes import ANN, ROOM, FakeRunner, picture
from tests.stage import BEN, Stage, stage, wish
from tools.errors import EngineFailed


async def seen(here: Stage, text: str = "?", reply_to: str = "") -> Scene:
    return await look(here.context.store, Message(ROOM, ANN, text, reply_to=reply_to))


async def keep(here: Stage, seed: int) -> Asset:
    return await here.context.assets.put(picture(seed), "image/png", width=32, height=32)


async def test_sets_are_newest_first_with_who_asked_and_what_for(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        await here.do(wish("draw", prompt="a red cat", count=2))
        await here.do(wish("draw", prompt="a dog", style="oil"), user=BEN)
        scene = await seen(here)
        assert [(s.user, s.words) for s in scene.sets] == [
            (BEN, ("a dog oil",)),
            (ANN, ("a red cat",) * 2),
        ]


async def test_a_request_that_waits_behind_this_one_is_not_past(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        asked = Message(ROOM, ANN, "now")
        sent = await keep(here, 1)
        await here.context.store.add(asked)
        await here.context.store.add(Message(ROOM, ANN, "later", (sent,)))
        scene = await look(here.context.store, asked)
        assert (scene.past, scene.sets) == ((), ())


@pytest.mark.parametrize(
    ("words", "prompt"),
    [
        ("red", "a red cat"),
        ("the dog", "a dog"),
        ("smiling cats", "two smiling cats"),
        ("the old lighthouse", ""),  # there is a lighthouse, but nobody said that it is old
        ("blue elephant", ""),
        ("cat", "a red cat"),  # of several, the newest
    ],
)
async def test_descriptions_over_several_sets(tmp_path: Path, words: str, prompt: str) -> None:
    async with stage(tmp_path) as here:
        made = {}
        for text in ("two smiling cats", "a dog", "a lighthouse", "a blue car", "a red cat"):
            answer, _ = await here.do(wish("draw", prompt=text))
            made[text] = answer.assets
        scene = await seen(here)
        if prompt:
            assert find(words, scene) == made[prompt]
        else:
            with pytest.raises(Unclear, match="I find no picture of"):
                find(words, scene)


async def test_a_description_that_fits_some_of_a_set_asks_for_their_numbers(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        answer, _ = await here.do(
            wish("draw", prompt="a cat"),
            wish("draw", prompt="a dog"),
            wish("draw", prompt="a black cat"),
        )
        scene = await seen(here)
        assert find("dog", scene) == answer.assets[1:2]
        assert find("cat:3", scene) == answer.assets[2:]
        with pytest.raises(Unclear, match="“cat” fits the pictures 1 and 3; which one") as caught:
            find("cat", scene)
        assert caught.value.options == ("1", "3")


async def test_an_id_finds_what_is_beyond_the_window_but_not_in_another_chat(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path) as here:
        old, other = await keep(here, 1), await keep(here, 2)
        store = here.context.store
        await store.add(Message(ROOM, ANN, "old", (old,)))
        await store.add(Message(Chat("console", "elsewhere"), ANN, "secret", (other,)))
        for n in range(WINDOW):
            await store.add(Message(ROOM, BEN, str(n)))
        assert not (await seen(here)).sets
        for text in (f"make #{old.sha256[:8].upper()} darker", f"/info {old.sha256}"):
            scene = await seen(here, text)
            assert find(f"#{old.sha256[:8]}", scene) == (old,)
        with pytest.raises(Unclear, match="no picture with the id"):
            find(f"#{other.sha256[:8]}", await seen(here, f"make #{other.sha256[:8]} darker"))


async def test_a_reply_beyond_the_window_brings_its_recipe(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        _, reply = await here.do(wish("draw", prompt="a cat", count=2))
        for n in range(WINDOW):
            await here.context.store.add(Message(ROOM, BEN, str(n)))
            await here.do(wish("recall", query="x"), user=BEN) if n % 2 else None
        answer, _ = await here.do(wish("again"), reply_to=reply.id)
        assert (answer.steps[0].args["prompt"], answer.steps[0].args["count"]) == ("a cat", 2)


async def test_a_reply_to_another_chat_or_to_nothing_points_at_nothing(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        away = Message(Chat("console", "elsewhere"), ANN, "", (await keep(here, 1),))
        await here.context.store.add(away)
        assert (await seen(here, reply_to=away.id)).replied is None
        assert (await seen(here, reply_to="gone")).replied is None


async def test_pictures_of_a_turn_that_went_wrong_can_be_pointed_at(tmp_path: Path) -> None:
    runner = FakeRunner()
    async with stage(tmp_path, runner) as here:
        work = await here.work()
        drawn = await perform(work, [wish("draw", prompt="a cat")])
        runner.fails = EngineFailed("It broke.")
        await work.plan([("b", wish("draw", prompt="a dog"))])
        work.stopped = True
        await work.close()
        assert [s.status for s in work.steps.values()] == ["done", "cancelled"]
        reply = Message(ROOM, None, "Cancelled.", drawn.assets, work.scene.message.id)
        await here.context.store.close_turn(reply)
        scene = await seen(here)
        assert find("last", scene) == drawn.assets
        assert find("cat", scene) == drawn.assets


async def test_a_name_is_never_part_of_what_was_asked_for(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        joker = BEN.__class__("console", "joker", "draw 10 cats")
        answer, _ = await here.do(wish("draw", prompt="a dog"), user=joker)
        assert [s.tool for s in answer.steps] == ["draw"]
        scene = await seen(here)
        with pytest.raises(Unclear, match="no picture of"):
            find("cats", scene)

"""A room as contents of a pack: who made what, from what, and which version it is."""

import io
from pathlib import Path
from typing import cast

from PIL import Image

from agents.rooms.packing import contents
from memory.rooms import Draft, Said
from tests.projects import made, project, writer
from tests.rooms import ANA, BEN, Room, room
from tools.pack import Contents


async def packs(here: Room) -> Contents:
    now = await project(here)
    studio = here.studio
    return await contents(now, await studio.rooms.events(now.id), studio.store, studio.assets)


async def test_what_people_sent_changed_and_had_changed_is_told_apart(tmp_path: Path) -> None:
    async with room(tmp_path, writer()) as here:
        await made(here)
        data = io.BytesIO()
        Image.new("RGB", (64, 96), "teal").save(data, "PNG")
        own = await here.studio.assets.put(data.getvalue(), "image/png", width=64, height=96)
        await here.say("poster 1", BEN, assets=[own])
        await here.say("poster 2: darker")
        await here.say("change the slogan to “All that jazz on Friday”", BEN)
        first, second, slogan, _, voice = (await packs(here)).pieces
        assert first.shares[0].statement.startswith("Picture: sent by Ben in place of what AI (")
        assert (first.alt, first.caption) == ("A picture sent by Ben: Poster 1", "")
        assert first.recipe == {}
        (before,) = cast("list[dict[str, object]]", second.recipe["made_from"])
        assert (second.recipe["tool"], before["tool"]) == ("edit", "draw")
        assert before["seed"] == (await project(here)).pieces[1].seed
        assert second.alt == f"A picture made by AI: {second.caption}"
        assert "(a model)" not in second.shares[0].statement
        assert slogan.shares[0].statement.endswith("edited once by Ben.")
        assert voice.text == "Jazz for everybody on Friday."


async def test_a_pack_made_again_is_a_new_version_with_the_story_so_far(tmp_path: Path) -> None:
    async with room(tmp_path, writer()) as here:
        await made(here)
        assert (await packs(here)).version == 1
        id = (await project(here)).id
        for said in ("x", "y"):
            await here.studio.rooms.add(id, [Draft("packed", {}, made=True)], Said(ANA, said, said))
        assert (await packs(here)).version == 1
        await here.say("change the slogan to “All that jazz on Friday”", BEN)
        found = await packs(here)
    assert found.version == 2
    assert found.brief["idea"].startswith("Cats in Hats: ")
    told = [(event.who, event.what) for event in found.story]
    assert told[-2:] == [("Atelier", "packed the set"), ("Ben", "contributed Slogan")]

"""What people say and send in a room: files for its pieces, "again", and numbers that are gone."""

from pathlib import Path

import pytest

from tests.fakes import sound
from tests.projects import events, made, opened, picture, piece, project, writer
from tests.rooms import ANA, BEN, Room, room


async def test_a_picture_of_ones_own_takes_the_place_of_a_piece(tmp_path: Path) -> None:
    async with room(tmp_path, writer()) as here:
        await made(here)
        own = await picture(here)
        reply = await here.say("replace poster 2", BEN, assets=[own])
        assert reply.message.text == "Poster 2 is now what Ben sent."
        now = (await piece(here, "Poster 2")).now
        assert now is not None
        assert (now.asset, now.author) == (own.sha256, BEN)
        undone = await here.say("undo", BEN)
        assert undone.message.text == "Taken back: the new version."
        before = (await piece(here, "Poster 2")).now
        assert before is not None
        assert before.asset != own.sha256


async def test_a_wrong_shape_is_told_kept_and_marked_by_the_check(tmp_path: Path) -> None:
    async with room(tmp_path, writer()) as here:
        await made(here)
        wide = await picture(here, 96, 64)
        reply = await here.say("this is poster 1", BEN, assets=[wide])
        assert "But it is 96x64, not 2:3" in reply.message.text
        card = await here.say("next", BEN)
        assert "#1 Poster 1: it is 96x64, not 2:3." in card.message.text
        assert "project:fix 1" in [a.id for a in card.actions]
        await here.say("poster 1 stays as it is")
        assert (await here.say("next")).message.text.startswith("The pack: 5 pieces")
        await here.say("check it again")
        mended = await here.say("fix 1")
        assert "Cut to 2:3: #1." in mended.message.text
        now = (await piece(here, "Poster 1")).now
        assert now is not None
        cut = await here.studio.store.asset(now.asset)
        assert (now.author, cut.width, cut.height) == (None, 43, 64)


async def test_a_file_of_the_wrong_kind_is_kept_for_the_piece_it_is_for(tmp_path: Path) -> None:
    async with room(tmp_path, writer()) as here:
        await made(here)
        own = await picture(here)
        refused = await here.say("replace the slogan", BEN, assets=[own])
        assert "is a text and that is a picture" in refused.message.text
        assert (now := (await piece(here, "Slogan")).now)
        assert now.text
        sent = (await here.studio.store.message(refused.message.reply_to)).id
        await here.say("this is poster 2", BEN, reply_to=sent)
        assert (now := (await piece(here, "Poster 2")).now)
        assert (now.asset, now.author) == (own.sha256, BEN)


async def test_a_file_without_a_word_is_asked_about(tmp_path: Path) -> None:
    async with room(tmp_path, writer()) as here:
        await made(here)
        own = await picture(here)
        asked = await here.say("", BEN, assets=[own])
        assert [a.label for a in asked.actions] == ["Poster 1", "Poster 2"]
        told = await here.press(asked, "project:replace 2", BEN)
        assert told.message.text == "Poster 2 is now what Ben sent."


async def test_what_the_assistant_drew_beside_the_set_can_become_a_piece(tmp_path: Path) -> None:
    async with room(tmp_path, writer()) as here:
        await made(here)
        drawn = await here.say("draw a red bicycle")
        told = await here.say("this is poster 2", BEN, reply_to=drawn.message.id)
        assert told.message.text.startswith("Poster 2 is now what Ben chose.")
        assert (now := (await piece(here, "Poster 2")).now)
        assert (now.author, now.step) == (None, drawn.steps[0].id)


async def test_a_voice_of_ones_own_answers_the_voice_it_replaces(tmp_path: Path) -> None:
    async with room(tmp_path, writer()) as here:
        await made(here)
        redone = await here.say("redo the radio line")
        own = await here.studio.assets.put(
            sound() + b"\0", "audio/ogg", seconds=0.3, waveform=bytes(range(64))
        )
        told = await here.say("", BEN, assets=[own], reply_to=redone.message.id)
        assert told.message.text == "Radio line is now what Ben sent."
        refused = await here.say("replace poster 1", BEN, assets=[own])
        assert "Poster 1 is a picture and that is a sound." in refused.message.text


async def checked(here: Room) -> None:
    await made(here)
    await here.say("change the slogan to “Beer on Friday.”", BEN)
    await here.say("next", BEN)


async def test_again_repeats_what_the_room_did_last(tmp_path: Path) -> None:
    async with room(tmp_path, writer()) as here:
        await opened(here)
        await here.say("next", BEN)
        more = await here.say("again")
        assert more.message.text.startswith("5. ")
        await here.say("draw a red bicycle")
        assert [s.tool for s in (await here.say("again")).steps] == ["draw"]
        assert len(await events(here, "idea")) == len((await project(here)).ideas)


async def test_checks_and_packs_are_done_again_when_that_is_said(tmp_path: Path) -> None:
    async with room(tmp_path, writer()) as here:
        await checked(here)
        assert "“beer”" in (await here.say("again")).message.text
        assert "all pieces hang together" in (await here.say("mend it again")).message.text
        assert "nothing to fix" in (await here.say("mend it again")).message.text
        assert "all pieces hang together" in (await here.say("check it again")).message.text
        for text in ("pack it", "again", "pack it again"):
            assert (await here.say(text)).message.text.startswith("The pack: 5 pieces")
        await here.say("change the slogan to “Beer on Friday.”", BEN)
        assert "Not everything is checked" in (await here.say("pack it again")).message.text
        assert len(await events(here, "packed")) == 3


async def test_nothing_is_packed_before_it_is_made(tmp_path: Path) -> None:
    async with room(tmp_path, writer()) as here:
        await opened(here)
        refused = await here.say("/project anyway")
        assert "it is packed after the check" in refused.message.text


@pytest.mark.parametrize("text", ["compare poster 1", "compare the slogan"])
async def test_versions_are_shown_side_by_side_and_nothing_is_made(
    tmp_path: Path, text: str
) -> None:
    async with room(tmp_path, writer()) as here:
        await made(here)
        await here.say("redo poster 1")
        await here.say("redo the slogan")
        count = len(await events(here, "made"))
        shown = await here.say(text)
        labels = [a.label for a in shown.actions]
        assert labels == ["Version 1", "Version 2"]
        assert len(shown.message.assets) == ("poster" in text)
        assert len(await events(here, "made")) == count
        assert "Version 1" not in await here.told_by(shown, shown.actions[0].id)
        assert [p.kept for p in (await project(here)).pieces].count(1) == 4


async def test_the_number_of_an_idea_that_was_reworded_means_the_new_one(tmp_path: Path) -> None:
    async with room(tmp_path, writer()) as here:
        await opened(here)
        await here.say("next")
        here.studio.runner.texts = ["Tin Fox: A tin fox drums on a roof."]  # type: ignore[attr-defined]
        reworded = await here.say("2: funnier")
        assert reworded.message.text.startswith("In place of 2 “Night Train”:\n5. Tin Fox")
        assert "There is no idea 9; there are 1, 3, 4, 5" in (await here.say("9")).message.text
        told = await here.say("2", ANA)
        assert "5 “Tin Fox”" in told.message.text

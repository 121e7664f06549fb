"""A room's glossary: said once, held in every text and voice, found and mended by the check."""

from pathlib import Path

from tests.projects import made, opened, piece, writer
from tests.rooms import BEN, room


async def test_words_are_put_right_in_texts_and_voices_also_when_said_late(tmp_path: Path) -> None:
    async with room(tmp_path, writer("Come to the gig on Friday.")) as here:
        await made(here)
        await here.say("radio line: “Gigs for all, on Friday!”", BEN)
        told = await here.say("say concert instead of gig", BEN)
        assert "Noted: say instead: gig → concert." in told.message.text
        card = (await here.say("next")).message.text
        for number, title in enumerate(("Slogan", "Announcement", "Radio line"), 3):
            assert f"#{number} {title}: it says “gig” in place of “concert”." in card
        fixed = await here.say("fix all")
        assert "all pieces hang together" in fixed.message.text
        assert (await piece(here, "Slogan")).now.text == "Come to the concert on Friday."  # type: ignore[union-attr]
        now = (await piece(here, "Radio line")).now
        assert now is not None
        spoken = await here.studio.store.step(now.step)
        assert spoken.args["text"] == "Concert for all, on Friday!"


async def test_a_term_of_the_brief_is_held_from_the_first_text_on(tmp_path: Path) -> None:
    async with room(tmp_path, writer("A gig for everybody on Friday.")) as here:
        await opened(here)
        await here.say("don't say gig, say live gig")
        await made(here)
        now = (await piece(here, "Slogan")).now
        assert now is not None
        assert (now.text, now.faults) == ("A live gig for everybody on Friday.", ())

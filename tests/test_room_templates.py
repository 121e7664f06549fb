"""`python -m tests.room_templates`, small: one template with fake models, its pack read."""

from pathlib import Path

from agents.rooms.templates import load
from memory.records import User
from tests.fakes import FakeRunner
from tests.packs import Wanted, read
from tests.room_templates import SUBJECTS, Said, played
from tests.rooms import room

IDEAS = ("Wet Socks: Socks hang in a cloud.", "A Kettle: Steam rises.", "A Race: Drops race.")


async def test_a_template_is_played_to_its_pack_and_that_is_read(tmp_path: Path) -> None:
    runner = FakeRunner(*IDEAS, "Rain falls on Riverside.")
    async with room(tmp_path, runner) as here:

        async def say(who: str, text: str) -> Said:
            message = (await here.say(text, User("terminal", who, who))).message
            return Said(message.text, tuple(map(here.studio.assets.path, message.assets)))

        done = await played(say, load()["lesson"], "rain")
    assert (done.found.pieces, done.found.wrong) == (5, ())
    assert done.row().split()[:2] == ["lesson", "5"]
    zips = [file.read_bytes() for file in done.zips]
    found = read(zips, Wanted(("snow",), ("rain",), "1:1", {"Quiz": 3}, ("Explanation",)))
    assert [why.partition(" ")[0] for why in found.wrong] == [
        *("texts/01-explanation.txt", "originals/02-drawing-1.png", "originals/03-drawing-2.png"),
        *["texts/04-quiz.txt"] * 3,
    ]
    assert "part 1 calls itself 1 of 1" in read([*zips, *zips], Wanted()).wrong


def test_every_template_has_something_to_be_about() -> None:
    assert set(SUBJECTS) == set(load())

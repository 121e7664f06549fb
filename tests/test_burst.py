"""Two hundred people at once, on both platforms: each is told at once, and answered once."""

from pathlib import Path

import pytest

from tests.rooms import room
from tests.scenes import answer, lived_in
from tests.sides import Guild, Phone, Side

CROWD = 200


@pytest.mark.parametrize("platform", [Phone, Guild])
async def test_a_crowd_is_answered_once_each(
    tmp_path: Path, platform: type[Phone] | type[Guild]
) -> None:
    async with lived_in(lambda: room(tmp_path / "assets")) as house:
        side: Side = platform(house)
        crowd = [side.person(f"Ana {number}") for number in range(CROWD)]
        asked = [side.says(ana, "draw a cat") for ana in crowd]
        shown = [await answer(side, ana, what) for ana, what in zip(crowd, asked, strict=True)]
        assert all(len(one.pictures) == 1 for one in shown)
        assert all(side.acknowledged(ana) for ana in crowd)
        assert all(len(side.replies(what.post)) == 1 for what in asked)

"""What the terminal draws."""

import io
import re
from pathlib import Path

import pytest
from rich.console import Console

from bot.adapter import Reply
from bot.adapters.console import show
from bot.progress import Standing
from memory.assets import Assets
from memory.records import Action, Asset, Chat, Kind, Message
from tests.fakes import picture, sound

CHAT = Chat("terminal", "main")


def console(width: int = 100, *, colours: bool = True) -> Console:
    return Console(
        file=io.StringIO(),
        width=width,
        force_terminal=colours,
        color_system="truecolor" if colours else None,
        highlight=False,
        _environ={},
    )


def printed(where: Console) -> str:
    assert isinstance(where.file, io.StringIO)
    return where.file.getvalue()


def drawn(view: Standing, passed: float = 0.0, width: int = 100) -> str:
    where = console(width)
    where.print(show.standing(view, passed, where))
    return re.sub("\x1b\\[[0-9;?]*[a-zA-Z]", "", printed(where))


def test_a_picture_is_drawn_in_its_colours_and_its_shape() -> None:
    text = show.picture(picture(1, 40, 20), 10)
    lines = text.plain.split("\n")
    assert [len(line) for line in lines] == [10, 10, 10][: len(lines)]
    assert len(lines) == 2
    assert {str(s.style) for s in text.spans} >= {"rgb(255,255,255) on rgb(255,255,255)"}


def test_a_tall_picture_does_not_fill_the_screen() -> None:
    lines = show.picture(picture(1, 10, 200), 24, 30).plain.split("\n")
    assert len(lines) <= 30


@pytest.mark.parametrize(
    ("environment", "system", "can"),
    [({}, "truecolor", True), ({"NO_COLOR": "1"}, "truecolor", False), ({}, "standard", False)],
)
def test_pictures_need_colours(environment: dict[str, str], system: str, can: bool) -> None:
    where = Console(file=io.StringIO(), force_terminal=True, color_system=system)  # type: ignore[arg-type]
    assert show.can_show_pictures(where, environment) is can


def test_progress_says_where_one_stands() -> None:
    waiting = drawn(Standing("m", "queued", "draw", position=2, eta=12.4))
    assert "Waiting (draw), number 2 in line, about 12 s left" in waiting
    working = drawn(Standing("m", "running", "draw", fraction=0.5))
    assert "Working (draw)" in working
    assert "50%" in working
    assert "━" in working
    assert "Thinking, 7 s" in drawn(Standing("m", "thinking"), passed=7)
    assert "once upon" in drawn(Standing("m", "writing", text="once upon"))


def test_progress_shows_a_preview_where_it_can() -> None:
    view = Standing("m", "running", "draw", fraction=0.5, preview=picture(1))
    assert "▀" in drawn(view)


@pytest.mark.parametrize("width", [20, 40])
def test_progress_fits_a_narrow_terminal(width: int) -> None:
    view = Standing("m", "running", "brainstorm", eta=100, fraction=0.99, preview=picture(1))
    assert max(map(len, drawn(view, width=width).splitlines())) <= width


async def reply(
    tmp_path: Path, where: Console, *assets: Asset, kind: Kind = "reply", actions: int = 0
) -> str:
    buttons = tuple(Action(f"answer:{n}", f"the {n}th") for n in range(actions))
    message = Message(CHAT, None, "Here [b]they[/b] are", assets)
    await show.reply(Reply(kind, message, buttons), Assets(tmp_path), where)
    return printed(where)


async def test_pictures_stand_side_by_side_and_every_file_has_its_path(tmp_path: Path) -> None:
    store = Assets(tmp_path)
    cats = [await store.put(picture(n), "image/png", width=32, height=32) for n in range(2)]
    voice = await store.put(sound(), "audio/ogg", seconds=0.3)
    text = await reply(tmp_path, console(), *cats, voice)
    plain = console(200).render_str(text).plain
    assert "Here [b]they[/b] are" in text
    assert any("picture 1" in line and "picture 2" in line for line in plain.splitlines())
    for asset in (*cats, voice):
        assert str(store.path(asset)) in plain
    assert "sound, 0.3 s" in plain


async def test_without_colours_there_are_only_paths(tmp_path: Path) -> None:
    cat = await Assets(tmp_path).put(picture(), "image/png", width=32, height=32)
    text = await reply(tmp_path, console(colours=False), cat)
    assert "▀" not in text
    assert "\x1b" not in text
    assert cat.sha256 in text


async def test_a_picture_that_is_gone_from_disk_does_not_lose_the_reply(tmp_path: Path) -> None:
    gone = Asset("ab" * 32, "image/png", 5, 32, 32)
    assert gone.sha256 in await reply(tmp_path, console(), gone)


async def test_a_question_shows_its_answers(tmp_path: Path) -> None:
    text = await reply(tmp_path, console(colours=False), kind="question", actions=2)
    assert "the 0th / the 1th" in text

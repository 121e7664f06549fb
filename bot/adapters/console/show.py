"""What the terminal draws: progress, small pictures, replies (rich renderables only)."""

import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from PIL import Image
from rich.console import Console, Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from bot.adapter import Reply
from bot.progress import Standing, in_words
from memory.assets import Assets
from memory.errors import NotFound
from memory.records import Asset

THUMBNAIL = 24
"""Columns of a small picture; two pixels fit above each other in one character."""
_TALLEST = 30
_NARROW = 60


def can_show_pictures(console: Console, environment: Mapping[str, str] = os.environ) -> bool:
    """Tell whether half-block pictures look right here: a terminal with at least 256 colours."""
    colours = console.color_system in ("256", "truecolor", "windows")
    return console.is_terminal and colours and not environment.get("NO_COLOR")


def picture(data: bytes, columns: int = THUMBNAIL, tallest: int = _TALLEST) -> Text:
    """Return a picture as coloured half blocks, at most `columns` wide and `tallest` high."""
    with Image.open(io.BytesIO(data)) as image:
        shape = image.height / image.width / 2
        columns = max(1, min(columns, round(tallest / shape)))
        rows = max(1, round(columns * shape)) * 2
        small = image.convert("RGB").resize((columns, rows))
    text = Text()
    for y in range(0, rows, 2):
        for x in range(columns):
            above, below = small.getpixel((x, y)), small.getpixel((x, y + 1))
            text.append("▀", style=f"{_colour(above)} on {_colour(below)}")
        text.append("\n" if y < rows - 2 else "")
    return text


def _colour(pixel: object) -> str:
    assert isinstance(pixel, tuple)  # an RGB picture's pixels are triples
    return f"rgb({pixel[0]},{pixel[1]},{pixel[2]})"


def standing(
    view: Standing, passed: float, console: Console, spinner: Spinner | None = None
) -> RenderableType:
    """Return the progress of a request, `passed` seconds after it was made."""
    words = in_words(view)
    if view.eta is not None:
        words += f", about {max(1, round(view.eta))} s left"
    elif passed >= 2:
        words += f", {passed:.0f} s"
    parts: list[RenderableType] = [_bar(view, words, console.width, spinner or Spinner("dots"))]
    if view.text:
        parts.append(Text(view.text[-8 * console.width :], style="dim"))
    if view.preview and can_show_pictures(console):
        parts.append(picture(view.preview, min(console.width, 2 * THUMBNAIL), THUMBNAIL // 4))
    return Group(*parts)


def _bar(view: Standing, words: str, width: int, spinner: Spinner) -> RenderableType:
    line = Table.grid(padding=(0, 1))
    text = Text(words, no_wrap=True, overflow="ellipsis")
    if not view.fraction:
        line.add_row(spinner, text)
        return line
    bar = ProgressBar(total=1.0, completed=view.fraction, width=max(5, min(24, width - 8)))
    share = Text(f"{view.fraction:.0%}")
    if width >= _NARROW:
        line.add_row(spinner, text, bar, share)
        return line
    line.add_row(spinner, text)
    below = Table.grid(padding=(0, 1))
    below.add_row(bar, share)
    return Group(line, below)


async def reply(found: Reply, assets: Assets, console: Console) -> None:
    """Print a reply: its words, small pictures, then where every file lies."""
    style = {"error": "red", "question": "yellow"}.get(found.kind, "")
    console.print(Text(found.message.text, style=style))
    named = _named(found.message.assets)
    if can_show_pictures(console):
        cells = [await _thumbnail(name, asset, assets) for name, asset in named]
        _print_row([c for c in cells if c is not None], console)
    for name, asset in named:
        line = Text(f"{name}, {_about(asset)}  ", style="dim")
        line.append(_place(assets, asset), style="cyan")
        console.print(line, soft_wrap=True)
    if found.kind == "question" and found.actions:
        console.print(Text(" / ".join(a.label for a in found.actions), style="yellow"))


def _named(assets: Sequence[Asset]) -> list[tuple[str, Asset]]:
    """Return each asset with the name people point at it by: pictures and sounds count apart."""
    kinds = [_KINDS.get(a.media_type.split("/")[0], "file") for a in assets]
    names = []
    for at, kind in enumerate(kinds):
        number = f" {kinds[: at + 1].count(kind)}" if kinds.count(kind) > 1 else ""
        names.append(f"{kind}{number}")
    return list(zip(names, assets, strict=True))


_KINDS = {"image": "picture", "audio": "sound", "text": "text"}


async def _thumbnail(name: str, asset: Asset, assets: Assets) -> RenderableType | None:
    if not asset.media_type.startswith("image/") or not asset.size:
        return None
    try:
        small = picture(await assets.read(asset))
    except (NotFound, OSError):  # the path below is all there is to say
        return None
    return Group(small, Text(name, style="dim"))


def _print_row(cells: Sequence[RenderableType], console: Console) -> None:
    fit = max(1, (console.width + 2) // (THUMBNAIL + 2))
    for start in range(0, len(cells), fit):
        row = Table.grid(padding=(0, 2))
        row.add_row(*cells[start : start + fit])
        console.print(row)


def _about(asset: Asset) -> str:
    if asset.seconds:
        return f"{asset.seconds:.1f} s"
    return f"{asset.width}x{asset.height}" if asset.width else asset.media_type


def _place(assets: Assets, asset: Asset) -> str:
    if not asset.size:
        return "(not made: this is a dry run)"
    path = assets.path(asset)
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)

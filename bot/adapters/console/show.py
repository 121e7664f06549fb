"""What the terminal draws: progress, small pictures, replies (rich renderables only)."""

import io
import os
from collections.abc import Mapping
from pathlib import Path

from PIL import Image
from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from bot.adapter import Reply
from bot.progress import Standing
from memory.assets import Assets
from memory.records import Asset

THUMBNAIL = 24
"""Columns of a small picture; two pixels fit above each other in one character."""

_PHASES = {
    "received": "Got it",
    "thinking": "Thinking",
    "queued": "Waiting",
    "loading": "Loading the model",
    "running": "Working",
    "writing": "Writing",
}


def can_show_pictures(console: Console, environment: Mapping[str, str] = os.environ) -> bool:
    """Tell whether half-block pictures look right here: a terminal with at least 256 colours."""
    colours = console.color_system in ("256", "truecolor", "windows")
    return console.is_terminal and colours and not environment.get("NO_COLOR")


def picture(data: bytes, columns: int = THUMBNAIL) -> Text:
    """Return a picture as coloured half blocks, `columns` characters wide."""
    with Image.open(io.BytesIO(data)) as image:
        rows = max(1, round(columns * image.height / image.width / 2)) * 2
        small = image.convert("RGB").resize((columns, rows))
    text = Text()
    for y in range(0, rows, 2):
        for x in range(columns):
            above, below = small.getpixel((x, y)), small.getpixel((x, y + 1))
            text.append("▀", style=f"{_colour(above)} on {_colour(below)}")
        text.append("\n")
    return text


def _colour(pixel: object) -> str:
    assert isinstance(pixel, tuple)  # an RGB picture's pixels are triples
    return f"rgb({pixel[0]},{pixel[1]},{pixel[2]})"


def standing(view: Standing | None, pictures: bool) -> RenderableType:
    """Return the progress of a request: what is done, position, ETA, a bar and a preview."""
    if view is None:
        return Text("")
    words = _PHASES[view.phase] + (f" ({view.tool})" if view.tool else "")
    if view.phase == "queued" and view.position:
        words += f", number {view.position} in line"
    if view.eta is not None:
        words += f", about {max(1, round(view.eta))} s"
    line = Table.grid(padding=(0, 1))
    bar = ProgressBar(total=1.0, completed=view.fraction, width=24)
    line.add_row(Spinner("dots"), Text(words), bar, Text(f"{view.fraction:.0%}"))
    parts: list[RenderableType] = [line]
    if view.text:
        parts.append(Text(view.text[-600:], style="dim"))
    if view.preview and pictures:
        parts.append(picture(view.preview, THUMBNAIL // 2))
    return Group(*parts)


async def reply(found: Reply, assets: Assets, console: Console) -> None:
    """Print a reply: its words, then every asset, numbered as people will name them."""
    style = {"error": "red", "question": "yellow"}.get(found.kind, "")
    console.print(Text(found.message.text, style=style))
    shown = can_show_pictures(console)
    cells: list[RenderableType] = []
    for number, asset in enumerate(found.message.assets, 1):
        caption = f"{number}. {_about(asset)}"
        if shown and asset.media_type.startswith("image/") and asset.size:
            cells.append(Group(picture(await assets.read(asset)), Text(caption, style="dim")))
        console.print(f"[dim]{caption}[/] [cyan]{escape(_place(assets, asset))}[/]", soft_wrap=True)
    if cells:
        row = Table.grid(padding=(0, 2))
        fit = max(1, console.width // (THUMBNAIL + 2))
        for start in range(0, len(cells), fit):
            row.add_row(*cells[start : start + fit])
        console.print(row)


def _about(asset: Asset) -> str:
    if asset.seconds:
        return f"sound, {asset.seconds:.1f} s"
    return f"picture, {asset.width}x{asset.height}" if asset.width else asset.media_type


def _place(assets: Assets, asset: Asset) -> str:
    path = assets.path(asset)
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)

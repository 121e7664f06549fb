"""Reading icon sets: a picture with transparency for a concept's code."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image

from recipe.concepts import Concept, code_of

Source = Callable[[Concept], Image.Image | None]
FRAME = (
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    ' viewBox="{left} {top} {width} {height}">{body}</svg>'
)
INK = "#222222"
"""What stands for `currentColor` in line icons."""


def rasterised(svg: str, size: int) -> Image.Image:
    """An SVG as RGBA of size x size pixels, by resvg."""
    import resvg_py

    data = resvg_py.svg_to_bytes(svg_string=svg, width=size, height=size)
    return Image.open(io.BytesIO(bytes(data))).convert("RGBA")


def _svg(icon: dict[str, Any], icons: dict[str, Any]) -> str:
    width = icon.get("width", icons.get("width", 16))
    height = icon.get("height", icons.get("height", 16))
    body = icon["body"].replace("currentColor", INK)
    left, top = icon.get("left", 0), icon.get("top", 0)
    return FRAME.format(left=left, top=top, width=width, height=height, body=body)


def iconify(folder: Path, size: int) -> Source:
    """A set in Iconify's JSON; sets without code points are matched by the words of a concept."""
    icons = json.loads((folder / "icons.json").read_text(encoding="utf-8"))
    chars = folder / "chars.json"
    table = json.loads(chars.read_text(encoding="utf-8")) if chars.exists() else {}
    codes = {code_of(code): name for code, name in table.items()}

    def picture(concept: Concept) -> Image.Image | None:
        for name in (codes.get(concept.code), *(() if codes else _spellings(concept))):
            name = icons.get("aliases", {}).get(name, {}).get("parent", name)
            if name in icons["icons"]:
                return rasterised(_svg(icons["icons"][name], icons), size)
        return None

    return picture


def _spellings(concept: Concept) -> list[str]:
    return [name.replace(" ", "") for name in (concept.label, *concept.short)]


def bitmaps(folder: Path) -> Source:
    """A folder of pictures named by code point."""
    files = {code_of(file.stem): file for file in sorted(folder.glob("*.webp"))}

    def picture(concept: Concept) -> Image.Image | None:
        file = files.get(concept.code)
        return Image.open(file).convert("RGBA") if file else None

    return picture


def source(folder: Path, size: int) -> Source:
    """How to read an unpacked package, whichever of the two kinds it is."""
    assets = folder / "assets"
    return bitmaps(assets) if assets.is_dir() else iconify(folder, size)

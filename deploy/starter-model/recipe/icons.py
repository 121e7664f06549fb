"""Reading icon sets: the pictures, with transparency, of a concept."""

import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps

from recipe.concepts import Concept, code_of

Source = Callable[[Concept], list[Image.Image]]
FRAME = (
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    ' viewBox="{left} {top} {width} {height}">{body}</svg>'
)
TITLE = re.compile(rb"<dc:title[^>]*>([^<]*)</dc:title>")
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

    def pictures(concept: Concept) -> list[Image.Image]:
        for name in (codes.get(concept.code), *(() if codes else _spellings(concept))):
            name = icons.get("aliases", {}).get(name, {}).get("parent", name)
            if name in icons["icons"]:
                return [rasterised(_svg(icons["icons"][name], icons), size)]
        return []

    return pictures


def _spellings(concept: Concept) -> list[str]:
    return [name.replace(" ", "") for name in (concept.label, *concept.short)]


def bitmaps(folder: Path) -> Source:
    """A folder of pictures named by code point."""
    files = {code_of(file.stem): file for file in sorted(folder.glob("*.webp"))}

    def pictures(concept: Concept) -> list[Image.Image]:
        file = files.get(concept.code)
        return [Image.open(file).convert("RGBA")] if file else []

    return pictures


def titled(folder: Path, size: int) -> Source:
    """Drawings in SVG whose title is a name of the concept; what looks the same only once."""
    files: dict[str, list[Path]] = {}
    for file in sorted(folder.rglob("*.svg")):
        title = TITLE.search(file.read_bytes())
        name = re.sub("[^a-z]+", " ", title[1].decode(errors="replace").lower()) if title else ""
        files.setdefault(name.strip(), []).append(file)

    def pictures(concept: Concept) -> list[Image.Image]:
        names = concept.aliases or [concept.label]
        named = [file for name in names for file in files.get(name, ())]
        drawn = [picture for file in named if (picture := _whole(file, size)) is not None]
        return list({picture.tobytes(): picture for picture in drawn}.values())

    return pictures


def _whole(file: Path, size: int) -> Image.Image | None:
    """The drawing without its page's margins, squared; None where nothing can be drawn."""
    try:
        page = rasterised(file.read_text(encoding="utf-8", errors="replace"), 2 * size)
    except ValueError:
        return None
    box = page.getchannel("A").getbbox()
    return ImageOps.pad(page.crop(box), (size, size), color=(0, 0, 0, 0)) if box else None


def source(folder: Path, size: int) -> Source:
    """How to read an unpacked package, whichever of the three kinds it is."""
    assets = folder / "assets"
    if assets.is_dir():
        return bitmaps(assets)
    return titled(folder, size) if (folder / "openclipart").is_dir() else iconify(folder, size)

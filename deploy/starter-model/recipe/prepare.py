"""From packages to training data: pictures on white and what each of them shows."""

import json
import logging
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from recipe import pictures
from recipe.concepts import Concept, common, read, words
from recipe.icons import source
from recipe.packages import fetch, pinned
from recipe.settings import Configuration

log = logging.getLogger("starter-model")


@dataclass(frozen=True, slots=True)
class Shown:
    """What one picture shows: concept number, style, colour ("" as it is), a second concept."""

    concept: int
    style: str
    colour: str = ""
    beside: int = -1
    own_colour: str = ""


@dataclass(frozen=True, slots=True)
class Dataset:
    """Pictures (N, size, size, 3) and what they show."""

    pixels: pictures.Pixels
    shown: list[Shown]
    concepts: list[Concept]


def build(
    concepts: list[Concept],
    rows: Iterator[tuple[int, str, pictures.Pixels]],
    settings: Configuration,
) -> Dataset:
    """Icons, recoloured copies of common things, and pairs."""
    looks = {name: table["look"] for name, table in words()["colours"].items()}
    coloured = common("figures")
    pixels, shown = [], []
    for number, style, icon in rows:
        hue = pictures.main_hue(icon) if concepts[number].code in coloured else None
        own = pictures.nearest_colour(hue, looks) if hue is not None else ""
        pixels.append(icon)
        shown.append(Shown(number, style, own_colour=own))
        if hue is None or style not in settings.recoloured:
            continue
        for colour, look in looks.items():
            if colour != own:
                pixels.append(pictures.recoloured(icon, hue, look))
                shown.append(Shown(number, style, colour))
    _add_pairs(pixels, shown, concepts, settings)
    return Dataset(np.stack(pixels), shown, concepts)


def _add_pairs(
    pixels: list[pictures.Pixels],
    shown: list[Shown],
    concepts: list[Concept],
    settings: Configuration,
) -> None:
    pick = random.Random(settings.seed)
    plain = [k for k, s in enumerate(shown) if not s.colour and concepts[s.concept].aliases]
    for _ in range(settings.pairs):
        one, two = pick.sample(plain, 2)
        pixels.append(pictures.side_by_side(pixels[one], pixels[two]))
        shown.append(Shown(shown[one].concept, shown[one].style, beside=shown[two].concept))


def icons(
    concepts: list[Concept], folders: dict[str, Path], size: int
) -> Iterator[tuple[int, str, pictures.Pixels]]:
    """(concept number, style, picture) of every icon there is, style by style."""
    for style, folder in folders.items():
        get = source(folder, size * 2)
        for number, concept in enumerate(concepts):
            for icon in get(concept):
                yield number, style, pictures.on_white(icon, size)


def prepare(work: Path, settings: Configuration) -> Dataset:
    """The data of a configuration: read from the work folder, made when it is not there."""
    folder = work / "data"
    if not (folder / "table.json").exists():
        needed = [p for p in pinned() if not p.style or p.style in settings.styles]
        unpacked = {p: fetch(p, work.parent / "packages") for p in needed}
        emojibase = next(path for p, path in unpacked.items() if not p.style)
        wanted = {p.style: path for p, path in unpacked.items() if p.style}
        concepts = read(emojibase)
        if settings.concepts:
            concepts = [c for c in concepts if c.aliases][: settings.concepts]
        save(build(concepts, icons(concepts, wanted, settings.pixels), settings), folder)
    return load(folder)


def save(data: Dataset, folder: Path) -> None:
    """Write the pictures, then the table that says they are complete."""
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "pictures.npy", data.pixels)
    table = {
        "concepts": [asdict(c) for c in data.concepts],
        "shown": [asdict(s) for s in data.shown],
    }
    (folder / "table.json").write_text(json.dumps(table, ensure_ascii=False), encoding="utf-8")
    styles = Counter(s.style for s in data.shown if not s.colour and s.beside < 0)
    kinds = Counter(
        "pairs" if s.beside >= 0 else "recoloured" if s.colour else "icons" for s in data.shown
    )
    log.info("%d concepts, %s, icons by style %s", len(data.concepts), dict(kinds), dict(styles))


def load(folder: Path) -> Dataset:
    """What `save` wrote; the pictures stay on the disk until they are used."""
    table: dict[str, Any] = json.loads((folder / "table.json").read_text(encoding="utf-8"))
    concepts = [Concept(**c) for c in table["concepts"]]
    pixels = np.load(folder / "pictures.npy", mmap_mode="r")
    return Dataset(pixels, [Shown(**s) for s in table["shown"]], concepts)

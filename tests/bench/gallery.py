"""Real pictures for the consistency gate: drawn by the starter model, kept in a folder."""

import asyncio
import hashlib
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.settings import read
from tests.bench.report import note, silent
from tools.catalogue import Catalogue
from tools.colours import code
from tools.compute.devices import Machine, plan
from tools.compute.pool import Pool
from tools.gate.colour import of_card, strays
from tools.gate.signature import Signature
from tools.image import Draw, drawing
from tools.jobs import Job

FOLDER = Path(tempfile.gettempdir()) / "atelier-gallery"
STYLES = ("3d", "flat")
COLOURS = ("blue", "green", "yellow", "purple", "orange")
SUBJECTS = (
    "apple", "ball", "balloon", "bear", "book", "butterfly", "egg", "fish", "flower", "hat",
    "heart", "lamp",
)  # fmt: skip
"""Those that are reported."""
OTHERS = (
    "bag", "bell", "bird", "boat", "cactus", "car", "cat", "chair", "crown", "cup", "dog",
    "guitar", "house", "key", "mushroom", "rocket", "rose", "shoe", "snake", "star", "strawberry",
    "tree", "turtle", "umbrella",
)  # fmt: skip
"""Those on whose pictures the spreads in `tools/gate/measures.py` were chosen."""
BATCH = 8


@dataclass(frozen=True, slots=True)
class Look:
    """What one picture is of; a set shares style and colour."""

    style: str
    colour: str
    subject: str
    seed: int

    @property
    def args(self) -> Draw:
        return Draw(prompt=f"a {self.colour} {self.subject}", style=self.style, seed=self.seed)

    @property
    def file(self) -> str:
        words = f"{self.args.prompt} {self.style} {self.seed}"
        return f"{hashlib.sha256(words.encode()).hexdigest()[:20]}.png"


def every(seeds: Sequence[int], subjects: Sequence[str] = SUBJECTS) -> list[Look]:
    """Return the whole gallery of some subjects for some seeds."""
    return [
        Look(style, colour, subject, seed)
        for seed in seeds
        for style in STYLES
        for colour in COLOURS
        for subject in subjects
    ]


def drawn(looks: Iterable[Look], folder: Path = FOLDER) -> dict[Look, bytes]:
    """Return the pictures of this version of the model; what the folder lacks is drawn first."""
    wanted = list(looks)
    folder = folder / version()
    folder.mkdir(parents=True, exist_ok=True)
    missing = [look for look in wanted if not (folder / look.file).exists()]
    if missing:
        start = time.perf_counter()
        asyncio.run(_draw(missing, folder))
        note(f"{len(missing)} pictures drawn in {time.perf_counter() - start:.0f} s")
    return {look: (folder / look.file).read_bytes() for look in wanted}


def obeyed(look: Look, seen: Signature) -> bool:
    """Tell whether a picture is nearer to the colour it was asked in than to the other colours."""
    far = {c: strays(seen.palette, of_card((code(c),))).mean for c in COLOURS}
    return min(far, key=far.__getitem__) == look.colour


def version() -> str:
    """Return a short hash of the weights, so that another version's pictures are not taken."""
    source, whole = Catalogue.read().find("draw").source, hashlib.sha256()
    for file in sorted(source.folder.rglob("*.safetensors")) if source.folder else ():
        whole.update(hashlib.sha256(file.read_bytes()).digest())
    return whole.hexdigest()[:12]


async def _draw(looks: Sequence[Look], folder: Path) -> None:
    known = Catalogue.read()
    model = known.find("draw")
    workers = tuple(w for w in plan(Machine.here(), "cpu") if w.name == "pictures")
    async with Pool(known, read().models, workers) as pool:
        for start in range(0, len(looks), BATCH):
            some = looks[start : start + BATCH]
            specs = tuple(drawing(model, look.args)[0] for look in some)
            made = await pool.run(Job(model.name, specs, "bench"), silent)
            for look, artifact in zip(some, made, strict=True):
                (folder / look.file).write_bytes(artifact.data)

"""How often the consistency gate is right: outliers found, false alarms, and what repair brings.

Real pictures of the starter model in one style and colour a set; `python -m tests.bench.gate`. The
subjects and colours are those it draws as told; the gate's spreads were chosen on other seeds.
"""

import argparse
import asyncio
import random
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tests.bench.gallery import COLOURS, FOLDER, STYLES, SUBJECTS, Look, drawn, every
from tests.bench.planting import PLANTS, Gallery
from tests.bench.report import Fact, note, table
from tools.colours import code
from tools.gate.card import ScoreCard
from tools.gate.measures import CARD
from tools.gate.pictures import Style, compare
from tools.gate.repair import Mended, Redraw, repair
from tools.gate.signature import Signature, measure

TUNED = (1, 2, 3, 4)
"""The seeds on whose pictures the spreads in `tools/gate/measures.py` were chosen."""
SEEDS = (5, 6)
"""Those that are reported."""
TRIALS = 200


@dataclass(slots=True)
class Trials:
    """Sets of real pictures, drawn by lot; what was measured of a picture is kept."""

    gallery: Gallery
    rng: random.Random
    known: dict[Look, Signature]

    def looks(self) -> list[Look]:
        """Return 4 to 8 different things in one style and colour."""
        style, colour = self.rng.choice(STYLES), self.rng.choice(COLOURS)
        seeds = sorted({look.seed for look in self.gallery})
        subjects = self.rng.sample(SUBJECTS, self.rng.randint(4, 8))
        return [Look(style, colour, subject, self.rng.choice(seeds)) for subject in subjects]

    def signature(self, look: Look) -> Signature:
        if look not in self.known:
            self.known[look] = measure(self.gallery[look])
        return self.known[look]

    def clean(self, trials: int) -> list[ScoreCard]:
        """Return the cards of sets without an outlier."""
        return [compare([self.signature(look) for look in self.looks()]) for _ in range(trials)]

    def planted(self, kind: str) -> tuple[list[Look], int, bytes]:
        """Return a set, the place of the outlier in it, and its picture."""
        looks = self.looks()
        place = self.rng.randrange(len(looks))
        return looks, place, PLANTS[kind](looks[place], self.gallery, self.rng)


@dataclass(frozen=True, slots=True)
class Found:
    """One planted outlier: whether it was marked, whether others were, and its repair."""

    kind: str
    marked: bool
    others: bool
    mended: Mended | None

    @property
    def better(self) -> bool:
        return self.mended is not None and self.mended.after.score > self.mended.before.score


async def trial(trials: Trials, kind: str) -> Found:
    """Plant an outlier, look for it, and mend what is marked."""
    looks, place, picture = trials.planted(kind)
    signatures = [trials.signature(look) for look in looks]
    signatures[place] = measure(picture)
    outliers = set(compare(signatures).outliers)
    if not outliers:
        return Found(kind, False, False, None)
    pictures = [trials.gallery[look] for look in looks]
    pictures[place] = picture

    async def redraw(wish: Redraw) -> bytes:
        """Draw the same words with another seed: the gallery holds what the model draws then."""
        look = looks[wish.number - 1]
        seeds = sorted({one.seed for one in trials.gallery} - {look.seed}) or [look.seed]
        return trials.gallery[replace(look, seed=seeds[wish.seed % len(seeds)])]

    mended = await repair(pictures, redraw)
    return Found(kind, place + 1 in outliers, bool(outliers - {place + 1}), mended)


@dataclass(frozen=True, slots=True)
class Held:
    """Trials with a style card: what was found of what was planted, and alarms without."""

    name: str
    found: list[bool]
    alarms: list[bool]
    better: list[bool]
    gone: list[bool]

    def row(self) -> tuple[str, ...]:
        some = (self.found, self.alarms, self.better, self.gone)
        return (self.name, str(len(self.found)), *(_share(sum(one), len(one)) for one in some))


async def held(gallery: Gallery, count: int, seed: int) -> list[Held]:
    """Return how the brief's colours and a reference are held, one picture planted in each set."""
    trials = Trials(gallery, random.Random(seed), {})
    palette, reference = (
        Held(name, [], [], [], []) for name in ("colours of the brief", "reference")
    )
    for _ in range(count):
        looks, place, picture = trials.planted("other palette")
        colours = Style(colours=(code(looks[0].colour),))
        await _held(palette, trials, (looks, place, picture), colours, CARD)
        looks, place, picture = trials.planted(trials.rng.choice(list(PLANTS)))
        left = [s for s in SUBJECTS if s not in {look.subject for look in looks}]
        model = replace(looks[0], subject=trials.rng.choice(left))
        await _held(
            reference,
            trials,
            (looks, place, picture),
            Style(reference=trials.signature(model)),
            "",
        )
    return [palette, reference]


async def _held(
    into: Held, trials: Trials, planted: tuple[list[Look], int, bytes], style: Style, only: str
) -> None:
    looks, place, picture = planted
    signatures = [trials.signature(look) for look in looks]
    into.alarms.append(bool(_marked(compare(signatures, style), only)))
    signatures[place] = measure(picture)
    marked = place + 1 in _marked(compare(signatures, style), only)
    into.found.append(marked)
    if marked:
        pictures = [trials.gallery[look] for look in looks]
        pictures[place] = picture
        mended = await repair(pictures, _nothing, style, only={place + 1})
        into.better.append(mended.after.score > mended.before.score)
        into.gone.append(place + 1 not in _marked(mended.after, only))


async def _nothing(wish: Redraw) -> bytes | None:
    """Draw nothing again: only what a table of colours can do counts."""
    return None


def _marked(card: ScoreCard, only: str) -> set[int]:
    return {fault.number for fault in card.faults if only in ("", fault.measure)}


async def measured(gallery: Gallery, count: int, seed: int) -> tuple[list[ScoreCard], list[Found]]:
    """Return the cards of clean sets, and as many planted outliers, their kinds in turn."""
    trials = Trials(gallery, random.Random(seed), {})
    clean = trials.clean(count)
    kinds = list(PLANTS)
    return clean, [await trial(trials, kinds[n % len(kinds)]) for n in range(count)]


def rows(found: Sequence[Found]) -> list[tuple[str, ...]]:
    kinds = defaultdict(list)
    for one in found:
        kinds[one.kind].append(one)
    return [(name, *_row(some)) for name, some in [*kinds.items(), ("all", list(found))]]


def _row(found: Sequence[Found]) -> tuple[str, ...]:
    tried = [one.mended for one in found if one.mended]
    better = sum(one.better for one in found)
    before = sum(one.before.score for one in tried) / max(1, len(tried))
    after = sum(one.after.score for one in tried) / max(1, len(tried))
    return (
        str(len(found)),
        _share(sum(one.marked for one in found), len(found)),
        _share(sum(one.others for one in found), len(found)),
        _share(better, len(tried)),
        f"{before:.0f} → {after:.0f}",
    )


def _share(count: int, whole: int) -> str:
    return f"{100 * count / max(1, whole):.1f} %"


def main(arguments: Sequence[str] = ()) -> list[Fact]:
    parser = argparse.ArgumentParser(prog="tests.bench.gate", description=__doc__)
    parser.add_argument("--trials", type=int, default=TRIALS)
    parser.add_argument("--seed", type=int, default=1, help="of the lot, not of the pictures")
    parser.add_argument("--tuned", action="store_true", help="on the pictures used for tuning")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where pictures are kept")
    given = parser.parse_args(arguments)
    gallery = drawn(every(TUNED if given.tuned else SEEDS), given.folder)
    start = time.perf_counter()
    clean, found = asyncio.run(measured(gallery, given.trials, given.seed))
    head = ("", "sets", "found", "others marked", "repair helps", "score")
    table(
        f"Consistency gate: {given.trials} sets of 4 to 8 pictures with an outlier",
        rows(found),
        head,
    )
    kept = asyncio.run(held(gallery, given.trials, given.seed))
    head = ("", "sets", "found", "false alarms", "recolouring helps", "and mends")
    table("Held to the style card, one picture planted", [one.row() for one in kept], head)
    alarms = sum(bool(card.outliers) for card in clean)
    score = sum(card.score for card in clean) / max(1, len(clean))
    note(f"score of sets without one: {score:.0f}")
    note(f"false alarms in {given.trials} sets without one: {_share(alarms, given.trials)}")
    note(f"{len(gallery)} pictures, {time.perf_counter() - start:.0f} s for all trials and repairs")
    marked, better = sum(one.marked for one in found), sum(one.better for one in found)
    tried = sum(one.mended is not None for one in found)
    return [
        Fact("outliers found in sets of 4 to 8 pictures", _share(marked, len(found))),
        Fact("false alarms in sets without one", _share(alarms, given.trials)),
        Fact("repairs that raise a set's score", _share(better, tried)),
        Fact("pictures off the brief's colours found", kept[0].row()[2]),
        Fact("false alarms about the brief's colours", kept[0].row()[3]),
    ]


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])

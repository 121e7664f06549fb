"""How often the consistency gate is right: outliers found, false alarms, and what repair brings.

`python -m tests.bench.gate` draws a gallery with the starter model, once for each of its versions
(2 to 8 minutes), and tries sets of one style and colour (5 to 15 minutes; `--trials 20` is quick).
A picture that is nearer to another colour than to that it was asked in is in no set. The gate's
spreads were chosen on other things; texts follow from `tests.bench.wording`.
"""

import argparse
import asyncio
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from tests.bench.gallery import FOLDER, OTHERS, SUBJECTS, Look, drawn, every, obeyed
from tests.bench.planting import PLANTS, Gallery
from tests.bench.report import Fact, note, table
from tests.bench.wording import main as texts
from tools.colours import code
from tools.gate.card import ScoreCard
from tools.gate.measures import CARD
from tools.gate.pictures import Style, compare
from tools.gate.repair import Mended, Redraw, repair
from tools.gate.signature import Signature, measure

TRIALS = 200
HEAD = (
    "", "sets", "found", "false alarms", "others marked", "repair helps", "and mends",
    "without drawing", "score",
)  # fmt: skip


@dataclass
class Trials:
    """Sets of real pictures, drawn by lot; what was measured of a picture is kept."""

    gallery: Gallery
    rng: random.Random
    known: dict[bytes, Signature] = field(default_factory=dict)

    @cached_property
    def members(self) -> list[Look]:
        """The pictures of which sets are made."""
        return [look for look in self.gallery if obeyed(look, self.signature(look))]

    def looks(self, most: int = 8) -> list[Look]:
        """Return 4 to 8 different things in one style and colour, and one more."""
        one = self.rng.choice(self.members)
        same = [m for m in self.members if (m.style, m.colour) == (one.style, one.colour)]
        subjects = sorted({look.subject for look in same})
        chosen = self.rng.sample(subjects, self.rng.randint(4, most) + 1)
        return [self.rng.choice([m for m in same if m.subject == name]) for name in chosen]

    def signature(self, look: Look) -> Signature:
        picture = self.gallery[look]
        if picture not in self.known:
            self.known[picture] = measure(picture)
        return self.known[picture]

    async def redrawn(self, look: Look, seed: int) -> bytes:
        """Draw the same words with another seed: the gallery holds what the model draws then."""
        seeds = sorted({one.seed for one in self.gallery} - {look.seed}) or [look.seed]
        return self.gallery[replace(look, seed=seeds[seed % len(seeds)])]


@dataclass(frozen=True, slots=True)
class Case:
    """What sets are held against, and what is planted in them; `only` is the measure that counts.

    `style` is made of a picture that is like the set and not in it.
    """

    name: str
    style: Callable[[Look, Signature], Style]
    plants: tuple[str, ...] = tuple(PLANTS)
    only: str = ""

    def marked(self, card: ScoreCard) -> set[int]:
        return {fault.number for fault in card.faults if self.only in ("", fault.measure)}


CASES = (
    Case("each other", lambda look, seen: Style()),
    Case("a reference", lambda look, seen: Style(reference=seen)),
    Case(
        "the brief's colour",
        lambda look, seen: Style(colours=(code(look.colour),)),
        ("other palette",),
        CARD,
    ),
)


@dataclass(frozen=True, slots=True)
class Found:
    """One planted outlier: whether it was marked, whether others were, and its repair.

    `alarm` says whether the set without it was marked, `clean` is that set's score.
    """

    kind: str
    marked: bool
    others: bool
    alarm: bool
    clean: float
    mended: Mended | None
    gone: bool

    @property
    def better(self) -> bool:
        return self.mended is not None and self.mended.after.score > self.mended.before.score

    @property
    def kept(self) -> bool:
        """Whether a way that keeps what is on the picture made the set better."""
        changes = self.mended.changes if self.mended else ()
        return any(change.better for change in changes if change.remedy != "redraw")


async def trial(trials: Trials, case: Case, kind: str) -> Found:
    """Plant an outlier, look for it, and mend what is marked."""
    *looks, like = trials.looks()
    style = case.style(like, trials.signature(like))
    signatures = [trials.signature(look) for look in looks]
    clean = compare(signatures, style)
    place = trials.rng.randrange(len(looks))
    pictures = [trials.gallery[look] for look in looks]
    pictures[place] = PLANTS[kind](looks[place], trials.gallery, trials.rng)
    signatures[place] = measure(pictures[place])
    marked = case.marked(compare(signatures, style))
    alarm, mended = bool(case.marked(clean)), None
    if marked:

        async def redraw(wish: Redraw) -> bytes:
            return await trials.redrawn(looks[wish.number - 1], wish.seed)

        mended = await repair(pictures, redraw, style, only=marked, known=signatures)
    gone = mended is not None and not case.marked(mended.after)
    own = place + 1
    return Found(kind, own in marked, bool(marked - {own}), alarm, clean.score, mended, gone)


async def measured(gallery: Gallery, case: Case, count: int, seed: int) -> list[Found]:
    """Return what was found in sets by lot, the kinds of outliers in turn."""
    trials = Trials(gallery, random.Random(seed))
    kinds = case.plants
    return [await trial(trials, case, kinds[n % len(kinds)]) for n in range(count)]


def rows(case: Case, found: Sequence[Found]) -> list[tuple[str, ...]]:
    """Return a row for all, and one for each kind of outlier if there are several."""
    some = [[one for one in found if one.kind == kind] for kind in case.plants]
    kinds = [(f"  {kind}", *_row(own)) for kind, own in zip(case.plants, some, strict=True) if own]
    return [(case.name, *_row(found)), *(kinds if len(case.plants) > 1 else [])]


def _row(found: Sequence[Found]) -> tuple[str, ...]:
    mended = [one for one in found if one.mended]
    before = _mean([one.mended.before.score for one in mended if one.mended])
    after = _mean([one.mended.after.score for one in mended if one.mended])
    return (
        str(len(found)),
        _share([one.marked for one in found]),
        _share([one.alarm for one in found]),
        _share([one.others for one in found]),
        _share([one.better for one in mended]),
        _share([one.gone for one in mended]),
        _share([one.kept for one in mended]),
        f"{_mean([one.clean for one in found]):.0f}: {before:.0f} → {after:.0f}",
    )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / max(1, len(values))


def _share(told: Sequence[bool]) -> str:
    return f"{100 * _mean(told):.1f} %"


def main(arguments: Sequence[str] = ()) -> list[Fact]:
    parser = argparse.ArgumentParser(prog="tests.bench.gate", description=__doc__)
    parser.add_argument("--trials", type=int, default=TRIALS, help="of each of the three cases")
    parser.add_argument("--seed", type=int, default=1, help="of the lot, not of the pictures")
    parser.add_argument("--tuned", action="store_true", help="on the pictures used for tuning")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where pictures are kept")
    given = parser.parse_args(arguments)
    start = time.perf_counter()
    looks = every((1,), OTHERS) if given.tuned else every((5, 6), SUBJECTS)
    gallery = drawn(looks, given.folder)
    found = [asyncio.run(measured(gallery, case, given.trials, given.seed)) for case in CASES]
    title = "Consistency gate: a picture planted in sets of 4 to 8, held against"
    lines = [row for case, some in zip(CASES, found, strict=True) for row in rows(case, some)]
    table(title, lines, HEAD)
    note("false alarms: in the same sets without it; score: without it, with it → repaired")
    members = len(Trials(gallery, random.Random()).members)
    note(f"{members} of {len(gallery)} pictures have the colour that was asked for")
    note(f"{time.perf_counter() - start:.0f} s, drawing and repairs included")
    alone, _, brief = found
    return [
        Fact("outliers found in sets of 4 to 8 pictures", _share([one.marked for one in alone])),
        Fact("false alarms in sets without one", _share([one.alarm for one in alone])),
        Fact("repairs that raise a set's score", _share([o.better for o in alone if o.mended])),
        Fact("pictures off the brief's colours found", _share([one.marked for one in brief])),
        Fact("false alarms about the brief's colours", _share([one.alarm for one in brief])),
        *texts(),
    ]


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])

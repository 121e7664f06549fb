"""What a request costs in device-seconds: learnt from what was measured, guessed before that."""

from collections import OrderedDict, deque
from collections.abc import Mapping
from dataclasses import dataclass
from math import log
from statistics import median
from typing import Literal, get_args

from tools.jobs import (
    HearingSpec,
    Job,
    MeaningSpec,
    PictureSpec,
    SightSpec,
    Spec,
    SpeechSpec,
    TextSpec,
)

Kind = Literal["", "picture", "text", "speech", "hearing", "meaning", "sight"]

GUESS: dict[Kind, float] = {
    "": 5.0,
    "picture": 10.0,
    "text": 3.0,
    "speech": 1.0,
    "hearing": 3.0,
    "meaning": 0.1,
}
"""Seconds for one spec of a kind of which nothing was ever measured."""
LOADING = 5.0
"""Seconds to load a model as long as none was measured."""

SHORT = 3.0
"""A job of at most so many device-seconds is urgent."""
SPOKEN = 30.0
"""As much for work somebody listens or talks to: text, speech, hearing."""

_WINDOW = 9  # measurements whose median counts: four outliers lose, a change wins after five
_SHAPES = 64  # remembered per model, the least recently measured are forgotten

_Key = tuple[int, int, int]  # size, steps, number of specs


@dataclass(frozen=True, slots=True)
class Shape:
    """How large one spec is: `size` in pixels, tokens, characters or bytes, by its kind.

    `steps` are passes through the model: guidance above 1 takes two a step.
    """

    kind: Kind = ""
    size: int = 1
    steps: int = 1

    @property
    def work(self) -> float:
        """What the time should be proportional to within one model."""
        return float(max(1, self.size) * max(1, self.steps))


@dataclass(frozen=True, slots=True)
class Price:
    """Expected device-seconds; `known` when the model itself was measured."""

    seconds: float
    known: bool


def is_urgent(shape: Shape, seconds: float) -> bool:
    """Say whether a job of so many device-seconds should come ahead of bulk work."""
    return seconds <= (SPOKEN if shape.kind in ("text", "speech", "hearing") else SHORT)


def shape_of(job: Job) -> Shape:
    """Return the shape of the largest spec of a job; the empty shape for one without specs."""
    return max((_shape(spec) for spec in job.specs), key=lambda s: s.work, default=Shape())


def kind_of(job: Job) -> Kind:
    """Return what kind of work a job is; its specs are of one."""
    return _shape(job.specs[0]).kind if job.specs else ""


def _shape(spec: Spec) -> Shape:
    if isinstance(spec, PictureSpec):
        # img2img pipelines skip the part of the steps that strength leaves out.
        part = spec.strength if spec.task in ("vary", "inpaint") and spec.image else 1.0
        passes = 2 if spec.guidance > 1 else 1
        return Shape("picture", spec.width * spec.height, max(1, round(spec.steps * part)) * passes)
    if isinstance(spec, TextSpec):
        return Shape("text", _rounded(spec.max_tokens))
    if isinstance(spec, SpeechSpec):
        return Shape("speech", _rounded(len(spec.text)))
    if isinstance(spec, MeaningSpec):
        return Shape("meaning", _rounded(sum(map(len, spec.texts))))
    if isinstance(spec, SightSpec):
        return Shape("sight", _rounded(len(spec.pictures) + len(spec.texts)))
    assert isinstance(spec, HearingSpec)
    return Shape("hearing", _rounded(len(spec.audio)))


def _rounded(amount: int) -> int:
    """Return the next power of two, so that similar requests share what is learnt."""
    return 1 << max(0, amount - 1).bit_length()


class Costs:
    """Learns seconds per (model, size, steps, number of specs), and per model to load."""

    def __init__(self) -> None:
        self._seconds: dict[str, OrderedDict[_Key, deque[float]]] = {}
        self._kinds: dict[str, Kind] = {}
        self._loading: dict[str, deque[float]] = {}
        self._medians: dict[tuple[str, _Key], float] = {}
        self._loads: dict[str, float] = {}  # medians
        self._load = LOADING

    def learn(self, model: str, shape: Shape, count: int, seconds: float) -> None:
        """Remember that a job of this shape and number of specs took so many device-seconds."""
        if not count or not 0 < seconds < float("inf"):
            return
        key = (shape.size, shape.steps, count)
        shapes = self._seconds.setdefault(model, OrderedDict())
        shapes.setdefault(key, deque(maxlen=_WINDOW)).append(seconds)
        shapes.move_to_end(key)
        self._kinds[model] = shape.kind
        self._medians[model, key] = median(shapes[key])
        if len(shapes) > _SHAPES:
            self._medians.pop((model, shapes.popitem(last=False)[0]))

    def learn_loading(self, model: str, seconds: float) -> None:
        """Remember how long a model took to load."""
        if 0 <= seconds < float("inf"):
            window = self._loading.setdefault(model, deque(maxlen=_WINDOW))
            window.append(seconds)
            self._loads[model] = median(window)
            self._load = median(self._loads.values())

    def price(self, model: str, shape: Shape, count: int) -> Price:
        """Return what a job should take: as measured, by the nearest shape or model, or a guess."""
        if not count:
            return Price(0.0, True)
        exact = self._medians.get((model, (shape.size, shape.steps, count)))
        if exact is not None:
            return Price(exact, True)
        if (scaled := self._scaled(model, shape, count)) is not None:
            return Price(scaled, True)
        alike = [name for name, kind in self._kinds.items() if kind == shape.kind]
        guesses = [s for name in alike if (s := self._scaled(name, shape, count)) is not None]
        return Price(median(guesses) if guesses else GUESS[shape.kind] * count, False)

    def loading(self, model: str) -> float:
        """Return how long a model should take to load; like the others, if it never was."""
        return self._loads.get(model, self._load)

    def dump(self) -> dict[str, object]:
        """Return all that was learnt as plain data (JSON), for `restore`."""
        rows = [
            [model, self._kinds[model], *key, list(window)]
            for model, shapes in self._seconds.items()
            for key, window in shapes.items()
        ]
        return {
            "seconds": rows,
            "loading": {name: list(values) for name, values in self._loading.items()},
        }

    def restore(self, data: Mapping[str, object]) -> None:
        """Learn what `dump` returned; what is not in its form is passed over."""
        rows, loading = data.get("seconds"), data.get("loading")
        for row in rows if isinstance(rows, list) else []:
            self._restore_row(row)
        for model, values in loading.items() if isinstance(loading, dict) else []:
            for seconds in _floats(values):
                self.learn_loading(str(model), seconds)

    def _restore_row(self, row: object) -> None:
        match row:
            case [str(model), str(kind), int(size), int(steps), int(count), values]:
                for known in get_args(Kind):
                    for seconds in _floats(values) if known == kind else []:
                        self.learn(model, Shape(known, size, steps), count, seconds)

    def _scaled(self, model: str, shape: Shape, count: int) -> float | None:
        """Return the time of the nearest measured shape of a model, in proportion to the work."""
        wanted = shape.work * count
        known = self._seconds.get(model)
        if not known:
            return None
        key = min(known, key=lambda k: abs(log(wanted / _work(k))))
        return self._medians[model, key] * wanted / _work(key)


def _work(key: _Key) -> float:
    size, steps, count = key
    return float(max(1, size) * max(1, steps) * count)


def _floats(values: object) -> list[float]:
    return [float(v) for v in values if type(v) in (int, float)] if isinstance(values, list) else []

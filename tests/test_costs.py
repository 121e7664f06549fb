import json
import random

import pytest

from tools.compute.costs import GUESS, LOADING, Costs, Price, Shape, is_urgent, shape_of
from tools.jobs import HearingSpec, Job, PictureSpec, SpeechSpec, TextSpec

SMALL, LARGE = Shape("picture", 512 * 512, 20), Shape("picture", 1024 * 1024, 20)


def picture(**more: object) -> PictureSpec:
    values = {"prompt": "", "seed": 0, "width": 64, "height": 32, "steps": 10, "guidance": 1.0}
    return PictureSpec(**{**values, **more})  # type: ignore[arg-type]  # one dict for all fields


@pytest.mark.parametrize(
    ("spec", "shape"),
    [
        (picture(), Shape("picture", 2048, 10)),
        (picture(guidance=5.0), Shape("picture", 2048, 20)),
        (picture(task="vary", image=b"x", strength=0.3), Shape("picture", 2048, 3)),
        (picture(task="edit", image=b"x", strength=0.3), Shape("picture", 2048, 10)),
        (TextSpec((), max_tokens=200), Shape("text", 256)),
        (SpeechSpec("a" * 128), Shape("speech", 128)),
        (SpeechSpec(""), Shape("speech", 1)),
        (HearingSpec(b"x" * 5), Shape("hearing", 8)),
    ],
)
def test_the_shape_of_a_job_is_that_of_its_largest_spec(spec: object, shape: Shape) -> None:
    tiny = {"picture": picture(width=8, steps=1)}.get(shape.kind, spec)
    assert shape_of(Job("m", (tiny, spec), "ann")) == shape  # type: ignore[arg-type]


def test_a_job_that_only_loads_has_no_shape_and_costs_nothing() -> None:
    assert shape_of(Job("m", (), "ann")) == Shape()
    assert Costs().price("m", Shape(), 0) == Price(0.0, True)


def test_what_was_measured_is_the_price() -> None:
    costs = Costs()
    for seconds in (4.0, 5.0, 6.0):
        costs.learn("m", SMALL, 1, seconds)
    assert costs.price("m", SMALL, 1) == Price(5.0, True)


def test_before_that_it_is_in_proportion_to_the_nearest_shape_of_the_model() -> None:
    costs = Costs()
    costs.learn("m", SMALL, 1, 5.0)
    costs.learn("m", Shape("picture", 64 * 64, 1), 1, 77.0)
    assert costs.price("m", LARGE, 1) == Price(20.0, True)
    assert costs.price("m", LARGE, 4) == Price(80.0, True)
    assert costs.price("m", Shape("picture", 512 * 512, 4), 1) == Price(1.0, True)


def test_then_that_of_other_models_of_the_kind_then_a_guess() -> None:
    costs = Costs()
    assert costs.price("m", SMALL, 2) == Price(2 * GUESS["picture"], False)
    costs.learn("voice", Shape("speech", 64), 1, 0.5)
    assert costs.price("m", SMALL, 1) == Price(GUESS["picture"], False)
    costs.learn("other", SMALL, 1, 5.0)
    assert costs.price("m", LARGE, 1) == Price(20.0, False)


def test_outliers_do_not_move_the_price_but_a_change_does() -> None:
    costs, draw = Costs(), random.Random(1)
    for number in range(50):
        costs.learn("m", SMALL, 1, 100.0 if number % 4 == 0 else draw.gauss(5.0, 0.2))
        if number > 8:
            assert costs.price("m", SMALL, 1).seconds == pytest.approx(5.0, rel=0.1)
    for _ in range(7):
        costs.learn("m", SMALL, 1, 2.0)
    assert costs.price("m", SMALL, 1).seconds == 2.0


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan"), float("inf")])
def test_nonsense_is_not_learnt(seconds: float) -> None:
    costs = Costs()
    costs.learn("m", SMALL, 1, seconds)
    assert not costs.price("m", SMALL, 1).known


def test_loading_is_learnt_and_guessed_from_the_others() -> None:
    costs = Costs()
    assert costs.loading("m") == LOADING
    costs.learn_loading("n", 8.0)
    assert (costs.loading("n"), costs.loading("m")) == (8.0, 8.0)


def test_only_the_latest_shapes_of_a_model_are_kept() -> None:
    costs = Costs()
    for size in range(1, 500):
        costs.learn("m", Shape("picture", size, 1), 1, float(size))
    rows = costs.dump()["seconds"]
    assert isinstance(rows, list)
    assert len(rows) == 64
    assert costs.price("m", Shape("picture", 1, 1), 1).seconds == pytest.approx(1.0)


def test_what_was_learnt_survives_as_plain_data() -> None:
    costs, other = Costs(), Costs()
    costs.learn("m", SMALL, 2, 4.0)
    costs.learn("m", SMALL, 2, 6.0)
    costs.learn_loading("m", 3.0)
    other.restore(json.loads(json.dumps(costs.dump())))
    assert other.dump() == costs.dump()
    assert other.price("m", SMALL, 2) == Price(5.0, True)


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"seconds": 3, "loading": []},
        {"seconds": [[], ["m", "picture", "x", 1, 1, [1.0]], ["m", "odd", 1, 1, 1, [1.0]]]},
        {"seconds": [["m", "picture", 1, 1, 1, ["x", None]]], "loading": {"m": "x"}},
    ],
)
def test_broken_data_is_passed_over(data: dict[str, object]) -> None:
    costs = Costs()
    costs.restore(data)
    assert costs.dump() == {"seconds": [], "loading": {}}


def test_what_is_short_or_spoken_is_urgent() -> None:
    assert is_urgent(SMALL, 2.0)
    assert not is_urgent(SMALL, 20.0)
    assert is_urgent(Shape("text", 256), 20.0)
    assert not is_urgent(Shape("text", 256), 200.0)

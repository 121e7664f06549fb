"""Counting, told the time."""

import asyncio

import pytest

from tools.compute.tally import BOUNDS, Tally, Waits
from tools.jobs import Job, PictureSpec, TextSpec

PICTURES = Job("m", (PictureSpec("x", 0, 8, 8, 1, 0.0),) * 2, "ann")
TEXT = Job("w", (TextSpec((("user", "hi"),)),), "ann")


def test_kinds_are_kept_apart_and_loading_is_no_work() -> None:
    tally = Tally()
    for job in (PICTURES, TEXT, Job("m", (), "")):
        with tally.counting(job):
            tally.computed(job, [1.0], 2.0, 0.0)
    assert [(w.kind, w.done, w.artifacts) for w in tally.work()] == [
        ("picture", 1, 2),
        ("text", 1, 1),
    ]


def test_a_request_that_is_stopped_or_breaks_is_counted_and_raised() -> None:
    tally = Tally()
    for error in (asyncio.CancelledError, ValueError):
        with pytest.raises(error), tally.counting(TEXT):
            raise error
    (work,) = tally.work()
    assert (work.done, work.cancelled, work.failed) == (0, 1, 1)


def test_the_pace_is_that_of_the_last_minute() -> None:
    tally = Tally()
    tally.computed(PICTURES, [0.0], 3.0, 0.0)
    tally.computed(TEXT, [0.0, 0.0], 1.0, 30.0)
    assert tally.pace(59.0).artifacts == 3
    pace = tally.pace(60.0)
    assert (pace.jobs, pace.artifacts, pace.seconds) == (2, 1, 1.0)
    assert tally.pace(90.0).jobs == 0


def test_quantiles_of_waiting() -> None:
    tally = Tally()
    tally.computed(TEXT, [float(n) for n in range(101)], 1.0, 0.0)
    assert tally.waits() == Waits(50.0, 90.0, 99.0)


def test_a_wait_falls_into_the_bin_that_holds_it() -> None:
    tally = Tally()
    tally.computed(TEXT, [0.1, 0.11, 5000.0], 1.0, 0.0)
    counts = tally.work()[0].waiting.counts
    assert (counts[0], counts[1], counts[-1]) == (1, 1, 1)
    assert len(counts) == len(BOUNDS) + 1

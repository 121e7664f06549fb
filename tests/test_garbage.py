"""When the collector of reference cycles looks."""

import gc
from collections.abc import Iterator

import pytest

from bot import garbage


@pytest.fixture(autouse=True)
def usual() -> Iterator[None]:
    """Leave the collector of the other tests as it was."""
    yield
    gc.unfreeze()
    gc.set_threshold(*garbage._USUAL)


def test_put_off_it_looks_seldom_and_never_at_everything() -> None:
    garbage.put_off()
    looks = [one["collections"] for one in gc.get_stats()]
    kept: list[list[object]] = [[] for _ in range(50_000)]
    assert [one["collections"] for one in gc.get_stats()] == looks
    del kept


def test_once_settled_it_leaves_alone_what_was_there() -> None:
    garbage.put_off()
    before = gc.get_threshold()
    garbage.settle()
    assert gc.get_freeze_count() > 10_000
    assert len(gc.get_objects()) < 10_000
    assert gc.get_threshold() == garbage._USUAL != before

"""How many rows share a pass, on devices of different kinds, simulated."""

from collections.abc import Callable

from tools.engines.knee import AGAIN, LOOKS, Knee

Device = Callable[[int], float]


def tried(device: Device, knee: Knee, passes: int = 40, rows: int = 32) -> set[int]:
    """Make passes as large as allowed; return the sizes."""
    sizes = set()
    for _ in range(passes):
        size = min(rows, knee.cap("k"))
        if knee.curious("k", size):
            knee.learn("k", size, device(size))
        knee.count("k")
        sizes.add(size)
    return sizes


def test_a_device_with_room_takes_all_there_are() -> None:
    knee = Knee()
    assert tried(lambda rows: 1.0, knee) == {2, 4, 8, 16, 32}
    assert (knee.cap("k"), knee.room("k")) == (32, 32)


def test_a_busy_device_takes_one_at_a_time() -> None:
    knee = Knee()
    assert knee.room("k") == 32  # until something is known
    assert tried(lambda rows: rows * 1.0, knee) == {2, 4}
    assert (knee.cap("k"), knee.room("k")) == (2, 2)


def test_the_smallest_that_gives_nearly_all_is_the_knee() -> None:
    knee = Knee()
    tried(lambda rows: max(1.0, rows / 8) * (0.98 if rows > 8 else 1), knee)
    assert knee.cap("k") == 8


def test_one_slow_pass_is_no_measurement() -> None:
    knee = Knee()
    slow = iter([50.0])
    tried(lambda rows: next(slow, 1.0) if rows == 4 else 1.0, knee)
    assert knee.cap("k") == 32


def test_it_looks_again_after_a_while() -> None:
    knee = Knee()
    tried(lambda rows: rows * 1.0, knee)
    assert tried(lambda rows: 1.0, knee, AGAIN + 10 * LOOKS) > {2, 4}
    assert knee.cap("k") > 2


def test_what_did_not_fit_is_not_tried_again() -> None:
    knee = Knee()
    tried(lambda rows: 1.0, knee)
    knee.shrink("k", 16)
    assert (knee.cap("k"), knee.room("k")) == (8, 8)
    assert max(tried(lambda rows: 1.0, knee, 2 * AGAIN)) == 8


def test_each_size_of_picture_has_its_own() -> None:
    knee = Knee()
    tried(lambda rows: rows * 1.0, knee)
    assert knee.room("another") == 32
    assert knee.curious("another", 2)
    assert not knee.curious("k", 2)

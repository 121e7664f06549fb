"""How the soak judges what became of a request."""

from typing import Any, cast

import pytest

from tests.soak_life import Life
from tests.soak_report import Stored, end, is_sent

SENT: Stored = [("a1", "reply", "sent")]


@pytest.mark.parametrize(
    ("shown", "replies", "deaf", "wanted"),
    [
        (1, SENT, False, "once"),
        (1, SENT, True, "once"),
        (2, SENT, False, "twice"),
        (1, SENT * 2, False, "shown once, noted otherwise"),
        (1, None, False, "told why not"),
        (1, [("a1", "reply", "pending")], False, "shown once, noted otherwise"),
        (0, SENT, False, "lost"),
        (0, SENT, True, "lost"),
        (0, [], True, "lost"),
        (0, None, False, "lost"),
        (0, None, True, "not heard"),
    ],
)
def test_only_one_answer_that_is_noted_counts(
    shown: int, replies: Stored | None, deaf: bool, wanted: str
) -> None:
    assert end(shown, replies, deaf=deaf) == wanted


def test_a_reply_still_to_be_sent_is_waited_for() -> None:
    assert is_sent(SENT)
    assert not is_sent([*SENT, ("a2", "reply", "pending")])
    assert not is_sent([])


def test_growth_is_that_of_the_last_two_thirds() -> None:
    early = [(float(second), 100.0 + second) for second in range(300)]
    late = [(float(second), 400.0 + second / 360) for second in range(300, 900)]
    life = Life(cast(Any, None), 0.0, memory=early + late)
    assert life.slope == pytest.approx(10.0)

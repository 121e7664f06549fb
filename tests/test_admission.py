"""What is kept of a budget, and how times are told."""

import pytest

from tools.compute.admission import DAY, Ledger, duration


def test_what_is_reserved_counts_until_it_is_let_go_of() -> None:
    ledger = Ledger()
    ledger.reserve("ann", 10.0, 0.0)
    ledger.reserve("ann", 0.1, 0.0)
    ledger.spend("ann", 4.0, 0.0)
    assert ledger.today("ann", 0.0) == pytest.approx(14.1)
    ledger.reserve("ann", -10.0, 0.0)
    ledger.reserve("ann", -0.1, 0.0)
    assert ledger.today("ann", 0.0) == 4.0
    assert ledger.reserved == {}


def test_a_day_ends_for_all_and_what_began_before_it_leaves_no_debt() -> None:
    ledger = Ledger()
    ledger.reserve("ann", 10.0, 0.0)
    assert ledger.users(DAY) == set()
    ledger.reserve("ann", -10.0, DAY)
    ledger.spend("ann", 12.0, DAY)
    assert ledger.today("ann", DAY) == 12.0


def test_a_dump_of_today_is_taken_over_without_what_was_only_reserved() -> None:
    ledger = Ledger()
    ledger.reserve("ann", 10.0, 0.0)
    ledger.spend("ben", 4.0, 0.0)
    again, later = Ledger(), Ledger(epoch=DAY)
    again.restore(ledger.dump(), 5.0)
    later.restore(ledger.dump(), 5.0)
    assert (again.spent, again.reserved) == ({"ben": 4.0}, {})
    assert later.spent == {}


@pytest.mark.parametrize("spent", [None, [], {"ann": "1"}, {"ann": -1.0}, {"ann": float("inf")}])
def test_what_is_no_spending_is_passed_over(spent: object) -> None:
    ledger = Ledger()
    ledger.restore({"day": 0, "spent": spent}, 0.0)
    assert ledger.spent == {}


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.0, "0 seconds"),
        (0.4, "1 second"),
        (90.0, "90 seconds"),
        (91.0, "2 minutes"),
        (1800.0, "30 minutes"),
        (5400.0, "90 minutes"),
        (7200.0, "2 hours"),
    ],
)
def test_times_in_words(seconds: float, words: str) -> None:
    assert duration(seconds) == words

import random

import pytest

from tools.compute.scheduler import Scheduler, Ticket
from tools.errors import QueueFull

GPU, CPU = frozenset({"gpu"}), frozenset({"cpu"})


def ticket(
    id: str, user: str = "ann", model: str = "m", count: int = 1, workers: frozenset[str] = GPU
) -> Ticket:
    return Ticket(id, user, model, count, workers)


def drain(scheduler: Scheduler, worker: str = "gpu") -> list[str]:
    order = []
    while (taken := scheduler.next(worker, 0.0)) is not None:
        order.append(taken.id)
        scheduler.finished(taken.id)
    return order


def filled(*tickets: Ticket) -> Scheduler:
    scheduler = Scheduler()
    for one in tickets:
        scheduler.submit(one, 0.0)
    return scheduler


def test_users_are_taken_in_turn_and_each_in_order_of_arrival() -> None:
    scheduler = filled(
        *(ticket(f"a{i}") for i in range(3)),
        ticket("b0", "bob"),
        ticket("b1", "bob"),
        ticket("c0", "cy"),
    )
    assert drain(scheduler) == ["a0", "b0", "c0", "a1", "b1", "a2"]


def test_a_user_who_comes_back_at_once_does_not_starve_the_others() -> None:
    scheduler = filled(ticket("a0"), *(ticket(f"b{i}", "bob") for i in range(3)))
    served = []
    for turn in range(6):
        taken = scheduler.next("gpu", 0.0)
        assert taken is not None
        served.append(taken.user)
        scheduler.finished(taken.id)
        if taken.user == "ann":
            scheduler.submit(ticket(f"again{turn}"), 0.0)
    assert served == ["ann", "bob"] * 3


def test_a_worker_gets_only_what_it_can_run_and_passes_over_the_rest() -> None:
    scheduler = filled(ticket("picture"), ticket("words", workers=CPU))
    assert drain(scheduler, "cpu") == ["words"]
    assert drain(scheduler, "gpu") == ["picture"]
    assert scheduler.next("gpu", 0.0) is None


def test_either_of_two_workers_takes_a_job_of_both_once() -> None:
    scheduler = filled(ticket("a", workers=GPU | CPU))
    assert scheduler.next("cpu", 0.0) == ticket("a", workers=GPU | CPU)
    assert scheduler.next("gpu", 0.0) is None


@pytest.mark.parametrize("seed", range(20))
def test_the_positions_foretell_the_order(seed: int) -> None:
    chance = random.Random(seed)
    scheduler = Scheduler()
    for number in range(chance.randrange(1, 30)):
        scheduler.submit(ticket(str(number), chance.choice("abcd")), 0.0)
        if chance.random() < 0.3:
            taken = scheduler.next("gpu", 0.0)
            assert taken is not None
            scheduler.finished(taken.id)
    told = {job.id: job.position for job in scheduler.line(0.0)}
    order = drain(scheduler)
    assert told == {id: place for place, id in enumerate(order, 1)}


def test_position_counts_only_jobs_that_want_the_same_worker() -> None:
    scheduler = filled(ticket("p0"), ticket("p1"), ticket("w0", workers=CPU), ticket("x", "bob"))
    scheduler.next("gpu", 0.0)
    places = {id: scheduler.position(id) for id in ("p0", "p1", "w0", "x")}
    assert places == {"p0": 0, "w0": 1, "x": 1, "p1": 2}
    with pytest.raises(KeyError):
        scheduler.position("unheard of")


def test_nothing_is_promised_before_anything_was_learnt() -> None:
    scheduler = filled(ticket("a"), ticket("b"))
    scheduler.next("gpu", 0.0)
    assert (scheduler.eta("a", 1.0), scheduler.eta("b", 1.0)) == (None, None)


def learnt(*tickets: Ticket) -> Scheduler:
    scheduler = filled(ticket("first", "zoe"))
    scheduler.next("gpu", 0.0)
    scheduler.finished("first", 10.0)
    for one in tickets:
        scheduler.submit(one, 0.0)
    return scheduler


def test_eta_is_what_runs_and_waits_before_and_the_job_itself() -> None:
    scheduler = learnt(ticket("a"), ticket("b"), ticket("c"))
    scheduler.next("gpu", 100.0)
    etas = [scheduler.eta(id, 104.0) for id in "abc"]
    assert etas == [6.0, 16.0, 26.0]
    scheduler.started("a", 104.0)
    assert scheduler.eta("a", 104.0) == 10.0


def test_eta_of_a_late_job_is_zero_not_negative() -> None:
    scheduler = learnt(ticket("a"))
    scheduler.next("gpu", 0.0)
    assert scheduler.eta("a", 99.0) == 0.0


def test_eta_scales_with_the_number_of_specs_and_knows_two_workers() -> None:
    both = GPU | CPU
    scheduler = learnt(ticket("a", count=4, workers=both), ticket("b", workers=both))
    assert [scheduler.eta(id, 0.0) for id in "ab"] == [40.0, 10.0]


def test_eta_is_unknown_behind_a_model_that_never_ran() -> None:
    scheduler = learnt(ticket("a", model="new"), ticket("b"))
    assert scheduler.eta("b", 0.0) is None


def test_the_average_follows_what_is_measured() -> None:
    scheduler = learnt()
    for number in range(20):
        scheduler.submit(ticket(str(number)), 0.0)
        scheduler.next("gpu", 0.0)
        scheduler.finished(str(number), 2.0)
    assert scheduler.estimate("m", 1) == pytest.approx(2.0, abs=0.1)


def test_a_failed_job_teaches_nothing() -> None:
    scheduler = filled(ticket("a"))
    scheduler.next("gpu", 0.0)
    scheduler.finished("a")
    assert scheduler.estimate("m", 1) is None


def test_cancel_removes_only_what_waits() -> None:
    scheduler = filled(ticket("a"), ticket("b"), ticket("c"))
    scheduler.next("gpu", 0.0)
    assert [scheduler.cancel(id) for id in ("a", "b", "b")] == [False, True, False]
    assert [job.id for job in scheduler.line(0.0)] == ["a", "c"]


def test_a_job_whose_worker_was_lost_comes_first_again() -> None:
    scheduler = filled(ticket("a"), ticket("b", "bob"), ticket("c", "new"))
    scheduler.next("gpu", 0.0)
    scheduler.again("a")
    assert drain(scheduler) == ["a", "b", "c"]


def test_both_bounds_are_told_honestly() -> None:
    scheduler = Scheduler(limit=3, per_user=2)
    scheduler.submit(ticket("a"), 0.0)
    scheduler.submit(ticket("b"), 0.0)
    with pytest.raises(QueueFull, match=r"^You have 2 requests waiting already"):
        scheduler.submit(ticket("c"), 0.0)
    scheduler.submit(ticket("d", "bob"), 0.0)
    with pytest.raises(QueueFull, match=r"^3 requests are waiting already"):
        scheduler.submit(ticket("e", "cy"), 0.0)
    assert scheduler.next("gpu", 0.0) == ticket("a")
    scheduler.submit(ticket("f"), 0.0)


def test_a_refused_newcomer_leaves_nothing_behind() -> None:
    scheduler = Scheduler(limit=1, per_user=0)
    with pytest.raises(QueueFull):
        scheduler.submit(ticket("a"), 0.0)
    assert scheduler.next("gpu", 0.0) is None
    assert scheduler.line(0.0) == []

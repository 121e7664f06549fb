import random
from dataclasses import replace

import pytest

from tools.compute.admission import Admission, Role
from tools.compute.costs import Shape
from tools.compute.scheduler import OVERTAKEN, Scheduler
from tools.compute.tickets import Ticket
from tools.errors import QueueFull

GPU, CPU = frozenset({"gpu"}), frozenset({"cpu"})
OPEN = Admission(10**6, 10**6, 1e12)


def ticket(
    id: str,
    user: str = "ann",
    model: str = "m",
    workers: frozenset[str] = GPU,
    shape: Shape | None = None,
    count: int = 1,
) -> Ticket:
    return Ticket(id, user, model, count, workers, shape or Shape())


def drain(scheduler: Scheduler, worker: str = "gpu", seconds: float = 5.0) -> list[str]:
    order = []
    while (taken := scheduler.next(worker, 0.0)) is not None:
        order.append(taken.id)
        scheduler.finished(taken.id, 0.0, seconds)
    return order


def filled(*tickets: Ticket, **settings: object) -> Scheduler:
    scheduler = Scheduler(OPEN)
    for one in tickets:
        scheduler.submit(one, 0.0)
    return scheduler


def taught(seconds: float = 10.0, model: str = "m", shape: Shape | None = None) -> Scheduler:
    """A scheduler that has measured the model, and has it loaded on the gpu."""
    scheduler = Scheduler(OPEN)
    scheduler.costs.learn(model, shape or Shape(), 1, seconds)
    scheduler.costs.learn_loading(model, 0.0)
    return scheduler


def submit(scheduler: Scheduler, *tickets: Ticket, now: float = 0.0) -> None:
    for one in tickets:
        scheduler.submit(one, now)


# ------------------------------------------------------------------------------------- fairness


def test_users_are_taken_in_turn_and_each_in_order_of_arrival() -> None:
    scheduler = filled(
        *(ticket(f"a{i}") for i in range(3)),
        ticket("b0", "bob"),
        ticket("b1", "bob"),
        ticket("c0", "cy"),
    )
    assert drain(scheduler) == ["a0", "b0", "c0", "a1", "b1", "a2"]


def test_turns_are_counted_in_device_seconds_not_in_jobs() -> None:
    scheduler = Scheduler(OPEN)
    large, small = Shape("picture", 40), Shape("picture", 10)
    scheduler.costs.learn("m", large, 1, 40.0)
    scheduler.costs.learn("m", small, 1, 10.0)
    for i in range(8):
        scheduler.submit(ticket(f"a{i}", "ann", shape=large), 0.0)
    for i in range(8):
        scheduler.submit(ticket(f"b{i}", "bob", shape=small), 0.0)
    had = {"ann": 0.0, "bob": 0.0}
    for _ in range(10):
        taken = scheduler.next("gpu", 0.0)
        assert taken is not None
        seconds = 40.0 if taken.user == "ann" else 10.0
        had[taken.user] += seconds
        scheduler.finished(taken.id, 0.0, seconds)
    assert had == {"ann": 80.0, "bob": 80.0}


def test_what_was_measured_counts_not_what_was_expected() -> None:
    scheduler = Scheduler(OPEN)
    submit(scheduler, *(ticket(f"a{i}") for i in range(4)))
    submit(scheduler, *(ticket(f"b{i}", "bob") for i in range(4)))
    first = scheduler.next("gpu", 0.0)
    assert first is not None
    scheduler.finished(first.id, 100.0, 100.0)
    order = []
    for _ in range(3):
        taken = scheduler.next("gpu", 100.0)
        assert taken is not None
        order.append(taken.user)
        scheduler.finished(taken.id, 100.0, 5.0)
    assert order == ["bob", "bob", "bob"]


def test_a_weight_of_three_gets_three_times_the_device() -> None:
    weights = {"ann": 3.0, "bob": 1.0}
    scheduler = Scheduler(OPEN, roles=lambda user: Role(weights[user]))
    for i in range(40):
        submit(scheduler, ticket(f"a{i}", "ann"), ticket(f"b{i}", "bob"))
    first = [id[0] for id in drain(scheduler)[:40]]
    assert first.count("a") == pytest.approx(30, abs=1)


def test_devices_that_share_no_work_keep_separate_accounts() -> None:
    scheduler = Scheduler(OPEN)
    for i in range(20):
        submit(scheduler, ticket(f"w{i}", "ann", "words", CPU))
    assert len(drain(scheduler, "cpu", 100.0)) == 20
    submit(scheduler, ticket("a", "ann"), ticket("b", "bob"))
    assert drain(scheduler) == ["a", "b"]


def test_accounts_meet_when_a_job_connects_two_devices() -> None:
    scheduler = filled(ticket("a", "ann"), ticket("b", "bob", workers=CPU))
    scheduler.submit(ticket("c", "cy", workers=GPU | CPU), 0.0)
    assert {job.id: job.position for job in scheduler.line(0.0)} == {"a": 1, "b": 1, "c": 3}
    assert drain(scheduler, "cpu") == ["b", "c"]
    assert drain(scheduler) == ["a"]


def test_somebody_long_away_comes_before_one_who_floods_but_saves_up_no_more_than_a_minute() -> (
    None
):
    scheduler = filled(*(ticket(f"f{i}", "flood") for i in range(100)))
    for _ in range(50):
        taken = scheduler.next("gpu", 0.0)
        assert taken is not None
        scheduler.finished(taken.id, 0.0, 5.0)
    submit(scheduler, *(ticket(f"n{i}", "new") for i in range(30)))
    order = "".join(id[0] for id in drain(scheduler)[:20])
    assert order.startswith("n" * 12)  # a minute of five seconds each
    assert order[14:] in ("fnfnfn", "nfnfnf")


# ----------------------------------------------------------------------------- urgent and workers


def test_a_worker_gets_only_what_it_can_run_and_passes_over_the_rest() -> None:
    scheduler = filled(ticket("picture"), ticket("words", workers=CPU))
    assert drain(scheduler, "cpu") == ["words"]
    assert drain(scheduler, "gpu") == ["picture"]
    assert scheduler.next("gpu", 0.0) is None


def test_either_of_two_workers_takes_a_job_of_both_once() -> None:
    scheduler = filled(ticket("a", workers=GPU | CPU))
    assert scheduler.next("cpu", 0.0) == ticket("a", workers=GPU | CPU)
    assert scheduler.next("gpu", 0.0) is None


def test_speech_and_short_work_comes_first_within_a_user_and_among_users() -> None:
    scheduler = taught(60.0)
    talk = Shape("text", 64)
    submit(scheduler, ticket("a0"), ticket("a1"), ticket("b0", "bob"))
    submit(scheduler, ticket("say", "ann", "voice", shape=Shape("speech", 8)))
    submit(scheduler, ticket("chat", "bob", "words", shape=talk))
    assert drain(scheduler, seconds=1.0)[:2] == ["say", "chat"]


def test_urgent_work_leaves_the_bulk_its_share() -> None:
    scheduler = taught(10.0)
    scheduler.costs.learn("m", Shape("speech", 8), 1, 2.0)
    submit(scheduler, ticket("bulk", "ann"))
    order = []
    for i in range(60):
        submit(scheduler, ticket(f"s{i}", f"u{i}", shape=Shape("speech", 8)))
        taken = scheduler.next("gpu", 0.0)
        assert taken is not None
        order.append(taken.id)
        scheduler.finished(taken.id, 0.0, 2.0)
    assert 3 <= order.index("bulk") <= 10


def running(scheduler: Scheduler, *tickets: Ticket) -> None:
    for one in tickets:
        scheduler.submit(one, 0.0)
        assert scheduler.next("gpu", 0.0) is not None
        scheduler.started(one.id, 0.0)


def test_bulk_steps_aside_for_a_chat_and_goes_on_after_it() -> None:
    scheduler = taught(60.0)
    running(scheduler, ticket("bulk", "ann"))
    assert not scheduler.should_yield("gpu", 1.0)
    scheduler.submit(ticket("chat", "bob", "words", shape=Shape("text", 64)), 20.0)
    assert not scheduler.should_yield("gpu", 20.0)  # loading would hold up both
    scheduler.resident("gpu", ["words", "m"])
    assert scheduler.should_yield("gpu", 20.0)
    scheduler.pause("bulk", 20.0)
    chat = scheduler.next("gpu", 20.0)
    assert chat is not None
    assert chat.id == "chat"
    scheduler.finished("chat", 22.0, 2.0)
    again = scheduler.next("gpu", 22.0)
    assert again is not None
    assert again.id == "bulk"
    assert scheduler.eta("bulk", 22.0) == pytest.approx(40.0)
    scheduler.finished("bulk", 62.0, 62.0)
    assert scheduler.costs.price("m", Shape(), 1).seconds == pytest.approx(60.0)


def test_two_equal_jobs_never_take_turns_in_stepping_aside() -> None:
    scheduler = taught(10.0)
    running(scheduler, ticket("a", "ann"))
    scheduler.submit(ticket("b", "bob"), 0.0)
    assert not any(scheduler.should_yield("gpu", now) for now in (1.0, 5.0, 9.0))


def test_a_paused_job_stays_with_its_worker_until_that_is_lost() -> None:
    both = GPU | CPU
    scheduler = filled(ticket("a", workers=both))
    assert scheduler.next("gpu", 0.0)
    scheduler.pause("a", 1.0)
    assert scheduler.next("cpu", 1.0) is None
    assert scheduler.next("gpu", 1.0)
    scheduler.again("a", 2.0)
    assert scheduler.next("cpu", 2.0) == ticket("a", workers=both)


def test_only_jobs_of_the_same_model_and_size_join_and_no_more_than_there_is_room() -> None:
    scheduler = taught(10.0)
    small, large = Shape("picture", 64, 20), Shape("picture", 256, 20)
    running(scheduler, ticket("first", shape=small))
    submit(scheduler, ticket("s1", "bob", shape=replace(small, steps=4)))
    submit(scheduler, ticket("big", "cy", shape=large), ticket("s2", "dan", shape=small))
    submit(scheduler, ticket("s3", "eve", shape=small))
    joined = scheduler.join("gpu", 0.0, ticket("first", shape=small), 2)
    assert [one.id for one in joined] == ["s1", "s2"]
    assert scheduler.join("gpu", 0.0, ticket("first", shape=small), 0) == []


def test_nobody_is_passed_by_without_end() -> None:
    scheduler = taught(10.0)
    small, large = Shape("picture", 64, 20), Shape("picture", 256, 20)
    running(scheduler, ticket("first", shape=small))
    submit(scheduler, ticket("big", "big", shape=large))
    passed = 0
    for i in range(50):
        submit(scheduler, ticket(f"s{i}", f"u{i}", shape=small))
        passed += len(scheduler.join("gpu", 0.0, ticket("first", shape=small), 1))
    assert passed == OVERTAKEN


def test_a_batch_takes_in_no_more_once_another_model_has_its_turn() -> None:
    scheduler = taught(10.0)
    scheduler.costs.learn_loading("other", 1.0)
    running(scheduler, ticket("first", "ann"))
    submit(scheduler, ticket("o", "bob", "other"), ticket("m1", "cy"))
    assert [one.id for one in scheduler.join("gpu", 1.0, ticket("first"), 4)] == ["m1"]
    submit(scheduler, ticket("m2", "dan"), now=20.0)
    scheduler.finished("first", 20.0, 20.0)
    assert scheduler.join("gpu", 20.0, ticket("first"), 4) == []
    assert scheduler.wanted("gpu") == ["other", "m"]


def test_work_in_company_is_charged_by_its_share_of_the_device() -> None:
    scheduler = taught(10.0)
    running(scheduler, ticket("a", "ann"), ticket("b", "bob"))
    for id in "ab":
        scheduler.finished(id, 12.0, 12.0)
    assert scheduler.costs.price("m", Shape(), 1).seconds == pytest.approx(6.0)


# ------------------------------------------------------------------------------- place and time


@pytest.mark.parametrize("seed", range(20))
def test_the_positions_foretell_the_order(seed: int) -> None:
    chance = random.Random(seed)
    scheduler = Scheduler(OPEN)
    for number in range(chance.randrange(1, 60)):
        scheduler.submit(ticket(str(number), chance.choice("abcd")), 0.0)
        if chance.random() < 0.3:
            taken = scheduler.next("gpu", 0.0)
            assert taken is not None
            scheduler.finished(taken.id, 0.0, 5.0)
    told = {job.id: job.position for job in scheduler.line(0.0)}
    assert told == {id: place for place, id in enumerate(drain(scheduler), 1)}


def test_position_counts_only_jobs_that_want_the_same_worker() -> None:
    scheduler = filled(ticket("p0"), ticket("p1"), ticket("w0", workers=CPU), ticket("x", "bob"))
    scheduler.next("gpu", 0.0)
    places = {id: scheduler.position(id, 0.0) for id in ("p0", "p1", "w0", "x")}
    assert places == {"p0": 0, "w0": 1, "x": 1, "p1": 2}
    with pytest.raises(KeyError):
        scheduler.position("unheard of", 0.0)


def test_nothing_is_promised_before_anything_was_learnt() -> None:
    scheduler = filled(ticket("a"), ticket("b"))
    scheduler.next("gpu", 0.0)
    assert (scheduler.eta("a", 1.0), scheduler.eta("b", 1.0)) == (None, None)


def test_eta_is_what_runs_and_waits_before_and_the_job_itself() -> None:
    scheduler = taught(10.0)
    submit(scheduler, ticket("a"), ticket("b"), ticket("c"), now=100.0)
    scheduler.next("gpu", 100.0)
    assert [scheduler.eta(id, 104.0) for id in "abc"] == [6.0, 16.0, 26.0]
    scheduler.started("a", 104.0)
    assert scheduler.eta("a", 104.0) == 10.0
    assert scheduler.eta("a", 199.0) == 0.0


def test_eta_counts_loading_as_it_was_learnt() -> None:
    scheduler = Scheduler(OPEN)
    scheduler.costs.learn("m", Shape(), 1, 10.0)
    scheduler.costs.learn("n", Shape(), 1, 10.0)
    running(scheduler, ticket("n0", model="n"))
    scheduler.finished("n0", 10.0, 10.0)
    scheduler.submit(ticket("m0"), 10.0)
    assert scheduler.next("gpu", 10.0)
    scheduler.started("m0", 17.0)
    scheduler.finished("m0", 27.0, 10.0)
    assert scheduler.costs.loading("m") == 7.0
    submit(scheduler, ticket("x", model="m"), ticket("y", model="n"), now=27.0)
    assert [scheduler.eta(id, 27.0) for id in "xy"] == [10.0, 20.0]


def test_eta_is_unknown_behind_a_model_that_never_ran() -> None:
    scheduler = taught(10.0)
    submit(scheduler, ticket("a", model="new"), ticket("b"))
    assert scheduler.eta("b", 0.0) is None


def test_two_workers_halve_the_wait() -> None:
    scheduler = taught(10.0)
    submit(scheduler, *(ticket(id, workers=GPU | CPU) for id in "abcd"))
    etas = [scheduler.eta(id, 0.0) for id in "abcd"]
    assert etas == [10.0, 10.0, 20.0, 20.0]


def test_near_places_are_told_at_each_change_and_far_ones_now_and_then() -> None:
    scheduler = filled(*(ticket(f"a{i}") for i in range(200)))
    assert len(scheduler.changes(0.0)) == 200
    assert scheduler.changes(0.0) == []
    taken = scheduler.next("gpu", 0.1)
    assert taken is not None
    near = [(job.id, job.position) for job in scheduler.changes(0.1)]
    assert near == [(f"a{i}", i) for i in range(1, 6)]
    scheduler.submit(ticket("b", "bob"), 0.1)
    told = {job.id: job.position for job in scheduler.changes(0.1)}
    assert told["b"] == 1
    scheduler.finished(taken.id, 30.0, 5.0)
    assert len(scheduler.changes(30.0)) < 30
    drained = [scheduler.next("gpu", 31.0) for _ in range(100)]
    assert all(drained)
    assert len(scheduler.changes(60.0)) > 90


# ----------------------------------------------------------------- what may go wrong, and bounds


def test_a_failed_job_teaches_nothing() -> None:
    scheduler = filled(ticket("a"))
    scheduler.next("gpu", 0.0)
    scheduler.finished("a", 3.0)
    assert not scheduler.costs.price("m", Shape(), 1).known


def test_cancel_removes_only_what_waits() -> None:
    scheduler = filled(ticket("a"), ticket("b"), ticket("c"))
    scheduler.next("gpu", 0.0)
    assert [scheduler.cancel(id, 0.0) for id in ("a", "b", "b")] == [False, True, False]
    assert [job.id for job in scheduler.line(0.0)] == ["a", "c"]


def test_a_job_whose_worker_was_lost_comes_first_again() -> None:
    scheduler = filled(ticket("a"), ticket("b", "bob"), ticket("c", "new"))
    scheduler.next("gpu", 0.0)
    scheduler.again("a", 7.0)
    assert drain(scheduler) == ["a", "b", "c"]


def test_both_bounds_are_told_honestly() -> None:
    scheduler = Scheduler(Admission(limit=3, per_user=2))
    submit(scheduler, ticket("a"), ticket("b"))
    with pytest.raises(QueueFull, match=r"^You have 2 requests waiting already"):
        scheduler.submit(ticket("c"), 0.0)
    submit(scheduler, ticket("d", "bob"))
    with pytest.raises(QueueFull, match=r"^3 requests are waiting already, about 15 seconds"):
        scheduler.submit(ticket("e", "bob"), 0.0)
    assert scheduler.next("gpu", 0.0) == ticket("a")
    scheduler.submit(ticket("f"), 0.0)


def test_a_full_queue_still_lets_those_in_who_have_nothing_there_up_to_twice_as_many() -> None:
    scheduler = Scheduler(Admission(limit=3, per_user=9))
    submit(scheduler, *(ticket(f"a{i}") for i in range(3)))
    submit(scheduler, *(ticket(name, name) for name in ("bob", "cy", "dan")))
    with pytest.raises(QueueFull, match=r"^6 requests are waiting"):
        scheduler.submit(ticket("eve", "eve"), 0.0)


def test_a_wait_too_long_is_refused_with_the_time_it_would_take() -> None:
    scheduler = Scheduler(Admission(longest=60.0))
    scheduler.costs.learn("m", Shape(), 1, 60.0)
    submit(scheduler, ticket("a"), ticket("b"))
    with pytest.raises(QueueFull, match=r"about 2 minutes until .* 2 wait .* in 60 seconds\.$"):
        scheduler.submit(ticket("c"), 0.0)
    scheduler.submit(ticket("d", "bob"), 0.0)


def test_a_refused_newcomer_leaves_nothing_behind() -> None:
    scheduler = Scheduler(Admission(limit=1, per_user=0))
    with pytest.raises(QueueFull):
        scheduler.submit(ticket("a"), 0.0)
    assert scheduler.next("gpu", 0.0) is None
    assert scheduler.line(0.0) == []


def test_a_daily_budget_ends_and_begins_anew_at_midnight_utc() -> None:
    noon = 12 * 3600.0
    scheduler = Scheduler(OPEN, roles=lambda user: Role(budget=25.0), epoch=noon)
    scheduler.costs.learn("m", Shape(), 1, 10.0)
    submit(scheduler, ticket("a"), ticket("b"))
    with pytest.raises(QueueFull, match=r"about 10 seconds .* 5 seconds left .* in 12 hours\.$"):
        scheduler.submit(ticket("c"), 0.0)
    scheduler.submit(ticket("d", "bob"), 0.0)
    scheduler.submit(ticket("e"), noon)


def test_what_was_never_measured_is_not_refused_while_anything_is_left() -> None:
    scheduler = Scheduler(OPEN, roles=lambda user: Role(budget=2.0))
    submit(scheduler, ticket("a"))
    taken = scheduler.next("gpu", 0.0)
    assert taken is not None
    scheduler.finished(taken.id, 3.0, 3.0)
    with pytest.raises(QueueFull, match="more than the 2 seconds you have a day"):
        scheduler.submit(ticket("b"), 3.0)


def test_what_failed_or_was_cancelled_is_given_back() -> None:
    scheduler = Scheduler(OPEN, roles=lambda user: Role(budget=25.0))
    scheduler.costs.learn("m", Shape(), 1, 10.0)
    submit(scheduler, ticket("done"), ticket("failed"))
    for now, seconds in ((0.0, 12.0), (12.0, None)):
        taken = scheduler.next("gpu", now)
        assert taken is not None
        scheduler.finished(taken.id, now + 12.0, seconds)
    assert scheduler.ledger.today("ann", 24.0) == 12.0
    submit(scheduler, ticket("late"), now=24.0)
    assert scheduler.cancel("late", 24.0)
    assert scheduler.ledger.today("ann", 24.0) == 12.0

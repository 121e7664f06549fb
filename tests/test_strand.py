"""Work that asks, answered from outside."""

import gc
import threading
import weakref
from collections.abc import Callable

from tools.engines.strand import Strand


def test_it_runs_from_question_to_question() -> None:
    log: list[str] = []

    def work(ask: Callable[[str], int]) -> int:
        log.append("begun")
        total = ask("one") + ask("two")
        log.append("ended")
        return total

    strand: Strand[str, int] = Strand(work)
    assert not log
    strand.start()
    assert (log, strand.question) == (["begun"], "one")
    strand.answer(1)
    assert strand.question == "two"
    strand.answer(2)
    assert (log, strand.ended, strand.result) == (["begun", "ended"], True, 3)
    strand.throw(ValueError())  # over: nothing happens
    assert strand.error is None


def test_errors_go_both_ways() -> None:
    def work(ask: Callable[[str], int]) -> int:
        try:
            return ask("?")
        except ValueError as error:
            raise KeyError("mine") from error

    strand: Strand[str, int] = Strand(work)
    strand.start()
    strand.throw(ValueError("yours"))
    assert strand.ended
    assert isinstance(strand.error, KeyError)
    assert isinstance(strand.error.__cause__, ValueError)


def test_many_take_turns_in_threads_of_their_own() -> None:
    def work(ask: Callable[[int], int]) -> int:
        return sum(ask(threading.get_ident()) for _ in range(50))

    strands = [Strand[int, int](work) for _ in range(8)]
    for strand in strands:
        strand.start()
    assert len({strand.question for strand in strands}) == 8
    for turn in range(50):
        for place, strand in enumerate(strands):
            strand.answer(turn * place)
    assert [s.result for s in strands] == [sum(range(50)) * place for place in range(8)]


def test_what_the_work_held_is_let_go_at_its_end() -> None:
    class Weights:
        pass

    weights = Weights()
    gone = weakref.ref(weights)

    def work(ask: Callable[[str], int], held: Weights = weights) -> int:
        return ask("?")

    strand: Strand[str, int] = Strand(work)
    del weights, work
    strand.start()
    assert gone() is not None
    strand.answer(1)
    gc.collect()
    assert (gone(), strand.result) == (None, 1)

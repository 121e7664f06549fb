"""Jobs of one model under way together."""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tools.catalogue import Model, Source
from tools.compute.company import Company, Outcome
from tools.compute.messages import Cancelled, Done, Failed, News, Paused, Progress, Run
from tools.errors import EngineFailed, Refused
from tools.jobs import Artifact, Job, PictureSpec, Spec

MODEL = Model(name="m", family="f", tasks=("draw",), source=Source(folder=Path()), licence="x")


@dataclass(eq=False)
class Sketch:
    """A session that breaks where its prompt says."""

    prompt: str
    total: int
    done: int = 0

    @property
    def finished(self) -> bool:
        return self.done >= self.total


class Easel:
    """An engine with room for so many sessions, that notes what it is told to do."""

    def __init__(self, places: int = 8) -> None:
        self.places, self.log = places, list[str]()

    def can_step(self, spec: Spec) -> bool:
        return True

    def open(self, spec: Spec) -> Sketch:
        assert isinstance(spec, PictureSpec)
        if spec.prompt == "refused":
            raise Refused("Not that.")
        return Sketch(spec.prompt, spec.steps)

    def step(self, sessions: Sequence[Sketch]) -> None:
        self.log.append("step " + " ".join(session.prompt for session in sessions))
        for session in sessions:
            session.done += 1

    def room(self, sessions: Sequence[Sketch]) -> int:
        return max(0, self.places - len(sessions))

    def show(self, sessions: Sequence[Sketch]) -> bytes | None:
        return " ".join(session.prompt for session in sessions).encode()

    def close(self, session: Sketch) -> Artifact:
        return self.close_all([session])[0]()

    def close_all(self, sessions: Sequence[Sketch]) -> list[Callable[[], Artifact]]:
        self.log.append("close " + " ".join(session.prompt for session in sessions))

        def make(session: Sketch) -> Artifact:
            if session.prompt == "broken":
                raise EngineFailed("It broke.")
            return Artifact(session.prompt.encode(), "image/png")

        return [lambda one=one: make(one) for one in sessions]  # type: ignore[misc]  # a default

    def drop(self, session: Sketch) -> None:
        self.log.append(f"drop {session.prompt}")


class AtOnce(Executor):
    """Runs what is submitted before it returns."""

    def submit(self, act: Any, /, *args: Any, **more: Any) -> Future[Any]:
        act(*args, **more)
        return Future()


class Room:
    """A company, and what became of its jobs."""

    def __init__(self, places: int = 8) -> None:
        self.easel, self.said, self.over = Easel(places), list[News](), dict[str, Outcome]()
        self.cancelled, self.pausing = set[str](), set[str]()
        self.company = Company(
            self.easel,
            AtOnce(),
            self.said.append,
            self.cancelled.__contains__,
            self.pausing.__contains__,
            self._say,
        )

    def _say(self, run: Run, outcome: Outcome) -> None:
        assert not isinstance(self.over.get(run.job.id, Paused("")), Done | Failed | Cancelled)
        self.over[run.job.id] = outcome

    def add(self, *pictures: tuple[str, int]) -> str:
        specs = tuple(PictureSpec(prompt, 0, 8, 8, steps, 0.0) for prompt, steps in pictures)
        job = Job("m", specs, "ann")
        self.company.add(Run(job, MODEL))
        return job.id

    def end(self) -> None:
        while self.company:
            self.company.advance()

    def made(self, id: str) -> list[bytes]:
        outcome = self.over[id]
        assert isinstance(outcome, Done)
        return [artifact.data for artifact in outcome.artifacts]


def test_a_job_joins_at_the_next_step_and_leaves_when_it_is_done() -> None:
    room = Room()
    long = room.add(("long", 5))
    room.company.advance()
    room.company.advance()
    short = room.add(("short", 2))
    room.company.advance()
    room.company.advance()
    assert list(room.over) == [short]
    room.end()
    assert [room.made(long), room.made(short)] == [[b"long"], [b"short"]]
    assert room.easel.log == [
        "step long", "step long", "step long short", "step long short", "close short",
        "step long", "close long",
    ]  # fmt: skip


def test_pictures_of_a_job_come_in_order_whenever_they_are_done() -> None:
    room = Room(places=2)
    job = room.add(("a", 3), ("b", 1), ("c", 1))
    assert room.company.room() == 0
    room.end()
    assert room.made(job) == [b"a", b"b", b"c"]
    assert room.easel.log[:3] == ["step a b", "close b", "step a c"]


def test_a_cancelled_job_leaves_at_the_next_step_and_the_others_go_on() -> None:
    room = Room()
    stays, leaves = room.add(("stays", 3)), room.add(("leaves", 3), ("too", 3))
    room.company.advance()
    room.cancelled.add(leaves)
    room.end()
    assert room.over[leaves] == Cancelled(leaves)
    assert room.made(stays) == [b"stays"]
    assert [line for line in room.easel.log if "leaves" in line] == [
        "step stays leaves too", "drop leaves",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("prompt", "sentence"), [("refused", "Not that."), ("broken", "It broke.")]
)
def test_what_breaks_takes_its_own_job_only(prompt: str, sentence: str) -> None:
    room = Room()
    sound, job = room.add(("sound", 3)), room.add(("with", 9), (prompt, 1))
    room.end()
    failed = room.over[job]
    assert isinstance(failed, Failed)
    assert failed.sentence == sentence
    assert room.made(sound) == [b"sound"]
    assert "drop with" in room.easel.log
    assert len([line for line in room.easel.log if "step" in line]) == 3


def test_all_are_told_when_the_engine_breaks() -> None:
    room = Room()
    jobs = room.add(("a", 3)), room.add(("b", 3))
    room.company.advance()
    room.company.give_up(EngineFailed("Broken."))
    assert not room.company
    assert [room.over[job] for job in jobs] == [
        Failed(job, "EngineFailed", "Broken.") for job in jobs
    ]


def test_progress_counts_the_steps_of_all_pictures_and_shows_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tools.compute.company.PREVIEW_EVERY", 0.0)
    monkeypatch.setattr("tools.compute.answers.INTERVAL", 0.0)
    room = Room(places=2)
    job = room.add(("a", 2), ("b", 2), ("c", 2))
    room.add(("other", 4))
    room.end()
    told = [n for n in room.said if isinstance(n, Progress) and n.id == job and n.total]
    assert (told[-1].done, told[-1].total) == (6, 6)
    assert [n.done for n in told] == sorted(n.done for n in told)
    assert {n.preview for n in told if n.preview} <= {b"a b", b"c"}


def test_time_spent_together_is_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    room = Room()
    now = [0.0]
    monkeypatch.setattr("tools.compute.company.time.monotonic", lambda: now[0])
    step = room.easel.step

    def slow(sessions: Sequence[Sketch]) -> None:
        now[0] += 6.0
        step(sessions)

    monkeypatch.setattr(room.easel, "step", slow)
    one, two = room.add(("a", 2)), room.add(("b", 1), ("c", 1))
    room.end()
    first, second = room.over[one], room.over[two]
    assert isinstance(first, Done)
    assert isinstance(second, Done)
    assert (first.seconds, second.seconds) == (2.0 + 6.0, 4.0)

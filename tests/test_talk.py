"""Plain conversation: streamed, short, and out of the queue when nobody listens any more."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from agents.models.talk import OPENING, talk
from tests.fakes import FakeRunner, catalogue, model
from tests.rooms import room
from tools.errors import EngineFailed, ModelUnavailable
from tools.jobs import Artifact, Job, Note, Report, TextSpec


class Writer(FakeRunner):
    """Shows a text piece by piece, then hands over the whole; `stay` never ends."""

    def __init__(self, shown: Sequence[str], whole: str, *, stay: bool = False) -> None:
        super().__init__()
        self.shown, self.whole, self.stay = shown, whole, stay
        self.ended = asyncio.Event()

    async def run(self, job: Job, report: Report) -> list[Artifact]:
        self.jobs.append(job)
        report(Note("queued", position=1))
        for text in self.shown:
            report(Note("running", preview=text.encode()))
        try:
            if self.stay:
                await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            self.ended.set()
        return [Artifact(self.whole.encode(), "text/plain")]


async def said(runner: FakeRunner, *past: tuple[str, str]) -> list[str]:
    past = past or (("user", "hi"),)
    return [piece async for piece in talk(past, runner, catalogue(), "console:ann")]


async def test_it_is_streamed_piece_by_piece() -> None:
    assert await said(Writer(["Hel", "Hello", "Hello", "Hello there"], "Hello there.")) == [
        "Hel",
        "lo",
        " there",
        ".",
    ]
    assert await said(Writer([], "All at once.")) == ["All at once."]


async def test_a_small_model_is_given_little_of_the_past_and_all_of_the_request() -> None:
    runner = FakeRunner("ok")
    past = [("user" if n % 2 else "assistant", f"{n} " + "x" * 5000) for n in range(20)]
    await said(runner, *past)
    (spec,) = runner.prompts
    assert isinstance(spec, TextSpec)
    assert spec.messages[:4] == OPENING
    assert [text[:2] for _, text in spec.messages[4:]] == ["13", "14", "15", "16", "17", "18", "19"]
    assert max(len(text) for _, text in spec.messages[:-1]) <= 600
    assert len(spec.messages[-1][1]) > 5000
    assert runner.jobs[0].user == "console:ann"


async def test_the_job_has_ended_when_nobody_listens_any_more() -> None:
    runner = Writer(["Hello"], "never", stay=True)
    pieces = talk([("user", "hi")], runner, catalogue(), "u")
    assert await anext(pieces) == "Hello"
    await pieces.aclose()  # type: ignore[attr-defined]  # it is a generator
    assert runner.ended.is_set()


async def test_failures_are_raised() -> None:
    with pytest.raises(EngineFailed, match="It broke"):
        await said(FakeRunner(fails=EngineFailed("It broke.")))
    only_pictures = catalogue(model())
    with pytest.raises(ModelUnavailable):
        _ = [p async for p in talk([("user", "hi")], FakeRunner(), only_pictures, "u")]


async def test_the_queue_knows_whose_turn_it_is_by_one_name(tmp_path: Path) -> None:
    runner = FakeRunner("Fine, thanks.")
    async with room(tmp_path, runner) as here:
        await here.say("how are you today?")
        await here.say("write a poem about rain")
    assert [job.user for job in runner.jobs[:2]] == ["terminal:ana"] * 2


async def test_the_request_is_written_as_a_sentence() -> None:
    runner = FakeRunner("ok")
    await said(runner, ("user", "hello there"))
    assert runner.prompts[0].messages[-1] == ("user", "Hello there.")

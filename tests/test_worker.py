import json
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from typing import BinaryIO

import pytest

from tools.catalogue import Model, Source
from tools.compute.answers import INTERVAL
from tools.compute.devices import WorkerPlan
from tools.compute.messages import (
    Cancel,
    Cancelled,
    Done,
    Failed,
    Loading,
    Logged,
    News,
    Order,
    Pause,
    Paused,
    Progress,
    Ready,
    Resident,
    Room,
    Run,
    Setup,
    pack,
    read_order,
)
from tools.compute.worker import Worker
from tools.jobs import Job, PictureSpec

HERE = Path(__file__).parent


@pytest.fixture(autouse=True)
def _engines_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(HERE)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "calls").touch()
    return tmp_path


def setup(files: Path, memory: int = 1000, device: str = "cpu") -> Setup:
    plan = WorkerPlan("w", device, frozenset({"fake"}), 1, memory)
    return Setup(plan, files, "fake_engines:ENGINES")


def model(files: Path, name: str = "m", memory: int = 400, **options: object) -> Model:
    source = Source(folder=files)
    return Model(
        name=name, family="fake", tasks=("draw",), source=source, licence="x",
        memory=memory, options=options,
    )  # fmt: skip


def job(*prompts: str) -> Job:
    return Job("m", tuple(PictureSpec(p, 0, 8, 8, 1, 0.0) for p in prompts), "ann")


class Bench:
    """A worker in this process, and what it says."""

    def __init__(self, files: Path, memory: int = 1000) -> None:
        self.files, self.said = files, list[News]()
        self.worker = Worker(setup(files, memory), self.said.append)

    def run(self, *prompts: str, on: Model | None = None) -> Done | Failed | Cancelled:
        return self.worker.answer(Run(job(*prompts), on or model(self.files)))

    @property
    def calls(self) -> list[str]:
        return (self.files / "calls").read_text(encoding="utf-8").splitlines()


@pytest.fixture
def bench(files: Path) -> Bench:
    return Bench(files)


def test_a_job_gives_one_artifact_per_spec_in_order(bench: Bench) -> None:
    answer = bench.run("echo one", "echo two")
    assert isinstance(answer, Done)
    assert [a.data for a in answer.artifacts] == [b"one", b"two"]
    assert [type(n) for n in bench.said[:3]] == [Loading, Resident, Progress]


def test_a_model_is_loaded_once_and_a_job_without_specs_only_loads(bench: Bench) -> None:
    assert isinstance(bench.run(), Done)
    bench.run("echo")
    assert bench.calls == ["m load", "m generate 1"]


def test_the_least_recently_used_model_makes_room(bench: Bench, files: Path) -> None:
    for name in ("a", "b", "a", "c"):
        bench.run(on=model(files, name))
    assert bench.calls == ["a load", "b load", "b unload", "c load"]
    assert bench.worker.shelf.names == ["a", "c"]


def test_a_model_above_the_budget_is_tried_alone(bench: Bench, files: Path) -> None:
    bench.run(on=model(files, "small"))
    assert isinstance(bench.run("echo", on=model(files, "huge", memory=5000)), Done)
    assert bench.worker.shelf.names == ["huge"]


def test_out_of_memory_unloads_the_others_then_halves_the_batch(bench: Bench, files: Path) -> None:
    bench.run(on=model(files, "other"))
    answer = bench.run("echo 1", "echo 2", "echo 3", on=model(files, batch=2))
    assert isinstance(answer, Done)
    assert [a.data for a in answer.artifacts] == [b"1", b"2", b"3"]
    assert bench.calls[2:] == [
        "m generate 3", "other unload", "m generate 3", "m generate 2", "m generate 1",
    ]  # fmt: skip
    steps = [(n.done, n.total) for n in bench.said if isinstance(n, Progress)]
    assert steps[-1] == (3, 3)


@pytest.mark.parametrize("count", [1, 5])
def test_out_of_memory_in_the_end_is_one_sentence(bench: Bench, files: Path, count: int) -> None:
    answer = bench.run(*["oom"] * count, on=model(files, batch=2))
    assert isinstance(answer, Failed)
    assert (answer.kind, answer.sentence.count("\n")) == ("OutOfMemory", 0)
    assert "fewer or smaller" in answer.sentence


def test_out_of_memory_while_loading_is_tried_again_alone(bench: Bench, files: Path) -> None:
    bench.run(on=model(files, "other"))
    answer = bench.run(on=model(files, load="oom"))
    assert isinstance(answer, Failed)
    assert answer.kind == "OutOfMemory"
    assert "does not fit" in answer.sentence
    assert bench.calls == [
        "other load", "m load", "m unload", "other unload", "m load", "m unload",
    ]  # fmt: skip
    assert bench.worker.shelf.names == []


def resting(files: Path, name: str, **options: str | int) -> Model:
    return model(files, name).model_copy(update={"family": "parking", "options": options})


def parked(files: Path, host: int) -> Bench:
    bench = Bench(files)
    plan = replace(setup(files).plan, host=host)
    bench.worker = Worker(replace(setup(files), plan=plan), bench.said.append)
    return bench


def test_weights_wait_in_host_memory_as_far_as_there_is_room(files: Path) -> None:
    bench = parked(files, host=800)
    for name in ("a", "b", "c", "d", "e", "c"):
        bench.run(on=resting(files, name))
    assert bench.worker.shelf.names == ["e", "c"]
    assert bench.calls == [
        "a load", "b load", "a park", "c load", "b park", "d load", "c park", "a unload", "e load",
        "d park", "b unload", "c wake",
    ]  # fmt: skip
    assert bench.worker.shelf.parked == ["d"]


def test_without_room_in_host_memory_models_are_unloaded(files: Path) -> None:
    bench = parked(files, host=300)
    for name in ("a", "b", "c"):
        bench.run(on=resting(files, name))
    assert "a unload" in bench.calls


def test_a_model_that_cannot_come_back_is_loaded_again(files: Path) -> None:
    bench = parked(files, host=800)
    for name in ("a", "b", "c", "a"):
        answer = bench.run(on=resting(files, name, wake="oom"))
        assert isinstance(answer, Done)
    assert bench.calls[-3:] == ["a wake", "a unload", "a load"]


def test_models_that_others_wait_for_are_the_last_to_make_room(files: Path) -> None:
    bench = Bench(files, memory=1200)
    for name in ("a", "b", "c"):
        bench.run(on=model(files, name))
    bench.worker.answer(Run(job(), model(files, "d"), wanted=("a", "b")))
    assert bench.worker.shelf.names == ["a", "b", "d"]
    bench.worker.answer(Run(job(), model(files, "e", memory=800), wanted=("d", "a", "b")))
    assert bench.worker.shelf.names == ["d", "e"]
    resident = [n.models for n in bench.said if isinstance(n, Resident)]
    assert resident[-1] == (("d", 400), ("e", 800))


def test_weights_are_offloaded_when_nothing_else_gives_memory(files: Path) -> None:
    bench = Bench(files)
    answer = bench.run("echo 1", "echo 2", on=resting(files, "m", batch=0))
    assert isinstance(answer, Done)
    assert [a.data for a in answer.artifacts] == [b"1", b"2"]
    assert bench.calls == [
        "m load", "m generate 2", "m generate 1", "m offload", "m generate 1", "m generate 1",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("prompt", "kind", "sentence"),
    [
        ("refuse Not that.", "Refused", "Not that."),
        ("fail It broke.", "EngineFailed", "It broke."),
        ("gone Fetch it.", "ModelUnavailable", "Fetch it."),
        ("bug", "EngineFailed", "The model m broke at this request; the log says why."),
    ],
)
def test_failures_keep_their_kind_and_their_sentence(
    bench: Bench, caplog: pytest.LogCaptureFixture, prompt: str, kind: str, sentence: str
) -> None:
    answer = bench.run(prompt)
    assert isinstance(answer, Failed)
    assert (answer.kind, answer.sentence) == (kind, sentence)
    assert ("Traceback" in caplog.text) is (prompt == "bug")
    assert isinstance(bench.run("echo"), Done)


def test_a_model_that_is_not_here_says_so(bench: Bench, files: Path) -> None:
    missing = Model(
        name="m", family="fake", tasks=(), source=Source(folder=files / "no"), licence="x"
    )
    answer = bench.run("echo", on=missing)
    assert isinstance(answer, Failed)
    assert answer.kind == "ModelUnavailable"
    assert str(files) not in answer.sentence


def test_an_unknown_family_is_told(bench: Bench, files: Path) -> None:
    answer = bench.run("echo", on=model(files).model_copy(update={"family": "unheard"}))
    assert isinstance(answer, Failed)
    assert "unheard" in answer.sentence


def test_progress_is_throttled_and_the_last_word_passes(bench: Bench) -> None:
    bench.run("steps 5000")
    steps = [n for n in bench.said if isinstance(n, Progress)]
    assert 3 <= len(steps) < 30
    assert (steps[-1].done, steps[-1].total) == (1, 1)


def test_previews_pass_as_often_as_progress_and_none_is_replaced_by_an_older(bench: Bench) -> None:
    bench.run("previews 20000")
    seen = [n.preview for n in bench.said if isinstance(n, Progress) and n.preview]
    numbers = [int(p.removeprefix(b"jpeg")) for p in seen]
    assert seen
    assert numbers == sorted(numbers)
    assert len(seen) <= 2 / INTERVAL


def test_cancel_stops_a_job_at_its_next_step_and_the_worker_goes_on(bench: Bench) -> None:
    stopped = job("echo")
    bench.worker.obey(Cancel(stopped.id))
    assert bench.worker.answer(Run(stopped, model(bench.files))) == Cancelled(stopped.id)
    assert isinstance(bench.run("echo"), Done)


def test_a_spoilt_cuda_process_ends_and_others_go_on(files: Path) -> None:
    said: list[News] = []
    worker = Worker(setup(files, device="cuda:0"), said.append)
    for prompt in ("refuse no", "oom", "bug"):
        worker.obey(Run(job(prompt), model(files)))
    worker.serve()
    assert [n.kind for n in said if isinstance(n, Failed)] == [
        "Refused", "OutOfMemory", "EngineFailed",
    ]  # fmt: skip


def stepping(files: Path) -> Model:
    return model(files).model_copy(update={"family": "stepping"})


def served(files: Path, *runs: Run, answers: int) -> list[News]:
    """Have a worker in this process serve until it has answered so often."""
    said: list[News] = []
    enough = threading.Event()

    def send(news: News) -> None:
        said.append(news)
        if sum(isinstance(n, Done | Failed | Cancelled) for n in said) == answers:
            enough.set()

    worker = Worker(setup(files), send)
    for run in runs:
        worker.obey(run)
    threading.Thread(target=worker.serve, daemon=True).start()
    assert enough.wait(20)
    return said


def long(steps: int, prompt: str = "cat", count: int = 1) -> Job:
    return Job("m", (PictureSpec(prompt, 0, 8, 8, steps, 0.0),) * count, "ann")


def test_jobs_of_an_engine_with_steps_share_them(files: Path) -> None:
    jobs = long(4), long(2), long(3, count=2)
    said = served(files, *[Run(one, stepping(files)) for one in jobs], answers=3)
    calls = (files / "calls").read_text(encoding="utf-8").splitlines()
    assert [c for c in calls if "step" in c] == [f"m step {n}" for n in (1, 4, 4, 3)]
    ended = [n.id for n in said if isinstance(n, Done)]
    assert set(ended) == {one.id for one in jobs}
    assert Room(0, 3) in said


def test_what_cannot_share_waits_for_the_end_of_those_that_can(files: Path) -> None:
    first, other, third = long(3), long(1, "whole"), long(1)
    runs = [Run(one, stepping(files)) for one in (first, other, third)]
    said = served(files, *runs, answers=3)
    calls = (files / "calls").read_text(encoding="utf-8").splitlines()
    assert [c.removeprefix("m ") for c in calls[1:]] == [
        "step 1", "step 1", "step 1", "close 1", "generate 1", "step 1", "close 1",
    ]  # fmt: skip
    assert {n.id for n in said if isinstance(n, Done)} == {j.id for j in (first, other, third)}


class Serving:
    """A worker in this process that serves in a thread, and what it says as it says it."""

    def __init__(self, files: Path) -> None:
        self.said: SimpleQueue[News] = SimpleQueue()
        self.worker = Worker(setup(files), self.said.put)
        threading.Thread(target=self.worker.serve, daemon=True).start()

    def hear(self, *kinds: type[News]) -> News:
        while True:
            news = self.said.get(timeout=20)
            if isinstance(news, kinds):
                return news


def test_a_paused_job_keeps_its_steps_and_others_go_before_it(files: Path) -> None:
    serving = Serving(files)
    slow, quick = long(300), long(1, "whole")
    serving.worker.obey(Run(slow, stepping(files)))
    serving.hear(Room)
    serving.worker.obey(Pause(slow.id))
    assert serving.hear(Paused) == Paused(slow.id)
    other = model(files, "other")
    for run in (Run(quick, stepping(files)), Run(long(1, "echo"), other)):
        serving.worker.obey(run)
        assert isinstance(serving.hear(Done, Failed), Done)
    serving.worker.obey(Run(slow, stepping(files)))
    done = serving.hear(Done, Failed)
    assert isinstance(done, Done)
    assert done.id == slow.id
    calls = (files / "calls").read_text(encoding="utf-8").splitlines()
    assert calls.count("m step 1") == 300
    assert "m generate 1" in calls[: calls.index("m close 1")]


def test_a_paused_job_can_be_cancelled(files: Path) -> None:
    serving = Serving(files)
    slow = long(5000)
    serving.worker.obey(Run(slow, stepping(files)))
    serving.hear(Room)
    serving.worker.obey(Pause(slow.id))
    serving.hear(Paused)
    serving.worker.obey(Cancel(slow.id))
    assert serving.hear(Cancelled) == Cancelled(slow.id)
    assert "m drop" in (files / "calls").read_text(encoding="utf-8")


def test_a_paused_job_whose_model_was_unloaded_begins_anew(files: Path) -> None:
    serving = Serving(files)
    slow = long(300)
    serving.worker.obey(Run(slow, stepping(files)))
    serving.hear(Room)
    serving.worker.obey(Pause(slow.id))
    serving.hear(Paused)
    serving.worker.obey(Run(long(1, "echo"), model(files, "large", memory=900)))
    serving.hear(Done)
    before = (files / "calls").read_text(encoding="utf-8").count("m step 1")
    serving.worker.obey(Run(slow, stepping(files)))
    assert isinstance(serving.hear(Done, Failed), Done)
    calls = (files / "calls").read_text(encoding="utf-8")
    assert calls.count("m step 1") == before + 300


def test_what_finds_no_memory_in_company_is_tried_by_itself(files: Path) -> None:
    lean, other = long(2, "lean"), long(3)
    said = served(files, *[Run(one, stepping(files)) for one in (other, lean)], answers=2)
    assert [n.id for n in said if isinstance(n, Done)] == [other.id, lean.id]
    assert (files / "calls").read_text(encoding="utf-8").endswith("m generate 1\n")


# The process itself.


class Process:
    """A real worker process at the ends of its pipes."""

    def __init__(self, files: Path, cwd: Path) -> None:
        path = os.pathsep.join([str(HERE), str(HERE.parent), *sys.path])
        self.popen = subprocess.Popen(
            [sys.executable, "-P", "-m", "tools.compute.process"], cwd=cwd,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path},
        )  # fmt: skip
        self.stdin, self.stdout = _open(self.popen.stdin), _open(self.popen.stdout)
        self.stderr = _open(self.popen.stderr)
        self.say(setup(files))
        assert self.hear() == Ready()

    def say(self, order: Order) -> None:
        self.stdin.write(pack(order))
        self.stdin.flush()

    def hear(self) -> News:
        news: object = read_order(self.stdout)  # the frames are the same both ways
        assert isinstance(news, News)
        return news

    def hear_until(self, kind: type[News], done: int = 0) -> News:
        while True:
            news = self.hear()
            if isinstance(news, kind) and getattr(news, "done", 0) >= done:
                return news


def _open(stream: object) -> BinaryIO:
    assert stream is not None
    return stream  # type: ignore[return-value]  # Popen's streams are typed IO[bytes]


@pytest.fixture
def process(files: Path, tmp_path: Path) -> Iterator[Process]:
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "__init__.py").write_text("raise SystemExit('the wrong tools')")
    running = Process(files, cwd=tmp_path)
    yield running
    running.popen.kill()
    for stream in (running.stdin, running.stdout, running.stderr):
        stream.close()
    running.popen.wait()


def test_the_process_answers_and_what_is_printed_cannot_garble_the_pipe(
    process: Process, files: Path
) -> None:
    process.say(Run(job("print hello", "echo 1"), model(files)))
    assert isinstance(process.hear_until(Done), Done)
    assert process.stderr.readline() == b"hello\n"


@pytest.mark.parametrize("prompt", ["hang", "spin"])
def test_the_process_ends_at_once_with_its_parent_even_in_a_job(
    process: Process, files: Path, prompt: str
) -> None:
    process.say(Run(job(prompt), model(files)))
    process.hear_until(Progress, done=1)
    process.stdin.close()
    assert process.popen.wait(timeout=10) == 0


def test_signals_meant_for_the_parent_do_not_end_the_process(process: Process, files: Path) -> None:
    os.mkfifo(files / "gate")
    process.say(Run(job(f"wait {files / 'gate'}"), model(files)))
    process.hear_until(Progress, done=1)
    process.popen.send_signal(signal.SIGINT)
    process.popen.send_signal(signal.SIGTERM)
    (files / "gate").write_bytes(b"x")
    assert isinstance(process.hear_until(Done), Done)


def test_cancel_reaches_a_running_job(process: Process, files: Path) -> None:
    os.mkfifo(files / "gate")
    run = Run(job(f"wait {files / 'gate'}"), model(files))
    process.say(run)
    process.hear_until(Progress, done=1)
    process.say(Cancel(run.job.id))
    assert process.hear_until(Cancelled) == Cancelled(run.job.id)


def test_a_job_joins_one_that_runs(process: Process, files: Path) -> None:
    os.mkfifo(files / "gate")
    first, second = long(500, f"gate {files / 'gate'}"), long(2)
    process.say(Run(first, stepping(files)))
    assert process.hear_until(Room) == Room(3, 1)
    process.say(Run(second, stepping(files)))
    (files / "gate").write_bytes(b"x")
    done = process.hear_until(Done)
    assert isinstance(done, Done)
    assert done.id == second.id
    process.say(Cancel(first.id))
    assert process.hear_until(Cancelled) == Cancelled(first.id)


def test_the_log_crosses_the_pipe_with_its_traceback(process: Process, files: Path) -> None:
    process.say(Run(job("bug"), model(files)))
    logged = process.hear_until(Logged)
    assert isinstance(logged, Logged)
    assert "ValueError: /secret/path" in logged.text


PARENT = """
import asyncio, json, sys
from pathlib import Path
from tools.catalogue import Catalogue, Model, Source
from tools.compute.devices import WorkerPlan
from tools.compute.pool import Pool
from tools.jobs import Job, PictureSpec

with open({marker!r}, "a") as file:
    file.write("x")

async def main():
    here = Path({files!r})
    model = Model(name="m", family="fake", tasks=("draw",), source=Source(folder=here), licence="x")
    catalogue = Catalogue({{"m": model}}, {{"starter": {{"draw": "m"}}}})
    plan = WorkerPlan("w", "cpu", frozenset({{"fake"}}), 1, 1000)
    def job(prompt): return Job("m", (PictureSpec(prompt, 0, 8, 8, 1, 0.0),), "ann")
    async with Pool(catalogue, here, [plan], engines="fake_engines:ENGINES") as pool:
        (artifact,) = await pool.run(job("echo"), lambda note: None)
        def say(note):
            if note.done: print(json.dumps(artifact.facts), flush=True)
        await pool.run(job("spin"), say)

if __name__ == "__main__":
    asyncio.run(main())
"""


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="needs Linux")
def test_kill_9_of_the_parent_leaves_no_orphan(files: Path) -> None:
    script, marker = files / "parent.py", files / "marker"
    script.write_text(PARENT.format(files=str(files), marker=str(marker)))
    path = os.pathsep.join([str(HERE), str(HERE.parent)])
    with subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path},
    ) as parent:
        assert parent.stdout is not None
        child = os.pidfd_open(json.loads(parent.stdout.readline())["pid"])
        try:
            parent.kill()
            assert select.select([child], [], [], 10)[0], "the worker outlived its parent"
        finally:
            os.close(child)
    assert marker.read_text() == "x", "the parent's main module ran again in the worker"

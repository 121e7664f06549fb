import asyncio
import os
import select
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tools.catalogue import Catalogue, Model, Source
from tools.compute.admission import Admission
from tools.compute.devices import WorkerPlan
from tools.compute.pool import Pool
from tools.compute.scheduler import Scheduler
from tools.errors import EngineFailed, ModelUnavailable, OutOfMemory, QueueFull, Refused
from tools.jobs import Artifact, Job, Note, PictureSpec

LIMIT = 20.0
HERE = Path(__file__).parent
PAINT = WorkerPlan("pictures", "cpu", frozenset({"fake"}), 3, 1000)
SPEAK = WorkerPlan("words", "cpu", frozenset({"voice"}), 1, 1000)


class Told:
    """What a waiting user is told; `busy` is set when the job has made a step."""

    def __init__(self) -> None:
        self.notes: list[Note] = []
        self.busy, self.queued = asyncio.Event(), asyncio.Event()

    def __call__(self, note: Note) -> None:
        self.notes.append(note)
        if note.phase == "queued":
            self.queued.set()
        elif note.done:
            self.busy.set()

    @property
    def phases(self) -> list[str]:
        return list(dict.fromkeys(note.phase for note in self.notes))


class House:
    """A pool with a fake model, and everything that was started in it."""

    def __init__(self, pool: Pool, files: Path) -> None:
        self.pool, self.files = pool, files
        self.gate = files / "gate"
        os.mkfifo(self.gate)

    async def run(
        self, *prompts: str, user: str = "ann", told: Told | None = None, model: str = "m"
    ) -> list[Artifact]:
        specs = tuple(PictureSpec(p, 0, 8, 8, 1, 0.0) for p in prompts)
        job = Job(model, specs, user)
        return await asyncio.wait_for(self.pool.run(job, told or Told()), LIMIT)

    async def busy(self, prompt: str, user: str = "ann") -> tuple[asyncio.Task[Any], Told]:
        """Start a job and return once it is running."""
        told = Told()
        task = asyncio.create_task(self.run(prompt, user=user, told=told))
        await asyncio.wait_for(told.busy.wait(), LIMIT)
        return task, told

    async def waiting(self, prompt: str, user: str = "ann") -> tuple[asyncio.Task[Any], Told]:
        """Start a job and return once it is told that it waits."""
        told = Told()
        task = asyncio.create_task(self.run(prompt, user=user, told=told))
        await asyncio.wait_for(told.queued.wait(), LIMIT)
        return task, told

    async def block(self, user: str = "ann") -> asyncio.Task[Any]:
        return (await self.busy(f"wait {self.gate}", user))[0]

    def release(self) -> None:
        self.gate.write_bytes(b"x")

    async def pid(self) -> int:
        return int(str((await self.run("echo"))[0].facts["pid"]))

    @property
    def calls(self) -> list[str]:
        return (self.files / "calls").read_text(encoding="utf-8").splitlines()


def catalogue(files: Path) -> Catalogue:
    def model(name: str, family: str = "fake", **more: Any) -> Model:
        source = Source(folder=files)
        return Model(
            name=name,
            family=family,
            tasks=("draw",),
            source=source,
            licence="x",
            memory=400,
            **more,
        )

    models = [
        model("m"),
        model("v", "voice"),
        model("alien", "alien"),
        model("strict", accept=True),
        model("s", "stepping"),
    ]
    return Catalogue({m.name: m for m in models}, {"starter": {"draw": "m"}})


Open = Callable[..., Coroutine[Any, Any, House]]


@pytest.fixture
async def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Open]:
    monkeypatch.syspath_prepend(HERE)
    pools: list[Pool] = []

    async def enter(*plans: WorkerPlan, **settings: Any) -> House:
        settings = {"engines": "fake_engines:ENGINES"} | settings
        pool = Pool(catalogue(tmp_path), tmp_path, plans or [PAINT], **settings)
        pools.append(await pool.__aenter__())
        return House(pool, tmp_path)

    yield enter
    for pool in pools:
        await asyncio.wait_for(pool.__aexit__(None, None, None), LIMIT)


@pytest.fixture
async def house(opened: Open) -> House:
    return await opened()


def gone(pid: int) -> bool:
    """Whether a process has ended and is no zombie."""
    return not Path(f"/proc/{pid}").exists()


def children() -> int | None:
    """How many child processes there are, zombies included; None where that is not to be had."""
    file = Path(f"/proc/self/task/{os.getpid()}/children")
    return len(file.read_text().split()) if file.exists() else None


async def test_a_job_tells_how_it_goes_and_gives_its_artifacts_in_order(house: House) -> None:
    told = Told()
    artifacts = await house.run("echo one", "threads", "echo three", told=told)
    assert [a.data for a in artifacts] == [b"one", b"3", b"three"]
    assert told.phases == ["queued", "loading", "running"]
    assert (told.notes[0].position, told.notes[-1].done, told.notes[-1].total) == (1, 3, 3)


async def test_large_artifacts_cross_while_the_loop_goes_on(house: House) -> None:
    task = asyncio.create_task(house.run("big 30000000"))
    turns = 0
    while not task.done():
        turns += 1
        await asyncio.sleep(0)
    assert len((await task)[0].data) == 30_000_000
    assert turns > 100


async def test_users_are_taken_in_turn_and_told_their_place(house: House) -> None:
    first = await house.block()
    order: list[str] = []

    def note_done(name: str, _: asyncio.Task[Any]) -> None:
        order.append(name)

    tasks, tolds = [first], []
    for name, user in (("a2", "ann"), ("a3", "ann"), ("b1", "bob")):
        task, told = await house.waiting(f"echo {name}", user)
        task.add_done_callback(partial(note_done, name))
        tasks.append(task)
        tolds.append(told)
    assert [[n.position for n in t.notes] for t in tolds] == [[1, 2], [2, 3], [1]]
    house.release()
    await asyncio.gather(*tasks)
    assert order == ["b1", "a2", "a3"]
    assert [n.position for n in tolds[1].notes if n.phase == "queued"] == [2, 3, 2, 1]


async def test_the_queue_shows_what_runs_and_what_waits(house: House) -> None:
    first = await house.block()
    second, _ = await house.waiting("echo", "bob")
    running, waiting = house.pool.queue()
    assert (running.status, running.position, running.user) == ("running", 0, "ann")
    assert (running.done, running.total) != (0, 0)
    assert (waiting.status, waiting.position, waiting.count) == ("queued", 1, 1)
    assert [job.user for job in house.pool.queue("bob")] == ["bob"]
    house.release()
    await asyncio.gather(first, second)
    assert house.pool.queue() == []


async def test_eta_is_learnt(house: House) -> None:
    await house.run("echo")
    told = Told()
    await house.run("echo", told=told)
    assert told.notes[0].eta is not None


async def test_words_do_not_wait_for_pictures(opened: Open) -> None:
    house = await opened(PAINT, SPEAK)
    painting = await house.block()
    with pytest.raises(EngineFailed, match="voice"):  # the worker answers: no such engine
        await house.run("echo", model="v")
    house.release()
    await painting


async def test_a_cancelled_job_in_the_queue_never_runs_and_the_others_move_up(house: House) -> None:
    first = await house.block()
    second, _ = await house.waiting("echo second")
    third, told = await house.waiting("echo third")
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    house.release()
    await asyncio.gather(first, third)
    assert [n.position for n in told.notes if n.phase == "queued"] == [2, 1]
    assert house.calls.count("m generate 1") == 2


async def test_a_cancelled_running_job_frees_its_worker_without_a_restart(house: House) -> None:
    pid = await house.pid()
    running = await house.block()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert await house.pid() == pid


async def test_a_worker_that_does_not_stop_is_killed(opened: Open) -> None:
    house = await opened(grace=0.05)
    pid = await house.pid()
    running, _ = await house.busy(f"deaf {house.gate}")
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert await house.pid() != pid
    assert gone(pid)


async def test_a_job_is_cancelled_before_its_worker_has_started(house: House) -> None:
    task, _ = await house.waiting("echo never")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await house.run("echo")
    assert house.calls.count("m generate 1") == 1


async def test_a_killed_worker_is_replaced_and_its_job_done_again(house: House) -> None:
    pid = await house.pid()
    running, told = await house.busy(f"wait {house.gate}")
    told.busy.clear()
    os.kill(pid, signal.SIGKILL)
    await asyncio.wait_for(told.busy.wait(), LIMIT)
    house.release()
    assert (await running)[0].facts["pid"] != pid
    phases = [n.phase for n in told.notes]
    assert phases.count("queued") == 2
    assert house.calls == ["m load", "m generate 1", "m generate 1", "m load", "m generate 1"]


async def test_a_job_that_crashes_twice_fails_with_a_sentence_and_no_more(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(EngineFailed, match="crashed twice"):
        await house.run("crash")
    assert house.calls.count("m generate 1") == 2
    assert "last words" in caplog.text
    assert (await house.run("echo on"))[0].data == b"on"


async def test_a_job_that_crashes_once_succeeds(house: House) -> None:
    assert await house.run(f"crash_once {house.files / 'marker'}")


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="needs Linux")
async def test_a_worker_killed_while_idle_is_replaced(house: House) -> None:
    pid = await house.pid()
    process = os.pidfd_open(pid)
    os.kill(pid, signal.SIGKILL)
    assert select.select([process], [], [], LIMIT)[0]
    os.close(process)
    assert await house.pid() != pid


async def test_a_job_without_any_sign_of_life_is_stopped(opened: Open) -> None:
    house = await opened(patience=2.0)
    pid = await house.pid()
    with pytest.raises(EngineFailed, match="no sign of life for 2 s"):
        await house.run("hang")
    assert await house.pid() != pid
    assert house.calls.count("m generate 1") == 3


@pytest.mark.parametrize(
    ("prompt", "error", "sentence"),
    [
        ("refuse Not that.", Refused, "Not that."),
        ("fail It broke.", EngineFailed, "It broke."),
        ("gone Fetch it.", ModelUnavailable, "Fetch it."),
        ("oom", OutOfMemory, "ask for fewer or smaller"),
        ("bug", EngineFailed, "The model m broke at this request; the log says why."),
    ],
)
async def test_errors_arrive_as_what_they_are(
    house: House,
    prompt: str,
    error: type[Exception],
    sentence: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with pytest.raises(error, match=sentence) as caught:
        await house.run(prompt)
    assert type(caught.value) is error
    assert "/secret" not in str(caught.value)
    assert prompt in ("oom", "bug") or sentence in caplog.text
    assert ("Traceback" in caplog.text) == (prompt in ("oom", "bug"))  # the others say it all


async def test_a_worker_that_cannot_start_is_told(opened: Open) -> None:
    house = await opened(engines="no.such.module:ENGINES")
    with pytest.raises(EngineFailed):
        await house.run("echo")


async def test_the_bounds_of_the_queue_hold(opened: Open) -> None:
    house = await opened(scheduler=Scheduler(Admission(limit=5, per_user=1)))
    first = await house.block()
    second, _ = await house.waiting("echo")
    with pytest.raises(QueueFull, match="1 requests waiting"):
        await house.run("echo")
    house.release()
    await asyncio.gather(first, second)


async def test_identical_requests_are_computed_once_for_all_who_ask(house: House) -> None:
    blocked = await house.block()
    tasks = [(await house.waiting("echo same", user))[0] for user in ("ann", "bob", "cy")]
    other, _ = await house.waiting("echo other", "dan")
    house.release()
    found = await asyncio.gather(*tasks)
    await asyncio.gather(blocked, other)
    assert [made[0].data for made in found] == [b"same"] * 3
    assert house.calls.count("m generate 1") == 3


async def test_cancelling_one_of_two_identical_requests_leaves_the_other(house: House) -> None:
    prompt = f"wait {house.gate}"
    first, _ = await house.busy(prompt)
    second = asyncio.create_task(house.run(prompt, user="bob"))
    third = asyncio.create_task(house.run(prompt, user="cy"))
    await asyncio.sleep(0)
    for task in (first, third):
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    house.release()
    assert (await second)[0].data == prompt.encode()
    assert house.calls.count("m generate 1") == 1


async def test_identical_requests_that_all_are_cancelled_are_stopped(house: House) -> None:
    pid = await house.pid()
    prompt = f"wait {house.gate}"
    first, _ = await house.busy(prompt)
    second = asyncio.create_task(house.run(prompt, user="bob"))
    await asyncio.sleep(0)
    for task in (first, second):
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert await house.pid() == pid


async def test_identical_requests_share_one_crash_and_one_more_try(house: House) -> None:
    blocked = await house.block()
    prompt = f"crash_once {house.files / 'marker'}"
    tasks = [(await house.waiting(prompt, user))[0] for user in ("ann", "bob")]
    house.release()
    assert all(await asyncio.gather(*tasks))
    await blocked
    assert house.calls.count("m generate 1") == 3


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("nope", "no model 'nope'"), ("alien", "No worker here"), ("strict", "accept")],
)
async def test_a_model_that_cannot_run_here_is_told_at_once(
    house: House, name: str, sentence: str
) -> None:
    with pytest.raises(ModelUnavailable, match=sentence):
        await house.run("echo", model=name)


async def test_prepare_loads_what_the_first_request_needs(house: House) -> None:
    await asyncio.wait_for(house.pool.prepare("draw", "m"), LIMIT)
    assert house.calls == ["m load"]
    told = Told()
    await house.run("echo", told=told)
    assert told.phases == ["queued", "running"]


async def test_prepare_without_names_starts_every_process_once(opened: Open) -> None:
    house = await opened(PAINT, SPEAK)
    await asyncio.gather(house.pool.prepare(), house.pool.prepare(), house.run("echo"))
    assert children() in (2, None)


async def test_a_broken_report_harms_nobody(house: House, caplog: pytest.LogCaptureFixture) -> None:
    def report(note: Note) -> None:
        raise RuntimeError("the screen is gone")

    job = Job("m", (PictureSpec("echo", 0, 8, 8, 1, 0.0),), "ann")
    assert await asyncio.wait_for(house.pool.run(job, report), LIMIT)
    assert "the screen is gone" in caplog.text


async def test_what_a_worker_prints_goes_to_the_log(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "atelier.worker")
    await house.run("print hello")
    await house.pool.__aexit__()
    lines = [r.message for r in caplog.records if r.name == "atelier.worker.pictures"]
    assert {"hello", "hello on stderr"} <= set(lines)


SEEDS = count(1)  # what is identical would be computed only once
STEPS = WorkerPlan("steps", "cpu", frozenset({"stepping"}), 1, 1000)


async def stepping(
    house: House, steps: int, prompt: str = "cat", user: str = "ann"
) -> tuple[asyncio.Task[list[Artifact]], Told]:
    """Start a job of an engine that works in steps and return once it has made one."""
    told = Told()
    job = Job("s", (PictureSpec(prompt, next(SEEDS), 8, 8, steps, 0.0),), user)
    task = asyncio.create_task(asyncio.wait_for(house.pool.run(job, told), LIMIT))
    await asyncio.wait_for(told.busy.wait(), LIMIT)
    return task, told


async def test_jobs_join_one_that_runs_and_leave_it(opened: Open) -> None:
    house = await opened(STEPS)
    endless, _ = await stepping(house, 10**9)
    short = [await stepping(house, 3, user=user) for user in ("bob", "cy")]
    for task, _ in short:
        assert [a.data for a in await task] == [b"cat"]
    assert "s step 2" in house.calls
    assert [job.user for job in house.pool.queue()] == ["ann"]
    endless.cancel()
    await asyncio.wait([endless])
    assert [a.data for a in await (await stepping(house, 1))[0]] == [b"cat"]
    assert house.calls.count("s load") == 1


async def test_no_more_join_than_there_is_room_for(opened: Open) -> None:
    house = await opened(STEPS)
    running = [await stepping(house, 10**9, user=str(n)) for n in range(4)]
    job = Job("s", (PictureSpec("cat", 0, 8, 8, 1, 0.0),), "late")
    waits = Told()
    task = asyncio.create_task(house.pool.run(job, waits))
    await asyncio.wait_for(waits.queued.wait(), LIMIT)
    assert [j.status for j in house.pool.queue()] == ["running"] * 4 + ["queued"]
    running[2][0].cancel()
    assert [a.data for a in await asyncio.wait_for(task, LIMIT)] == [b"cat"]
    for other, _ in running:
        other.cancel()


async def test_who_crashed_in_company_is_tried_alone(opened: Open) -> None:
    house = await opened(STEPS)
    innocent, _ = await stepping(house, 300)
    job = Job("s", (PictureSpec("crash", 0, 8, 8, 9, 0.0),), "bob")
    with pytest.raises(EngineFailed, match="crashed twice"):
        await asyncio.wait_for(house.pool.run(job, Told()), LIMIT)
    assert [a.data for a in await innocent] == [b"cat"]


BOTH = WorkerPlan("both", "cpu", frozenset({"stepping", "fake"}), 1, 1000)


async def test_short_work_of_another_model_goes_before_a_long_job_which_then_goes_on(
    opened: Open,
) -> None:
    house = await opened(BOTH)
    await house.run("echo first")
    endless, told = await stepping(house, 10**9)
    assert (await house.run("echo short", user="bob"))[0].data == b"short"
    seen = max(note.done for note in told.notes)
    told.busy.clear()
    await asyncio.wait_for(told.busy.wait(), LIMIT)
    assert told.notes[-1].done > seen
    assert [note.phase for note in told.notes].count("loading") == 1
    endless.cancel()
    await asyncio.wait([endless])
    assert (await house.run("echo last"))[0].data == b"last"


async def test_a_job_that_stepped_aside_can_be_cancelled_and_its_company_stays(
    opened: Open,
) -> None:
    house = await opened(BOTH)
    await house.run("echo first")
    picture = PictureSpec("cat", next(SEEDS), 8, 8, 600, 0.0)
    told = [Told(), Told()]
    tasks = []
    for each, user in zip(told, ("ann", "cy"), strict=True):
        job = Job("s", (picture,), user)
        tasks.append(asyncio.create_task(asyncio.wait_for(house.pool.run(job, each), LIMIT)))
        await asyncio.wait_for(told[0].busy.wait(), LIMIT)
    short = await house.block("bob")
    tasks[0].cancel()
    await asyncio.wait([tasks[0]])
    house.release()
    await short
    assert [a.data for a in await tasks[1]] == [b"cat"]
    assert house.calls.count("s close 1") == 1


WEST, EAST = (WorkerPlan(name, "cpu", frozenset({"fake"}), 1, 1000) for name in ("west", "east"))


async def test_what_ran_on_a_machine_that_leaves_is_begun_anew_on_another(opened: Open) -> None:
    house = await opened(WEST)
    pid = await house.pid()
    running, told = await house.busy(f"wait {house.gate}")
    waiting, _ = await house.waiting("echo next")
    told.busy.clear()
    house.pool.join(EAST)
    assert (await waiting)[0].facts["pid"] != pid
    await house.pool.leave("west")
    await asyncio.wait_for(told.busy.wait(), LIMIT)
    house.release()
    assert (await running)[0].facts["pid"] != pid
    assert gone(pid)
    assert house.pool.queue() == []


async def test_jobs_wait_for_a_worker_that_joins_but_not_for_ever(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = await opened(WEST)
    first, told = await house.busy(f"wait {house.gate}")
    await house.pool.leave("west")
    told.busy.clear()
    late, _ = await house.waiting("echo late", user="bob")
    house.pool.join(EAST)
    await asyncio.wait_for(told.busy.wait(), LIMIT)
    house.release()
    assert await first
    assert (await late)[0].data == b"late"
    house.pool._dispatch.forget(house.pool._dispatch._missed["west"])
    last, _ = await house.busy(f"wait {house.gate}")
    monkeypatch.setattr("tools.compute.pool.HOMELESS", 0.0)
    await house.pool.leave("east")
    with pytest.raises(ModelUnavailable, match="have left"):
        await last
    with pytest.raises(ModelUnavailable, match="No worker"):
        await house.run("echo too late")


async def test_a_worker_that_comes_back_at_once_is_served_though_the_old_one_is_not_gone(
    opened: Open,
) -> None:
    house = await opened(WEST)
    pid = await house.pid()
    running, told = await house.busy(f"wait {house.gate}")
    told.busy.clear()
    leaving = asyncio.create_task(house.pool.leave("west"))
    await asyncio.sleep(0)  # it has begun to
    house.pool.join(WEST)
    assert not gone(pid)
    await asyncio.wait_for(leaving, LIMIT)
    await asyncio.wait_for(told.busy.wait(), LIMIT)
    house.release()
    assert (await running)[0].facts["pid"] != pid


async def test_who_waits_is_turned_away_by_the_last_leave_not_by_one_before(opened: Open) -> None:
    house = await opened(WEST)
    await house.pool.leave("west")
    before = house.pool._dispatch._missed["west"]
    house.pool.join(WEST)
    await house.pool.leave("west")
    late, _ = await house.waiting("echo late")
    house.pool._dispatch.forget(before)
    house.pool.join(WEST)
    assert (await late)[0].data == b"late"


async def test_closing_ends_the_workers_and_cancels_whoever_waits(house: House) -> None:
    pid = await house.pid()
    running, _ = await house.busy("hang")
    waiting, _ = await house.waiting("echo")
    await asyncio.wait_for(house.pool.__aexit__(), LIMIT)
    for task in (running, waiting):
        with pytest.raises(asyncio.CancelledError):
            await task
    assert gone(pid)
    with pytest.raises(EngineFailed, match="shutting down"):
        await house.run("echo")


async def test_closing_while_a_worker_starts_leaves_none(house: House) -> None:
    task, _ = await house.waiting("echo")
    await asyncio.wait_for(house.pool.__aexit__(), LIMIT)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert children() in (0, None)

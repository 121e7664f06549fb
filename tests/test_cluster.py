"""Workers on a real Ray cluster of several nodes, all on this machine."""

import asyncio
import signal
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from io import BytesIO
from pathlib import Path

import pytest
import pytest_asyncio
from PIL import Image

from bot.app import opened
from bot.settings import Cluster as Address
from bot.settings import Settings
from tests.ray_cluster import LIMIT, ROOT, Nodes, Site, ended, kill, ray_cluster, site
from tests.test_pool import Told
from tools.compute.pool import Pool
from tools.errors import EngineFailed
from tools.jobs import Job, PictureSpec

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    # Ray's test cluster leaves the pipes and processes of nodes it has killed to the collector.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def nodes(models_dir: Path) -> Iterator[Nodes]:
    with ray_cluster(2, models_dir) as started:
        yield started


# These have the nodes to themselves; what comes after them shares one pool.


async def test_a_hung_node_is_handled_by_patience(nodes: Nodes, tmp_path: Path) -> None:
    async with site(nodes.address, tmp_path, patience=1.0) as other:
        pid = await other.pid()
        task = await other.block()
        kill(pid, signal.SIGSTOP)
        with pytest.raises(EngineFailed, match="no sign of life"):
            await task
        await ended(pid)
        assert await other.pid() != pid


async def test_closing_leaves_no_actor(nodes: Nodes, tmp_path: Path) -> None:
    async with site(nodes.address, tmp_path) as other:
        pid = await other.pid()
    await ended(pid)


async def test_the_bot_draws_on_the_cluster(nodes: Nodes, tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, cluster=Address(address=nodes.address))
    async with opened(settings) as app:
        pool = app.studio.runner
        assert isinstance(pool, Pool)
        assert {lane.plan.kind for lane in pool._lanes} == {"ray"}
        picture = Job("starter", (PictureSpec("a red apple", 1, 128, 128, 4, 2.0),), "ann")
        (drawn,) = await pool.run(picture, Told())
    assert Image.open(BytesIO(drawn.data)).size == (512, 512)


BOT = """
import asyncio, sys
from pathlib import Path
from tests.ray_cluster import site

async def main():
    async with site(sys.argv[1], Path(sys.argv[2])) as here:
        print(await here.pid(), flush=True)
        await here.run("hang")

asyncio.run(main())
"""


async def test_actors_end_when_the_bot_was_killed(nodes: Nodes, tmp_path: Path) -> None:
    bot = await asyncio.create_subprocess_exec(
        sys.executable, "-c", BOT, nodes.address, str(tmp_path), cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert bot.stdout is not None
    pid = int(await asyncio.wait_for(bot.stdout.readline(), LIMIT))
    bot.kill()
    await bot.wait()
    await ended(pid)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def here(nodes: Nodes, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with site(nodes.address, tmp_path_factory.mktemp("site")) as started:
        yield started


async def until(here: Site, count: int) -> None:
    """Return once there are so many workers."""
    while len(here.workers) != count:
        await asyncio.wait_for(here.changed.wait(), LIMIT)
        here.changed.clear()


async def test_jobs_run_on_several_nodes_and_the_head_has_none(here: Site) -> None:
    assert here.workers == sorted(f"{n}/{w}" for n in names(2) for w in ("pictures", "words"))
    tasks = [await here.wait_at(f"gate{i}") for i in range(2)]
    for i in range(2):
        here.open(f"gate{i}")
    made = await asyncio.gather(*tasks)
    assert len({artifact.facts["pid"] for (artifact,) in made}) == 2


def names(count: int) -> list[str]:
    host = socket.gethostname().partition(".")[0]
    return [host, *(f"{host}-{i}" for i in range(2, count + 1))]


async def test_what_is_said_and_made_crosses_whole(here: Site) -> None:
    told = Told()
    artifacts = await here.run("big 3000000", "threads", "previews 3", told=told)
    assert [len(a.data) for a in artifacts[:2]] == [3_000_000, 1]
    assert told.phases == ["queued", "loading", "running"] or told.phases == ["queued", "running"]


async def test_a_worker_that_dies_is_replaced_and_its_job_tried_once_more(here: Site) -> None:
    assert (await here.run(f"crash_once {here.files / 'marker'}"))[0].data
    with pytest.raises(EngineFailed, match="crashed twice"):
        await here.run("crash")
    assert (await here.run("echo still"))[0].data == b"still"


async def test_cancelling_stops_a_job_at_its_next_step(here: Site) -> None:
    task = await here.block()
    assert [job.status for job in here.pool.queue()] == ["running"]
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await here.run("echo next"))[0].data == b"next"


async def test_a_node_that_dies_in_the_middle_of_forty_jobs_loses_none(
    here: Site, nodes: Nodes
) -> None:
    doomed = await asyncio.to_thread(nodes.add)
    await until(here, 6)
    last = here.pool._dispatch.lanes[f"{names(3)[-1]}/pictures"]
    await last.start()
    half = asyncio.Event()
    done: list[str] = []

    async def paint(name: str) -> bytes:
        (artifact,) = await here.run(f"paint 20 {name}", user=name[-1])
        done.append(name)
        if len(done) == 10:
            half.set()
        return artifact.data

    work = [asyncio.create_task(paint(f"picture{i}")) for i in range(40)]
    await asyncio.wait_for(half.wait(), LIMIT)
    await asyncio.to_thread(nodes.kill, doomed)
    assert await asyncio.gather(*work) == [b"picture%d" % i for i in range(40)]
    assert sorted(done) == sorted(f"picture{i}" for i in range(40))
    await until(here, 4)
    begun = [call for call in here.calls if call == "m generate 1"]
    assert len(begun) >= 40


async def test_a_lost_connection_is_made_again_and_work_begun_anew(here: Site) -> None:
    task = await here.block()
    gateway = here.cluster._gateway
    assert gateway is not None
    gateway.kill()
    await until(here, 0)
    await until(here, 4)
    await asyncio.to_thread(here.release)
    assert len(await asyncio.wait_for(task, LIMIT)) == 1

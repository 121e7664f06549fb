"""What Prometheus reads, over HTTP, from a real pool with fake models."""

import asyncio
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.errors import SettingsError
from bot.metrics import exported
from tests.test_pool import HERE, LIMIT, PAINT, House, catalogue
from tools.compute.pool import Pool
from tools.errors import EngineFailed

HOST = "127.0.0.1"


@pytest.fixture
async def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    monkeypatch.syspath_prepend(HERE)
    pool = Pool(catalogue(tmp_path), tmp_path, [PAINT], engines="fake_engines:ENGINES")
    async with asyncio.timeout(LIMIT), pool:
        yield House(pool, tmp_path)


Samples = dict[tuple[str, ...], float]


async def scrape(port: int) -> Samples:
    """Return each sample by its name and the values of its labels."""

    def read() -> str:
        with urllib.request.urlopen(f"http://{HOST}:{port}/metrics", timeout=LIMIT) as answer:
            return str(answer.read().decode())

    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(await asyncio.to_thread(read))
        for sample in family.samples
    }


async def test_numbers_of_the_queue_the_workers_and_the_work(house: House) -> None:
    async with exported(house.pool, HOST, 0) as port:
        before = await scrape(port)
        assert before["atelier_worker_up", "cpu", "process", "pictures"] == 0
        assert not [key for key in before if key[0].startswith("atelier_jobs")]
        blocked = await house.block("discord:ann")
        waiting, _ = await house.waiting("echo", "discord:bob")
        during = await scrape(port)
        assert during["atelier_queue_jobs", "running"] == 1
        assert during["atelier_queue_jobs", "waiting"] == 1
        assert during["atelier_queue_users",] == 2
        assert during["atelier_worker_up", "cpu", "process", "pictures"] == 1
        assert during["atelier_worker_busy", "pictures"] == 1
        assert during["atelier_worker_memory_bytes", "pictures"] == 1000 * 2**20
        assert not [key for key in during if "ann" in " ".join(key) or "discord" in " ".join(key)]
        house.release()
        await asyncio.gather(blocked, waiting)
        with pytest.raises(EngineFailed):
            await house.run("fail")
        after = await scrape(port)
    assert after["atelier_jobs_total", "picture", "done"] == 2
    assert after["atelier_jobs_total", "picture", "failed"] == 1
    assert after["atelier_artifacts_total", "picture"] == 2
    assert after["atelier_computing_seconds_count", "picture"] == 2
    assert after["atelier_computing_seconds_bucket", "picture", "+Inf"] == 2
    assert after["atelier_computing_seconds_sum", "picture"] > 0
    assert after["atelier_waiting_seconds_count", "picture"] == 2
    assert after["atelier_queue_jobs", "running"] == 0


async def test_buckets_are_cumulative(house: House) -> None:
    async with exported(house.pool, HOST, 0) as port:
        for _ in range(3):
            await house.run("echo")
        found = await scrape(port)
    counts = [v for k, v in found.items() if k[:2] == ("atelier_waiting_seconds_bucket", "picture")]
    assert counts == sorted(counts)
    assert counts[-1] == 3


async def test_a_port_in_use_is_one_sentence(house: House) -> None:
    async with exported(house.pool, HOST, 0) as port:
        with pytest.raises(SettingsError, match=rf"port {port} \(Address already in use\); set "):
            async with exported(house.pool, HOST, port):
                pass


async def test_afterwards_the_port_is_free(house: House) -> None:
    async with exported(house.pool, HOST, 0) as port:
        pass
    async with exported(house.pool, HOST, port) as again:
        assert again == port

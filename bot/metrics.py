"""Numbers for Prometheus about a pool; no label ever names a person.

https://prometheus.io/docs/practices/naming/: base units (seconds, bytes), counters end in _total.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from itertools import accumulate

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from bot.errors import SettingsError
from tools.compute.pool import Pool
from tools.compute.status import Status
from tools.compute.tally import BOUNDS, Histogram, Work

PATIENCE = 5.0
"""Seconds a scrape waits for the event loop."""
_MIB = 2**20


class PoolMetrics(Collector):
    """Asks how the pool stands at each scrape and says it as metrics."""

    def __init__(self, status: Callable[[], Status]) -> None:
        self._status = status

    def collect(self) -> Iterator[Metric]:
        """Yield all metrics of one moment."""
        status = self._status()
        yield from _queue(status)
        yield from _workers(status)
        yield from _work(status)


def _queue(status: Status) -> Iterator[Metric]:
    queue = GaugeMetricFamily(
        "atelier_queue_jobs", "Requests that wait and that run.", labels=["state"]
    )
    queue.add_metric(["waiting"], status.waiting)
    queue.add_metric(["running"], status.running)
    yield queue
    active = sum(bool(user.waiting or user.running) for user in status.users)
    yield GaugeMetricFamily("atelier_queue_users", "People with requests in hand.", active)
    yield GaugeMetricFamily("atelier_uptime_seconds", "Seconds since the start.", status.uptime)


def _workers(status: Status) -> Iterator[Metric]:
    names = ["worker", "kind", "device"]
    up = GaugeMetricFamily("atelier_worker_up", "1 while the worker lives.", labels=names)
    busy = GaugeMetricFamily(
        "atelier_worker_busy", "1 while it loads or computes.", labels=["worker"]
    )
    memory = GaugeMetricFamily(
        "atelier_worker_memory_bytes", "Its budget for models.", labels=["worker"]
    )
    resident = GaugeMetricFamily(
        "atelier_worker_resident_bytes", "Each loaded model.", labels=["worker", "model"]
    )
    crashes = CounterMetricFamily(
        "atelier_worker_crashes", "Times it was lost at work.", labels=["worker"]
    )
    for worker in status.workers:
        up.add_metric([worker.name, worker.kind, worker.device], worker.state != "off")
        busy.add_metric([worker.name], worker.state in ("loading", "busy"))
        memory.add_metric([worker.name], worker.memory * _MIB)
        crashes.add_metric([worker.name], worker.crashes)
        for model, mib in worker.models:
            resident.add_metric([worker.name, model], mib * _MIB)
    yield from (up, busy, memory, resident, crashes)


def _work(status: Status) -> Iterator[Metric]:
    jobs = CounterMetricFamily(
        "atelier_jobs", "Requests by how they ended.", labels=["kind", "outcome"]
    )
    artifacts = CounterMetricFamily("atelier_artifacts", "Results made.", labels=["kind"])
    waiting = HistogramMetricFamily(
        "atelier_waiting_seconds", "From asking to the first step.", labels=["kind"]
    )
    computing = HistogramMetricFamily(
        "atelier_computing_seconds", "Device-seconds of a job.", labels=["kind"]
    )
    for work in status.work:
        for outcome, count in _outcomes(work):
            jobs.add_metric([work.kind, outcome], count)
        artifacts.add_metric([work.kind], work.artifacts)
        waiting.add_metric([work.kind], _buckets(work.waiting), work.waiting.total)
        computing.add_metric([work.kind], _buckets(work.computing), work.computing.total)
    yield from (jobs, artifacts, waiting, computing)


def _outcomes(work: Work) -> list[tuple[str, int]]:
    return [
        ("done", work.done),
        ("failed", work.failed),
        ("cancelled", work.cancelled),
        ("refused", work.refused),
    ]


def _buckets(histogram: Histogram) -> list[tuple[str, float]]:
    """Return cumulative counts by upper bound, as Prometheus wants them."""
    bounds = [*map(str, BOUNDS), "+Inf"]
    return list(zip(bounds, map(float, accumulate(histogram.counts)), strict=True))


@asynccontextmanager
async def exported(pool: Pool, host: str, port: int) -> AsyncIterator[int]:
    """Serve /metrics in a thread and give its port (0: any free one); raises SettingsError."""
    loop = asyncio.get_running_loop()

    def status() -> Status:
        return asyncio.run_coroutine_threadsafe(_look(pool), loop).result(PATIENCE)

    registry = CollectorRegistry()
    registry.register(PoolMetrics(status))
    try:
        server, thread = start_http_server(port, host, registry)
    except OSError as error:
        raise SettingsError(
            f"Metrics cannot be served on {host} port {port} ({error.strerror or 'no such port'}); "
            "set metrics.port and metrics.host to others, or metrics.port to 0 for none."
        ) from error
    try:
        yield server.server_port
    finally:
        await asyncio.to_thread(server.shutdown)
        server.server_close()
        thread.join()


async def _look(pool: Pool) -> Status:
    return pool.status(queue=False)

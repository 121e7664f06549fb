"""What the scheduler has learnt and counted, kept over a restart: costs, and today's budgets."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from memory.errors import AtelierError
from memory.store import Store
from tools.compute.scheduler import Scheduler

log = logging.getLogger(__name__)

EVERY = 30.0
"""Seconds between two writes at least."""
COSTS, _SPENT = "costs", "spent"


@asynccontextmanager
async def remembered(
    scheduler: Scheduler, store: Store, *, every: float = EVERY
) -> AsyncIterator[None]:
    """Give a scheduler what the last run knew, and keep what it learns, also at the end."""
    scheduler.costs.restore(await store.kept(COSTS))
    spent = await store.kept(_SPENT)
    scheduler.ledger.restore(spent, asyncio.get_running_loop().time())
    known = _known(scheduler)
    keeping = asyncio.create_task(_keep_on(scheduler, store, known, every))
    try:
        yield
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        await _keep(scheduler, store, known)


Known = dict[str, Mapping[str, object]]


def _known(scheduler: Scheduler) -> Known:
    return {COSTS: scheduler.costs.dump(), _SPENT: scheduler.ledger.dump()}


async def _keep_on(scheduler: Scheduler, store: Store, known: Known, every: float) -> None:
    while True:
        await asyncio.sleep(every)
        await _keep(scheduler, store, known)


async def _keep(scheduler: Scheduler, store: Store, known: Known) -> None:
    """Write what has changed; that it cannot be written must stop nothing else."""
    for name, facts in _known(scheduler).items():
        try:
            if facts != known[name]:
                await store.keep(name, facts)
                known[name] = facts
        except AtelierError as error:
            log.warning("what was learnt cannot be kept: %s", error)

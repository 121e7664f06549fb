"""Somebody who waits in the pool for a job, perhaps with others who asked for the same."""

import asyncio
import logging
from collections.abc import Hashable
from dataclasses import dataclass, field

from tools import errors
from tools.catalogue import Model
from tools.compute.lane import Outcome
from tools.compute.messages import Done, Failed
from tools.errors import EngineFailed, ToolError
from tools.jobs import Artifact, Job, Note, Report

log = logging.getLogger("atelier.pool")


@dataclass(slots=True, eq=False)
class Waiting:
    """A job and who waits for it; `told` is the position last reported.

    It `came` then, first `began` to be computed then, and runs `since` then, when `before` steps
    were done. `crashes` took its worker with them, `lost` were of its machine. `company` asked
    for exactly the same, and gets the same.
    """

    job: Job
    key: Hashable
    model: Model
    report: Report
    future: asyncio.Future[list[Artifact]]
    told: int = -1
    came: float = 0.0
    began: float | None = None
    crashes: int = 0
    lost: int = 0
    since: float | None = None
    before: int = 0
    done: int = 0
    total: int = 0
    company: list["Waiting"] = field(default_factory=list)

    @property
    def everyone(self) -> list["Waiting"]:
        """Return who asked first, and the company."""
        return [self, *self.company]

    @property
    def wanted(self) -> bool:
        """Say whether anybody still waits for it."""
        return not all(one.future.done() for one in self.everyone)

    def waits(self, now: float) -> list[float]:
        """Return how long each who still waits for it waited until it began, in seconds."""
        began = now if self.began is None else self.began
        return [max(0.0, began - one.came) for one in self.everyone if not one.future.done()]

    def tell(self, note: Note) -> None:
        """Report to everyone who still waits; what a report raises is only logged."""
        for one in self.company:
            one.tell(note)
        if self.future.done():
            return
        try:
            self.report(note)
        except Exception:
            log.exception("a report of job %s failed", self.job.id)

    def settle(self, outcome: Outcome) -> None:
        """Give the artifacts, the error or the cancellation to who waits; nothing if they left."""
        if self.future.done():
            return
        if isinstance(outcome, Done):
            self.future.set_result(list(outcome.artifacts))
        elif isinstance(outcome, Failed):
            self.future.set_exception(_error(outcome))
        else:
            self.future.cancel()


def _error(failed: Failed) -> ToolError:
    kind = getattr(errors, failed.kind, EngineFailed)
    error: ToolError = kind(failed.sentence)
    return error

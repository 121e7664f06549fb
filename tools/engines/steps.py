"""Following a pipeline step by step: progress, previews, and the place where it is cancelled."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tools.engines.preview import Preview
from tools.jobs import Progress

PREVIEW_EVERY = 1.0
"""Seconds between two previews."""


@dataclass(slots=True)
class Steps:
    """Counts steps over all batches of a job and tells `progress`, with a preview now and then."""

    progress: Progress
    preview: Preview
    total: int
    done: int = 0
    planned: int = 0
    ratio: float = 1.0
    latents: Any = None
    _shown: float = field(default_factory=time.monotonic)

    def start(self, planned: int, ratio: float) -> None:
        """Begin a batch of so many steps and pictures of this ratio (width / height)."""
        self.planned, self.ratio, self.latents = planned, ratio, None
        self.progress(self.done, self.total, None)

    def step(self, index: int, latents: Any) -> None:
        """Note that step `index` (from 0) of the batch is done. Raises JobCancelled."""
        self.latents, picture = latents, None
        if latents is not None and time.monotonic() - self._shown >= PREVIEW_EVERY:
            picture = self.preview.show(latents, self.ratio)
            self._shown = time.monotonic()
        self.progress(self.done + min(index + 1, self.planned), self.total, picture)

    def report(self, done: int, show: Callable[[], bytes | None]) -> None:
        """Tell how many steps are done in all, with what `show` gives when it is time."""
        picture = None
        if time.monotonic() - self._shown >= PREVIEW_EVERY:
            picture = show()
            self._shown = time.monotonic()
        self.progress(done, self.total, picture)

    def end(self) -> None:
        """Count the whole batch as done, however many steps the pipeline made of it."""
        self.done += self.planned


@contextmanager
def watched(
    pipe: Any, takes: frozenset[str], keywords: dict[str, Any], steps: Steps
) -> Iterator[None]:
    """Have every step of a pipeline reported: by itself, or else by its scheduler.

    Adds to the pipeline's `keywords`; `takes` are the names of those it knows.
    """
    if "callback_on_step_end" in takes:

        def told(_: Any, index: int, __: Any, tensors: dict[str, Any]) -> dict[str, Any]:
            steps.step(index, tensors.get("latents"))
            return {}

        keywords["callback_on_step_end"] = told
        yield
        return
    plain, count = pipe.scheduler.step, iter(range(1_000_000))

    def step(*args: Any, **more: Any) -> Any:
        result = plain(*args, **more)
        steps.step(next(count), None)
        return result

    pipe.scheduler.step = step
    try:
        yield
    finally:
        del pipe.scheduler.step

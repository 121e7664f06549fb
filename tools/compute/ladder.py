"""What is tried when the memory is too small: others unloaded, fewer at once, weights offloaded."""

import gc
import logging
from collections.abc import Callable

from tools.compute.answers import Send, Steps
from tools.compute.messages import Run
from tools.compute.shelf import Shelf
from tools.errors import OutOfMemory
from tools.jobs import Artifact, Engine

log = logging.getLogger("atelier.worker")


def generate(
    shelf: Shelf, engine: Engine, run: Run, send: Send, cancelled: Callable[[str], bool]
) -> list[Artifact]:
    """Return the artifacts of a job's specs, with ever more room where there is none (blocks).

    First with no other model on the device, then in halves down to single specs, then with the
    weights in host memory, which is slow. Raises OutOfMemory when nothing helps.
    """
    climb = _Climb(engine, run, send, cancelled)
    if climb.whole():
        return climb.made
    if shelf.keep_only(run.model.name) and climb.whole():
        return climb.made
    if climb.parts():
        return climb.made
    if shelf.offload(run.model.name) and climb.parts():
        return climb.made
    raise OutOfMemory(
        "The model {name} needs more memory for this than there is, even by itself; ask for fewer "
        "or smaller results.",
        name=run.model.name,
    )


class _Climb:
    """The attempts at one job; `made` are the artifacts so far, in order."""

    def __init__(
        self, engine: Engine, run: Run, send: Send, cancelled: Callable[[str], bool]
    ) -> None:
        self._engine, self._specs, self._id = engine, run.job.specs, run.job.id
        self._send, self._cancelled = send, lambda: cancelled(run.job.id)
        self.made: list[Artifact] = []

    def whole(self) -> bool:
        """Try all at once."""
        return self._attempt(len(self._specs))

    def parts(self) -> bool:
        """Try what is left in ever smaller parts; False when not even one fits."""
        size = max(1, (len(self._specs) + 1) // 2)
        while len(self.made) < len(self._specs):
            if not self._attempt(size):
                if size == 1:
                    return False
                size = (size + 1) // 2
        return True

    def _attempt(self, size: int) -> bool:
        """Make the next specs; False without memory: the frames that used it are gone by then."""
        if not self._specs:
            return True
        start, count = len(self.made), len(self._specs)
        part = self._specs[start : start + size]
        progress = Steps(self._id, self._send, self._cancelled, start, len(part), count)
        try:
            self.made += self._engine.generate(part, progress)
        except (OutOfMemory, MemoryError):
            log.warning("no memory for %d specs at once", len(part), exc_info=True)
        else:
            return True
        gc.collect()
        return False

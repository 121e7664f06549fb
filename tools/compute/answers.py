"""What a worker says of a job: how far it is, and what became of it."""

import time
from collections.abc import Callable

from memory.sentences import say
from tools import errors
from tools.catalogue import Model
from tools.compute.messages import Failed, News, Progress
from tools.errors import JobCancelled, ToolError

INTERVAL = 0.2
"""Seconds between two progress messages at least."""

Send = Callable[[News], None]


class Steps:
    """The progress callback of one run: stops it when asked, and speaks at most every INTERVAL.

    The run makes `size` of a job's `count` specs; `start` are made already.
    """

    def __init__(
        self,
        id: str,
        send: Send,
        cancelled: Callable[[], bool],
        start: int = 0,
        size: int = 1,
        count: int = 1,
    ) -> None:
        self._id, self._send, self._cancelled = id, send, cancelled
        self._start, self._size, self._count = start, size, count
        self._next = 0.0
        self._preview: bytes | None = None

    def __call__(self, done: int, total: int, preview: bytes | None) -> None:
        """Tell how far it is. Raises JobCancelled."""
        if self._cancelled():
            raise JobCancelled
        self._preview = preview or self._preview
        now = time.monotonic()
        if now < self._next and not 0 < total <= done:
            return
        done += self._start * total // self._size
        total = self._count * total // self._size
        self._send(Progress(self._id, done, total, self._preview))
        self._next, self._preview = now + INTERVAL, None


def failure(id: str, model: Model, error: BaseException) -> Failed:
    """Return what is said of an error: its own sentence if it was written for people."""
    if isinstance(error, MemoryError):
        form = "The model {name} does not fit into the memory of this machine."
        sentence = say(form, name=model.name)
        return Failed(id, "OutOfMemory", sentence)
    if not isinstance(error, ToolError):
        sentence = say("The model {name} broke at this request; the log says why.", name=model.name)
        return Failed(id, "EngineFailed", sentence)
    names = [c.__name__ for c in type(error).__mro__ if vars(errors).get(c.__name__) is c]
    kind = "EngineFailed" if names[0] == "ToolError" else names[0]
    return Failed(id, kind, error.sentence)

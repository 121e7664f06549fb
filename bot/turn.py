"""A request under way."""

import asyncio
from dataclasses import dataclass

from agents.turns import Answer
from agents.work import Work
from memory.records import Message


@dataclass(slots=True)
class Turn:
    """A request until it is answered; `work` is there once it is thought about."""

    message: Message
    task: asyncio.Task[Answer] | None = None
    work: Work | None = None
    stopped: bool = False

    def is_stopped(self) -> bool:
        """Tell whether somebody cancelled it."""
        return self.stopped

    def stop(self) -> None:
        """Cancel it."""
        self.stopped = True
        if self.work is not None:
            self.work.stopped = True
        if self.task is not None:
            self.task.cancel()

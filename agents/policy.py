"""What one turn may cost and come to, whatever a chat model asks for."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from agents.errors import TurnError
from agents.scene import ENDED_WELL
from agents.understanding.wishes import Wish
from memory.records import Step
from memory.sentences import say

MOST_CALLS = 9
"""How often the chat model is asked in one turn; `Work` ends the rounds before that."""
MOST_SECONDS = 300.0
"""Seconds the chat model may think in one turn, its place in the queue included."""
AFTER_READING = 3
"""Steps a model may still ask for once it has read words that are not the person's."""

READING = ("transcribe", "describe", "recall")
"""The tools whose results hold words of others: of recordings, of pictures, of the past."""
_NOT_AFTER = ("undo", "again")

T = TypeVar("T")

CIRCLES = "I went round in circles with that; please say it in smaller steps."
TOO_LONG = "I thought about that for too long; say it more simply."


@dataclass(slots=True)
class Budget:
    """What a chat model has used up in one turn."""

    clock: Callable[[], float] = time.monotonic
    calls: int = 0
    seconds: float = 0.0
    after: int = 0

    async def spend(self, thinking: Awaitable[T]) -> T:
        """Let the model answer once; raises TurnError when it has no calls or time left."""
        self.calls += 1
        if self.calls > MOST_CALLS:
            _close(thinking)
            raise TurnError(CIRCLES)
        began = self.clock()
        try:
            async with asyncio.timeout(MOST_SECONDS - self.seconds):
                return await thinking
        except TimeoutError as error:
            raise TurnError(TOO_LONG) from error
        finally:
            self.seconds += self.clock() - began

    def bound(self, wishes: Sequence[Wish], steps: Iterable[Step]) -> None:
        """Raise TurnError for wishes that may come from words a tool read, not from the person.

        `steps` are those of the rounds before. What was read may be spoken, drawn or written
        about, or searched for once more; it takes nothing back and repeats nothing.
        """
        read = [s.tool for s in steps if s.tool in READING and s.status in ENDED_WELL]
        if not read:
            return
        self.after += len(wishes)
        if self.after > AFTER_READING or any(w.tool in _NOT_AFTER for w in wishes):
            raise TurnError(
                "After what {tool} found I do no more by myself; say what you would like next.",
                tool=say(read[0]),
            )


def _close(thinking: Awaitable[object]) -> None:
    close = getattr(thinking, "close", None)
    if close is not None:
        close()

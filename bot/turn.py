"""Requests under way, and who may stop them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from agents.turns import Answer
from agents.work import Work
from memory.records import Chat, Message, User


@dataclass(slots=True)
class Turn:
    """A request until it is answered; `work` is there once it is thought about."""

    message: Message
    task: asyncio.Task[Answer] | None = None
    work: Work | None = None
    stopped: bool = False
    place: asyncio.Task[object] | None = None
    """Waits for the turns before it to end."""

    def is_stopped(self) -> bool:
        """Tell whether somebody cancelled it."""
        return self.stopped

    def stop(self) -> None:
        """Cancel it."""
        self.stopped = True
        if self.work is not None:
            self.work.stopped = True
        for task in (self.place, self.task):
            if task is not None:
                task.cancel()

    @asynccontextmanager
    async def after(self, lock: asyncio.Lock) -> AsyncIterator[None]:
        """Enter when the turns before it have ended, or at once when it is cancelled."""
        place = self.place = asyncio.create_task(lock.acquire())
        if self.stopped:
            place.cancel()
        try:
            await asyncio.wait({place})
            yield
        finally:
            if not place.cancel() and not place.cancelled():
                lock.release()


class Underway(dict[str, Turn]):
    """The requests that are not answered yet, by their ids."""

    def __init__(self) -> None:
        super().__init__()
        self._unwanted: set[str] = set()

    def begin(self, message: Message) -> Turn:
        """Return the turn of a request, stopped if somebody cancelled it before we were back."""
        turn = self[message.id] = Turn(message, stopped=message.id in self._unwanted)
        self._unwanted.discard(message.id)
        return turn

    def cancel(self, chat: Chat, user: User | None = None) -> int:
        """Stop the turns of a chat (of one user, if given); return how many there were."""
        mine = [
            t
            for t in self.values()
            if t.message.chat == chat and user in (None, t.message.author) and not t.stopped
        ]
        for turn in mine:
            turn.stop()
        return len(mine)

    def drop(self, request_id: str) -> bool:
        """Stop one request, also before its turn begins; False when it is as good as answered."""
        turn = self.get(request_id)
        if turn is None:
            self._unwanted.add(request_id)
        elif turn.task is not None and turn.task.done():
            return False
        else:
            turn.stop()
        return True

    def standing(self, message: Message) -> tuple[int, int]:
        """Count the requests of a message's author in its chat: those begun, those behind."""
        mine = [
            turn.task is not None
            for turn in self.values()
            if (turn.message.chat, turn.message.author) == (message.chat, message.author)
        ]
        return mine.count(True), mine.count(False)

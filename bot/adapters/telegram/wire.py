"""Calls of Telegram's methods: within its limits, tried again where that is harmless."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from telegram import Bot, Message
from telegram.error import BadRequest, ChatMigrated, NetworkError, RetryAfter, TelegramError

from bot.adapters.telegram.budget import KEPT, RESERVE, Budget
from bot.adapters.telegram.refusals import Gone, MayHaveArrived, kind, seconds, translated, unsent
from bot.pace import Busy
from memory.records import Chat
from tools.errors import Refused

MOST_BYTES = 20 * 1024 * 1024
"""What Telegram lets bots fetch."""
_TRIES = 4
_LONGEST_WAIT = 60.0
_PROGRESS_WAIT = 5.0
"""Seconds without progress after the network failed."""

T = TypeVar("T")
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Address:
    """A chat of Telegram's, and the topic in it (0: none)."""

    chat: int
    topic: int = 0

    @classmethod
    def of(cls, chat: Chat) -> "Address":
        """Return where a conversation takes place."""
        number, _, topic = chat.id.partition(":")
        return cls(int(number), int(topic or 0))

    @property
    def group(self) -> bool:
        """Whether several people read it."""
        return self.chat < 0


@dataclass(frozen=True, slots=True)
class Timing:
    """The clock and what is waited for, in seconds.

    `private` and `group` lie between two views of progress; an album is complete when nothing
    more came for `quiet`; `retry` is the first wait after the network failed.
    """

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    private: float = 3.0
    group: float = 5.0
    quiet: float = 0.8
    retry: float = 1.0

    def delays(self) -> Iterator[float]:
        """Yield waits that double, up to a minute."""
        wait = self.retry
        while True:
            yield wait
            wait = min(2 * wait, _LONGEST_WAIT)


class Wire:
    """The client, its budget, and the groups that were given another id."""

    def __init__(self, bot: Bot, timing: Timing) -> None:
        self.bot, self.timing = bot, timing
        self.budget = Budget(timing.clock, timing.sleep)
        self._moved: dict[int, int] = {}
        self._fresh: set[tuple[int, int]] = set()

    async def send(
        self, to: Address, method: Callable[..., Awaitable[T]], *, cost: int = 1, **fields: Any
    ) -> T:
        """Send something new, once; raises MayHaveArrived, NotAllowed, Undeliverable."""
        topic = {"message_thread_id": to.topic} if to.topic else {}
        return self._noted(to, await self._call(to, method, fields | topic, cost=cost))

    async def edit(self, to: Address, method: Callable[..., Awaitable[T]], **fields: Any) -> None:
        """Change a message, as often as it takes; raises Gone, NotAllowed, Undeliverable."""
        self._still_there(to, fields)
        try:
            await self._call(to, method, fields, safe=True)
        except BadRequest as error:
            if "not modified" not in error.message:
                raise

    async def offer(
        self, to: Address, method: Callable[..., Awaitable[T]], *, new: bool = False, **fields: Any
    ) -> T | None:
        """Try to show progress; raises Busy when it must wait."""
        self.ready(to, new=new)
        if not new:
            self._still_there(to, fields)
        chat = self._moved.get(to.chat, to.chat)
        fields = self._readdressed(to, fields)
        topic = {"message_thread_id": to.topic} if new and to.topic else {}
        try:
            with self.budget.spend(chat):
                return self._noted(to, await method(chat_id=chat, **fields, **topic))
        except RetryAfter as error:
            self.budget.close(chat, seconds(error))
            raise Busy(seconds(error)) from None
        except ChatMigrated as error:
            self.follow(chat, error.new_chat_id)
        except BadRequest as error:
            if "not modified" not in error.message:
                raise
        except NetworkError as error:
            if new and not unsent(error):
                raise  # another one might be the second
            raise Busy(_PROGRESS_WAIT) from None
        return None

    def moved(self, to: Address) -> bool:
        """Tell whether a group was given another id since this process knows it."""
        return to.chat in self._moved

    def ready(self, to: Address, *, new: bool = False, kept: int = KEPT) -> None:
        """Raise Busy when there is no room for progress now; the first sign of it needs less."""
        chat = self._moved.get(to.chat, to.chat)
        reserve = RESERVE // 2 if new else RESERVE
        if (wait := self.budget.wait(chat, spare=not new, kept=kept, reserve=reserve)) > 0:
            raise Busy(wait)

    async def asked(self, method: Callable[..., Awaitable[T]], **fields: Any) -> T:
        """Call something harmless until it is answered, however long the network is away."""
        delays, told = self.timing.delays(), False
        while True:
            try:
                return await method(**fields)
            except RetryAfter as error:
                await self.timing.sleep(seconds(error))
            except BadRequest:
                raise
            except NetworkError as error:
                if not told:
                    log.warning("Telegram cannot be reached (%s); it is tried again", kind(error))
                    told = True
                await self.timing.sleep(next(delays))

    async def download(self, file_id: str, size: int | None) -> bytes:
        """Fetch a file that somebody sent; raises Refused."""
        if (size or 0) > MOST_BYTES:
            raise Refused(_too_big(size or 0))
        delays = self.timing.delays()
        for _ in range(_TRIES):
            try:
                file = await self.bot.get_file(file_id)
                return bytes(await file.download_as_bytearray())
            except BadRequest as error:
                big = "too big" in error.message
                raise Refused(_too_big(0) if big else "That file is gone; send it again.") from None
            except TelegramError:
                await self.timing.sleep(next(delays))
        raise Refused("Telegram did not hand your file over; send it again.")

    async def _call(
        self,
        to: Address,
        method: Callable[..., Awaitable[T]],
        fields: dict[str, Any],
        *,
        cost: int = 1,
        safe: bool = False,
    ) -> T:
        delays = self.timing.delays()
        while True:
            chat = self._moved.get(to.chat, to.chat)
            fields = self._readdressed(to, fields)
            try:
                async with self.budget.take(chat, cost):
                    return await method(chat_id=chat, **fields)
            except TelegramError as error:
                await self._endure(error, chat, delays, safe=safe)
                if safe:
                    self._still_there(to, fields)

    def follow(self, old: int, new: int) -> None:
        """Go on where a group is now."""
        self._moved[old] = new

    def _noted(self, to: Address, sent: T) -> T:
        """Note what was sent to where a group is now: it can be changed and replied to there."""
        if self.moved(to) and isinstance(sent, Message):
            self._fresh.add((to.chat, sent.message_id))
        return sent

    def _readdressed(self, to: Address, fields: dict[str, Any]) -> dict[str, Any]:
        """Return what is to be sent, without what it replies to if that stayed behind."""
        reply = fields.get("reply_parameters")
        if reply is None or not self.moved(to) or (to.chat, reply.message_id) in self._fresh:
            return fields
        return {**fields, "reply_parameters": None}

    def _still_there(self, to: Address, fields: dict[str, Any]) -> None:
        """Raise Gone for what was said before a group moved: its id is another message's now."""
        if self.moved(to) and (to.chat, fields["message_id"]) not in self._fresh:
            raise Gone("message to edit not found")

    async def _endure(
        self, error: TelegramError, chat: int, delays: Iterator[float], *, safe: bool
    ) -> None:
        """Wait until a call may be made again; raises what it cannot be made again for."""
        if isinstance(error, RetryAfter):
            self.budget.close(chat, seconds(error))
        elif isinstance(error, ChatMigrated):
            self.follow(chat, error.new_chat_id)
        elif isinstance(error, NetworkError) and not isinstance(error, BadRequest):
            if not safe and not unsent(error):
                raise MayHaveArrived from None
            await self.timing.sleep(next(delays))
        else:
            raise translated(error) from None


def _too_big(size: int) -> str:
    has = f" has {size / 1e6:.0f} MB;" if size else " is too big:"
    return f"That file{has} Telegram lets me fetch up to 20 MB, so send it smaller."

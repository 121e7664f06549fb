"""Long polling: each update is told until it is confirmed, and confirmed when it is safe here."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from telegram import Update
from telegram.error import (
    Conflict,
    EndPointNotFound,
    InvalidToken,
    RetryAfter,
    TelegramError,
)

from bot.adapters.telegram.backlog import read
from bot.adapters.telegram.refusals import kind, seconds
from bot.adapters.telegram.wire import Wire
from bot.errors import SettingsError

log = logging.getLogger(__name__)

KINDS = ("message", "edited_message", "callback_query", "my_chat_member")
"""What is asked for."""
_HOLD = 50
"""Seconds for which Telegram holds a poll when there is nothing to tell."""
_AGAIN = 0.5
"""Seconds between two polls while something told is not safe yet."""
_CONFLICT = 30.0
BAD_TOKEN = (
    "Telegram does not know the bot's token; copy it from @BotFather again and set "
    "ATELIER_TELEGRAM__TOKEN, or token under [telegram] in atelier.toml."
)


class Poller:
    """Asks for updates; `take` returns when one of them is stored, or needs no storing."""

    def __init__(self, wire: Wire, take: Callable[[Update], Awaitable[None]]) -> None:
        self._wire, self._take = wire, take
        self._next = 0
        self._pending: dict[int, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Ask until cancelled; raises SettingsError when the token is not taken."""
        delays = self._wire.timing.delays()
        try:
            while True:
                try:
                    told = await self._poll()
                except (InvalidToken, EndPointNotFound):
                    raise SettingsError(BAD_TOKEN) from None
                except TelegramError as error:
                    await self._wire.timing.sleep(_wait(error, next(delays)))
                    continue
                delays = self._wire.timing.delays()
                await self._begin(told)
        finally:
            for task in list(self._pending.values()):
                task.cancel()

    async def _poll(self) -> Iterable[dict[str, Any]]:
        """Ask for what lies after the last confirmed update, which confirms those before."""
        asked = {
            "offset": min(self._pending, default=self._next),
            "timeout": 0 if self._pending else _HOLD,
            "allowed_updates": list(KINDS),
        }
        # Bot.get_updates refuses a whole batch for one update that it cannot read, for ever. In
        # small letters it is the same method to Telegram, and not yet one to the library.
        ask = self._wire.bot.do_api_request
        told: list[dict[str, Any]] = await ask(
            "getupdates", api_kwargs=asked, read_timeout=_HOLD + 10
        )
        return told

    async def _begin(self, told: Iterable[dict[str, Any]]) -> None:
        for raw in told:
            number = int(raw["update_id"])
            if number < self._next:
                continue  # it is in hand already
            self._next = number + 1
            if (update := read(raw, self._wire.bot)) is not None:
                self._pending[number] = asyncio.create_task(self._taken(number, update))
        if self._pending:
            await asyncio.wait(list(self._pending.values()), timeout=_AGAIN)

    async def _taken(self, number: int, update: Update) -> None:
        try:
            await self._take(update)
        except Exception:  # it would be told again for ever
            log.exception("an update could not be handled and is left out")
        finally:
            del self._pending[number]


def _wait(error: TelegramError, delay: float) -> float:
    """Return the seconds until the next poll, and say why it must wait."""
    if isinstance(error, RetryAfter):
        return seconds(error)
    if isinstance(error, Conflict):
        log.warning("another program polls Telegram with this bot's token; stop one of the two")
        return _CONFLICT
    log.info("Telegram cannot be polled (%s); it is tried again in %.0f s", kind(error), delay)
    return delay

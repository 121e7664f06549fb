"""What a webhook told, kept until it is taken care of: no kill loses it once it was confirmed."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any

from telegram import Bot, Update

from memory.store import Store

log = logging.getLogger(__name__)

_KEPT = "telegram update "
_SEEN = 10_000
"""Updates that are remembered although they are done with: Telegram may tell one twice."""


def read(raw: dict[str, Any], bot: Bot) -> Update | None:
    """Return an update as the library has it, None when it cannot read it."""
    try:
        return Update.de_json(raw, bot)
    except Exception:  # whatever a newer Telegram may write
        log.exception("an update could not be read and is left out")
        return None


class Backlog:
    """Keeps updates as they came; `take` returns when one is stored or needs no storing.

    That cannot be waited for before confirming: Telegram tells the second picture of an album
    only when the first is confirmed.
    """

    def __init__(self, bot: Bot, store: Store, take: Callable[[Update], Awaitable[None]]) -> None:
        self._bot, self._store, self._take = bot, store, take
        self._seen: OrderedDict[int, None] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()

    async def restore(self) -> None:
        """Begin what an earlier run confirmed and did not take care of."""
        for raw in (await self._store.facts(_KEPT)).values():
            if "update_id" in raw and int(str(raw["update_id"])) not in self._seen:
                self._begin(raw)

    async def add(self, raw: dict[str, Any]) -> None:
        """Keep an update and begin it, each once; it is safe when this returns."""
        number = int(raw["update_id"])
        if number in self._seen:
            return
        await self._store.keep(_name(number), raw)
        if number not in self._seen:
            self._begin(raw)

    def close(self) -> None:
        """Let go of what is under way; it is begun again at the next start."""
        for task in list(self._tasks):
            task.cancel()

    def _begin(self, raw: dict[str, Any]) -> None:
        self._seen[int(raw["update_id"])] = None
        while len(self._seen) > _SEEN:
            self._seen.popitem(last=False)
        task = asyncio.create_task(self._taken(raw))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _taken(self, raw: dict[str, Any]) -> None:
        try:
            if (update := read(raw, self._bot)) is not None:
                await self._take(update)
        except Exception:  # it would be begun at every start
            log.exception("an update could not be handled and is left out")
        await self._store.drop(_name(int(raw["update_id"])))


def _name(number: int) -> str:
    return f"{_KEPT}{number:015}"

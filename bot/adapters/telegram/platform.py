"""Telegram as a platform: from the first poll to the last."""

import asyncio
from contextlib import suppress

from telegram import BotCommand
from telegram.error import EndPointNotFound, InvalidToken, TelegramError

from bot import settings
from bot.adapter import Handler, Recovery
from bot.adapters.telegram.client import connect
from bot.adapters.telegram.events import Events
from bot.adapters.telegram.places import NAME
from bot.adapters.telegram.polling import BAD_TOKEN, Poller
from bot.adapters.telegram.wire import Timing, Wire
from bot.errors import SettingsError
from memory.assets import Assets
from memory.store import Store

_GOODBYE = 2.0
"""Seconds for saying that there is a restart."""


class Telegram:
    """The adapter; `timing` says how long things last."""

    name = NAME

    def __init__(
        self,
        given: settings.Telegram,
        desk: Recovery,
        store: Store,
        assets: Assets,
        timing: Timing | None = None,
    ) -> None:
        self._given, self._desk, self._store, self._assets = given, desk, store, assets
        self._timing = timing or Timing()
        self.ready = asyncio.Event()

    async def run(self, handle: Handler) -> None:
        """Talk with everybody until cancelled; raises SettingsError for a wrong token."""
        wire = Wire(await connect(self._given), self._timing)
        events: Events | None = None
        try:
            await _introduce(wire)
            events = Events(wire, self._store, self._assets, handle)
            events.start(_offer(wire))
            events.start(self._desk.recover(self.name, events.back))
            self.ready.set()
            await Poller(wire, events.take).run()
        finally:
            with suppress(TimeoutError):
                async with asyncio.timeout(_GOODBYE):
                    if events is not None:
                        await events.close()
            await wire.bot.request.shutdown()  # the bot itself only ends what it began


async def _introduce(wire: Wire) -> None:
    """Sign in, however long the network is away."""
    bot = wire.bot
    try:
        await wire.asked(bot.initialize)
        await wire.asked(bot.delete_webhook)  # while there is one, polling is refused
    except (InvalidToken, EndPointNotFound):
        raise SettingsError(BAD_TOKEN) from None


async def _offer(wire: Wire) -> None:
    """Fill the menu of commands."""
    with suppress(TelegramError):
        await wire.asked(wire.bot.set_my_commands, commands=_menu())


def _menu() -> list[BotCommand]:
    """Return the commands that Telegram offers behind a slash."""
    from bot.commands import COMMANDS  # it knows languages; signing in does not wait for them

    offered = {name: about for name, about in COMMANDS.items() if name != "quit"}
    offered["imagine"] = "the same as /draw"
    return [BotCommand(name, about) for name, about in offered.items()]

"""Telegram as a platform: from signing in to the end."""

import asyncio
from contextlib import suppress
from importlib import import_module

from telegram import BotCommand
from telegram.error import EndPointNotFound, InvalidToken, TelegramError

from bot import settings
from bot.adapter import Handler, Memory, Recovery
from bot.adapters.telegram.backlog import Backlog
from bot.adapters.telegram.client import connect
from bot.adapters.telegram.events import Events
from bot.adapters.telegram.places import NAME
from bot.adapters.telegram.polling import BAD_TOKEN, Poller
from bot.adapters.telegram.wire import Timing, Wire
from bot.errors import SettingsError

_GOODBYE = 2.0
"""Seconds for saying that there is a restart."""


class Telegram:
    """The adapter; `timing` says how long things last."""

    name = NAME

    def __init__(
        self,
        given: settings.Telegram,
        desk: Recovery,
        memory: Memory,
        timing: Timing | None = None,
    ) -> None:
        self._given, self._desk, self._memory = given, desk, memory
        self._timing = timing or Timing()
        self.ready = asyncio.Event()

    async def run(self, handle: Handler) -> None:
        """Talk with everybody until cancelled; raises SettingsError for a wrong token."""
        wire = Wire(await connect(self._given), self._timing)
        events: Events | None = None
        try:
            await _introduce(wire, polls=not self._given.webhook_url)
            events = Events(wire, self._memory, handle)
            events.start(_offer(wire))
            events.start(self._desk.recover(self.name, events.back))
            await self._hear(wire, events)
        finally:
            with suppress(TimeoutError):
                async with asyncio.timeout(_GOODBYE):
                    if events is not None:
                        await events.close()
            await wire.bot.request.shutdown()  # the bot itself only ends what it began

    async def _hear(self, wire: Wire, events: Events) -> None:
        """Take what happens until cancelled: told by Telegram, or asked for."""
        backlog = Backlog(wire.bot, self._memory.store, events.take)
        events.start(backlog.restore())  # once there is a memory; nobody's first word waits for it
        try:
            if self._given.webhook_url:
                webhook = await asyncio.to_thread(import_module, f"{__package__}.webhook")
                await webhook.Webhook(self._given, wire, backlog.add).run(self.ready)
            else:
                self.ready.set()
                await Poller(wire, events.take).run()
        finally:
            backlog.close()


async def _introduce(wire: Wire, *, polls: bool) -> None:
    """Sign in, however long the network is away."""
    try:
        await wire.asked(wire.bot.initialize)
        if polls:
            await wire.asked(wire.bot.delete_webhook)  # while there is one, polling is refused
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

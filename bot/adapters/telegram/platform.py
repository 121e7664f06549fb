"""Telegram as a platform: from signing in to the end."""

import asyncio
import hashlib
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
from bot.translation import ENGLISH, languages, put, source
from memory.sentences import say
from memory.store import Store

_MENUS = "telegram menus"
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
            events.start(_offer(wire, self._memory.store))
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


async def _offer(wire: Wire, store: Store) -> None:
    """Fill the menu of commands; in other languages than English if something else stands there."""
    with suppress(TelegramError):
        fill = wire.bot.set_my_commands
        await wire.asked(fill, commands=_menu(ENGLISH))
        facts: dict[str, object] = {"bot": wire.bot.id, "sha256": await asyncio.to_thread(_known)}
        if await store.kept(_MENUS) != facts:
            for language in languages()[1:]:
                offered = await asyncio.to_thread(_menu, language)
                await wire.asked(fill, commands=offered, language_code=language)
            await store.keep(_MENUS, facts)


def _menu(language: str) -> list[BotCommand]:
    """Return the commands that Telegram offers behind a slash (blocks the first time)."""
    from bot.commands import COMMANDS  # it knows languages; signing in does not wait for them

    offered = {name: about for name, about in COMMANDS.items() if name != "quit"}
    offered["imagine"] = say("the same as /draw")
    return [BotCommand(name, put(about, language)) for name, about in offered.items()]


def _known() -> str:
    """Return what is another one when there is something else to offer (blocks)."""
    english = repr([(one.command, one.description) for one in _menu(ENGLISH)])
    said = b"".join(map(source, languages()[1:]))
    return hashlib.sha256(english.encode() + said).hexdigest()

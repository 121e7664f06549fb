"""A session with Discord: signing in, the events that come, and an orderly end."""

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import replace
from itertools import chain, repeat
from typing import Any

import discord

from bot.adapter import Edited, Event, Handler, Memory, Received, Recovery
from bot.adapters.discord import NAME, endpoints, localised, wire
from bot.adapters.discord.asked import Interaction, Taken
from bot.adapters.discord.calls import Calls
from bot.adapters.discord.inbox import Inbox, chat_of, place_of, refusal, words_of
from bot.adapters.discord.missed import Heard, missed, with_roles
from bot.adapters.discord.outbox import DiscordOutbox, Edge
from bot.adapters.discord.rate import Rate
from bot.adapters.discord.tokens import Tokens
from bot.adapters.discord.wire import PASSING, Wire
from bot.edits import Fresh
from bot.errors import SettingsError
from bot.settings import Discord
from memory.errors import AtelierError
from memory.records import Message
from memory.rooms import Rooms

log = logging.getLogger(__name__)

_PATIENT = 30.0
"""Seconds discord.py waits by itself when told to; what takes longer is tried again by us."""
_COMMANDS = "discord commands"
_REAL = (discord.MessageType.default, discord.MessageType.reply)
_TOKEN = (
    "Discord does not accept the bot's token; copy a new one from the developer portal (Bot, "
    "Reset Token) into ATELIER_DISCORD__TOKEN or atelier.toml."
)
_INTENTS = (
    "Discord refuses the message content intent; switch it on in the developer portal (Bot, "
    "Privileged Gateway Intents), or off, and start again."
)


async def serve(
    settings: Discord,
    desk: Recovery,
    memory: Memory,
    handle: Handler,
    ready: asyncio.Event | None = None,
) -> None:
    """Serve until cancelled, trying again while Discord cannot be reached; set `ready` when it is.

    Raises SettingsError when it does not let us in.
    """
    ready = ready or asyncio.Event()
    endpoints.use(settings.api_url, settings.gateway_url, settings.cdn_url)
    token = settings.token.get_secret_value()
    waits = chain(wire.WAITS, repeat(wire.WAITS[-1]))
    while True:
        session = Session(desk, memory, handle, ready)
        try:
            await session.stay(token)
        except (*PASSING, discord.HTTPException, discord.RateLimited) as error:
            why = type(error).__name__
            log.warning("Discord cannot be reached (%s); see `atelier doctor`.", why)
        await asyncio.sleep(next(waits))


class Session(discord.Client):
    """discord.py's client; keeps no messages and no members."""

    def __init__(
        self, desk: Recovery, memory: Memory, handle: Handler, ready: asyncio.Event
    ) -> None:
        intents = discord.Intents(guilds=True, guild_messages=True, dm_messages=True)
        rate = Rate()
        super().__init__(
            intents=intents,
            http_trace=rate.trace,
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            guild_ready_timeout=0,
            allowed_mentions=discord.AllowedMentions.none(),
            max_ratelimit_timeout=_PATIENT,
        )
        self._desk, self.memory, self._handle = desk, memory, handle
        self._store, self._rooms = memory.store, Rooms(memory.store.database)
        self.edge = Edge(Wire(self, rate), memory.store, memory.assets, Tokens(memory.store))
        self.inbox = Inbox(memory.store, memory.assets)
        self._calls = Calls(self, memory.catalogue)
        self._fresh, self._known = Fresh(), Heard(memory.store)
        self._work: set[asyncio.Task[None]] = set()
        self._begun = self._ending = False
        self._hears = ready

    async def stay(self, token: str) -> None:
        """Serve until cancelled, or until Discord does not want us."""
        running = asyncio.create_task(self._go(token))
        try:
            # Not the task itself: in Python 3.11 a reconnect may swallow that it is cancelled.
            await asyncio.wait({running})
            await running
        except (discord.LoginFailure, discord.PrivilegedIntentsRequired) as error:
            raise SettingsError(
                _TOKEN if isinstance(error, discord.LoginFailure) else _INTENTS
            ) from error
        except discord.ConnectionClosed as error:
            raise SettingsError(_TOKEN if error.code == 4004 else _closed(error)) from error
        finally:
            await self._end()
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    async def _go(self, token: str) -> None:
        await self.login(token)
        wire.read_content(self)
        await wire.connect(self)

    async def _end(self) -> None:
        self._ending = True
        for task in self._work:
            task.cancel()
        if self._work:
            await asyncio.wait(self._work)
        await self.close()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something in a task of its own that ends with the session; errors are logged."""
        if self._ending:
            work.close()
            return
        task = asyncio.create_task(_logged(work))
        self._work.add(task)
        task.add_done_callback(self._work.discard)

    async def on_ready(self) -> None:
        """Begin once, however often the connection is made; read what came while there was none."""
        self._hears.set()
        self.spawn(self._catch_up())
        if not self._begun:
            self._begun = True
            self.spawn(self._publish())
            self.spawn(self.edge.tokens.expire())
            self.spawn(self._recover())

    async def on_message(self, said: discord.Message) -> None:
        """Handle what is said to us: in private, or by name, or as a reply that notifies us."""
        if self.user is not None and self._calls_us(said):
            self.spawn(self._heard(said, self.user.id))
        elif self.user is not None and _from_people(said):
            self.spawn(self._overheard(said, self.user.id))

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """Let go of what was known of a server, for we were thrown out or it is no more."""
        for channel in (*guild.channels, *guild.threads):
            await self._desk.left(chat_of(channel.id))
        await (await self.memory.rules()).leave(NAME, str(guild.id))

    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        """Stop what is done for a channel that was deleted, and forget its rules."""
        await self._closed(channel.id)

    async def on_raw_thread_delete(self, thread: discord.RawThreadDeleteEvent) -> None:
        """Stop what is done for a thread that was deleted."""
        await self._closed(thread.thread_id)

    async def _closed(self, channel: int) -> None:
        await self._desk.left(chat_of(channel), gone=True)
        await (await self.memory.rules()).gone(chat_of(channel))

    async def on_raw_message_edit(self, edit: discord.RawMessageUpdateEvent) -> None:
        """Handle new words for a request; Discord tells of previews of links in the same way."""
        said, me = edit.message, self.user
        if me is not None and said.edited_at is not None and self._calls_us(said):
            self.spawn(self._changed(said, me.id))

    def _calls_us(self, said: discord.Message) -> bool:
        me = self.user
        if me is None or not _from_people(said):
            return False
        return said.guild is None or any(user.id == me.id for user in said.mentions)

    async def _changed(self, said: discord.Message, me: int) -> None:
        chat, post = chat_of(said.channel.id), str(said.id)
        found, words = await self._store.behind(chat, post), words_of(said, me)
        if found is None:
            if self._fresh.edited(chat, post, words, said.edited_at):
                await self._heard(said, me, edited=True)
            return
        old = await self._store.message(found[0])
        if old.author is None or not words or words == old.text:
            return
        place = place_of(said.channel, said.guild, said.author)
        outbox = DiscordOutbox(self.edge, str(said.channel.id), post)
        await self.handle(Edited(replace(old, text=words), post, place), outbox)

    async def on_interaction(self, interaction: Interaction) -> None:
        """Handle a command, a button or a form."""
        self.spawn(self._called(interaction))

    async def _called(self, interaction: Interaction) -> None:
        try:
            await self._calls(interaction)
        except Taken:
            log.info("an interaction was told twice")

    async def _catch_up(self) -> None:
        """Hear what was said to us while the connection was lost for good, or we were not there."""
        async for said in missed(self, self._store):
            chat, post = chat_of(said.channel.id), str(said.id)
            called = self._calls_us(said)
            overheard = _from_people(said) and await self._rooms.here(chat)
            if self.user is None or not (called or overheard):
                continue
            if not await self._known.known(chat, post):
                self.spawn(self._heard(await with_roles(said), self.user.id, called=called))

    async def _overheard(self, said: discord.Message, me: int) -> None:
        """Take in what people say to each other where they make something together."""
        if await self._rooms.here(chat_of(said.channel.id)):
            await self._heard(said, me, called=False)

    async def _heard(
        self, said: discord.Message, me: int, *, edited: bool = False, called: bool = True
    ) -> None:
        channel, post = str(said.channel.id), str(said.id)
        if not self._known.first(post) and not edited:
            return
        if called:
            self.spawn(self.edge.wire.typing(channel))
            await asyncio.sleep(0)  # it leaves before anything else is done
        outbox = DiscordOutbox(self.edge, channel, post)
        if await self._store.behind(chat_of(said.channel.id), post):
            return  # told before we were restarted
        try:
            message = await self.inbox.message(said, me)
        except AtelierError as error:
            await outbox.notice(refusal(error, words_of(said, me)), error=True)
            await self._known.told(post)
            return
        self._fresh.heard(message.chat, post, message.text)
        place = place_of(said.channel, said.guild, said.author)
        await self.handle(Received(message, post, place, called), outbox)
        if await self._store.behind(message.chat, post) is None:
            await self._known.told(post)

    async def handle(self, event: Event, outbox: DiscordOutbox) -> None:
        """Hand an event over; when the program ends meanwhile, say that it goes on."""
        try:
            await self._handle(event, outbox)
        except asyncio.CancelledError:
            await outbox.pause()
            raise
        finally:
            if not self._ending:
                await outbox.close()

    async def _recover(self) -> None:
        """Finish what an earlier run left."""
        used: list[DiscordOutbox] = []

        def outbox(message: Message) -> DiscordOutbox:
            used.append(DiscordOutbox(self.edge, message.chat.id))
            return used[-1]

        try:
            await self._desk.recover(NAME, outbox)
        except asyncio.CancelledError:
            await asyncio.gather(*(one.pause() for one in used))
            raise
        finally:
            if not self._ending:
                await asyncio.gather(*(one.close() for one in used))

    async def _publish(self) -> None:
        """Register the commands if they are not the ones registered last."""
        personal = bool(self.application and self.application.user_integration_config is not None)
        known = await asyncio.to_thread(localised.fingerprint, personal)
        facts = {"application": str(self.application_id), "sha256": known}
        if await self._store.kept(_COMMANDS) != facts:
            wanted = await asyncio.to_thread(localised.described, personal)
            await wire.persist(lambda: self.edge.wire.publish(wanted), "commands")
            await self._store.keep(_COMMANDS, facts)


def _from_people(said: discord.Message) -> bool:
    return not (said.author.bot or said.webhook_id) and said.type in _REAL


def _closed(error: discord.ConnectionClosed) -> str:
    return f"Discord ended the connection for good (code {error.code}); see `atelier doctor`."


async def _logged(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except Exception:  # the outermost boundary: one event must not end the others
        log.exception("an event of Discord's could not be handled")

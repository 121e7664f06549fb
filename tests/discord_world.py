"""The state of a small Discord and what happens in it; changes are told as gateway events."""

import asyncio
import hashlib
import hmac
import io
import mimetypes
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from PIL import Image

from tests import discord_render as render
from tests.discord_errors import Json, Refusal
from tests.discord_records import (
    DM,
    EPOCH_MS,
    GROUP,
    THREAD,
    THREADS,
    USUAL,
    Account,
    Channel,
    Clock,
    File,
    Guild,
    Message,
    Permission,
    Role,
)

GUILDS, GUILD_MESSAGES, GUILD_REACTIONS = 1 << 0, 1 << 9, 1 << 10
DIRECT_MESSAGES, DIRECT_REACTIONS, MESSAGE_CONTENT = 1 << 12, 1 << 13, 1 << 15
URL_LIFE = 24 * 3600
Listener = Callable[[str, Json, int, Json | None], None]


@dataclass
class World:
    """Everything there is. `content_granted`: whether the application may ask for message content.

    `changed` is set for a moment at each change.
    """

    clock: Clock = field(default_factory=Clock)
    content_granted: bool = True
    cdn_url: str = ""
    accounts: dict[int, Account] = field(default_factory=dict)
    guilds: dict[int, Guild] = field(default_factory=dict)
    channels: dict[int, Channel] = field(default_factory=dict)
    files: dict[int, File] = field(default_factory=dict)
    listener: Listener = lambda event, data, need, bare: None
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    bot: Account = field(init=False)
    _last_id: int = 0

    def __post_init__(self) -> None:
        self.bot = self.account("Atelier", bot=True)

    def touch(self) -> None:
        self.changed.set()
        self.changed.clear()

    def new_id(self) -> int:
        """Return a snowflake of now, larger than all before."""
        made = (int(self.clock() * 1000) - EPOCH_MS) << 22
        self._last_id = max(made, self._last_id + 1)
        return self._last_id

    def account(self, name: str, *, bot: bool = False) -> Account:
        account = Account(self.new_id(), name, bot)
        self.accounts[account.id] = account
        return account

    def guild(self, name: str, tier: int = 0, *, joined: bool = True) -> Guild:
        """Make a server, with the bot in it if it `joined`."""
        guild = Guild(self.new_id(), name, self.account(f"{name}'s owner"), tier)
        guild.roles = [Role(guild.id, "@everyone", USUAL)]
        self.guilds[guild.id] = guild
        self.join(guild, guild.owner)
        if joined:
            self.join(guild, self.bot)
            self.emit("GUILD_CREATE", render.guild(self, guild), GUILDS)
        return guild

    def join(self, guild: Guild, account: Account) -> None:
        guild.members[account.id] = account

    def leave(self, guild: Guild) -> None:
        """Remove the bot from a server."""
        del guild.members[self.bot.id]
        self.emit("GUILD_DELETE", {"id": str(guild.id)}, GUILDS)

    def channel(self, guild: Guild, name: str, *, nsfw: bool = False) -> Channel:
        channel = Channel(self.new_id(), name=name, guild=guild, nsfw=nsfw)
        self.channels[channel.id] = channel
        if self.there(channel):
            self.emit("CHANNEL_CREATE", render.channel(self, channel), GUILDS)
        return channel

    def there(self, channel: Channel) -> bool:
        """Tell whether the bot is where a channel is."""
        guild = channel.guild
        return self.bot.id in guild.members if guild else not channel.between

    def thread(
        self, parent: Channel, name: str, owner: Account, kind: int = THREAD, id: int = 0
    ) -> Channel:
        thread = Channel(id or self.new_id(), kind, name, parent.guild, parent, owner=owner)
        self.channels[thread.id] = thread
        self.emit("THREAD_CREATE", {**render.channel(self, thread), "newly_created": True}, GUILDS)
        return thread

    def direct(self, account: Account) -> Channel:
        """Return the private chat of the bot with a person, made when there is none."""
        for channel in self.channels.values():
            if channel.kind == DM and channel.with_ is account:
                return channel
        channel = Channel(self.new_id(), DM, with_=account)
        self.channels[channel.id] = channel
        return channel

    def among(self, *people: Account) -> Channel:
        """Return a new private chat or group of people without the bot."""
        kind = DM if len(people) == 2 else GROUP
        channel = Channel(self.new_id(), kind, between=people)
        self.channels[channel.id] = channel
        return channel

    def change(self, channel: Channel, **changes: Any) -> None:
        """Change a channel's name, nsfw, denied, archived, locked ... or delete it."""
        for name, value in changes.items():
            setattr(channel, name, value)
        kind = "THREAD" if channel.kind in THREADS else "CHANNEL"
        verb = "DELETE" if channel.deleted else "UPDATE"
        self.emit(f"{kind}_{verb}", render.channel(self, channel), GUILDS)

    def of(self, guild: Guild) -> list[Channel]:
        return [c for c in self.channels.values() if c.guild is guild and not c.deleted]

    def emit(self, event: str, data: Json, need: int = 0, bare: Json | None = None) -> None:
        """Tell sessions with one of the intents; `bare` goes to those that may not read content."""
        self.listener(event, data, need, bare)
        self.touch()

    def tell(self, event: str, message: Message) -> None:
        """Tell of a message, unless only one person sees it or the bot is not there."""
        if message.ephemeral_to is None and self.there(message.channel):
            need = GUILD_MESSAGES if message.channel.guild else DIRECT_MESSAGES
            data = render.message(self, message, event=True)
            self.emit(event, data, need, self.readable(message, data))
        self.touch()

    def readable(self, message: Message, data: Json) -> Json:
        """Return the message as an application without the message content intent gets it.

        The message it replies to is its own matter: the documentation makes no exception for it.
        """
        if message.reply_to is not None and (inner := data.get("referenced_message")):
            data = {**data, "referenced_message": self.readable(message.reply_to, inner)}
        answered = message.reply_to is not None and message.reply_to.interaction is not None
        named = f"<@{self.bot.id}>" in message.content
        pinged = self.bot in message.pings and not answered
        if message.author is self.bot or message.channel.guild is None or named or pinged:
            return data
        return {**data, "content": "", "embeds": [], "attachments": [], "components": []}

    def post(self, message: Message) -> Message:
        message.channel.messages.append(message)
        message.texts.append(message.content)
        if message.channel.archived and not message.channel.locked:
            self.change(message.channel, archived=False)
        self.tell("MESSAGE_CREATE", message)
        return message

    def edit(self, message: Message, **changes: Any) -> Message:
        for name, value in changes.items():
            setattr(message, name, value)
        message.edits.append(self.clock())
        message.texts.append(message.content)
        self.tell("MESSAGE_UPDATE", message)
        return message

    def delete(self, message: Message) -> None:
        message.deleted = True
        message.channel.messages.remove(message)
        data = render.place(message.channel) | {"id": str(message.id)}
        self.touch()
        if message.ephemeral_to is None and self.there(message.channel):
            self.emit("MESSAGE_DELETE", data, GUILD_MESSAGES | DIRECT_MESSAGES)

    def react(self, message: Message, emoji: str, account: Account, *, on: bool = True) -> None:
        reaction = (emoji, account)
        if on == (reaction in message.reactions):
            return
        (message.reactions.append if on else message.reactions.remove)(reaction)
        need = GUILD_REACTIONS if message.channel.guild else DIRECT_REACTIONS
        event = "MESSAGE_REACTION_ADD" if on else "MESSAGE_REACTION_REMOVE"
        self.emit(event, render.reaction(self, message, emoji, account), need)

    def may(self, channel: Channel) -> Permission:
        """Return what the bot may do in a channel."""
        if not self.there(channel):
            return Permission(0)
        if channel.guild is None:
            return USUAL
        own = self.powers(channel.guild, self.bot)
        above = channel.parent.denied if channel.parent else Permission(0)
        return own & ~(channel.denied | above)

    def powers(self, guild: Guild, account: Account) -> Permission:
        if account is guild.owner:
            return Permission(sum(Permission))
        everyone = guild.roles[0].permissions
        for role in account.roles:
            everyone |= role.permissions if role in guild.roles else Permission(0)
        return everyone

    def found(self, channel_id: Any) -> Channel:
        """Return a channel the bot can see; refuses otherwise."""
        channel = self.channels.get(int(channel_id)) if str(channel_id).isdigit() else None
        if channel is None or channel.deleted:
            raise Refusal("unknown channel")
        if Permission.VIEW_CHANNEL not in self.may(channel):
            raise Refusal("missing access")
        return channel

    def message(self, channel: Channel, message_id: Any) -> Message:
        for message in channel.messages:
            if str(message.id) == str(message_id) and message.ephemeral_to is None:
                return message
        raise Refusal("unknown message")

    def file(self, channel: Channel, filename: str, data: bytes, **more: Any) -> File:
        """Store an attachment; its name is cleaned as Discord cleans it."""
        name = re.sub(r"[^A-Za-z0-9._-]", "_", filename) or "unknown"
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        size = _size(data) if kind.startswith("image/") else None
        made = File(self.new_id(), channel, name, data, kind, size=size, **more)
        self.files[made.id] = made
        return made

    def url(self, file: File) -> str:
        """Return the file's signed address, which expires a day from now."""
        expires = int(self.clock()) + URL_LIFE
        where = f"/attachments/{file.channel.id}/{file.id}/{quote(file.filename)}"
        since = f"{expires - URL_LIFE:x}"
        return f"{self.cdn_url}{where}?ex={expires:x}&is={since}&hm={signature(where, expires)}&"


def signature(where: str, expires: int) -> str:
    return hmac.new(b"cdn", f"{where} {expires}".encode(), hashlib.sha256).hexdigest()


def _size(data: bytes) -> tuple[int, int] | None:
    try:
        with Image.open(io.BytesIO(data)) as image:
            return image.size
    except OSError:
        return None


mimetypes.add_type("image/webp", ".webp")
mimetypes.add_type("audio/ogg", ".ogg")

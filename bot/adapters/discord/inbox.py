"""What people send, as the desk wants it: text without our name, files kept, replies resolved."""

import re
from collections.abc import Sequence

import discord

from bot import intake
from bot.adapter import Place
from bot.adapters.discord import NAME
from bot.adapters.discord.wire import PASSING
from bot.render import shortened
from bot.translation import put
from memory.assets import Assets
from memory.errors import AtelierError
from memory.records import Asset, Chat, Message, User
from memory.store import Store
from tools.errors import Refused
from tools.pictures import MAX_BYTES

_NAME = 60
_HIDDEN = (
    "Discord does not show me the message you replied to; use Apps in its menu, or send the file "
    "again with your request."
)


class Inbox:
    """Turns messages and files of Discord into ours."""

    def __init__(self, store: Store, assets: Assets) -> None:
        self._store, self._assets = store, assets

    async def message(self, said: discord.Message, me: int) -> Message:
        """Return a message with its files and what it replies to; raises Refused."""
        chat = chat_of(said.channel.id)
        own = await self.kept(said.attachments, spoken=said.flags.voice)
        reply_to, more = await self._replied(said, chat, me)
        text = words_of(said, me)
        return Message(chat, user_of(said.author), text, (*own, *more), reply_to)

    async def kept(
        self, attachments: Sequence[discord.Attachment], *, spoken: bool = False
    ) -> tuple[Asset, ...]:
        """Fetch and keep files, for their addresses expire; raises Refused naming a bad one."""
        if len(attachments) > intake.MOST:
            raise Refused("You can send at most {most} files at once.", most=intake.MOST)
        return tuple([await self._keep(a, spoken=spoken) for a in attachments])

    async def _keep(self, attachment: discord.Attachment, *, spoken: bool) -> Asset:
        name = shortened(attachment.filename, _NAME)
        if attachment.size >= MAX_BYTES:
            size, limit = attachment.size / 1e6, MAX_BYTES // 10**6
            raise intake.too_large(name, size, limit)
        try:
            data = await attachment.read()
        except (discord.DiscordException, *PASSING) as error:
            form = "{name} could not be fetched from Discord; send it again."
            raise Refused(form, name=name) from error
        try:
            return await intake.keep(data, self._assets, spoken=spoken)
        except Refused as error:
            raise Refused("{name} cannot be used. {why}", name=name, why=error.sentence) from error

    async def behind(self, chat: Chat, post: int) -> tuple[str, tuple[Asset, ...]] | None:
        """Return the message of ours a post belongs to, and the one asset of several it shows."""
        found = await self._store.behind(chat, str(post))
        if found is None:
            return None
        id, piece = found
        if not piece.asset or len((await self._store.message(id)).assets) < 2:
            return id, ()
        return id, (await self._store.asset(piece.asset),)

    async def _replied(
        self, said: discord.Message, chat: Chat, me: int
    ) -> tuple[str, tuple[Asset, ...]]:
        where = said.reference
        if where is None or where.message_id is None or said.type is not discord.MessageType.reply:
            return "", ()
        if found := await self.behind(chat, where.message_id):
            return found
        original = where.resolved
        if not isinstance(original, discord.Message) or original.author.id == me:
            return "", ()
        if _is_hidden(original) and not words_of(said, me) and not said.attachments:
            raise Refused(_HIDDEN)
        return "", await self.kept(original.attachments)


def refusal(error: AtelierError, words: str) -> str:
    """Return why something was not taken, in the likeliest language of who said those words."""
    from bot.speaking import guessed  # it knows languages; signing in does not wait for it

    return put(error.sentence, guessed(words, ""))


def chat_of(channel: int | None) -> Chat:
    """Return the chat that a channel, thread or private chat is."""
    return Chat(NAME, str(channel or ""))


def user_of(user: discord.abc.User) -> User:
    """Return who somebody is, with the name people see."""
    return User(NAME, str(user.id), user.display_name)


def place_of(
    channel: object,
    guild: discord.Guild | None,
    user: discord.abc.User,
    powers: discord.Permissions | None = None,
) -> Place:
    """Return where something happens; `powers` are the person's, if Discord said them.

    A thread is a chat of its own, but the rules in it are those of its channel.
    """
    here = str(getattr(channel, "parent_id", None) or getattr(channel, "id", ""))
    if guild is None:
        return Place(channel=here)
    asks = getattr(channel, "is_nsfw", None)
    roles: Sequence[discord.Role] = ()
    if isinstance(user, discord.Member):
        roles, powers = user.roles, powers or user.guild_permissions
    return Place(
        server=str(guild.id),
        channel=here,
        private=False,
        adult=bool(asks and asks()),
        admin=bool(powers and (powers.manage_guild or powers.administrator)),
        roles=frozenset(f"{NAME}:role:{role.id}" for role in roles if not role.is_default()),
    )


def words_of(said: discord.Message, me: int) -> str:
    """Return what a message says: without our mention, others as names."""
    text = re.sub(rf"<@!?{me}>", "", said.content)
    for user in said.mentions:
        for mark in (f"<@{user.id}>", f"<@!{user.id}>"):
            text = text.replace(mark, f"@{user.display_name}")
    return text.strip()


def _is_hidden(message: discord.Message) -> bool:
    return not (message.content or message.attachments or message.embeds or message.stickers)

"""What was said to us while nobody listened: read once from the channels where we were active."""

import logging
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import discord

from bot.adapters.discord import NAME
from bot.adapters.discord.wire import PASSING
from bot.told import Told
from memory.records import Chat, now
from memory.store import Store

log = logging.getLogger(__name__)

CHANNELS, MESSAGES = 20, 50
"""Channels that are read, the most recently used first, and how many messages of each."""
_LOOKED_AT = 60
"""Channels that are tried for that: some may be gone, or such as people only brought us to."""
OLDEST = timedelta(hours=3)
"""How long ago something may have been said that is still answered."""
_ACTIVE = timedelta(days=7)
_KNOWN = 500


class Heard:
    """The messages that were taken care of; those that the memory does not hold are noted, too."""

    def __init__(self, store: Store) -> None:
        self._store, self._told = store, Told(store, NAME)
        self._now: OrderedDict[str, None] = OrderedDict()

    def first(self, post: str) -> bool:
        """Tell whether a message comes for the first time in this run."""
        new = post not in self._now
        self._now[post] = None
        while len(self._now) > _KNOWN:
            self._now.popitem(last=False)
        return new

    async def told(self, post: str) -> None:
        """Note a message that needed no storing, so that it is not heard after a restart."""
        await self._told.note(post)

    async def known(self, chat: Chat, post: str) -> bool:
        """Tell whether a message was taken care of, in this run or before it."""
        if post in self._now or await self._store.behind(chat, post):
            return True
        return await self._told.knows(post)


async def missed(client: discord.Client, store: Store) -> AsyncIterator[discord.Message]:
    """Yield what was lately said in the channels we were active in, the oldest of each first."""
    read = 0
    for chat in await store.active(NAME, now() - _ACTIVE, _LOOKED_AT):
        if read == CHANNELS:
            return
        try:
            channel: Any = await _channel(client, int(chat.id))
            newest = channel.history(limit=MESSAGES, after=now() - OLDEST, oldest_first=False)
            found = [said async for said in newest]
        except (discord.DiscordException, *PASSING, AttributeError, ValueError) as error:
            log.info("what was said in %s cannot be read: %s", chat.id, type(error).__name__)
            continue
        read += 1
        for said in reversed(found):
            yield said


async def _channel(client: discord.Client, id: int) -> object:
    return client.get_channel(id) or await client.fetch_channel(id)


async def with_roles(said: discord.Message) -> discord.Message:
    """Return a message from the history with what its author may do in its server."""
    if said.guild is not None and not isinstance(said.author, discord.Member):
        with suppress(discord.DiscordException, *PASSING):
            said.author = await said.guild.fetch_member(said.author.id)
    return said

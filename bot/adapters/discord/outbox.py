"""The way back to a channel: results once, one status message, sentences for who asked."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

import discord

from bot.adapter import Reply
from bot.adapters.discord import NAME
from bot.adapters.discord.asked import Asked
from bot.adapters.discord.parts import LONGEST, Part, escaped, fewer, parts
from bot.adapters.discord.status import Status
from bot.adapters.discord.tokens import Tokens
from bot.adapters.discord.wire import PASSING, Wire, persist, same
from bot.errors import Undeliverable
from bot.progress import Standing
from bot.render import split
from bot.trail import Trail
from bot.translation import put
from memory.assets import Assets
from memory.errors import NotFound
from memory.records import STATUS, Chat
from memory.sentences import say
from memory.store import Store
from tools.errors import Refused

log = logging.getLogger(__name__)

_FAREWELL = 3.0
"""Seconds that the end of the program waits for a status message to say so."""
_FAILED = "I have your result but could not send it where you asked for it. {why}"
_AWAY = "There I can answer for a quarter of an hour only; a server can invite me."
_TOO_LATE = "I can take back an answer here for a quarter of an hour only."
_NOT_OURS = (401, 403)
"""HTTP's numbers for what may not be done, or by that token no more."""
_MOST = 6
"""Messages that are shown by an interaction where we are not: one, and five that follow it."""
_TITLE = 100
_BEHIND = STATUS - 1
"""From here down are numbered the parts that were begun as more behind an interaction."""
_SKEW = 60_000 << 22
"""A minute in snowflakes: how far our clock may be ahead of Discord's."""


@dataclass(frozen=True, slots=True)
class Edge:
    """What every way back needs."""

    wire: Wire
    store: Store
    assets: Assets
    tokens: Tokens


class DiscordOutbox:
    """The way back for one event; `post` is the id of the message or interaction that it was."""

    def __init__(
        self, edge: Edge, channel: str, post: str = "", asked: Asked | None = None
    ) -> None:
        self._edge, self._channel, self._post, self._asked = edge, channel, post, asked
        self._status = Status(edge.wire, edge.store, edge.tokens, channel, asked)

    async def send(self, reply: Reply, trail: Trail) -> None:
        """Send the parts of a reply that do not stand in the channel yet, each once."""
        await self._status.stop()
        request = reply.message.reply_to
        said = (await Trail.of(self._edge.store, request))[0]
        reference = said.id if said else ""
        if await self._alone(reply, trail, reference):
            return
        made = await parts(reply, self._edge.assets, self._edge.wire.limit(self._channel))
        try:
            if self._asked is not None and self._asked.away:
                raise Undeliverable(_AWAY)
            for number, part in enumerate(made):
                await self._once(reply, number, part, trail, reference)
        except Undeliverable as error:
            if not await self._by_token(reply, made, trail, reference):
                await self._excuse(reply, error, made)
                raise
        finally:
            if not _cancelled():
                await self._finish(request, trail, reference)

    async def _alone(self, reply: Reply, trail: Trail, reference: str) -> bool:
        """Tell a refusal to the one who asked and nobody else; False where that cannot be."""
        if self._asked is None or reply.kind != "error" or reply.actions or trail[0] is not None:
            return False
        await trail.begin(0)
        if not await self._asked.tell(escaped(reply.message.text)):
            return False
        await trail.end(0, reference)
        self._status.drop()
        return True

    async def _finish(self, request: str, trail: Trail, reference: str) -> None:
        """Have done with the status message, unless the answer stands in it."""
        post = trail[0]
        if post is not None and post.id and post.id == reference:
            self._status.drop()
        else:
            await self._status.finish(request)

    async def _by_token(
        self, reply: Reply, made: Sequence[Part], trail: Trail, reference: str
    ) -> bool:
        """Show by its interaction what may not be sent; False when that is not possible either.

        The first part takes the place of what says who asked, which may be done again and again.
        """
        token = self._asked.token if self._asked else await self._edge.tokens.of(reference)
        if not token:
            return False
        if (post := trail[0]) is None or post.id in ("", reference):  # none stands in the channel
            made = fewer(made, _MOST, reply.message.language)
        try:
            for number, part in enumerate(made):
                await self._through(token, number, part, trail, reference)
        except (discord.DiscordException, *PASSING) as error:
            log.info("an interaction could not carry a result: %s", error)
            return False
        return True

    async def _through(
        self, token: str, number: int, part: Part, trail: Trail, reference: str
    ) -> None:
        if (post := trail[number]) is not None and post.id:
            return
        if number == 0:
            fill = partial(self._edge.wire.hook(token).fill, reference, part)
            await persist(fill, f"answer {reference}")
            await trail.end(0, reference, part.asset)
        elif trail[_BEHIND - number] is None:  # else it may have arrived, and nobody can tell
            await trail.begin(_BEHIND - number)
            await trail.end(number, await self._edge.wire.hook(token).follow(part), part.asset)

    async def _excuse(self, reply: Reply, error: Undeliverable, made: Sequence[Part]) -> None:
        """Show who asked in private what cannot be shown where they asked, or at least say so."""
        failed = say(_FAILED, why=error.sentence)
        text, id = put(failed, reply.message.language), reply.message.id
        try:
            author = (await self._edge.store.message(reply.message.reply_to)).author
            chat = await self._edge.wire.private(author.id) if author else self._channel
            for number, part in enumerate([Part(text), *made] if chat != self._channel else ()):
                await self._edge.wire.send(chat, replace(part, buttons=()), f"{id}d{number}")
            return
        except (discord.DiscordException, Undeliverable, NotFound, *PASSING) as trouble:
            log.info("a lost result could not be shown in private: %s", trouble)
        if self._asked is not None:
            await self._asked.tell(text)

    async def _once(
        self, reply: Reply, number: int, part: Part, trail: Trail, reference: str
    ) -> None:
        post = trail[number]
        if post is not None and post.id:
            return
        begun, nonce = post is not None, f"{reply.message.id}{number}"
        if not begun:
            await trail.begin(number)

        async def work() -> str:
            nonlocal begun
            if begun and (found := await self._found(reply, part, trail, reference)):
                return found
            begun = True
            return await self._edge.wire.send(self._channel, part, nonce, reference)

        id = await persist(work, f"reply {reply.message.id}")
        await trail.end(number, id, part.asset)

    async def _found(self, reply: Reply, part: Part, trail: Trail, reference: str) -> str:
        """Return the id of a part that may have arrived although nobody noted it."""
        since = discord.utils.time_snowflake(reply.message.at) - _SKEW
        known = frozenset(_ids(trail))
        return await self._edge.wire.find(
            self._channel, same(part, reference), max(since, 0), known
        )

    async def update(self, reply: Reply, trail: Trail) -> bool:
        """Change the first message of a reply: what it says and its buttons."""
        limit = self._edge.wire.limit(self._channel)
        part = (await parts(reply, self._edge.assets, limit))[0]
        for id in _ids(trail)[:1]:
            change = partial(self._edge.wire.change, self._channel, id, part)
            return await persist(change, f"board {reply.message.id}")
        return False

    async def thread(self, trail: Trail, title: str) -> Chat | None:
        """Begin a thread behind the first message of a reply, in a channel of a server."""
        for id in _ids(trail)[:1]:
            begin = partial(self._edge.wire.thread, self._channel, id, title[:_TITLE])
            if found := await persist(begin, f"a thread behind {id}"):
                return Chat(NAME, found)
        return None

    async def pin(self, trail: Trail) -> bool:
        """Pin the first message of a reply, if we may."""
        try:
            for id in _ids(trail)[:1]:
                await persist(partial(self._edge.wire.pin, self._channel, id), f"pin {id}")
        except discord.DiscordException as error:
            log.info("a board could not be pinned: %s", error)
            return False
        return True

    async def remove(self, trail: Trail) -> None:
        """Delete the messages of a reply; Refused when Discord does not let us."""
        ids = _ids(trail)
        token = await self._edge.tokens.of(ids[0]) if ids else ""
        try:
            for id in ids:
                await self._delete(id, token)
        except (discord.DiscordException, *PASSING) as error:
            late = isinstance(error, discord.HTTPException) and error.status in _NOT_OURS
            plain = "Discord did not delete that; try again in a minute."
            raise Refused(_TOO_LATE if late else plain) from error

    async def _delete(self, id: str, token: str) -> None:
        try:
            await self._edge.wire.delete(self._channel, id)
        except discord.Forbidden:  # we are not there
            if not token:
                raise
            with suppress(discord.NotFound):
                await self._edge.wire.hook(token).delete(id)

    def show(self, standing: Standing) -> None:
        """Show how the request stands, when its turn comes."""
        self._status.put(standing)

    async def notice(self, text: str, *, error: bool = False) -> None:
        """Tell who asked: so that only they see it where that is possible."""
        await self._status.stop()
        text = escaped(text)
        if self._asked is not None and await self._asked.tell(text):
            return
        try:
            for number, piece in enumerate(split(text, LONGEST)):
                nonce = f"{self._post}n{number}"
                await self._edge.wire.send(self._channel, Part(piece), nonce, self._post)
        except (Undeliverable, discord.DiscordException, *PASSING) as trouble:
            log.warning("a notice was given up: %s", trouble)

    async def close(self) -> None:
        """Take away what says that something is going on."""
        await self._status.finish()
        if self._asked is not None:
            await self._asked.close()

    async def pause(self) -> None:
        """Say that the program ends; waits a moment for that."""
        try:
            async with asyncio.timeout(_FAREWELL):
                await self._status.pause()
        except TimeoutError:
            log.info("no time to say that a request is paused")


def _ids(trail: Trail) -> list[str]:
    found = []
    number = 0
    while (post := trail[number]) is not None:
        found += [post.id] if post.id else []
        number += 1
    return found


def _cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0

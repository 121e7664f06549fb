"""The one message that shows how a request stands."""

import logging
from contextlib import suppress

import discord

from bot.actions import STOP
from bot.adapters.discord.asked import Asked
from bot.adapters.discord.parts import LONGEST, Part, escaped, one_button
from bot.adapters.discord.tokens import Tokens
from bot.adapters.discord.wire import PASSING, Wire, persist, silent_reply
from bot.errors import Undeliverable
from bot.pace import Busy, Pace
from bot.progress import Standing, in_a_line
from bot.render import shortened, units
from bot.trail import Trail
from bot.translation import put
from memory.errors import NotFound
from memory.records import STATUS
from memory.sentences import say
from memory.store import Store

log = logging.getLogger(__name__)

_LATER = "This takes longer than I can answer here; the result will come to you in private."
INTERVAL = 3.0
"""Seconds between two edits; Discord takes about one a second."""
KEPT = 10
"""Requests of a second that progress leaves for acknowledgements and answers."""
PAUSED = say("Paused for a restart; it goes on by itself.")


class Status:
    """A request's status message, noted in the request's trail so that a restart finds it.

    Under it is a button that cancels the request, for as long as it waits or runs.
    For a command or button it is the answer that says who asked: at the end it says what for, and
    stays. For a message it is a reply of ours, and goes.
    """

    def __init__(
        self, wire: Wire, store: Store, tokens: Tokens, channel: str, asked: Asked | None
    ) -> None:
        self._wire, self._store, self._channel, self._asked = wire, store, channel, asked
        self._tokens, self._token = tokens, ""
        self._pace = Pace(self._show, INTERVAL)
        self._request = self._id = self._language = ""
        self._shown: tuple[str, bytes] = ("", b"")
        self._refused = False

    def put(self, view: Standing) -> None:
        """Have a view shown when its turn comes."""
        self._request, self._language = view.message_id, view.language
        self._pace.put(view)

    async def stop(self) -> None:
        """Show no further views."""
        await self._pace.stop()

    async def finish(self, request: str = "") -> None:
        """Take the message away, or let it say what was asked for."""
        await self.stop()
        request = request or self._request
        trail = await Trail.of(self._store, request)
        noted, said = trail[STATUS], trail[0]
        if self._id or noted is not None:
            line = await self._line(request)

            async def work() -> None:
                id = self._id or await self._begin(request, line)
                if said is not None and said.id == id:
                    await self._write(id, Part(line))
                else:
                    await self._wire.delete(self._channel, id)

            with suppress(discord.DiscordException, Undeliverable):
                await persist(work, f"status of {request}")
        self.drop()

    def drop(self) -> None:
        """Let go of the message: it is gone, or it became the answer."""
        self._id = self._request = ""

    async def pause(self) -> None:
        """Say that the program ends and the request does not."""
        await self.stop()
        if self._id:
            with suppress(discord.DiscordException, *PASSING):
                await self._write(self._id, self._part(put(PAUSED, self._language)))

    async def _line(self, request: str) -> str:
        """Return who asked for what."""
        try:
            message = await self._store.message(request)
        except NotFound:
            return put(say("Done."), self._language)
        name = message.author.name if message.author else ""
        return shortened(escaped(f"{name}: {message.text}"), LONGEST // 4)

    async def _show(self, view: Standing) -> None:
        if self._refused:
            return
        if self._id and not self._wire.spare(KEPT):
            raise Busy(INTERVAL)
        text, preview = self._words(view), view.preview or b""
        try:
            self._id = self._id or await self._begin(view.message_id, text)
            if self._shown != (text, preview):
                await self._write(self._id, self._part(text), preview, spoiler=view.spoiler)
        except discord.RateLimited as busy:
            raise Busy(busy.retry_after) from busy
        except PASSING as error:
            raise Busy(INTERVAL) from error
        except (Undeliverable, discord.HTTPException) as error:
            log.info("progress is not shown: %s", error)
            self._refused = True

    def _words(self, view: Standing) -> str:
        """Return what is said of a view."""
        if self._asked is not None and self._asked.leaves:
            return put(say(_LATER), view.language)
        text = in_a_line(view)
        if not view.text:
            return text
        return f"{text}\n\n{shortened(view.text, LONGEST - units(text) - 2)}"

    async def _begin(self, request: str, text: str) -> str:
        """Return the id of the message that an earlier run left, or of a new one."""
        trail = await Trail.of(self._store, request)
        if (noted := trail[STATUS]) and noted.id:
            return noted.id
        id = self._asked.post if self._asked else ""
        if not id:
            await trail.begin(STATUS)
            reference = said.id if (said := trail[0]) else ""
            if noted and reference:  # it may have arrived when nobody could note it any more
                like = silent_reply(reference)
                id = await self._wire.find(self._channel, like, int(reference))
            if not id:
                nonce = f"{request}s"
                part = Part(text, buttons=one_button(request, STOP, self._language))
                id = await self._wire.send(self._channel, part, nonce, reference, silent=True)
                self._shown = (text, b"")
        await trail.end(STATUS, id)
        return id

    async def _write(
        self, id: str, part: Part, picture: bytes = b"", *, spoiler: bool = False
    ) -> None:
        own = self._asked if self._asked is not None and self._asked.post == id else None
        if own is None or not await own.edit(part, picture, spoiler=spoiler):
            await self._rewrite(id, part, picture, spoiler=spoiler)
        self._shown = (part.text, picture)

    async def _rewrite(self, id: str, part: Part, picture: bytes, *, spoiler: bool) -> None:
        """Change the message without the interaction it answers, where we are not by its token."""
        try:
            if not self._token:
                await self._wire.edit(self._channel, id, part, picture, spoiler=spoiler)
                return
        except discord.Forbidden:
            self._token = await self._tokens.of(id)
            if not self._token:
                raise
        await self._wire.hook(self._token).fill(id, part)

    def _part(self, text: str) -> Part:
        return Part(text, buttons=one_button(self._request, STOP, self._language))

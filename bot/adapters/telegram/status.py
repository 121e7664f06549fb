"""The message that shows how a request stands, until it becomes the answer."""

import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, InputMediaPhoto, ReplyParameters
from telegram.error import BadRequest, Forbidden, NetworkError, TelegramError

from bot.actions import STOP
from bot.adapters.telegram.refusals import Gone, MayHaveArrived, kind, translated
from bot.adapters.telegram.wire import Address, Wire
from bot.errors import Undeliverable
from bot.pace import Pace
from bot.progress import Standing, in_a_line
from bot.trail import Trail
from bot.translation import put
from memory.errors import NotFound
from memory.records import STATUS, Post
from memory.sentences import Sentence, say
from memory.store import Store

log = logging.getLogger(__name__)

PREVIEW = "preview"
"""In place of an asset: the status message shows a picture, and can only be a picture now."""
_PAUSED = say("Paused for a restart; it goes on by itself.")
_COMING = say("Here it comes.")


class Status:
    """The status message of the request `request_id`; its id is in that request's trail."""

    def __init__(self, wire: Wire, store: Store, to: Address, request_id: str) -> None:
        self._wire, self._store, self._to, self._request = wire, store, to, request_id
        timing = wire.timing
        self._pace = Pace(self._show, timing.group if to.group else timing.private)
        self._line = self._language = ""
        self._silent = False
        self.over = False

    def show(self, standing: Standing) -> None:
        """Show how it stands when its time has come."""
        self._pace.put(standing)

    async def stop(self) -> None:
        """Show nothing any more."""
        await self._pace.stop()

    async def post(self) -> Post | None:
        """Return the status message if there is one."""
        found = (await Trail.of(self._store, self._request))[STATUS]
        return found if found is not None and found.id and not found.former else None

    async def stand_in(self) -> Post:
        """Send a message that the answer can be put into, in place of the one that is gone.

        A message that says next to nothing may come twice; an answer must not.
        """
        target, send = await self.target(), self._wire.bot.send_message
        text = await self._said(_COMING)
        while True:
            try:
                sent = await self._wire.send(self._to, send, text=text, reply_parameters=target)
            except MayHaveArrived:
                await self._wire.timing.sleep(self._wire.timing.retry)
            else:
                return await self._note(str(sent.message_id))

    async def drop(self, *, delete: bool = False) -> None:
        """Forget the status message, for it became the answer, or is gone."""
        post = await self.post()
        if delete and post is not None:
            with suppress(TelegramError):
                await self._wire.bot.delete_message(self._to.chat, int(post.id))
        await self._note("")

    async def pause(self) -> None:
        """Say that the process ends now and that the request does not."""
        await self.stop()
        post = await self.post()
        if self.over or post is None:
            return
        bot, chat, number = self._wire.bot, self._to.chat, int(post.id)
        text, cancel = await self._said(_PAUSED), self._cancel()
        if self._wire.budget.wait(chat) > 0:
            return
        with suppress(TelegramError):
            if post.asset == PREVIEW:
                await bot.edit_message_caption(chat, number, caption=text, reply_markup=cancel)
            else:
                await bot.edit_message_text(text, chat, number, reply_markup=cancel)

    async def _said(self, sentence: Sentence) -> str:
        """Return a sentence of ours in the language of the request."""
        with suppress(NotFound):
            return put(sentence, (await self._store.message(self._request)).language)
        return sentence

    async def target(self) -> ReplyParameters | None:
        """Return what the answer replies to: the request, or what had the button pressed."""
        post = (await Trail.of(self._store, self._request))[0]
        if post is not None and not post.id.isdigit():
            with suppress(NotFound):
                request = await self._store.message(self._request)
                post = (await Trail.of(self._store, request.reply_to))[0]
        if post is None or not post.id.isdigit() or post.former:
            return None
        return ReplyParameters(int(post.id), allow_sending_without_reply=True)

    async def _show(self, view: Standing) -> None:
        """Show a view; where that is not possible nothing is shown, and the answer says why."""
        try:
            await self._view(view)
        except (BadRequest, Forbidden) as error:
            if not isinstance(translated(error), Undeliverable | Gone):
                raise
            log.info("progress is not shown: %s", error.message)
            self._silent = True

    async def _view(self, view: Standing) -> None:
        self._language = view.language
        trail, line = await Trail.of(self._store, self._request), in_a_line(view)
        post = await self.post()
        if trail[0] is None or self._silent:
            return  # Telegram told it twice, and the first one has a status of its own
        if post is None or not post.id:
            await self._begin(line)
        elif view.phase == "received" or (line == self._line and not view.preview):
            return  # what is shown says as much, or more, after a restart
        elif view.preview:
            self._wire.ready(self._to)
            await self._note(post.id, PREVIEW)
            veil = view.spoiler or None
            media = InputMediaPhoto(view.preview, caption=line, has_spoiler=veil)
            await self._change(post, self._wire.bot.edit_message_media, media=media)
        elif post.asset == PREVIEW:
            await self._change(post, self._wire.bot.edit_message_caption, caption=line)
        else:
            await self._change(post, self._wire.bot.edit_message_text, text=line)
        self._line = line

    async def _begin(self, line: str) -> None:
        send, target = self._wire.bot.send_message, await self.target()
        fields = {"text": line, "reply_parameters": target, "reply_markup": self._cancel()}
        try:
            sent = await self._wire.offer(self._to, send, new=True, **fields)
        except BadRequest:
            raise
        except NetworkError as error:  # it may have arrived, and a second one would stay
            log.info("progress is not shown: %s", kind(error))
            self._silent = True
            return
        if sent is not None:
            await self._note(str(sent.message_id))

    async def _change(self, post: Post, edit: Callable[..., Awaitable[Any]], **to: Any) -> None:
        fields = {"message_id": int(post.id), "reply_markup": self._cancel(), **to}
        await self._wire.offer(self._to, edit, **fields)

    def _cancel(self) -> InlineKeyboardMarkup:
        """Return what stands under every view; an edit that does not name it takes it away."""
        label = put(STOP.label, self._language)
        return InlineKeyboardMarkup.from_button(InlineKeyboardButton(label, callback_data=STOP.id))

    async def _note(self, id: str, asset: str = "") -> Post:
        post = Post(STATUS, id, asset)
        with suppress(NotFound):
            await self._store.posted(self._request, post)
        return post

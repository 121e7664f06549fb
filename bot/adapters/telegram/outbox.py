"""The way back to a chat: how a request stands, its answer, and short notices."""

import logging
from collections.abc import Callable
from contextlib import suppress
from itertools import islice

from telegram import ReplyParameters
from telegram.error import BadRequest, TelegramError

from bot.adapter import Reply
from bot.adapters.telegram.pieces import TEXT, keyboard, layout
from bot.adapters.telegram.places import NAME
from bot.adapters.telegram.refusals import Gone, MayHaveArrived, kind
from bot.adapters.telegram.sending import Sending
from bot.adapters.telegram.status import PREVIEW, Status
from bot.adapters.telegram.wire import Address, Wire
from bot.errors import Undeliverable
from bot.pace import Busy
from bot.progress import Standing
from bot.render import split, units
from bot.trail import Trail
from memory.assets import Assets
from memory.records import Chat
from memory.sentences import say
from memory.store import Store
from tools.errors import Refused

log = logging.getLogger(__name__)

_TRIES = 4
"""Further tries to answer a press, within the quarter of a minute that a button spins."""
_FORMER = say("That is from before this group was made larger; I cannot reach it there any more.")
_NO_TOPICS = (
    "I may not open topics here, so we make it in this one; an admin can make me one who may"
    " manage topics."
)
_ANSWERS = 6
"""Of what a group takes in a minute, what the board of a room leaves for answers."""
_TITLE = 128
ALERT = 200
"""Characters of what is said where a button was pressed."""


class Spinner:
    """The press of a button, which spins until it is answered; only the first answer counts."""

    def __init__(self, wire: Wire, query: str) -> None:
        self._wire, self._query = wire, query
        self.open = True

    async def stop(self, text: str = "", *, alert: bool = False) -> bool:
        """Answer a press, again while the network fails; False when Telegram did not take it.

        One that is too old needs no answer.
        """
        if not self.open:
            return False
        self.open = False
        waits = islice(self._wire.timing.delays(), _TRIES)
        while True:
            try:
                answer = self._wire.bot.answer_callback_query
                return await answer(self._query, text or None, show_alert=alert)
            except BadRequest:
                return False
            except TelegramError as error:
                wait = next(waits, None)
                if wait is None:
                    log.info("the press of a button was not answered: %s", kind(error))
                    return False
                await self._wire.timing.sleep(wait)

    async def close(self, text: str = "") -> None:
        """Answer a press that nothing comes of."""
        await self.stop(text, alert=bool(text))


class TelegramOutbox:
    """Where one event came from: `asked` is the id of its message, `spinner` its button's."""

    def __init__(
        self,
        wire: Wire,
        store: Store,
        assets: Assets,
        to: Address,
        *,
        asked: int = 0,
        spinner: Spinner | None = None,
        began: Callable[[Status], None] = lambda status: None,
    ) -> None:
        self._wire, self._store, self._assets, self._to = wire, store, assets, to
        self._asked, self._spinner, self._began = asked, spinner, began
        self._status: Status | None = None

    async def send(self, reply: Reply, trail: Trail) -> None:
        """Show what is missing of a reply."""
        status = self._of(reply.message.reply_to)
        status.over = True
        await status.stop()
        await Sending(self._wire, self._assets, self._to, status, reply, trail).run()

    async def update(self, reply: Reply, trail: Trail) -> bool:
        """Change the main message of a reply: what it says and its buttons."""
        post = trail[0]
        if post is None or not post.id or post.former:
            return False
        fields = {"message_id": int(post.id), "reply_markup": keyboard(reply)}
        text = layout(reply).text
        edit = self._wire.bot.edit_message_text
        try:
            self._wire.ready(self._to, kept=_ANSWERS)
            await self._wire.edit(self._to, edit, text=text, **fields)
        except Busy as busy:  # answers go first
            await self._wire.timing.sleep(busy.seconds)
            raise
        except Gone:
            return False
        return True

    async def thread(self, trail: Trail, title: str) -> Chat | None:
        """Begin a topic, where the group has some and lets us; a topic stays as it is."""
        if not self._to.group or self._to.topic:
            return None
        bot = self._wire.bot
        try:
            here = await self._wire.asked(bot.get_chat, chat_id=self._to.chat)
            if not here.is_forum:
                return None
            if not await self._may():
                raise Refused(_NO_TOPICS)
            begin = bot.create_forum_topic
            made = await self._wire.asked(begin, chat_id=self._to.chat, name=title[:_TITLE])
        except TelegramError as error:
            log.info("no topic could be begun: %s", kind(error))
            return None
        return Chat(NAME, f"{self._to.chat}:{made.message_thread_id}")

    async def pin(self, trail: Trail) -> bool:
        """Pin the main message of a reply without a sound, if we may."""
        post = trail[0]
        if post is None or not post.id or post.former:
            return False
        fields = {"chat_id": self._to.chat, "message_id": int(post.id)}
        try:
            pin = self._wire.bot.pin_chat_message
            if self._to.group and not await self._may():
                return False
            await self._wire.asked(pin, disable_notification=True, **fields)
        except TelegramError as error:
            log.info("a board could not be pinned: %s", kind(error))
            return False
        return True

    async def _may(self) -> bool:
        """Tell whether we are an admin of the group."""
        bot = self._wire.bot
        me = {"chat_id": self._to.chat, "user_id": bot.id}
        return (await self._wire.asked(bot.get_chat_member, **me)).status == "administrator"

    async def remove(self, trail: Trail) -> None:
        """Delete all messages of a reply; raises Refused after two days."""
        number = 0
        while (post := trail[number]) is not None:
            number += 1
            if post.former or self._wire.moved(self._to):
                raise Refused(_FORMER)
            if not post.id:
                continue
            fields = {"chat_id": self._to.chat, "message_id": int(post.id)}
            try:
                await self._wire.asked(self._wire.bot.delete_message, **fields)
            except BadRequest as error:
                if "not found" not in error.message:
                    text = "Telegram lets me delete only what is less than two days old."
                    raise Refused(text) from None

    def show(self, standing: Standing) -> None:
        """Show how a request stands when its time has come."""
        self._of(standing.message_id).show(standing)

    async def notice(self, text: str, *, error: bool = False) -> None:
        """Show a sentence: where a button was pressed, in place of progress, or as a reply."""
        pressed = self._spinner if units(text) <= ALERT else None
        if pressed is not None and await pressed.stop(text, alert=error):
            return
        with suppress(Undeliverable, MayHaveArrived, Gone):
            first, *more = split(text, TEXT) or [""]
            if not await self._in_place(first):
                more = [first, *more]
            for piece in more:
                await self._say(piece)

    async def _in_place(self, text: str) -> bool:
        """Put a sentence into the status message, if there is one that can show it."""
        if self._status is None:
            return False
        await self._status.stop()
        post = await self._status.post()
        if post is None or post.asset == PREVIEW:
            return False
        edit = self._wire.bot.edit_message_text
        await self._wire.edit(self._to, edit, message_id=int(post.id), text=text)
        return True

    async def _say(self, text: str) -> None:
        to = ReplyParameters(self._asked, None, True) if self._asked else None
        send = self._wire.bot.send_message
        await self._wire.send(self._to, send, text=text, reply_parameters=to)

    def _of(self, request_id: str) -> Status:
        if self._status is None:
            self._status = Status(self._wire, self._store, self._to, request_id)
            self._began(self._status)
        return self._status

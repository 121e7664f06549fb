"""Buttons of ours that never reach the desk: Edit, Files, Send again."""

from contextlib import suppress

from telegram import ForceReply, ReplyParameters

from bot.adapter import Memory, Outbox, Pressed, Reply
from bot.adapters.telegram.outbox import Spinner
from bot.adapters.telegram.pieces import EDIT, FILES, RESEND
from bot.adapters.telegram.refusals import MayHaveArrived, NotAllowed
from bot.adapters.telegram.sending import CALL_BYTES, Sending
from bot.adapters.telegram.status import Status
from bot.adapters.telegram.wire import Address, Wire
from bot.errors import Undeliverable
from bot.render import file_name
from bot.trail import Trail
from memory.errors import AtelierError
from memory.records import STATUS, Post
from tools.errors import Refused

OURS = (EDIT, FILES, RESEND)
_ASKED = "What shall I change? Reply to this message."
_WHICH = "What shall I change, and in which one? Reply to this message, for example: 2 darker"
_NO_FILES = "I may not send files here; somebody with the right to can allow it."


class Presses:
    """Does what our own buttons say, at once and without a turn."""

    def __init__(self, wire: Wire, memory: Memory) -> None:
        self._wire, self._memory = wire, memory
        self._store, self._assets = memory.store, memory.assets
        self._busy: set[str] = set()

    async def __call__(
        self, event: Pressed, to: Address, under: int, spinner: Spinner, outbox: Outbox
    ) -> None:
        """Do what a button under the post `under` says, if the rules allow that."""
        from bot.middleware import check  # there is a desk by now; signing in did not wait for it

        id = event.message_id
        if id in self._busy:
            await spinner.stop("It is being sent already.")
            return
        self._busy.add(id)
        try:
            await check(event, await self._memory.rules(), self._store)
            await spinner.stop()
            with suppress(Undeliverable, MayHaveArrived):
                await self._do(event.action, id, to, under)
        except AtelierError as error:
            await outbox.notice(str(error), error=True)
        finally:
            self._busy.discard(id)

    async def _do(self, action: str, message_id: str, to: Address, under: int) -> None:
        if action == EDIT:
            await self._ask(message_id, to, under)
        elif action == FILES:
            await self._files(message_id, to, under)
        else:
            await self._again(message_id, to)

    async def _ask(self, message_id: str, to: Address, under: int) -> None:
        """Ask what shall be changed; the reply to that is an edit of the message."""
        shown = (await self._store.message(message_id)).assets
        several = sum(asset.media_type.startswith("image/") for asset in shown) > 1
        asked = await self._wire.send(
            to,
            self._wire.bot.send_message,
            text=_WHICH if several else _ASKED,
            reply_parameters=_reply(under),
            reply_markup=ForceReply(selective=True, input_field_placeholder="darker, at night"),
        )
        await self._note(message_id, asked.message_id)

    async def _files(self, message_id: str, to: Address, under: int) -> None:
        """Send the pictures and sounds of a message as files, byte for byte."""
        reply = _reply(under)
        for asset in (await self._store.message(message_id)).assets:
            if asset.size > CALL_BYTES:
                raise Refused(f"#{asset.sha256[:12]} is more than Telegram takes: 50 MB.")
            data, bot = await self._assets.read(asset), self._wire.bot
            try:
                sent = await self._wire.send(
                    to,
                    bot.send_document,
                    document=data,
                    filename=file_name(asset),
                    reply_parameters=reply,
                )
            except MayHaveArrived:
                continue  # who misses one presses again
            except NotAllowed:
                await self._wire.send(to, bot.send_message, text=_NO_FILES, reply_parameters=reply)
                return
            await self._note(message_id, sent.message_id, asset.sha256)

    async def _again(self, message_id: str, to: Address) -> None:
        """Send what may not have arrived the first time."""
        message = await self._store.message(message_id)
        delivery = await self._store.delivery(message)
        steps = tuple(await self._store.steps_of(message.reply_to))
        reply = Reply(delivery.kind, message, delivery.actions, steps)
        trail = await Trail.of(self._store, message_id)
        status = Status(self._wire, self._store, to, message.reply_to)
        await Sending(self._wire, self._assets, to, status, reply, trail).again()

    async def _note(self, message_id: str, post: int, asset: str = "") -> None:
        """Note what a post belongs to, so that it can be replied to; such posts count down."""
        await self._store.posted(message_id, Post(STATUS - post, str(post), asset))


def _reply(under: int) -> ReplyParameters | None:
    """Return what says that something belongs to a post (0: to none)."""
    return ReplyParameters(under, None, True) if under else None

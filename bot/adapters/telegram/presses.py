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
from bot.translation import put
from memory.errors import AtelierError, NotFound
from memory.records import STATUS, Post
from memory.sentences import say
from tools.errors import Refused

OURS = (EDIT, FILES, RESEND)
_ASKED = say("What shall I change? Reply to this message.")
_WHICH = say("What shall I change, and in which one? Reply to this message, for example: 2 darker")
_HINT = say("darker, at night")
_NO_FILES = say("I may not send files here; somebody with the right to can allow it.")


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
            await spinner.stop(put(say("It is being sent already."), await self._language(id)))
            return
        self._busy.add(id)
        try:
            await check(event, await self._memory.rules(), self._store)
            await spinner.stop()
            with suppress(Undeliverable, MayHaveArrived):
                await self._do(event.action, id, to, under)
        except AtelierError as error:
            text = put(error.sentence, await self._language(id))
            await outbox.notice(text, error=True)
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
        message = await self._store.message(message_id)
        several = sum(a.media_type.startswith("image/") for a in message.assets) > 1
        language = message.language
        asked = await self._wire.send(
            to,
            self._wire.bot.send_message,
            text=put(_WHICH if several else _ASKED, language),
            reply_parameters=_reply(under),
            reply_markup=ForceReply(selective=True, input_field_placeholder=put(_HINT, language)),
        )
        await self._note(message_id, asked.message_id)

    async def _files(self, message_id: str, to: Address, under: int) -> None:
        """Send the pictures and sounds of a message as files, byte for byte."""
        reply = _reply(under)
        for asset in (await self._store.message(message_id)).assets:
            if asset.size > CALL_BYTES:
                form = "{file} is more than Telegram takes: 50 MB."
                raise Refused(form, file=f"#{asset.sha256[:12]}")
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
                text = put(_NO_FILES, await self._language(message_id))
                await self._wire.send(to, bot.send_message, text=text, reply_parameters=reply)
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

    async def _language(self, message_id: str) -> str:
        """Return what a message was said in, "" when it is not remembered."""
        with suppress(NotFound):
            return (await self._store.message(message_id)).language
        return ""

    async def _note(self, message_id: str, post: int, asset: str = "") -> None:
        """Note what a post belongs to, so that it can be replied to; such posts count down."""
        await self._store.posted(message_id, Post(STATUS - post, str(post), asset))


def _reply(under: int) -> ReplyParameters | None:
    """Return what says that something belongs to a post (0: to none)."""
    return ReplyParameters(under, None, True) if under else None

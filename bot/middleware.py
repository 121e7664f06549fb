"""What wraps every handler: errors become sentences, log lines know their turn."""

import logging
import secrets

from bot import logs
from bot.adapter import Event, Handler, Outbox, Received, Reply
from bot.delivery import send
from memory.errors import AtelierError
from memory.records import Message
from memory.store import Store

log = logging.getLogger(__name__)


def with_log(handle: Handler) -> Handler:
    """Put the request's id on every log line written while it is handled."""

    async def logged(event: Event, outbox: Outbox) -> None:
        token = logs.turn.set(event.message.id if isinstance(event, Received) else event.action)
        try:
            await handle(event, outbox)
        finally:
            logs.turn.reset(token)

    return logged


def with_errors(handle: Handler, store: Store) -> Handler:
    """Tell people what went wrong; a bug is logged whole and they get its number."""

    async def guarded(event: Event, outbox: Outbox) -> None:
        try:
            await handle(event, outbox)
        except AtelierError as error:
            await outbox.notice(str(error), error=True)
        except Exception:  # the outermost boundary
            number = secrets.token_hex(3)
            log.exception("bug %s", number)
            text = f"Something broke here; the operator finds it in the log under {number}."
            await _end(event, outbox, store, text)

    return guarded


async def _end(event: Event, outbox: Outbox, store: Store, text: str) -> None:
    """Close the turn that broke, so that it is not tried again at every start."""
    if not isinstance(event, Received):
        await outbox.notice(text, error=True)
        return
    request = event.message
    said = Message(request.chat, None, text, reply_to=request.id)
    await store.close_turn(said, (), "error")
    steps = tuple(await store.steps_of(request.id))
    await send(Reply("error", said, (), steps), outbox, store)

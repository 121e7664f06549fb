"""The last step of a turn: a stored reply is sent, and it is noted that it was."""

import logging

from bot.adapter import Outbox, Reply
from bot.errors import Undeliverable
from bot.trail import Trail
from memory.store import Store

log = logging.getLogger(__name__)


async def send(reply: Reply, outbox: Outbox, store: Store) -> None:
    """Send what of a stored reply is not sent yet; one that can never be is given up."""
    id = reply.message.id
    try:
        await outbox.send(reply, await Trail.of(store, id))
    except Undeliverable as error:
        log.warning("reply %s was given up: %s", id, error)
        await store.failed(id)
    else:
        await store.sent(id)

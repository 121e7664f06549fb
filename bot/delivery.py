"""The last step of a turn: a stored reply is sent, and it is noted that it was; or taken away."""

import logging

from bot.adapter import Outbox, Pressed, Reply
from bot.errors import Undeliverable
from bot.trail import Trail
from memory.store import Store
from tools.errors import Refused

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


async def withdraw(store: Store, event: Pressed, outbox: Outbox) -> None:
    """Take a reply away from where it is seen; it stays in the memory until /forget."""
    reply = await store.message(event.message_id)
    request = await store.message(reply.reply_to)
    if event.user != request.author and not event.place.admin:
        raise Refused("Only who asked for that, or an admin here, can delete it.")
    await outbox.remove(await Trail.of(store, reply.id))

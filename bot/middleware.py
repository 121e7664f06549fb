"""What wraps every handler: log lines know their turn, errors are told, rules are kept."""

import asyncio
import logging
import secrets
from contextlib import suppress

from bot import commands, logs
from bot.actions import FEEDBACK, ROOM, command
from bot.adapter import Edited, Event, Handler, Outbox, Pressed, Received, Reply
from bot.delivery import send
from bot.locks import Locks
from bot.rulebook import Rulebook
from bot.studio import NOBODY
from bot.translation import put
from memory.errors import AtelierError
from memory.records import Chat, Message, User
from memory.sentences import say
from memory.store import Store
from tools.errors import Refused

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
            await outbox.notice(error.sentence, error=True)
        except Exception:  # the outermost boundary
            number = secrets.token_hex(3)
            log.exception("bug %s", number)
            text = say(
                "Something broke here; the operator finds it in the log under {number}.",
                number=number,
            )
            await _end(event, outbox, store, text)

    return guarded


FREE = ("help", "settings", "quota", "memory", "forget", "cancel", "quit")
"""Commands that make nothing: everybody may always use them, each as far as it goes."""


def with_rules(handle: Handler, book: Rulebook, store: Store) -> Handler:
    """Refuse what the rules of a place do not allow, before anything is begun.

    Events of one chat are passed on in the order they came: /cancel finds what was said before.
    """
    checking = Locks[Chat]()

    async def ruled(event: Event, outbox: Outbox) -> None:
        async with checking[_said(event)[1]]:
            try:
                await check(event, book, store)
            except Refused:
                if isinstance(event, Received) and not event.called:
                    return  # it was not said to us
                raise
        await handle(event, outbox)

    return ruled


async def check(event: Event, book: Rulebook, store: Store) -> None:
    """Take in where somebody says something; raises Refused when that is not allowed there."""
    said, chat, user = _said(event)
    await book.note(chat, user, event.place)
    wanted = _command(said)
    if wanted is not None and wanted.name in FREE:
        return
    limits = await book.admit(chat, user, event.place)
    # Reading a command may mean compiling rules, which takes a while.
    for tool in await asyncio.to_thread(_tools, wanted) if wanted else ():
        limits.tool(tool)
    if isinstance(event, Pressed) and limits.rules.buttons == "asker":
        await _check_own(event, store)


def _said(event: Event) -> tuple[str, Chat, User]:
    """Return what an event says, where, and who says it."""
    if isinstance(event, Pressed):
        return command(event.action), event.chat, event.user
    return event.message.text, event.message.chat, event.message.author or NOBODY


def _tools(wanted: commands.Command) -> list[str]:
    """Return the tools a command needs; what it lacks itself is told by the desk."""
    with suppress(AtelierError):
        return [wish.tool for wish in commands.wishes(wanted) or ()]
    return []


def _command(said: str) -> commands.Command | None:
    with suppress(AtelierError):  # one that nobody knows is told by the desk
        return commands.parse(said)
    return None


async def _check_own(event: Pressed, store: Store) -> None:
    """Raise Refused unless a button is judging, or a room's, or under the presser's own answer."""
    if event.action in FEEDBACK or event.action.startswith(ROOM) or event.place.admin:
        return
    reply = await store.message(event.message_id)
    if (await store.message(reply.reply_to)).author != event.user:
        raise Refused("Only who asked for that can press its buttons; ask for one of your own.")


async def _end(event: Event, outbox: Outbox, store: Store, text: str) -> None:
    """Close the turn that broke, so that it is not tried again at every start."""
    if not isinstance(event, Received) or isinstance(event, Edited):
        await outbox.notice(text, error=True)
        return
    request = event.message
    words, language = put(text, request.language), request.language
    said = Message(request.chat, None, words, reply_to=request.id, language=language)
    await store.close_turn(said, (), "error")
    steps = tuple(await store.steps_of(request.id))
    await send(Reply("error", said, (), steps), outbox, store)

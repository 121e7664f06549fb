"""Which language people are answered in, and a way back that speaks it.

Said by the rules of the place; else that of what they wrote, if it is certain; else that they were
last answered in there; else that of their platform's settings; else that of the others there; else
English.
"""

import asyncio
from dataclasses import dataclass, replace

from agents.understanding.recognising import is_ready, recognised
from bot.adapter import Event, Handler, Outbox, Pressed, Received, Reply
from bot.locks import Locks
from bot.progress import Standing
from bot.rulebook import Rulebook
from bot.rules import AUTO
from bot.studio import NOBODY
from bot.trail import Trail
from bot.translation import ENGLISH, load, of_locale, put
from memory.errors import AtelierError, NotFound
from memory.records import Chat, User
from memory.store import Store

_BACK = 30
"""Messages of a chat among which somebody's last one is looked for."""
_SHARED, _FEW = {"zh": ("ja",)}, 4
"""Languages that a few signs of another may be in as well: "1番"."""


@dataclass(frozen=True, slots=True)
class Speaking:
    """A way back whose words are put into a language."""

    outbox: Outbox
    language: str

    async def send(self, reply: Reply, trail: Trail) -> None:
        """Show what is missing of a reply, which is in its language already."""
        await self.outbox.send(reply, trail)

    async def remove(self, trail: Trail) -> None:
        """Take away what is shown of a reply."""
        await self.outbox.remove(trail)

    async def update(self, reply: Reply, trail: Trail) -> bool:
        """Show a reply that says something else now."""
        return await self.outbox.update(reply, trail)

    async def thread(self, trail: Trail, title: str) -> Chat | None:
        """Begin a thread behind a reply."""
        return await self.outbox.thread(trail, title)

    async def pin(self, trail: Trail) -> bool:
        """Keep a reply in sight."""
        return await self.outbox.pin(trail)

    def show(self, standing: Standing) -> None:
        """Show how a request stands."""
        self.outbox.show(replace(standing, language=self.language))

    async def notice(self, text: str, *, error: bool = False) -> None:
        """Show a sentence."""
        await self.outbox.notice(put(text, self.language), error=error)


def with_language(handle: Handler, book: Rulebook, store: Store) -> Handler:
    """Find out which language an event is answered in, and answer in that one.

    Events of one chat are passed on in the order they came.
    """
    finding = Locks[Chat]()

    async def spoken(event: Event, outbox: Outbox) -> None:
        chat = event.chat if isinstance(event, Pressed) else event.message.chat
        async with finding[chat]:
            language = await _found(event, book, store)
            await load(language)
        if isinstance(event, Pressed):
            event = replace(event, language=language)
        else:
            event = replace(event, message=replace(event.message, language=language))
        await handle(event, Speaking(outbox, language))

    return spoken


def guessed(text: str, locale: str) -> str:
    """Return the likeliest language of who says something before there is a desk to ask."""
    return (recognised(text) if is_ready() else "") or of_locale(locale) or ENGLISH


async def _found(event: Event, book: Rulebook, store: Store) -> str:
    try:
        return await _language(event, book, store)
    except AtelierError:  # what is wrong is told by whoever needs the memory next
        return ENGLISH


async def _language(event: Event, book: Rulebook, store: Store) -> str:
    if isinstance(event, Pressed):
        chat, user = event.chat, event.user
    else:
        chat, user = event.message.chat, event.message.author or NOBODY
    rule = (await book.limits(chat, user, event.place)).rules.language
    if rule != AUTO:
        return rule
    said = await _pressed(event, store) if isinstance(event, Pressed) else await _said(event)
    if said and not (said in _SHARED and isinstance(event, Received)):
        return said
    last = await _before(chat, user, store)
    others = last or await _before(chat, None, store)
    if isinstance(event, Received) and others in _SHARED.get(said, ()):
        return others if len(event.message.text) <= _FEW else said
    return said or last or of_locale(event.place.locale) or others or ENGLISH


async def _said(event: Received) -> str:
    """Return the language of a message; read in a thread while that takes a moment."""
    text = event.message.text
    return recognised(text) if is_ready() else await asyncio.to_thread(recognised, text)


async def _pressed(event: Pressed, store: Store) -> str:
    """Return the language of the reply under which a button is, for who asked for that."""
    try:
        under = await store.message(event.message_id)
        request = under if under.author else await store.message(under.reply_to)
    except NotFound:
        return ""
    return under.language if request.author == event.user else ""


async def _before(chat: Chat, user: User | None, store: Store) -> str:
    """Return the language that somebody, or anybody for None, was last answered in."""
    recent = (await store.recent(chat, limit=_BACK)).messages
    known = [m.language for m in recent if m.language and user in (None, m.author)]
    return known[-1] if known else ""

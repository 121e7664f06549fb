"""What happens on Telegram, made into events, each with the way back to where it came from."""

import asyncio
import logging
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from dataclasses import replace
from importlib import import_module
from weakref import WeakSet

import telegram
from telegram import ChatMember, Update
from telegram.constants import ChatAction
from telegram.error import TelegramError

from bot.actions import DELETE, FEEDBACK, STOP
from bot.adapter import Edited, Handler, Memory, Pressed, Received
from bot.adapters.telegram.albums import Albums
from bot.adapters.telegram.outbox import Spinner, TelegramOutbox
from bot.adapters.telegram.pieces import INFO
from bot.adapters.telegram.places import (
    NAME,
    Calling,
    Places,
    chat_of,
    locale_of,
    topic_of,
    user_of,
)
from bot.adapters.telegram.presses import OURS, Presses
from bot.adapters.telegram.reading import Reader
from bot.adapters.telegram.status import Status
from bot.adapters.telegram.wire import Address, Wire
from bot.edits import Fresh
from bot.locks import Locks
from bot.told import Told
from bot.translation import of_locale, put
from memory.errors import AtelierError
from memory.records import Chat, Message, Post
from memory.rooms import Rooms
from memory.sentences import say

log = logging.getLogger(__name__)

_TOLD = (*FEEDBACK, DELETE, INFO, STOP.id)
"""Buttons that are answered by a sentence, which is shown where they were pressed."""
_PATIENCE, _MOMENT = 1.0, 0.2
"""Seconds a button may spin for what is told there, and for being refused what makes something."""
_OUT = (ChatMember.LEFT, ChatMember.BANNED)
_LOOK, _SELDOM = 0.02, 1.0
"""Seconds between two looks whether a request is stored, at first and at most."""
_UNKNOWN = say("That message is no longer remembered here; ask for it anew.")


class Events:
    """Takes updates, hands events to the desk; each in a task of its own, those of a chat in turn.

    `take` returns when what it was given is stored, or needs no storing.
    """

    def __init__(self, wire: Wire, memory: Memory, handle: Handler) -> None:
        self._wire, self._memory, self._handle = wire, memory, handle
        self._store, self._assets = memory.store, memory.assets
        self._rooms = Rooms(memory.store.database)
        self._calling = Calling(wire.bot.bot)
        self._places = Places(wire.bot, wire.timing.clock)
        self._reader = Reader(wire, memory.store, memory.assets, self._calling)
        self._presses = Presses(wire, memory)
        self._albums = Albums()
        self._turns = Locks[int]()
        self._tasks: set[asyncio.Future[None]] = set()
        self._fresh, self._told = Fresh(), Told(memory.store, NAME)
        self._statuses: WeakSet[Status] = WeakSet()

    async def take(self, update: Update) -> None:
        """Take one update, whatever it tells."""
        message = update.message
        if message is not None and message.migrate_to_chat_id:
            await self._move(message.chat.id, message.migrate_to_chat_id)
        elif message is not None and message.migrate_from_chat_id:
            await self._move(message.migrate_from_chat_id, message.chat.id)
        elif message is not None:
            await self._gathered(message)
        elif update.edited_message is not None:
            await self._changed(update.edited_message)
        elif update.callback_query is not None:
            await self._press(update.callback_query)
        elif update.my_chat_member is not None:
            await self._seated(update.my_chat_member)

    def start(self, work: Awaitable[None]) -> asyncio.Future[None]:
        """Do something meanwhile; what breaks is logged."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def back(self, message: Message) -> TelegramOutbox:
        """Return the way back to where a stored message came from."""
        return self._outbox(Address.of(message.chat))

    async def close(self) -> None:
        """End everything that is under way, and say so where people see it."""
        statuses = list(self._statuses)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(status.pause() for status in statuses), return_exceptions=True)

    async def _seated(self, seat: telegram.ChatMemberUpdated) -> None:
        """Let go of what was known of a group when it has thrown us out."""
        if seat.new_chat_member.status in _OUT and seat.chat.type != seat.chat.PRIVATE:
            await (await self._memory.rules()).leave(NAME, str(seat.chat.id))

    async def _move(self, old: int, new: int) -> None:
        """Let a group go on as the supergroup that it became."""
        self._wire.follow(old, new)
        book = await self._memory.rules()
        await book.move(Chat(NAME, str(old)), Chat(NAME, str(new)))

    async def _gathered(self, message: telegram.Message) -> None:
        """Take a message; the first of an album waits for the others, and answers for them."""
        album = self._albums.join(message)
        if album.posts[0] is not message:
            await album.settled.wait()
            return
        if self._calling.calls(message) and not _service(message):  # before anything waits
            self.start(self._typing(message.chat.id, topic_of(message)))
        try:
            async with self._turns[message.chat.id]:
                await asyncio.sleep(0)  # what shows that it was heard leaves before all else
                posts = await album.whole(self._wire.timing.quiet)
                called = any(map(self._calling.calls, posts))
                here = chat_of(message.chat, topic_of(message))
                if called or await self._rooms.here(here):
                    await self._hear(posts, called=called)
        finally:
            album.settled.set()

    async def _hear(self, posts: Sequence[telegram.Message], *, called: bool = True) -> None:
        first = posts[0]
        topic, number = topic_of(first), str(first.message_id)
        chat = chat_of(first.chat, topic)
        if _service(first):
            return
        if called and not self._calling.calls(first):  # another one of its album names us
            self.start(self._typing(first.chat.id, topic))
        known = f"{chat.id} {number} {first.edit_date or ''}".strip()  # an edit is a new one
        if await self._store.behind(chat, number) or await self._told.knows(known):
            return  # told twice
        if self._calling.shared(first) and await _foreign(self._calling.words(first)):
            return
        outbox = self._outbox(Address(first.chat.id, topic), asked=first.message_id)
        try:
            message = await self._reader.read(posts)
        except AtelierError as error:
            words, locale = self._calling.words(first), locale_of(first.from_user)
            text = put(error.sentence, await _guessed(words, locale))
            self.start(self._refuse(outbox, text, known))
            return
        self._fresh.heard(chat, number, self._calling.words(first))
        author = message.author or user_of(None)
        place = await self._places.place(first.chat, author, first.from_user)
        task = self.start(self._handle(Received(message, number, place, called), outbox))
        if not await self._stored(task, chat, number):
            await self._told.note(known)
        elif len(posts) > 1:
            await self._name(message, posts)

    async def _refuse(self, outbox: TelegramOutbox, sentence: str, known: str) -> None:
        """Say why something cannot be used, once."""
        await outbox.notice(sentence, error=True)
        await self._told.note(known)

    async def _changed(self, post: telegram.Message) -> None:
        """Take new words for a request; one that was only now meant for us is a new one."""
        if not self._calling.calls(post):
            return
        topic = topic_of(post)
        chat, number = chat_of(post.chat, topic), str(post.message_id)
        async with self._turns[post.chat.id]:
            found = await self._store.behind(chat, number)
            if found is None:
                if self._fresh.edited(chat, number, self._calling.words(post), post.edit_date):
                    await self._hear([post])
                return
            old = await self._store.message(found[0])
            words = self._reader.again(post, old.text)
            if old.author is None or not words.strip() or words == old.text:
                return  # a reaction, a preview of a link, or a picture that was exchanged
            outbox = self._outbox(Address(post.chat.id, topic), asked=post.message_id)
            place = await self._places.place(post.chat, old.author, post.from_user)
            event = Edited(replace(old, text=words), number, place)
            self.start(self._handle(event, outbox))

    async def _press(self, query: telegram.CallbackQuery) -> None:
        """Take the press of a button, and answer it whatever becomes of it."""
        spinner = Spinner(self._wire, query.id)
        try:
            await self._pressed(query, spinner)
        except Exception:
            self.start(spinner.close())
            raise

    async def _pressed(self, query: telegram.CallbackQuery, spinner: Spinner) -> None:
        post = query.message
        if post is None or not query.data:
            self.start(spinner.close())
            return
        topic = topic_of(post) if isinstance(post, telegram.Message) else 0
        chat, under = chat_of(post.chat, topic), post.message_id
        found = await self._store.behind(chat, str(under))
        if found is None:
            self.start(spinner.close(put(_UNKNOWN, of_locale(locale_of(query.from_user)))))
            return
        user = user_of(query.from_user)
        place = await self._places.place(post.chat, user, query.from_user)
        if (now := await self._store.current(chat)) != chat:  # the group became a supergroup
            chat, place, under = now, replace(place, server=now.id), 0
        to, name = Address.of(chat), f"press:{query.id}"
        event = Pressed(user, chat, found[0], query.data, name, place)
        outbox = self._outbox(to, asked=under, spinner=spinner)
        if query.data in OURS:
            self.start(self._presses(event, to, under, spinner, outbox))
            return
        async with self._turns[post.chat.id]:
            task = self.start(self._handle(event, outbox))
            self.start(self._spin(spinner, task, query.data))
            await self._stored(task, chat, name)

    async def _spin(self, spinner: Spinner, task: asyncio.Future[None], action: str) -> None:
        """Stop a button's spinning with what there is to say, but soon."""
        await asyncio.wait({task}, timeout=_PATIENCE if action in _TOLD else _MOMENT)
        await spinner.stop()

    async def _stored(self, task: asyncio.Future[None], chat: Chat, post: str) -> bool:
        """Wait until a request is stored; False when it was handled without."""
        wait = _LOOK
        while (stored := await self._store.behind(chat, post)) is None and not task.done():
            await asyncio.wait({task}, timeout=wait)
            wait = min(2 * wait, _SELDOM)
        return stored is not None

    async def _name(self, message: Message, posts: Sequence[telegram.Message]) -> None:
        """Note which picture each post of an album shows, so that each can be replied to."""
        assets = message.assets[: len(posts)]
        for part, (post, asset) in enumerate(zip(posts, assets, strict=False)):
            await self._store.posted(message.id, Post(part, str(post.message_id), asset.sha256))

    async def _typing(self, chat: int, topic: int) -> None:
        """Show at once that something was heard."""
        with suppress(TelegramError):
            await self._wire.bot.send_chat_action(
                chat, ChatAction.TYPING, message_thread_id=topic or None
            )

    def _outbox(
        self, to: Address, *, asked: int = 0, spinner: Spinner | None = None
    ) -> TelegramOutbox:
        return TelegramOutbox(
            self._wire,
            self._store,
            self._assets,
            to,
            asked=asked,
            spinner=spinner,
            began=self._statuses.add,
        )

    def _done(self, task: asyncio.Future[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("an event could not be handled to its end", exc_info=error)


def _service(message: telegram.Message) -> bool:
    """Tell whether a message says nothing: somebody joined, the group has a new name."""
    words = message.text or message.caption
    return not words and message.effective_attachment is None


async def _guessed(words: str, locale: str) -> str:
    """Return the likeliest language of who says something."""
    speaking = await asyncio.to_thread(import_module, "bot.speaking")  # it knows languages
    return str(speaking.guessed(words, locale))


async def _foreign(words: str) -> bool:
    """Tell whether a command is like none of ours."""
    commands = await asyncio.to_thread(import_module, "bot.commands")  # it knows languages
    try:
        commands.parse(words)
    except commands.UnknownCommand:
        return True
    except AtelierError:
        return False
    return False

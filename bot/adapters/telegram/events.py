"""What happens on Telegram, made into events, each with the way back to where it came from."""

import asyncio
import logging
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from weakref import WeakSet

import telegram
from telegram import Update
from telegram.constants import ChatAction
from telegram.error import TelegramError

from bot.actions import DELETE, FEEDBACK
from bot.adapter import Handler, Pressed, Received
from bot.adapters.telegram.albums import Albums
from bot.adapters.telegram.outbox import Spinner, TelegramOutbox
from bot.adapters.telegram.pieces import INFO
from bot.adapters.telegram.places import NAME, Calling, Places, chat_of, topic_of, user_of
from bot.adapters.telegram.presses import OURS, Presses
from bot.adapters.telegram.reading import Reader
from bot.adapters.telegram.status import Status
from bot.adapters.telegram.wire import Address, Wire
from bot.locks import Locks
from memory.assets import Assets
from memory.errors import AtelierError
from memory.records import Chat, Message, Post
from memory.store import Store

log = logging.getLogger(__name__)

_TOLD = (*FEEDBACK, DELETE, INFO)
"""Buttons that are answered by a sentence, which is shown where they were pressed."""
_PATIENCE = 1.0
"""Seconds a button may spin."""
_LOOK, _SELDOM = 0.02, 1.0
"""Seconds between two looks whether a request is stored, at first and at most."""
_UNKNOWN = "That message is no longer remembered here; ask for it anew."


class Events:
    """Takes updates, hands events to the desk; each in a task of its own, those of a chat in turn.

    `take` returns when what it was given is stored, or needs no storing.
    """

    def __init__(self, wire: Wire, store: Store, assets: Assets, handle: Handler) -> None:
        self._wire, self._store, self._assets, self._handle = wire, store, assets, handle
        self._calling = Calling(wire.bot.bot)
        self._places = Places(wire.bot, wire.timing.clock)
        self._reader = Reader(wire, store, assets, self._calling)
        self._presses = Presses(wire, store, assets)
        self._albums = Albums()
        self._turns = Locks[int]()
        self._tasks: set[asyncio.Future[None]] = set()
        self._statuses: WeakSet[Status] = WeakSet()

    async def take(self, update: Update) -> None:
        """Take one update, whatever it tells."""
        message = update.message
        if message is not None and message.migrate_to_chat_id:
            new = Chat(NAME, str(message.migrate_to_chat_id))
            await self._store.move_chat(chat_of(message.chat), new)
        elif message is not None:
            await self._gathered(message)
        elif update.callback_query is not None:
            await self._press(update.callback_query)

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
                posts = await album.whole(self._wire.timing.quiet)
                if any(map(self._calling.calls, posts)):
                    await self._hear(posts)
        finally:
            album.settled.set()

    async def _hear(self, posts: Sequence[telegram.Message]) -> None:
        first = posts[0]
        topic, number = topic_of(first), str(first.message_id)
        chat = chat_of(first.chat, topic)
        if _service(first):
            return
        if not self._calling.calls(first):  # another one of its album names us
            self.start(self._typing(first.chat.id, topic))
        if await self._store.behind(chat, number):
            return  # told twice
        outbox = self._outbox(Address(first.chat.id, topic), asked=first.message_id)
        try:
            message = await self._reader.read(posts)
        except AtelierError as error:
            self.start(outbox.notice(str(error), error=True))
            return
        place = await self._places.place(first.chat, topic, message.author or user_of(None))
        task = self.start(self._handle(Received(message, number, place), outbox))
        if await self._stored(task, chat, number) and len(posts) > 1:
            await self._name(message, posts)

    async def _press(self, query: telegram.CallbackQuery) -> None:
        spinner, post = Spinner(self._wire.bot, query.id), query.message
        if post is None or not query.data:
            await spinner.stop()
            return
        topic = topic_of(post) if isinstance(post, telegram.Message) else 0
        chat, to = chat_of(post.chat, topic), Address(post.chat.id, topic)
        found = await self._store.behind(chat, str(post.message_id))
        if found is None:
            await spinner.stop(_UNKNOWN, alert=True)
            return
        if query.data in OURS:
            self.start(self._presses(query.data, found[0], to, post.message_id, spinner))
            return
        user = user_of(query.from_user)
        place = await self._places.place(post.chat, topic, user)
        name = f"press:{query.id}"
        event = Pressed(user, chat, found[0], query.data, name, place)
        outbox = self._outbox(to, asked=post.message_id, spinner=spinner)
        async with self._turns[post.chat.id]:
            task = self.start(self._handle(event, outbox))
            self.start(self._spin(spinner, task, query.data))
            await self._stored(task, chat, name)

    async def _spin(self, spinner: Spinner, task: asyncio.Future[None], action: str) -> None:
        """Stop a button's spinning: at once, or with what there is to say, but soon."""
        if action in _TOLD:
            await asyncio.wait({task}, timeout=_PATIENCE)
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

"""What people send, made into messages: words, pictures, sounds, and what they reply to."""

from collections.abc import Sequence
from contextlib import suppress

import telegram

from bot import intake
from bot.adapters.telegram.places import Calling, chat_of, topic_of, user_of
from bot.adapters.telegram.wire import Wire
from memory.assets import Assets
from memory.errors import NotFound
from memory.records import STATUS, Asset, Chat, Message, Post
from memory.store import Store
from tools.errors import Refused

_EDIT = "/edit "
_UNUSABLE = "I can use pictures, voice messages and sounds, but not that; send one of those."


class Reader:
    """Reads messages of Telegram's, and fetches what came with them."""

    def __init__(self, wire: Wire, store: Store, assets: Assets, calling: Calling) -> None:
        self._wire, self._store, self._assets, self._calling = wire, store, assets, calling

    async def read(self, posts: Sequence[telegram.Message]) -> Message:
        """Return one message of what came together (an album, or a single message).

        What it replies to is stored, if it is not yet. Raises Refused with a sentence.
        """
        first = posts[0]
        chat = chat_of(first.chat, topic_of(first))
        reply_to, shown, words = await self._replied(first, chat)
        said = "\n".join(filter(None, map(self._calling.words, posts)))
        text = _change(said) if words == "edit" else said
        sent = [asset for post in posts for asset in await self._files(post)]
        if len(sent) > intake.MOST:
            raise Refused("You can send at most {most} files at once.", most=intake.MOST)
        if not text and not sent and _other(first):
            raise Refused(_UNUSABLE)
        author = user_of(first.from_user, first.sender_chat)
        return Message(chat, author, text, (*sent, *shown), reply_to)

    def again(self, post: telegram.Message, before: str) -> str:
        """Return what a message says that was edited and said something else before."""
        said = self._calling.words(post)
        return _change(said) if post.reply_to_message and before.startswith(_EDIT) else said

    async def _replied(
        self, message: telegram.Message, chat: Chat
    ) -> tuple[str, tuple[Asset, ...], str]:
        """Return the id of what a message replies to, the picture meant, and "edit" if asked."""
        replied = message.reply_to_message
        if replied is None or replied.forum_topic_created:
            return "", (), ""
        found = await self._store.behind(chat, str(replied.message_id))
        if found is None:
            return await self._quoted(replied, chat), (), ""
        id, post = found
        asked = "edit" if post.part < STATUS and not post.asset else ""
        return id, await self._single(id, post), asked

    async def _single(self, id: str, post: Post) -> tuple[Asset, ...]:
        """Return the picture that one post of several shows."""
        if post.part < 0 and not post.asset:
            return ()
        with suppress(NotFound):
            several = len((await self._store.message(id)).assets) > 1
            return (await self._store.asset(post.asset),) if post.asset and several else ()
        return ()

    async def _quoted(self, replied: telegram.Message, chat: Chat) -> str:
        """Store what somebody else said and return its id; "" when it is of no use."""
        if self._calling.ours(replied):
            return ""
        text = replied.text or replied.caption or ""
        assets: list[Asset] = []
        with suppress(Refused):  # the words are for something else, perhaps
            assets = await self._files(replied)
        if not text and not assets:
            return ""
        author = user_of(replied.from_user, replied.sender_chat)
        said = Message(chat, author, text, tuple(assets), at=replied.date)
        await self._store.add(said)
        await self._store.posted(said.id, Post(0, str(replied.message_id)))
        return said.id

    async def _files(self, message: telegram.Message) -> list[Asset]:
        """Fetch the picture or sound of a message; raises Refused."""
        found = _file(message)
        if found is None:
            return []
        data = await self._wire.download(found.file_id, found.file_size)
        return [await intake.keep(data, self._assets, spoken=message.voice is not None)]


def _change(said: str) -> str:
    """Return what the answer to "What shall I change?" says as a request."""
    return _EDIT + said if said and not said.startswith("/") else said


def _file(
    message: telegram.Message,
) -> telegram.PhotoSize | telegram.Document | telegram.Voice | telegram.Audio | None:
    if message.photo:
        return message.photo[-1]
    return message.voice or message.audio or message.document


def _other(message: telegram.Message) -> bool:
    """Tell whether a message holds something that cannot be used, such as a film."""
    kinds = (message.video, message.sticker, message.animation, message.video_note)
    return any((*kinds, message.location, message.contact, message.poll, message.dice))

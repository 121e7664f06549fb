"""Who speaks, where, and what Telegram says of both."""

import re
import time
from collections.abc import Callable

from telegram import Bot, Message
from telegram import Chat as Room
from telegram import User as Person
from telegram.error import TelegramError

from bot.adapter import Place
from memory.records import Chat, User

NAME = "telegram"
_KNOWN_FOR = 300.0
"""Seconds for which it is remembered whether somebody is an admin."""
_MOST_KNOWN = 5000
_ADMINS = ("creator", "administrator")


def topic_of(message: Message) -> int:
    """Return the topic a message is in, 0 when it is in none."""
    return (message.message_thread_id or 0) if message.is_topic_message else 0


def chat_of(room: Room, topic: int = 0) -> Chat:
    """Return the conversation in a chat or a topic of it."""
    return Chat(NAME, f"{room.id}:{topic}" if topic else str(room.id))


def user_of(person: Person | None, room: Room | None = None) -> User:
    """Return who somebody is; groups and channels speak for themselves, too."""
    if room is not None:
        return User(NAME, str(room.id), room.effective_name or "")
    return User(NAME, str(person.id), person.full_name) if person else User(NAME, "0")


def locale_of(person: Person | None) -> str:
    """Return the language of somebody's app, "" where Telegram does not say it."""
    return (person.language_code or "") if person is not None else ""


class Places:
    """What is known of the people in groups: admins are looked up, then remembered a while."""

    def __init__(self, bot: Bot, clock: Callable[[], float] = time.monotonic) -> None:
        self._bot, self._clock = bot, clock
        self._admins: dict[tuple[int, str], tuple[float, bool]] = {}

    async def place(self, room: Room, user: User, person: Person | None = None) -> Place:
        """Return where something happens, and what its author may do there.

        A topic has rules of its own, as a channel of Discord's has; those of the group are around
        them.
        """
        if room.type == Room.PRIVATE:
            return Place(locale=locale_of(person))
        admin = user.id == str(room.id) or await self._is_admin(room.id, user.id)
        return Place(str(room.id), private=False, admin=admin, locale=locale_of(person))

    async def _is_admin(self, room: int, user: str) -> bool:
        at, known = self._admins.get((room, user), (float("-inf"), False))
        if self._clock() - at < _KNOWN_FOR:
            return known
        try:
            found = (await self._bot.get_chat_member(room, int(user))).status in _ADMINS
        except TelegramError:
            return False  # it is asked again the next time
        if len(self._admins) >= _MOST_KNOWN:
            self._admins.clear()
        self._admins[room, user] = (self._clock(), found)
        return found


class Calling:
    """Tells whether a message is meant for us, and takes our name out of it."""

    def __init__(self, me: Person) -> None:
        self._me = me
        name = re.escape(me.username or "")
        self._name = re.compile(rf"(?<!\w)@{name}(?!\w)", re.IGNORECASE)
        self._gap = re.compile(r"[ \t]+")
        self._command = re.compile(r"/\w+(?:@(\w+))?(?=\s|$)", re.ASCII)

    def calls(self, message: Message) -> bool:
        """Tell whether a message is private, a command, a reply to us, or names us."""
        text = message.text or message.caption or ""
        command = self._command.match(text)
        if command is not None and command[1]:
            return command[1].lower() == (self._me.username or "").lower()
        if message.chat.type == Room.PRIVATE or command is not None:
            return True
        return bool(self._name.search(text)) or self._replies(message)

    def shared(self, message: Message) -> bool:
        """Tell whether all bots of a group hear a command, so that it may be another one's."""
        command = self._command.match(message.text or message.caption or "")
        alone = command is not None and not command[1]
        return alone and message.chat.type != Room.PRIVATE and not self._replies(message)

    def words(self, message: Message) -> str:
        """Return what a message says, without our name in front, behind or after a command."""
        text = message.text or message.caption or ""
        command = self._command.match(text)
        if command is not None and command[1]:
            return f"/{text[1:].partition('@')[0]}{text[command.end() :]}"
        if not self._name.search(text):
            return text
        return self._gap.sub(" ", self._name.sub(" ", text)).strip()

    def ours(self, message: Message) -> bool:
        """Tell whether we said something ourselves."""
        return message.from_user is not None and message.from_user.id == self._me.id

    def _replies(self, message: Message) -> bool:
        replied = message.reply_to_message
        return replied is not None and self.ours(replied) and not replied.forum_topic_created

"""What Telegram's refusals and the network's failures mean for what was to be sent."""

from datetime import timedelta

from telegram.error import Forbidden, NetworkError, RetryAfter, TelegramError

from bot.adapters.telegram.request import UNSENT
from bot.errors import Nowhere, Undeliverable


class MayHaveArrived(Exception):
    """The connection ended before the answer: only Telegram knows whether it was carried out."""


class Gone(Exception):
    """The message to be changed is not there any more."""


class NotAllowed(Undeliverable):
    """It cannot be sent here: its kind is forbidden, or Telegram takes it for broken."""


def kind(error: TelegramError) -> str:
    """Return what went wrong in a word; the whole text may hold the token."""
    return type(error.__cause__ or error).__name__


def seconds(error: RetryAfter) -> float:
    """Return how long Telegram wants to be left alone."""
    after = error.retry_after
    return after.total_seconds() if isinstance(after, timedelta) else float(after)


def unsent(error: NetworkError) -> bool:
    """Tell whether a call failed before anything of it was sent."""
    return isinstance(error.__cause__, UNSENT)


_GONE = (
    "message to edit not found",
    "message can't be edited",
    "message_id_invalid",
    "there is no text in the message",  # a preview came in between
)
_NO_KIND = ("not enough rights to send ", "voice_messages_forbidden", "photo_", "image_process")
_NOWHERE = (
    "topic_deleted",
    "message thread not found",
    "group chat was deactivated",
    "chat was deleted",
)
_NOT_NOW = (
    "chat not found",
    "topic_closed",
    "not enough rights",
    "have no rights",
    "write_forbidden",
    "need administrator rights",
    "chat_restricted",
    "user is deactivated",
    "user not found",
    "peer_id_invalid",
)


def translated(error: TelegramError) -> Exception:
    """Return what a refusal means for a reply; what nobody foresaw stays as it is."""
    words = error.message.lower()
    if isinstance(error, Forbidden):
        return Undeliverable("They blocked the bot, or took it out of that chat.")
    if any(part in words for part in _GONE):
        return Gone(error.message)
    if any(part in words for part in _NO_KIND) and "text messages" not in words:
        return NotAllowed("The bot may not send things of that kind to that chat.")
    for kind, known in ((Nowhere, _NOWHERE), (Undeliverable, _NOT_NOW)):
        if any(part in words for part in known):
            return kind("The bot may not write in that chat any more, or it is gone.")
    return error

"""Telegram: private chats, groups and topics, by long polling or a webhook."""

from typing import TYPE_CHECKING

from bot.settings import Settings
from memory.imports import hidden

if TYPE_CHECKING:
    from bot.adapter import Adapter
    from bot.lobby import Lobby


def adapter(settings: Settings, lobby: "Lobby") -> "Adapter":
    """Return the adapter; its library is loaded here, and not before."""
    with hidden("pygments"):  # httpx brings a command line of its own along where that is there
        from bot.adapters.telegram.platform import Telegram

    return Telegram(settings.telegram, lobby, lobby)

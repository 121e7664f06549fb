"""The Discord adapter: discord.py's client and what is Discord's own about messages.

discord.py is imported in a thread once the adapter runs: it takes a third of a second.
"""

import asyncio
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING

from bot.adapter import Handler

if TYPE_CHECKING:
    from bot.lobby import Lobby
    from bot.settings import Settings

NAME = "discord"


@dataclass(frozen=True, slots=True)
class DiscordAdapter:
    """Discord, or a server that speaks its protocol."""

    settings: "Settings"
    lobby: "Lobby"
    name: str = NAME
    ready: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, handle: Handler) -> None:
        """Serve until cancelled; raises SettingsError when Discord does not let the bot in."""
        session = await asyncio.to_thread(import_module, "bot.adapters.discord.session")
        here = self.lobby
        await session.serve(self.settings.discord, here, here, handle, self.ready)


def adapter(settings: "Settings", lobby: "Lobby") -> DiscordAdapter:
    """Return the adapter for a token that is set."""
    return DiscordAdapter(settings, lobby)

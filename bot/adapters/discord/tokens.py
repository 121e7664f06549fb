"""Tokens of interactions where we may not write: by them alone an answer can be shown there."""

from itertools import islice

import discord

from bot.adapters.discord.asked import Interaction
from memory.store import Store

_NAME = "discord tokens"
_KEPT = 200
"""Tokens kept; Discord takes each for a quarter of an hour, and says so when it is over."""


class Tokens:
    """The token behind each answer to an interaction, kept over a restart where it is needed."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[str, object] | None = None

    async def keep(self, asked: Interaction, post: str) -> None:
        """Keep the token of the interaction answered by a post, if we may not write there."""
        if not post or _may_write(asked):
            return
        known = await self._read()
        known[post] = asked.token
        for old in [*islice(known, max(0, len(known) - _KEPT))]:
            del known[old]
        await self._store.keep(_NAME, known)

    async def of(self, post: str) -> str:
        """Return the token behind a post; "" when there is none or it was not needed."""
        return str((await self._read()).get(post, ""))

    async def _read(self) -> dict[str, object]:
        if self._known is None:
            kept = await self._store.kept(_NAME)
            self._known = self._known or kept  # somebody else may have read it meanwhile
        return self._known


def _may_write(asked: Interaction) -> bool:
    ours = asked.app_permissions
    threaded = isinstance(asked.channel, discord.Thread)
    able = ours.send_messages_in_threads if threaded else ours.send_messages
    return ours.view_channel and able

"""Commands, buttons and forms: acknowledged at once, answered for a quarter of an hour."""

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Self

import discord

from bot.adapters.discord.parts import LONGEST, Part
from bot.adapters.discord.payload import shown, view_of
from bot.adapters.discord.wire import PASSING
from bot.render import split

log = logging.getLogger(__name__)

Interaction = discord.Interaction[discord.Client]
_TAKEN = 40060
_SOON = timedelta(minutes=2)
_NOBODY = discord.AllowedMentions.none()


class Taken(Exception):
    """Somebody acknowledged it already: Discord told it twice."""


def is_away(interaction: Interaction) -> bool:
    """Tell whether somebody brought us where we are not, so that by its token alone we can answer.

    That is a server we are not in, or a private chat of other people.
    """
    server, client = interaction.guild_id, interaction.client
    strange = server is not None and client.get_guild(server) is None
    return strange or interaction.context.private_channel


class Asked:
    """An interaction that was acknowledged; `post` is the id of the message that everybody sees.

    One that nobody else shall see has none, and all it gets are sentences.
    """

    def __init__(self, interaction: Interaction, post: str = "") -> None:
        self._interaction, self.post = interaction, post
        self._open = True
        """Whether "thinking" stands there still."""
        self._late = False
        self.token, self.away = interaction.token, is_away(interaction)

    @classmethod
    async def acknowledge(cls, interaction: Interaction, *, public: bool) -> Self | None:
        """Acknowledge; None when that failed, and ordinary messages have to do. Raises Taken."""
        try:
            told = await interaction.response.defer(ephemeral=not public, thinking=True)
        except (discord.DiscordException, *PASSING) as error:
            if isinstance(error, discord.HTTPException) and error.code == _TAKEN:
                raise Taken from error
            log.warning("an interaction could not be acknowledged: %s", error)
            return None
        post = told.message_id if told and public else None
        return cls(interaction, str(post or ""))

    @property
    def leaves(self) -> bool:
        """Whether this is soon the last that can be shown there, for we are not there ourselves."""
        return self.away and self._interaction.expires_at - discord.utils.utcnow() < _SOON

    async def edit(self, part: Part, picture: bytes = b"", *, spoiler: bool = False) -> bool:
        """Change the message everybody sees; False when its time is over."""
        if self._late or self._interaction.is_expired():
            return False
        try:
            await self._interaction.edit_original_response(
                content=part.text,
                attachments=shown(picture, spoiler=spoiler),
                view=view_of(part),
                allowed_mentions=_NOBODY,
            )
        except discord.HTTPException as error:
            if isinstance(error, PASSING):
                raise
            self._late = True
            return False
        self._open = False
        return True

    async def tell(self, text: str) -> bool:
        """Tell something to the one who asked and nobody else; False when its time is over."""
        pieces = split(text, LONGEST)
        try:
            if self.post:
                await self._interaction.delete_original_response()
                await self._follow(pieces)
            else:
                await self._interaction.edit_original_response(content=pieces[0])
                await self._follow(pieces[1:])
        except (discord.DiscordException, *PASSING) as error:
            log.info("a notice found nobody: %s", error)
            return False
        finally:
            self.post, self._open = "", False
        return True

    async def _follow(self, pieces: Sequence[str]) -> None:
        for piece in pieces:
            await self._interaction.followup.send(piece, ephemeral=True, allowed_mentions=_NOBODY)

    async def close(self) -> None:
        """Take "thinking" away where nothing came in its place."""
        if self._open:
            self._open = False
            try:
                await self._interaction.delete_original_response()
            except (discord.DiscordException, *PASSING) as error:
                log.info("nothing to take away: %s", error)

"""Answers to an interaction by its token alone, also after a restart and where we may not write.

discord.py sends no buttons by a token it has not seen itself; what its interactions use for that
is used here directly.
"""

from typing import Any

import discord
from discord.http import MultipartParameters, handle_message_parameters
from discord.webhook.async_ import async_context

from bot.adapters.discord.parts import Part
from bot.adapters.discord.payload import file_of, view_of


class Hook:
    """The answer to one interaction, for a quarter of an hour."""

    def __init__(self, client: discord.Client, token: str) -> None:
        self._client, self._token = client, token

    async def fill(self, id: str, part: Part) -> None:
        """Put something in place of a message of the answer, as often as it takes."""
        with _whole(part) as params:
            edit = async_context.get().edit_webhook_message
            await edit(self._application, self._token, int(id), **self._fields(params))

    async def follow(self, part: Part) -> str:
        """Say something more; return its id."""
        with _whole(part) as params:
            say = async_context.get().execute_webhook
            said = await say(self._application, self._token, wait=True, **self._fields(params))
            return str(said["id"]) if said else ""

    async def delete(self, id: str) -> None:
        """Delete a message of the answer."""
        http: Any = self._client.http
        delete = async_context.get().delete_webhook_message
        session = http._HTTPClient__session
        await delete(self._application, self._token, int(id), session=session, proxy=http.proxy)

    @property
    def _application(self) -> int:
        return self._client.application_id or 0

    def _fields(self, params: MultipartParameters) -> dict[str, Any]:
        http: Any = self._client.http
        fields = {"payload": params.payload, "multipart": params.multipart, "files": params.files}
        return {**fields, "session": http._HTTPClient__session, "proxy": http.proxy}


def _whole(part: Part) -> MultipartParameters:
    return handle_message_parameters(
        part.text or None,
        attachments=[file_of(attached, voice=False) for attached in part.files],
        view=view_of(part),
        allowed_mentions=discord.AllowedMentions.none(),
    )

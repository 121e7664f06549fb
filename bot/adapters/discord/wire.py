"""Discord's messages by the ids of channels and messages alone, and what its refusals mean.

What discord.py keeps to itself is used here and nowhere else: `Client.http`, whose requests need no
channel object and no view that stays in memory, `handle_message_parameters`, an application's
flags before it connects, and what it says of libraries for voice channels.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from itertools import chain, repeat
from typing import Any, Final, TypeVar

import aiohttp
import discord
from discord.http import handle_message_parameters

from bot.adapters.discord.hook import Hook
from bot.adapters.discord.parts import Part
from bot.adapters.discord.payload import file_of, shown, view_of
from bot.adapters.discord.rate import Rate
from bot.adapters.discord.refusals import PUT_AWAY, meant
from tools.errors import Refused

log = logging.getLogger(__name__)

T = TypeVar("T")
Like = Callable[[Any], bool]
"""Tells whether a message, as Discord writes it, is the one that is sought."""
FILE_LIMIT = 10 * 1024 * 1024
"""Bytes of a file outside of servers that pay for more."""
WAITS: Sequence[float] = (1, 2, 5, 10, 30)
"""Seconds between two tries of something that should work again soon; the last one repeats."""
PASSING = (discord.DiscordServerError, aiohttp.ClientError, OSError, TimeoutError)
"""What goes by itself: a server in trouble, a network that is down."""
NO_VOICE = frozenset({50159, 50160, 50161, 50173})
_FORBIDDEN = frozenset({50001, 50013})
_NO_REPLY = frozenset({50013, 160002})
"""Replies need the right to read what they reply to."""
_THREAD_THERE = 160004
_NO_MESSAGE = 10008
_ARCHIVED: Final = 10080
"""Minutes after which a thread in which nobody speaks is put away: a week, the most there is."""
_PAGES, _PAGE = 5, 100
_NOBODY = discord.AllowedMentions.none()
discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
_NO_THREADS = (
    "I may not create threads here, so we make it in this channel; somebody who runs this server"
    " can allow me Create Public Threads."
)
_NO_FILES = "I may not send files here; somebody who runs this server can allow me Attach Files."


class Wire:
    """Sends, edits, deletes and finds messages of a client that has signed in."""

    def __init__(self, client: discord.Client, rate: Rate) -> None:
        self._client, self._http, self._rate = client, client.http, rate

    def spare(self, kept: int = 0) -> bool:
        """Tell whether there is room for what can be left out, with some kept for the rest."""
        return self._rate.spare(kept)

    def limit(self, channel: str) -> int:
        """Return how many bytes a file may have in a channel."""
        found = self._client.get_channel(int(channel))
        guild = getattr(found, "guild", None)
        return guild.filesize_limit if isinstance(guild, discord.Guild) else FILE_LIMIT

    async def typing(self, channel: str) -> None:
        """Show for ten seconds that we are at it, if there is room for that."""
        if not self.spare():
            return
        with suppress(discord.DiscordException, *PASSING):
            await self._http.send_typing(int(channel))

    async def send(
        self, channel: str, part: Part, nonce: str, reference: str = "", *, silent: bool = False
    ) -> str:
        """Send a message and return its id; within minutes the same nonce sends it only once.

        A sound that may not be a voice message here becomes a file; where no files are allowed,
        that is said. Raises Undeliverable, and PASSING and RateLimited for what may work later.
        """
        try:
            return await self._send(channel, part, nonce, reference, silent=silent)
        except discord.HTTPException as error:
            if part.voice and error.code in NO_VOICE:
                plain = Part(part.text, part.files, part.buttons)
                return await self.send(channel, plain, nonce, reference)
            if reference and error.code in _NO_REPLY:
                return await self.send(channel, part, nonce, silent=silent)
            if part.files and error.code in _FORBIDDEN:
                text = f"{part.text[:1000]}\n\n{_NO_FILES}".strip()
                return await self.send(channel, Part(text), nonce)
            if isinstance(error, PASSING):
                raise
            raise meant(error) from error

    async def _send(
        self, channel: str, part: Part, nonce: str, reference: str, *, silent: bool
    ) -> str:
        flags = discord.MessageFlags()
        flags.voice, flags.suppress_notifications = part.voice, silent
        more: dict[str, Any] = {}
        if part.files:
            more["files"] = [file_of(attached, voice=part.voice) for attached in part.files]
        if part.buttons:
            more["view"] = view_of(part)
        if reference:
            more["message_reference"] = {"message_id": reference, "fail_if_not_exists": False}
        with handle_message_parameters(
            part.text or None, nonce=nonce, flags=flags, allowed_mentions=_NOBODY, **more
        ) as params:
            return str((await self._http.send_message(int(channel), params=params))["id"])

    async def edit(
        self, channel: str, id: str, part: Part, picture: bytes = b"", *, spoiler: bool = False
    ) -> None:
        """Change one of our messages: its text, buttons, and the one picture it shows or none."""
        with handle_message_parameters(
            part.text,
            attachments=shown(picture, spoiler=spoiler),
            view=view_of(part),
            allowed_mentions=_NOBODY,
        ) as params:
            await self._http.edit_message(int(channel), int(id), params=params)

    async def change(self, channel: str, id: str, part: Part, *, again: bool = True) -> bool:
        """Change the text and the buttons of one of our messages; False when it is gone.

        A thread that was put away is taken out for that. Raises what `send` raises.
        """
        try:
            with handle_message_parameters(
                part.text, view=view_of(part), allowed_mentions=_NOBODY
            ) as params:
                await self._http.edit_message(int(channel), int(id), params=params)
        except discord.HTTPException as error:
            if again and error.code == PUT_AWAY and await self._taken_out(channel):
                return await self.change(channel, id, part, again=False)
            if isinstance(error, PASSING):
                raise
            if error.code != _NO_MESSAGE:
                raise meant(error) from error
            return False
        return True

    async def _taken_out(self, thread: str) -> bool:
        try:
            await self._http.edit_channel(int(thread), archived=False)
        except discord.HTTPException:
            return False
        return True

    async def thread(self, channel: str, id: str, name: str) -> str:
        """Begin a thread behind a message, or find the one there is; "" where none can be.

        Raises Refused where we may not.
        """
        if not isinstance(self._client.get_channel(int(channel)), discord.TextChannel):
            return ""
        begin = self._http.start_thread_with_message
        try:
            made = await begin(int(channel), int(id), name=name, auto_archive_duration=_ARCHIVED)
        except discord.HTTPException as error:
            if isinstance(error, PASSING):
                raise
            if error.code in _FORBIDDEN:
                raise Refused(_NO_THREADS) from error
            return id if error.code == _THREAD_THERE else ""
        return str(made["id"])

    async def pin(self, channel: str, id: str) -> None:
        """Keep a message of ours in sight; one that is pinned already stays so."""
        await self._http.pin_message(int(channel), int(id))

    def hook(self, token: str) -> Hook:
        """Return the way to answer an interaction by its token alone."""
        return Hook(self._client, token)

    async def private(self, user: str) -> str:
        """Return the private chat with somebody; raises discord.HTTPException."""
        return str((await self._http.start_private_message(int(user)))["id"])

    async def delete(self, channel: str, id: str) -> None:
        """Delete a message of ours; one that is gone is no error."""
        with suppress(discord.NotFound):
            await self._http.delete_message(int(channel), int(id))

    async def find(
        self, channel: str, like: Like, after: int, known: frozenset[str] = frozenset()
    ) -> str:
        """Return the id of the first message of ours after a snowflake that is `like` what is
        sought and not `known`, "" when there is none or we may not look.
        """
        for _ in range(_PAGES):
            try:
                page = await self._http.logs_from(int(channel), _PAGE, after=after)
            except (discord.Forbidden, discord.NotFound):
                return ""
            for message in reversed(page):
                if self._ours(message, known) and like(message):
                    return str(message["id"])
            if len(page) < _PAGE:
                return ""
            after = max(int(message["id"]) for message in page)
        return ""

    def _ours(self, message: Any, known: frozenset[str]) -> bool:
        me = self._client.user
        ours = me is not None and str(message["author"]["id"]) == str(me.id)
        return ours and str(message["id"]) not in known

    async def publish(self, commands: Sequence[dict[str, Any]]) -> None:
        """Replace the application's commands."""
        application: Any = self._client.application_id
        await self._http.bulk_upsert_global_commands(application, list(commands))

    def attachment(self, data: Any) -> discord.Attachment:
        """Return an attachment that came with an interaction."""
        return discord.Attachment(data=data, state=self._client._connection)


def same(part: Part, reference: str) -> Like:
    """Return what knows the message that a part was sent as: by its text, the names of its files,
    its buttons, which name our message, and what it replies to, if that was still there.
    """
    names = [attached.name for attached in part.files]
    buttons = [custom_id for row in part.buttons for custom_id, _ in row]

    def like(message: Any) -> bool:
        rows = message.get("components") or ()
        there = [one.get("custom_id") for row in rows for one in row.get("components") or ()]
        return (
            message["content"] == part.text
            and [a["filename"] for a in message["attachments"]] == names
            and there == buttons
            and _answers(message, reference)
        )

    return like


def silent_reply(reference: str) -> Like:
    """Return what knows a status message: of all we send it alone is silent."""

    def like(message: Any) -> bool:
        flags = discord.MessageFlags._from_value(message.get("flags") or 0)
        return flags.suppress_notifications and _answers(message, reference)

    return like


def _answers(message: Any, reference: str) -> bool:
    answered = (message.get("message_reference") or {}).get("message_id")
    return answered is None or str(answered) == reference


def read_content(client: discord.Client) -> None:
    """Ask to read all messages if the application was granted that; call it between login and
    connect, for only then its flags are known and the intents not yet told.
    """
    flags = client.application_flags
    if flags.gateway_message_content or flags.gateway_message_content_limited:
        client._connection._intents.message_content = True


async def connect(client: discord.Client) -> None:
    """Stay connected; raises OSError when that does not even work once."""
    try:
        await client.connect()
    except AttributeError as error:  # it wants to resume the session it never had
        if client.ws is not None:
            raise
        raise ConnectionError("Discord's gateway does not answer") from error


async def persist(work: Callable[[], Awaitable[T]], what: str) -> T:
    """Do something as often as it takes while the network or Discord is in trouble."""
    waits = chain(WAITS, repeat(WAITS[-1]))
    while True:
        try:
            return await work()
        except discord.RateLimited as busy:
            wait = busy.retry_after
        except PASSING as error:
            wait = next(waits)
            log.warning("%s: tried again in %.0f s (%s)", what, wait, type(error).__name__)
        await asyncio.sleep(wait)

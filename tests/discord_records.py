"""What a Discord world is made of: people, servers, channels, messages, files."""

import asyncio
import time
from dataclasses import dataclass, field
from enum import IntFlag
from typing import Any

from tests.discord_errors import Json

EPOCH_MS = 1_420_070_400_000
TEXT, DM, GROUP, THREAD, PRIVATE_THREAD = 0, 1, 3, 11, 12
THREADS = (10, THREAD, PRIVATE_THREAD)
EPHEMERAL, LOADING, VOICE, V2 = 1 << 6, 1 << 7, 1 << 13, 1 << 15
MIB = 1024 * 1024


class Permission(IntFlag):
    """The permissions the server looks at."""

    ADMINISTRATOR = 1 << 3
    ADD_REACTIONS = 1 << 6
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    USE_COMMANDS = 1 << 31
    MANAGE_THREADS = 1 << 34
    CREATE_THREADS = 1 << 35
    CREATE_PRIVATE_THREADS = 1 << 36
    SEND_IN_THREADS = 1 << 38
    SEND_VOICE_MESSAGES = 1 << 46
    USE_EXTERNAL_APPS = 1 << 50
    PIN_MESSAGES = 1 << 51


USUAL = Permission(sum(Permission)) & ~(
    Permission.ADMINISTRATOR
    | Permission.MANAGE_MESSAGES
    | Permission.MANAGE_THREADS
    | Permission.PIN_MESSAGES
)


@dataclass
class Clock:
    """Seconds since 1970 by a clock that tests put forward instead of waiting."""

    ahead: float = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead

    def advance(self, seconds: float) -> None:
        self.ahead += seconds


@dataclass(eq=False)
class Account:
    """Somebody; who has `installed` the application may use its commands everywhere."""

    id: int
    name: str
    bot: bool = False
    roles: list["Role"] = field(default_factory=list, repr=False)
    locale: str = "en-US"
    blocks_bot: bool = False
    installed: bool = False


@dataclass(eq=False)
class Role:
    id: int
    name: str
    permissions: Permission = USUAL


@dataclass(eq=False)
class Guild:
    """A server; `tier` is its boost level, which decides how large a file may be."""

    id: int
    name: str
    owner: Account
    tier: int = 0
    roles: list[Role] = field(default_factory=list, repr=False)
    members: dict[int, Account] = field(default_factory=dict, repr=False)
    locale: str = "en-US"

    @property
    def file_limit(self) -> int:
        return (10, 10, 50, 100)[self.tier] * MIB


@dataclass(eq=False)
class Channel:
    """A text channel, a private chat or a thread; `denied` is taken from the bot in it.

    `between` are the people of a private chat or group in which the bot is not.
    """

    id: int
    kind: int = TEXT
    name: str = ""
    guild: Guild | None = field(default=None, repr=False)
    parent: "Channel | None" = None
    with_: Account | None = None
    between: tuple[Account, ...] = ()
    owner: Account | None = None
    nsfw: bool = False
    denied: Permission = field(default_factory=lambda: Permission(0))
    deleted: bool = False
    archived: bool = False
    locked: bool = False
    messages: list["Message"] = field(default_factory=list, repr=False)
    typed: int = 0

    @property
    def file_limit(self) -> int:
        return self.guild.file_limit if self.guild else 10 * MIB


@dataclass(eq=False)
class File:
    """An attachment and its bytes."""

    id: int
    channel: Channel = field(repr=False)
    filename: str
    data: bytes = field(repr=False)
    media_type: str
    description: str | None = None
    duration: float | None = None
    waveform: str | None = None
    size: tuple[int, int] | None = None

    @property
    def spoiler(self) -> bool:
        return self.filename.startswith("SPOILER_")


@dataclass(eq=False)
class Message:
    """What was written; `texts` has every content it has had, `edits` when it was changed."""

    id: int
    channel: Channel
    author: Account
    at: float
    content: str = ""
    files: list[File] = field(default_factory=list)
    embeds: list[Json] = field(default_factory=list)
    components: list[Json] = field(default_factory=list)
    flags: int = 0
    nonce: str | None = None
    reply_to: "Message | None" = field(default=None, repr=False)
    pings: list[Account] = field(default_factory=list)
    pings_everyone: bool = False
    interaction: "Interaction | None" = field(default=None, repr=False)
    ephemeral_to: Account | None = None
    texts: list[str] = field(default_factory=list)
    edits: list[float] = field(default_factory=list)
    reactions: list[tuple[str, Account]] = field(default_factory=list)
    thread: Channel | None = None
    pinned: bool = False
    deleted: bool = False

    @property
    def voice(self) -> bool:
        return bool(self.flags & VOICE)

    @property
    def loading(self) -> bool:
        """Whether it is the "thinking" of a deferred answer."""
        return bool(self.flags & LOADING)

    @property
    def buttons(self) -> dict[str, Json]:
        """Every component with a custom_id, by it, wherever it is nested."""
        return {c["custom_id"]: c for c in walk(self.components) if c.get("custom_id")}


def walk(components: list[Json]) -> list[Json]:
    """Return the components and all that is nested in them, outer ones first."""
    found: list[Json] = []
    for component in components:
        inner = list(component.get("components") or ())
        inner += [component[k] for k in ("accessory", "component") if component.get(k)]
        found += [component, *walk(inner)]
    return found


@dataclass(eq=False)
class Interaction:
    """What somebody asked for by a command, a button or a form, and what came back.

    `latency` is the real seconds from sending the event to receiving the acknowledgement, `owners`
    who installed the application where this could be done: {"0": a server's id, "1": a person's}.
    """

    id: int
    token: str
    kind: int
    person: Account
    channel: Channel
    data: Json
    at: float
    message: Message | None = field(default=None, repr=False)
    owners: dict[str, str] = field(default_factory=dict)
    callback: int = 0
    latency: float = 0.0
    sent: float = 0.0
    ephemeral: bool = False
    original: Message | None = field(default=None, repr=False)
    followups: list[Message] = field(default_factory=list, repr=False)
    modal: Json | None = None
    choices: list[Json] = field(default_factory=list)
    answered: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, seconds: float = 5.0) -> "Interaction":
        """Wait until it is acknowledged in whatever way."""
        async with asyncio.timeout(seconds):
            await self.answered.wait()
        return self


@dataclass(frozen=True)
class Request:
    """A request as it came in and the status it was answered with."""

    method: str
    path: str
    body: Any
    at: float
    status: int

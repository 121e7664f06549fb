"""The words everybody uses: frozen records of what is said, made and judged."""

import secrets
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

Kind = Literal["reply", "question", "error"]
Status = Literal["planned", "queued", "running", "done", "failed", "cancelled"]


def new_id() -> str:
    """Return a new id: 16 hex digits of nanoseconds, then 4 random ones, so ids sort by time."""
    return f"{time.time_ns():016x}{secrets.token_hex(2)}"


def now() -> datetime:
    """Return the present moment in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Chat:
    """A channel, thread, topic or private chat: what one conversation is."""

    platform: str
    id: str


@dataclass(frozen=True, slots=True)
class User:
    """A person on a platform; the name is untrusted text and no part of who they are."""

    platform: str
    id: str
    name: str = field(default="", compare=False)

    @property
    def key(self) -> str:
        """Who they are in one word, "platform:id", as jobs and roles name them."""
        return f"{self.platform}:{self.id}"


@dataclass(frozen=True, slots=True)
class Asset:
    """Bytes on disk under their hash, and what a platform must know to show them.

    `size` is in bytes, `width` and `height` in pixels, `seconds` the length of a sound;
    `waveform` holds at most 256 loudness values 0-255 of a voice note.
    """

    sha256: str
    media_type: str
    size: int
    width: int = 0
    height: int = 0
    seconds: float = 0.0
    waveform: bytes = b""


@dataclass(frozen=True, slots=True)
class Message:
    """One thing said in a chat; `author` is None when the assistant said it.

    `reply_to` is the id of the message it answers; the assistant's always name the request.
    `language` ("de") is what it is answered in, or said in by the assistant; "" is not known.
    """

    chat: Chat
    author: User | None
    text: str
    assets: tuple[Asset, ...] = ()
    reply_to: str = ""
    id: str = field(default_factory=new_id)
    at: datetime = field(default_factory=now)
    language: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One use of a tool: trace, durable job, recipe of its assets, and what "again" runs.

    `args` are the tool's resolved arguments, `parents` the SHA-256 of the assets it started
    from, `result` the sentence it ended with (the reason, if it failed), `turn` the id of the
    message that asked for it, `seconds` the time it took.
    """

    tool: str
    args: dict[str, object]
    user: User
    chat: Chat
    turn: str
    status: Status = "planned"
    result: str = ""
    assets: tuple[Asset, ...] = ()
    parents: tuple[str, ...] = ()
    seconds: float = 0.0
    id: str = field(default_factory=new_id)
    at: datetime = field(default_factory=now)


@dataclass(frozen=True, slots=True)
class Feedback:
    """A judgement: `target` is a message id or an asset's SHA-256, `score` is -1, 0 or 1."""

    target: str
    user: User
    score: Literal[-1, 0, 1]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Action:
    """A button: `id` is what comes back when it is pressed (at most 64 bytes)."""

    id: str
    label: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """A reply on its way to a platform."""

    message: Message
    actions: tuple[Action, ...] = ()
    status: Literal["pending", "sent", "failed"] = "pending"
    kind: Kind = "reply"


STATUS = -1
"""The number of the piece that shows how a request stands."""


@dataclass(frozen=True, slots=True)
class Post:
    """A piece of a message as it stands on its platform.

    `id` is the platform's, empty while it is under way: it may have arrived or not. `asset` is the
    SHA-256 of the one thing it shows, if it shows one. A `former` one stands where the chat was
    before its platform moved it: there its id names it, and something else where the chat is now.
    """

    part: int
    id: str = ""
    asset: str = ""
    former: bool = False

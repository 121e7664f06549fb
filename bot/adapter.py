"""The edge's vocabulary: what comes in from a platform and what goes back to it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from bot.progress import Standing
from memory.records import Action, Chat, Kind, Message, Step, User


@dataclass(frozen=True, slots=True)
class Received:
    """Somebody said something."""

    message: Message


@dataclass(frozen=True, slots=True)
class Pressed:
    """Somebody pressed a button under one of our messages."""

    user: User
    chat: Chat
    message_id: str
    action: str


Event = Received | Pressed


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as a platform shows it; `message.reply_to` is the request it answers."""

    kind: Kind
    message: Message
    actions: tuple[Action, ...] = ()
    steps: tuple[Step, ...] = ()


class Outbox(Protocol):
    """The way back to where an event came from."""

    async def send(self, reply: Reply) -> tuple[str, ...]:
        """Show a reply and return the platform's ids of what was sent; may raise OSError."""
        ...

    def show(self, standing: Standing) -> None:
        """Show how a request stands; must not block, may be dropped."""
        ...

    async def notice(self, text: str, *, error: bool = False) -> None:
        """Show a sentence that need not be remembered."""
        ...


Handler = Callable[[Event, Outbox], Awaitable[None]]


class Adapter(Protocol):
    """One chat platform."""

    name: str

    async def run(self, handle: Handler) -> None:
        """Deliver events to `handle` until cancelled or there are no more."""
        ...

"""The edge's vocabulary: what comes in from a platform and what goes back to it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from bot.progress import Standing
from bot.trail import Trail
from memory.assets import Assets
from memory.records import Action, Asset, Chat, Kind, Message, Step, User
from memory.store import Store
from tools.catalogue import Catalogue

if TYPE_CHECKING:
    from bot.rulebook import Rulebook


@dataclass(frozen=True, slots=True)
class Place:
    """Where something happens and what its platform says of that: what rules are made for.

    `server` is a guild or group ("" in private), `roles` are those the person has there; `admin`
    says that they may change settings there, `adult` that the platform keeps minors out; `locale`
    is that of their app ("pt-BR").
    """

    server: str = ""
    channel: str = ""
    private: bool = True
    adult: bool = False
    admin: bool = True
    roles: frozenset[str] = frozenset()
    locale: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Received:
    """Somebody said something; `post` is the platform's id of it, of which each is handled once.

    What was not said to us (`called`) is only of interest where people make something together.
    """

    message: Message
    post: str = ""
    place: Place = Place()
    called: bool = True


@dataclass(frozen=True, slots=True)
class Edited(Received):
    """Somebody changed what they had said; `message` is the stored one with the new words."""


@dataclass(frozen=True, slots=True)
class Pressed:
    """Somebody pressed a button under one of our messages; `post` is the platform's id of that.

    `language` is what they are answered in.
    """

    user: User
    chat: Chat
    message_id: str
    action: str
    post: str = ""
    place: Place = Place()
    language: str = ""


Event = Received | Pressed


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as a platform shows it; `message.reply_to` is the request it answers."""

    kind: Kind
    message: Message
    actions: tuple[Action, ...] = ()
    steps: tuple[Step, ...] = ()

    @property
    def spoiler(self) -> bool:
        """Whether some of its pictures are hidden until somebody wants to see them."""
        return any(step.args.get("spoiler") for step in self.steps)

    def hides(self, asset: Asset) -> bool:
        """Tell whether one of its pictures is hidden; what a question shows is, if any is."""
        hiding = [step for step in self.steps if step.args.get("spoiler")]
        return bool(hiding) and (
            self.kind == "question" or any(asset in step.assets for step in hiding)
        )


class Outbox(Protocol):
    """The way back to where an event came from."""

    async def send(self, reply: Reply, trail: Trail) -> None:
        """Show what the trail does not say to be shown already of a reply.

        Raises Undeliverable when it never can be; after any other error it is tried again at the
        next start.
        """
        ...

    async def remove(self, trail: Trail) -> None:
        """Take away what the trail says to be shown of a reply; Refused where that cannot be."""
        ...

    async def update(self, reply: Reply, trail: Trail) -> bool:
        """Show a reply that says something else now in its place; False when it is not there.

        Raises Undeliverable where we may not, and Nowhere where there is no such place any more;
        Busy after a while in which there was no room for it, when it may say something else by now.
        """
        ...

    async def thread(self, trail: Trail, title: str) -> Chat | None:
        """Begin a thread or topic behind a reply and return it; None where there is none such.

        Raises Refused with a sentence where there would be one if we were allowed to.
        """
        ...

    async def pin(self, trail: Trail) -> bool:
        """Keep a reply in sight; False where we may not."""
        ...

    def show(self, standing: Standing) -> None:
        """Show how a request stands; must not block, may be dropped."""
        ...

    async def notice(self, text: str, *, error: bool = False) -> None:
        """Show a sentence that need not be remembered."""
        ...


class Recovery(Protocol):
    """Who finishes what an earlier run left, and stops what goes on; `Desk` does."""

    async def recover(self, platform: str, outbox: Callable[[Message], Outbox]) -> None:
        """Send replies and finish turns; `outbox` is asked for the way back of a message."""
        ...

    async def left(self, chat: Chat, *, gone: bool = False) -> None:
        """Stop what is done in a chat that we are not in any more, or that is `gone` for good.

        What is made for a project room goes on.
        """
        ...


class Memory(Protocol):
    """What is kept, as far as adapters need it; `Studio` has it."""

    @property
    def store(self) -> Store:
        """What was said."""
        ...

    @property
    def assets(self) -> Assets:
        """Pictures and sounds."""
        ...

    @property
    def catalogue(self) -> Catalogue:
        """The models there are."""
        ...

    async def rules(self) -> "Rulebook":
        """Return the owners' rules; waits until they are read."""
        ...


Handler = Callable[[Event, Outbox], Awaitable[None]]


class Adapter(Protocol):
    """One chat platform."""

    name: str
    ready: asyncio.Event
    """Set once it hears what people say."""

    async def run(self, handle: Handler) -> None:
        """Deliver events to `handle` until cancelled or there are no more."""
        ...

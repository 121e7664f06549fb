"""What can be pointed at in a chat: the pictures and sounds people have seen, set by set."""

from collections.abc import Mapping
from dataclasses import dataclass

from memory.errors import NotFound
from memory.records import Asset, Message, Step, User
from memory.store import Store

WINDOW = 200
"""How many messages and steps back a person may point without naming an id."""


@dataclass(frozen=True, slots=True)
class Set:
    """What one message showed, in the order people saw it.

    `user` is who asked for it (or sent it), `words` what each asset was made from, `said` the
    message's text.
    """

    message_id: str
    assets: tuple[Asset, ...]
    user: User | None
    words: tuple[str, ...]
    said: str = ""

    def of(self, kind: str) -> tuple[Asset, ...]:
        """Return its assets of a kind ("image" or "audio")."""
        return tuple(a for a in self.assets if a.media_type.startswith(f"{kind}/"))


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything a request may point at; `sets` are newest first, `past` oldest first."""

    message: Message
    replied: Set | None
    sets: tuple[Set, ...]
    steps: tuple[Step, ...]
    past: tuple[Message, ...] = ()

    @property
    def attached(self) -> Set:
        """What came with the request itself."""
        return Set(self.message.id, self.message.assets, self.message.author, ())


async def look(store: Store, message: Message) -> Scene:
    """Gather what the author of a message may be pointing at."""
    history = await store.history(message.chat, limit=WINDOW)
    steps = [s for s in await store.steps(message.chat, limit=WINDOW) if s.turn != message.id]
    # Requests that wait behind this one are not past yet, though they are stored already.
    past = [m for m in history if m.author is None or m.id < message.id]
    made = {a.sha256: s for s in steps for a in s.assets if s.tool != "undo"}
    asked = {m.id: m.author for m in history if m.author is not None}
    hidden = _hidden(steps)
    shown = [_set(m, made, asked, hidden) for m in reversed(past)]
    replied = await _replied(store, message, made, asked)
    sets = tuple(s for s in shown if s.assets)
    return Scene(message, replied, sets, tuple(steps), tuple(past))


def _hidden(steps: list[Step]) -> frozenset[str]:
    """Return the SHA-256 of what was taken back by an undo; it can still be named by its id."""
    gone = {str(s.args.get("step")) for s in steps if s.tool == "undo"}
    return frozenset(a.sha256 for s in steps if s.id in gone for a in s.assets)


def _set(
    message: Message,
    made: Mapping[str, Step],
    asked: Mapping[str, User],
    hidden: frozenset[str] = frozenset(),
) -> Set:
    assets = tuple(a for a in message.assets if a.sha256 not in hidden)
    user = message.author or asked.get(message.reply_to)
    words = tuple(_words(made.get(a.sha256), message) for a in assets)
    return Set(message.id, assets, user, words, message.text)


def _words(step: Step | None, message: Message) -> str:
    if step is None:
        return message.text
    keys = ("prompt", "instruction", "style", "text", "request")
    return " ".join(str(step.args[k]) for k in keys if step.args.get(k))


async def _replied(
    store: Store, message: Message, made: Mapping[str, Step], asked: Mapping[str, User]
) -> Set | None:
    if not message.reply_to:
        return None
    try:
        target = await store.message(message.reply_to)
    except NotFound:
        return None
    return _set(target, made, asked) if target.chat == message.chat else None

"""What can be pointed at in a chat: the pictures and sounds people have seen, set by set."""

import re
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from memory.errors import NotFound
from memory.records import Asset, Message, Step, User
from memory.store import Store

WINDOW = 200
"""How many messages and steps back a person may point without naming an id."""

ENDED_WELL = ("done", "planned")
"""The states of a step that made something; in a dry run it is only planned."""

TEXTS = ("write", "brainstorm", "describe", "transcribe")
"""The tools whose result is a text that can be read aloud, drawn or written anew."""

AGAIN = ("undo", "show")
"""The tools that show again what was there."""

ASIDE = (*AGAIN, "compare")
"""The tools that make nothing new; nobody means a comparison by "the last one"."""

_IDS = re.compile(r"#([0-9a-f]{4,64})(?![0-9a-z])|(?<![0-9a-z])([0-9a-f]{64})(?![0-9a-z])")
_MOST_IDS = 10


@dataclass(frozen=True, slots=True)
class Set:
    """What one message showed, in the order people saw it.

    `user` is who asked for it (or sent it), `words` what each asset was made from, `said` the
    message's text (of a reply that wrote something, that), `turn` the id of the request, `at` when
    it was shown.
    """

    message_id: str
    assets: tuple[Asset, ...]
    user: User | None
    words: tuple[str, ...]
    said: str = ""
    turn: str = ""
    at: datetime | None = None

    def of(self, kind: str) -> tuple[Asset, ...]:
        """Return its assets of a kind ("image" or "audio")."""
        return tuple(a for a in self.assets if a.media_type.startswith(f"{kind}/"))


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything a request may point at.

    `sets` are newest first, `steps` and `past` oldest first; `named` are assets beyond the
    window whose ids the request spells out; `looks` are pictures by words that they look like.
    """

    message: Message
    replied: Set | None
    sets: tuple[Set, ...]
    steps: tuple[Step, ...]
    past: tuple[Message, ...] = ()
    named: tuple[Asset, ...] = ()
    looks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def attached(self) -> Set:
        """What came with the request itself."""
        return Set(self.message.id, self.message.assets, self.message.author, ())

    def after(self, steps: Iterable[Step]) -> "Scene":
        """Return the scene as it is once these steps of the request itself have ended."""
        new = [s for s in steps if s.status in ENDED_WELL]
        made = [
            Set(
                "",
                s.assets,
                s.user,
                (_words(s, self.message),) * len(s.assets),
                s.result,
                s.turn,
                s.at,
            )
            for s in reversed(new)
            if s.assets
        ]
        return replace(self, sets=(*made, *self.sets), steps=(*self.steps, *new))


async def look(store: Store, message: Message) -> Scene:
    """Gather what the author of a message may be pointing at, as it was at its turn."""
    recent = await store.recent(message.chat, limit=WINDOW)
    # What waits behind this request, or came of it, is not past, though it may be stored already.
    steps = [s for s in recent.steps if s.turn < message.id and not waits(s)]
    past = [m for m in recent.messages if _turn(m) < message.id]
    target = await _target(store, message)
    if target is not None and not any(s.turn == _turn(target) for s in steps):
        steps = [*await store.steps_of(_turn(target)), *steps]
    made = {a.sha256: s for s in steps for a in s.assets if s.tool not in AGAIN}
    asked = {m.id: m.author for m in recent.messages if m.author is not None}
    hidden = _hidden(steps) | {a.sha256 for s in steps if s.tool == "compare" for a in s.assets}
    showing = {s.turn for s in steps if s.assets}
    shown = [_set(m, made, asked, hidden) for m in reversed(past) if m.assets]
    sets = tuple(s for s in shown if s.assets and not _only_asked(s, made, showing))
    replied = _replied(target, _set(target, made, asked), steps) if target else None
    named = await _named(store, message)
    return Scene(message, replied, sets, tuple(steps), tuple(past), named)


def waits(step: Step) -> bool:
    """Whether a step is part of a plan that nobody has approved yet; in a dry run it has ended."""
    return step.status == "planned" and not step.result


def _only_asked(shown: Set, made: Mapping[str, Step], showing: Container[str]) -> bool:
    """Say whether a message showed what there was already, to ask which one is meant."""
    others = (made[a.sha256].turn != shown.turn for a in shown.assets if a.sha256 in made)
    return shown.turn != shown.message_id and shown.turn not in showing and any(others)


def undone(steps: Iterable[Step]) -> frozenset[str]:
    """Return the ids of the steps that were taken back."""
    undos = (s for s in steps if s.tool == "undo" and s.status in ENDED_WELL)
    return frozenset(str(id) for s in undos for id in _listed(s.args.get("steps")))


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _hidden(steps: Sequence[Step]) -> frozenset[str]:
    """Return the SHA-256 of what was taken back and not made anew; its id still names it."""
    gone = undone(steps)
    made = [s for s in steps if s.tool not in ASIDE]
    kept = {a.sha256 for s in made if s.id not in gone for a in s.assets}
    return frozenset(a.sha256 for s in made if s.id in gone for a in s.assets) - kept


def _set(
    message: Message,
    made: Mapping[str, Step],
    asked: Mapping[str, User],
    hidden: frozenset[str] = frozenset(),
) -> Set:
    assets = tuple(a for a in message.assets if a.sha256 not in hidden)
    user = message.author or asked.get(message.reply_to)
    words = tuple(_words(made.get(a.sha256), message) for a in assets)
    return Set(message.id, assets, user, words, message.text, _turn(message), message.at)


def _made(step: Step, request: Message) -> Set:
    words = (_words(step, request),) * len(step.assets)
    return Set("", step.assets, step.user, words, step.result, step.turn, step.at)


def _words(step: Step | None, message: Message) -> str:
    if step is None:
        return message.text
    keys = ("prompt", "instruction", "style", "text", "request")
    return " ".join(str(step.args[k]) for k in keys if step.args.get(k))


def _turn(message: Message) -> str:
    return message.reply_to if message.author is None else message.id


async def _target(store: Store, message: Message) -> Message | None:
    """Return the message this one answers; None when it is unknown or from another chat."""
    if not message.reply_to:
        return None
    try:
        target = await store.message(message.reply_to)
    except NotFound:
        return None
    return target if target.chat == message.chat else None


def _replied(target: Message, shown: Set, steps: Sequence[Step]) -> Set:
    if target.author is not None:
        return shown
    wrote = [s for s in steps if s.turn == shown.turn and s.tool in TEXTS]
    texts = [s.result for s in wrote if s.status in ENDED_WELL]
    return replace(shown, said="\n\n".join(texts)) if texts else shown


async def _named(store: Store, message: Message) -> tuple[Asset, ...]:
    ids = [prefix or whole for prefix, whole in _IDS.findall(message.text.lower())]
    found = [await store.named(id, message.chat) for id in ids[:_MOST_IDS]]
    return tuple(asset for assets in found for asset in assets)

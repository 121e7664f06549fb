"""Which plan or result a message is about: that it replies to, or the last its author was shown."""

from dataclasses import dataclass

from agents.scene import Scene, undone, waits
from bot.actions import GO
from bot.translation import put
from memory.errors import NotFound
from memory.records import Message, Step
from memory.sentences import say
from memory.store import Store

ASKED = say(
    "What shall be different? For example “2 to a dog”, “without 3”, “snow instead of rain”."
)
"""What we say when somebody wants a plan changed and has not said how."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a message of ours showed: a request's steps, as a plan or as results.

    `pointed` says that it was replied to.
    """

    request: Message
    steps: tuple[Step, ...]
    plan: bool
    pointed: bool

    @property
    def waiting(self) -> bool:
        """Whether it is a plan that nobody has approved or dropped yet."""
        return any(map(waits, self.steps))


def asked(scene: Scene) -> bool:
    """Whether we have just asked the author of a message what shall be different about a plan."""
    if scene.message.reply_to:
        return scene.replied is not None and _asks(scene.replied.said, scene)
    return next((_asks(m.text, scene) for m in _own(scene)), False)


def _asks(text: str, scene: Scene) -> bool:
    """Whether that is our question, in the language of those who were asked."""
    return text in {put(ASKED, m.language) for m in (*scene.past, scene.message)}


async def shown_to(store: Store, scene: Scene) -> Shown | None:
    """Return what a message is about; None when there is nothing it could be."""
    target = await _target(store, scene.message)
    found = target or await _latest(store, scene)
    if found is None or (scene.message.reply_to and target is None):
        return None
    if found.text == put(ASKED, found.language):  # about what, says the request that made us ask
        request = await store.message(found.reply_to)
        found = await _target(store, request) or await _latest(store, scene, request.id)
    if found is None:
        return None
    request = await store.message(found.reply_to)
    offered = (await store.delivery(found)).actions
    steps = tuple(await store.steps_of(request.id))
    return Shown(request, steps, GO in offered, target is not None)


def last_done(scene: Scene) -> Shown | None:
    """Return the last request of several steps by the author of a message."""
    gone = undone(scene.steps)
    turns: dict[str, list[Step]] = {}
    for step in scene.steps:
        if step.id not in gone:
            turns.setdefault(step.turn, []).append(step)
    requests = {m.id: m for m in scene.past if m.author == scene.message.author}
    for turn in reversed(turns):
        if turn in requests and len(turns[turn]) > 1:
            return Shown(requests[turn], tuple(turns[turn]), plan=False, pointed=False)
    return None


async def _target(store: Store, message: Message) -> Message | None:
    """Return the message of ours that one replies to."""
    try:
        target = await store.message(message.reply_to)
    except NotFound:
        return None
    return target if target.author is None and target.chat == message.chat else None


async def _latest(store: Store, scene: Scene, before: str = "") -> Message | None:
    """Return our last answer to a scene's author (to a request before another)."""
    for message in _own(scene):
        earlier = not before or message.reply_to < before
        if earlier and (await store.delivery(message)).kind != "error":
            return message
    return None


def _own(scene: Scene) -> list[Message]:
    """Return our answers to the author of a message, the newest first."""
    requests = {m.id for m in scene.past if m.author == scene.message.author}
    return [m for m in reversed(scene.past) if m.author is None and m.reply_to in requests]

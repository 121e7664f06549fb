"""Plans in a chat: approved, changed, dropped, done anew, by buttons, commands and words."""

from dataclasses import dataclass, replace

from agents import approval, redo
from agents.approval import Change, Reword, Skip, Swap, Verdict
from agents.drafts import valid
from agents.errors import Unclear
from agents.revise import left_out, numbered, rewritten, tuned
from agents.scene import Scene, look, waits
from agents.turns import Answer, proposed, redone, resume
from agents.work import Work
from bot import commands
from bot.actions import GO
from bot.studio import NOBODY, Studio
from memory.errors import AtelierError, NotFound
from memory.records import Message, Step
from memory.store import Store
from tools.errors import Refused

GONE = "That plan was begun, changed or dropped already."
NONE = "There is no plan here that waits for you; say what you would like."
DROPPED = "Dropped; nothing was made."
ASKED = "What shall be different? For example “2 to a dog”, “without 3”, “snow instead of rain”."


@dataclass(frozen=True, slots=True)
class Retry:
    """Do a step anew that failed, counted from 1; 0 means all of them."""

    number: int


@dataclass(frozen=True, slots=True)
class Same:
    """Do a plan once more, with another topic unless it is empty."""

    topic: str


Wanted = Verdict | Change | Retry | Same | str
"""What somebody wants of a plan; words that name no step may still change it."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a message of ours showed: a request's steps, as a plan or as results.

    `pointed` says that it was replied to, `asked` that we have asked what shall be different.
    """

    request: Message
    steps: tuple[Step, ...]
    plan: bool
    pointed: bool
    asked: bool = False

    @property
    def waiting(self) -> bool:
        """Whether it is a plan that nobody has approved or dropped yet."""
        return any(map(waits, self.steps))


async def answered(studio: Studio, work: Work) -> Answer | None:
    """Do what a message wants of a plan; None when it wants nothing of one.

    Raises AtelierError with a sentence.
    """
    message, store = work.scene.message, studio.store
    shown = await _shown(store, work.scene)
    wanted = _commanded(message.text)
    wanted = _wanted(message.text, shown) if wanted is None else wanted
    if isinstance(wanted, Same) and (shown is None or not shown.waiting):
        shown = _last_done(work.scene, shown)
    if wanted is None:
        return None
    if shown is None or not shown.steps or (shown.plan and not shown.waiting):
        raise Refused(GONE if shown and shown.plan else NONE)
    await _check(studio, message, shown)
    if isinstance(wanted, Verdict):
        return await _decided(store, work, shown, wanted.kind)
    if shown.waiting:
        return await _changed(store, work, shown, wanted)
    changes = _anew(shown, wanted, work)
    return await redone(work, redo.anew(shown.steps, changes, work.tools, whole=True))


async def dropped(studio: Studio, message: Message, *, pointed: bool) -> bool:
    """Drop the plan that a message replies to, or (not `pointed`) the last one of its author."""
    shown = await _shown(studio.store, await look(studio.store, message))
    if shown is None or not shown.waiting or shown.pointed != pointed:
        return False
    await _check(studio, message, shown)
    return await studio.store.take_up(shown.request.id, ())


def _commanded(text: str) -> Wanted | None:
    """Return what a command or button wants of a plan."""
    command = commands.parse(text)
    if command is None or command.name not in commands.OF_PLANS:
        return None
    if command.name == "go":
        return Verdict("go")
    if command.name == "retry":
        return Retry(int(command.words) if command.words.isdecimal() else 0)
    return _change(command.words) if command.words else Verdict("change")


def _wanted(text: str, shown: Shown | None) -> Wanted | None:
    """Return what words want of a plan."""
    if commands.parse(text) is not None:
        return None
    if (topic := approval.same(text)) is not None:
        return Same(topic)
    if shown is None:
        return None
    if shown.asked:
        return _change(text)
    if not shown.plan or not (shown.waiting or shown.pointed):
        return None
    wanted = approval.verdict(text) or approval.change(text)
    if isinstance(wanted, Swap) and not _fits(wanted, shown):
        return None  # it is about something else
    return wanted


def _change(words: str) -> Wanted:
    return approval.change(words) or words


def _fits(wanted: Swap, shown: Shown) -> bool:
    try:
        return bool(rewritten(shown.steps, wanted))
    except Unclear:
        return False


async def _shown(store: Store, scene: Scene) -> Shown | None:
    """Return what a message is about: what it replies to, or our last answer to its author."""
    target = await _target(store, scene.message)
    found = target or await _latest(store, scene)
    if found is None or (scene.message.reply_to and target is None):
        return None
    request, asked = await store.message(found.reply_to), False
    if _asks_back(request):
        earlier = await _target(store, request) or await _latest(store, scene, request.id)
        if earlier is None:
            return None
        found, asked, request = earlier, True, await store.message(earlier.reply_to)
    offered = (await store.delivery(found)).actions
    steps = tuple(await store.steps_of(request.id))
    return Shown(request, steps, GO in offered, target is not None, asked)


def _asks_back(request: Message) -> bool:
    """Whether we have answered a request by asking what shall be different."""
    try:
        return _commanded(request.text) == Verdict("change")
    except AtelierError:
        return False


async def _target(store: Store, message: Message) -> Message | None:
    """Return the message of ours that one replies to."""
    try:
        target = await store.message(message.reply_to)
    except NotFound:
        return None
    return target if target.author is None and target.chat == message.chat else None


async def _latest(store: Store, scene: Scene, before: str = "") -> Message | None:
    """Return our last answer to a scene's author (to a request before another)."""
    asked = {m.id for m in scene.past if m.author == scene.message.author}
    own = (m for m in reversed(scene.past) if m.author is None and m.reply_to in asked)
    for message in own:
        earlier = not before or message.reply_to < before
        if earlier and (await store.delivery(message)).kind != "error":
            return message
    return None


def _last_done(scene: Scene, shown: Shown | None) -> Shown | None:
    """Return the last request of several steps: that replied to, or of the author."""
    if shown is not None and shown.pointed:
        return shown
    turns: dict[str, list[Step]] = {}
    for step in scene.steps:
        turns.setdefault(step.turn, []).append(step)
    requests = {m.id: m for m in scene.past if m.author == scene.message.author}
    for turn in reversed(turns):
        if turn in requests and len(turns[turn]) > 1:
            return Shown(requests[turn], tuple(turns[turn]), False, False)
    return None


async def _check(studio: Studio, message: Message, shown: Shown) -> None:
    """Raise Refused unless somebody may decide about another's plan."""
    limits = await studio.book.limits(message.chat, message.author or NOBODY)
    everyone = limits.rules.buttons == "everyone" or limits.place.admin
    if shown.request.author != message.author and not everyone:
        raise Refused("Only who asked for that can decide about it; ask for one of your own.")


async def _decided(store: Store, work: Work, shown: Shown, kind: str) -> Answer:
    if kind == "change":
        return Answer("question", ASKED)
    if not shown.waiting:
        raise Refused(NONE)
    turn = work.scene.message.id
    steps = [replace(s, turn=turn, status="queued" if waits(s) else s.status) for s in shown.steps]
    taken = await store.take_up(shown.request.id, steps if kind == "go" else ())
    if not taken:  # somebody was quicker
        raise Refused(GONE)
    if kind == "no":
        return Answer("reply", DROPPED)
    return await resume(work, await store.steps_of(turn))


async def _changed(store: Store, work: Work, shown: Shown, wanted: Wanted) -> Answer:
    """Show a plan anew with what is different, in place of the one before."""
    turn = work.scene.message.id
    gone = left_out(shown.steps, wanted) if isinstance(wanted, Skip) else frozenset()
    args = {} if isinstance(wanted, Skip) else _args(shown, wanted, work)
    steps = []
    for step in shown.steps:
        new = step.args | args.get(step.id, {})
        if step.id in args:
            valid(work.tools[step.tool], new)
        if step.id not in gone:
            steps.append(replace(step, turn=turn, args=new))
    if not await store.take_up(shown.request.id, steps):
        raise Refused(GONE)
    return proposed(work, steps) if steps else Answer("reply", DROPPED)


def _anew(shown: Shown, wanted: Wanted, work: Work) -> dict[str, dict[str, object]]:
    """Return the new arguments of the steps that are to be done anew."""
    again = [s for s in shown.steps if s.status in ("failed", "cancelled")]
    if isinstance(wanted, Skip):
        raise Refused("That is made already; /undo takes it back.")
    if isinstance(wanted, Retry):
        again = [numbered(shown.steps, wanted.number)] if wanted.number else again
        if not again:
            raise Refused("Nothing failed there; “again” does all of it once more.")
        return {s.id: {} for s in again}
    if wanted == Same(""):
        return {s.id: {} for s in shown.steps}
    return {s.id: {} for s in again} | _args(shown, wanted, work)


def _args(shown: Shown, wanted: Wanted, work: Work) -> dict[str, dict[str, object]]:
    if isinstance(wanted, Reword | Swap):
        return rewritten(shown.steps, wanted)
    if isinstance(wanted, Same):
        return rewritten(shown.steps, Swap("", wanted.topic)) if wanted.topic else {}
    if isinstance(wanted, str):
        return tuned(shown.steps, wanted, work.tools)
    raise Refused("Nothing of that plan has run yet; say “go” first.")

"""Plans in a chat: approved, changed, dropped, done anew, by buttons, commands and words."""

from dataclasses import dataclass, replace

from agents import approval, redo
from agents.approval import Change, Reword, Skip, Swap, Verdict
from agents.drafts import valid
from agents.errors import Unclear
from agents.revise import left_out, numbered, rewritten, spared, tuned
from agents.scene import look, waits
from agents.turns import Answer, proposed, redone, resume
from agents.work import Work
from bot import commands
from bot.shown import ASKED, Shown, asked, last_done, shown_to
from bot.studio import NOBODY, Studio
from memory.records import Message
from memory.sentences import say
from memory.store import Store
from tools.errors import Refused

GONE = say("That plan was begun, changed or dropped already.")
NONE = say("There is no plan here that waits for you; say what you would like.")
DROPPED = say("Dropped; nothing was made.")


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


async def answered(studio: Studio, work: Work) -> Answer | None:
    """Do what a message wants of a plan; None when it wants nothing of one.

    Raises AtelierError with a sentence.
    """
    message, store = work.scene.message, studio.store
    wanted, firm = _commanded(message.text)
    if not firm:
        wanted, firm = _worded(message, asked(work.scene))
    if wanted is None:
        return None
    shown = await shown_to(store, work.scene)
    if isinstance(wanted, Same) and not (shown and (shown.waiting or shown.pointed)):
        shown = last_done(work.scene)
    if not firm and not _meant(wanted, shown):
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
    shown = await shown_to(studio.store, await look(studio.store, message))
    if shown is None or not shown.waiting or shown.pointed != pointed:
        return False
    await _check(studio, message, shown)
    return await studio.store.take_up(shown.request.id, ())


def _commanded(text: str) -> tuple[Wanted | None, bool]:
    """Return what a command or button wants of a plan, and whether the text is a command."""
    command = commands.parse(text)
    if command is None or command.name not in commands.OF_PLANS:
        return None, command is not None
    if command.name == "go":
        return Verdict("go"), True
    if command.name == "retry":
        return Retry(int(command.words) if command.words.isdecimal() else 0), True
    words = command.words
    return (approval.change(words) or words) if words else Verdict("change"), True


def _worded(message: Message, asked: bool) -> tuple[Wanted | None, bool]:
    """Return what words may want of a plan, and whether they can mean nothing else."""
    if (topic := approval.same(message.text)) is not None:
        return Same(topic), True
    wanted = approval.verdict(message.text) or approval.change(message.text)
    if asked and message.reply_to:
        return wanted or message.text, True
    return wanted, asked and wanted is not None


def _meant(wanted: Wanted, shown: Shown | None) -> bool:
    """Whether words that could mean much are about the plan that was shown."""
    if shown is None or not shown.plan or not (shown.waiting or shown.pointed):
        return False
    try:
        return not isinstance(wanted, Swap) or bool(rewritten(shown.steps, wanted))
    except Unclear:
        return False


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
        new = spared(step.args | args.get(step.id, {}), gone)
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

"""One turn from its steps to its answer; what commands, buttons and restarts use directly.

No language model and no LangChain here: those stand behind `agents/assistant.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from agents.errors import Proposed, Unclear
from agents.scene import ENDED_WELL, waits
from agents.understanding.wishes import Hints, Wish
from agents.work import Work
from memory.errors import AtelierError
from memory.records import Action, Asset, Kind, Message, Step
from memory.sentences import joined, say


@dataclass(frozen=True, slots=True)
class Answer:
    """What a turn came to.

    When it is a question, `options` are answers to offer and `asked` what they count in; `plan`
    says that its steps wait for approval. `buttons` stand under it instead of the usual ones;
    `id` is that of the message it shall be, "" for a new one, and `opens` the project room that
    was opened.
    """

    kind: Kind
    text: str
    steps: tuple[Step, ...] = ()
    options: tuple[str, ...] = ()
    asked: tuple[Asset, ...] = ()
    plan: bool = False
    buttons: tuple[Action, ...] = ()
    id: str = ""
    opens: str = ""

    @property
    def assets(self) -> tuple[Asset, ...]:
        """Everything its steps made, in order and once; of a question, what it is about."""
        found = {a.sha256: a for s in self.steps for a in s.assets}
        return self.asked or tuple(found.values())


class Thinker(Protocol):
    """Whoever thinks requests through: an agent with a chat model, or the rules by themselves."""

    async def answer(self, work: Work, history: Sequence[Message], hints: Hints) -> Answer:
        """Think a request through and do what it asks; tells `work` what happens meanwhile.

        Expected failures become the answer; a bug is raised.
        """
        ...

    async def summarise(self, before: str, messages: Sequence[Message]) -> str:
        """Return notes on older messages, `before` being those on what came before them."""
        ...


async def perform(work: Work, wishes: Sequence[Wish]) -> Answer:
    """Do what is wished, without asking a language model."""
    try:
        await work.plan([(f"call-{n}", wish) for n, wish in enumerate(wishes)])
        await work.run()
    except AtelierError as error:
        return refused(work, error)
    return answer(work)


async def resume(work: Work, steps: Sequence[Step]) -> Answer:
    """Finish the stored steps of a turn that was interrupted; a plan is held up once more."""
    if any(map(waits, steps)):
        return proposed(work, steps)
    await work.restore(steps)
    return await perform(work, ())


async def redone(work: Work, items: Sequence[Wish | Step]) -> Answer:
    """Do wishes among results that are taken over, such as a plan with one word changed."""
    try:
        await work.replay(items)
        await work.run()
    except AtelierError as error:
        return refused(work, error)
    return answer(work)


def proposed(work: Work, steps: Sequence[Step]) -> Answer:
    """Return the answer that holds stored steps up for approval."""
    try:
        work.propose(steps)
    except Proposed as error:
        return refused(work, error)


def answer(work: Work, said: str = "") -> Answer:
    """Return the answer a turn has come to: what was said, and what its steps really did."""
    steps = tuple(work.steps.values())
    told = [s for s in steps if s.id not in work.mended]
    failed = bool(told) and all(s.status in ("failed", "cancelled") for s in told)
    kind: Kind = "error" if failed and not said.strip() else "reply"
    return Answer(kind, _joined(said, *map(_line, told)), steps)


def refused(work: Work, error: AtelierError) -> Answer:
    """Return the answer to a turn that could not go on: one question or one sentence.

    What was made before that is told first.
    """
    steps = tuple(work.steps.values())
    if isinstance(error, Proposed):
        return Answer("question", error.sentence, steps, plan=True)
    text = _joined(*(_line(s) for s in steps if s.status in ENDED_WELL), error.sentence)
    if isinstance(error, Unclear):
        return Answer("question", text, steps, error.options, error.shown)
    return Answer("error", text, steps)


def _joined(*parts: str) -> str:
    """Return the parts as paragraphs; what several steps say alike is said once."""
    return joined("\n\n", dict.fromkeys(map(_stripped, filter(str.strip, parts))))


def _stripped(part: str) -> str:
    return part if part == part.strip() else part.strip()


def _line(step: Step) -> str:
    if step.status == "failed":
        return say("I could not {tool}: {why}", tool=say(step.tool), why=step.result)
    if step.status == "cancelled":
        return say("Cancelled: {tool}.", tool=say(step.tool))
    return step.result

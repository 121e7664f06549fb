"""One turn from its steps to its answer; what commands, buttons and restarts use directly.

No language model and no LangChain here: those stand behind `agents/assistant.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from agents.errors import Unclear
from agents.scene import ENDED_WELL
from agents.understanding.wishes import Wish
from agents.work import Work
from memory.errors import AtelierError
from memory.records import Asset, Kind, Step


@dataclass(frozen=True, slots=True)
class Answer:
    """What a turn came to.

    When it is a question, `options` are answers to offer and `asked` what they count in.
    """

    kind: Kind
    text: str
    steps: tuple[Step, ...] = ()
    options: tuple[str, ...] = ()
    asked: tuple[Asset, ...] = ()

    @property
    def assets(self) -> tuple[Asset, ...]:
        """Everything its steps made, in order and once; of a question, what it is about."""
        found = {a.sha256: a for s in self.steps for a in s.assets}
        return self.asked or tuple(found.values())


async def perform(work: Work, wishes: Sequence[Wish]) -> Answer:
    """Do what is wished, without asking a language model."""
    try:
        await work.plan([(f"call-{n}", wish) for n, wish in enumerate(wishes)])
        await work.run()
    except AtelierError as error:
        return refused(work, error)
    return answer(work)


async def resume(work: Work, steps: Sequence[Step]) -> Answer:
    """Finish the stored steps of a turn that was interrupted."""
    await work.restore(steps)
    return await perform(work, ())


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
    text = _joined(*(_line(s) for s in steps if s.status in ENDED_WELL), str(error))
    if isinstance(error, Unclear):
        return Answer("question", text, steps, error.options, error.shown)
    return Answer("error", text, steps)


def _joined(*parts: str) -> str:
    """Return the parts as paragraphs; what several steps say alike is said once."""
    return "\n\n".join(dict.fromkeys(p for p in map(str.strip, parts) if p))


def _line(step: Step) -> str:
    if step.status == "failed":
        return f"I could not {step.tool}: {step.result}"
    if step.status == "cancelled":
        return f"Cancelled: {step.tool}."
    return step.result

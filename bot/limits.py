"""What the rules of a place mean for a request: who may ask, and what of it is done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from agents.commands import COMMANDS
from agents.expand import POINTERS
from bot.adapter import Place
from bot.rules import ALL, EVERYONE, Rules
from bot.sharing import named
from memory.records import Step, User
from memory.sentences import count as counted
from memory.sentences import joined, say
from tools.adult import tone
from tools.catalogue import Catalogue
from tools.compose import EQUALS
from tools.errors import Refused
from tools.image import Draw, Vary
from tools.jobs import Artifact, Job, PictureSpec, Report, Runner, Spec, SpeechSpec, TextSpec
from tools.tool import Args

_COUNTED: Mapping[str, type[Args]] = {"draw": Draw, "vary": Vary}
"""The tools whose pictures are counted, and their arguments."""
_MAKING = ("draw", "edit", "vary", "upscale")
"""The tools whose results are pictures."""
_COMMANDS = tuple(tool.name for tool in COMMANDS)
"""What only says which tools are meant; those are looked at when it is known."""
_NOT_MADE = ("negative", "query", "question", *POINTERS)
"""Arguments whose words do not say what is made."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The rules in force for somebody somewhere; called on a step, a `Limit` for their work."""

    rules: Rules
    place: Place

    def admit(self, user: User) -> None:
        """Raise Refused unless somebody may use Atelier here now."""
        rules, who = self.rules, {user.key} | named(self.place.roles, self.place.server)
        if who.intersection(rules.banned):
            raise Refused("You cannot use me here; if that is a mistake, ask an admin.")
        if rules.users != EVERYONE and not who.intersection(rules.users):
            some = (
                "Only some people can use me here; an admin can change that with /settings users."
            )
            none = "I am switched off here; an admin can change that with /settings users."
            raise Refused(some if rules.users else none)
        if rules.pause:
            raise Refused("I am paused: {why}", why=rules.pause)

    def tool(self, name: str) -> None:
        """Raise Refused unless a tool may be used here."""
        allowed, name = self.rules.tools, EQUALS.get(name, name)
        if allowed != ALL and name not in (*allowed, *_COMMANDS):
            none = "{tool} is not allowed here; nothing is."
            some = "{tool} is not allowed here; what I may do is: {tools}."
            tools = joined(", ", map(say, allowed))
            raise Refused(some if allowed else none, tool=say(name), tools=tools)

    def words(self, text: str) -> None:
        """Raise Refused when the words of a wish are not for here."""
        found, level = tone(text), self.rules.adult
        if found == "never":
            raise Refused("That is something I make for nobody.")
        allowed = level != "never" and self.place.adult
        allowed = allowed or (level == "private" and self.place.private)
        if found == "adult" and not allowed:
            raise Refused("Wishes for adults are not allowed here; please say it in other words.")

    def __call__(self, step: Step, before: Sequence[Step]) -> Step:
        """Return a step with this place's defaults; raises Refused for what is not allowed."""
        self.tool(step.tool)
        for name, value in step.args.items():
            if isinstance(value, str) and name not in _NOT_MADE:
                self.words(value)
        usual = self._hidden(step) | self._shaped(step)
        return replace(step, args=usual | self._counted(step, before))

    def _hidden(self, step: Step) -> dict[str, object]:
        """Return that the pictures of a step are hidden, where they shall be."""
        return {"spoiler": True} if self.rules.spoiler and step.tool in _MAKING else {}

    def _shaped(self, step: Step) -> dict[str, object]:
        """Return a step's arguments with the usual aspect, if it could have one."""
        aspect = self.rules.aspect
        return ({"aspect": aspect} if aspect and step.tool == "draw" else {}) | step.args

    def _counted(self, step: Step, before: Sequence[Step]) -> dict[str, object]:
        """Return how many pictures a step makes when it must be said."""
        usual, most = self.rules.count, self.rules.most
        if step.tool not in _COUNTED or (usual is None and most is None):
            return {}
        ended = ("failed", "cancelled")
        left = (most or 1000) - sum(_count(s) for s in before if s.status not in ended)
        count = _count(step) if "count" in step.args else min(usual or _count(step), max(left, 1))
        if count > left:
            one = "At most {n} picture of one request may be made here; ask for less."
            many = "At most {n} pictures of one request may be made here; ask for less."
            raise Refused(counted(most or 0, one, many))
        return {"count": count}

    def catalogue(self, known: Catalogue) -> Catalogue:
        """Return the models there are here."""
        return known if self.rules.models == ALL else known.only(self.rules.models)

    def runner(self, runner: Runner) -> Runner:
        """Return a runner that takes no job whose words are not for here."""
        return _Watched(runner, self)


@dataclass(frozen=True, slots=True)
class _Watched:
    """Sees what is only known late: the recipe of a picture, a text that a step before made."""

    inner: Runner
    limits: Limits

    async def run(self, job: Job, report: Report) -> list[Artifact]:
        """Run a job; raises Refused."""
        for spec in job.specs:
            self.limits.words(_said(spec))
        return await self.inner.run(job, report)


def _said(spec: Spec) -> str:
    """Return the words of a person that a spec is made of."""
    if isinstance(spec, PictureSpec):
        return spec.prompt
    if isinstance(spec, TextSpec):
        return next((said for role, said in reversed(spec.messages) if role == "user"), "")
    return spec.text if isinstance(spec, SpeechSpec) else ""


def _count(step: Step) -> int:
    """Return how many pictures a step makes or made."""
    if step.tool not in _COUNTED:
        return 0
    count = step.args.get("count", _COUNTED[step.tool].model_fields["count"].default)
    return count if isinstance(count, int) else 1

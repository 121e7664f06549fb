"""What people and rooms like: noticed, said in words, and used where a wish is left open.

All of it only for those who asked for it (/memory on); what was asked for and owners' rules come
first, and every answer in which a liking was used says so.
"""

import re
import tomllib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import lru_cache
from importlib.resources import files

from agents.scene import ENDED_WELL
from agents.turns import Answer
from agents.understanding.understand import understand
from agents.understanding.wishes import Hints
from bot.limits import Limits
from memory.errors import AtelierError
from memory.records import Chat, Feedback, Message, Step, User
from memory.sentences import joined, say
from memory.store import Store
from memory.tastes import Pick, Taste, Tastes, person, room

_LONGEST, _WORDS = 60, 3  # of a saying, and of what is liked in it
_MOST = 3  # styles used at once
_DEPTH = 10
_MINE, _OURS = "{what} as you like it.", "{what} as people here like it."
_CHOOSING = ("upscale", "vary", "edit")
"""The tools whose use says that a picture is worth going on with."""


@dataclass(slots=True)
class Habits:
    """Fills in what a request leaves open; a `Limit`. `used` says of each step what was added."""

    limits: Limits
    mine: Sequence[Taste] = ()
    ours: Sequence[Taste] = ()
    used: dict[str, tuple[str, str]] = field(default_factory=dict)

    def __call__(self, step: Step, before: Sequence[Step]) -> Step:
        """Return a step as it may be done here, with what is liked; raises Refused."""
        if step.tool == "draw" and "steps" not in step.args:  # what has them is drawn again
            for tastes, form in ((self.mine, _MINE), (self.ours, _OURS)):
                step = self._filled(step, tastes, form)
        return self.limits(step, before)

    def _filled(self, step: Step, tastes: Sequence[Taste], form: str) -> Step:
        words = f"{step.args.get('prompt', '')} {step.args.get('style', '')}".casefold()
        args: dict[str, str] = {}
        styles = [t.value for t in tastes if t.name == "style" and t.liked][-_MOST:]
        unwanted = [t.value for t in tastes if not t.liked and t.value.casefold() not in words]
        shapes = [t.value for t in tastes if t.name == "aspect"]
        if shapes and self.limits.rules.aspect is None:
            args["aspect"] = shapes[-1]
        if styles and not any(style.casefold() in words for style in styles):
            args["style"] = ", ".join(styles)
        if unwanted:
            args["negative"] = ", ".join(unwanted)
        new = {name: value for name, value in args.items() if name not in step.args}
        if not new:
            return step
        said = [say("no {what}", what=v) if name == "negative" else v for name, v in new.items()]
        before = self.used.get(step.id)
        told = joined(", ", [before[0], *said] if before else said)
        self.used[step.id] = (told, before[1] if before else form)
        return replace(step, args={**step.args, **new})

    def told(self, answer: Answer) -> Answer:
        """Return an answer that says what was done as somebody likes it."""
        ended = [s for s in answer.steps if s.status in ENDED_WELL and s.id in self.used]
        used = (self.used[step.id] for step in ended)
        lines = dict.fromkeys(say(form, what=what) for what, form in used)
        return replace(answer, text=joined("\n\n", [answer.text, *lines])) if lines else answer


async def habits(store: Store, chat: Chat, user: User, limits: Limits) -> Habits:
    """Return the habits of a person in a chat; empty for those who are not learnt from."""
    owners = (person(user), room(chat))
    known = await Tastes(store.database).known(owners)
    mine, ours = (known.get(owner, []) for owner in owners)
    return Habits(limits, mine, ours)


async def noticed(store: Store, request: Message, answer: Answer, used: Habits) -> None:
    """Take in what a request says about its author's likings; that it cannot breaks nothing."""
    with suppress(AtelierError):
        picks = [pick for step in answer.steps for pick in await _of(store, step, used)]
        if picks and request.author is not None:
            await Tastes(store.database).pick(picks, request.author, request.chat)


async def _of(store: Store, step: Step, used: Habits) -> list[Pick]:
    """Return what a step says: a shape that was asked for, a picture that was gone on with."""
    if step.status == "done" and step.tool in _CHOOSING and step.parents:
        return await _chosen(store, step.chat, step.parents[0], 1)
    if step.status != "done" or step.tool != "draw" or step.id in used.used:
        return []
    asset = step.assets[0].sha256 if step.assets else ""
    return [pick for pick in _picks(step, 1, asset) if pick.name in step.args]


async def judged(store: Store, chat: Chat, given: Feedback) -> None:
    """Take in that somebody judged an answer."""
    message = await store.message(given.target)
    if message.chat == chat and message.assets:
        picks = await _chosen(store, chat, message.assets[0].sha256, given.score)
        await Tastes(store.database).pick(picks, given.user, chat)


async def _chosen(store: Store, chat: Chat, asset: str, liked: int) -> list[Pick]:
    """Return what a picture has that may be liked, by the words it was first drawn from."""
    parent = asset
    for _ in range(_DEPTH):
        step = await store.maker(parent, chat)
        if step is None:
            return []
        if step.tool == "draw":
            return _picks(step, liked, asset)
        if not step.parents:
            return []
        parent = step.parents[0]
    return []


def _picks(step: Step, liked: int, asset: str) -> list[Pick]:
    usual = {"aspect": "1:1", "style": ""}
    return [Pick(k, str(step.args.get(k, v)), liked, asset) for k, v in usual.items()]


def taste(words: str, liked: bool = True) -> Taste:
    """Return what words name: a shape of pictures, a style, or something never wanted."""
    words = words.strip(" .!。！\"“”'").strip()
    if not liked:
        return Taste("without", re.sub(r"^no ", "", words, flags=re.IGNORECASE), False)
    found = understand(f"draw a cat, {words}", Hints())[0].args
    negative, aspect = found.get("negative"), found.get("aspect")
    if negative:
        return Taste("without", str(negative), False)
    return Taste("aspect", str(aspect)) if aspect else Taste("style", words)


def heard(text: str) -> Taste | None:
    """Return the liking that a message says, if it does nothing else."""
    text = text.strip().rstrip(".!。！").casefold()
    if len(text) > _LONGEST:
        return None
    for pattern in _patterns():
        if match := pattern.fullmatch(text):
            found = match.groupdict()
            words = found.get("never") or found.get("what") or ""
            return taste(words, not found.get("never")) if len(words.split()) <= _WORDS else None
    return None


@lru_cache(maxsize=1)
def _patterns() -> tuple[re.Pattern[str], ...]:
    source = files("bot").joinpath("likes.toml").read_text(encoding="utf-8")
    return tuple(re.compile(one) for language in tomllib.loads(source).values() for one in language)

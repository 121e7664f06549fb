"""Texts that must keep to rules, and ideas that must differ: what project rooms ask for."""

import secrets
from dataclasses import dataclass, field
from operator import itemgetter

from pydantic import Field

from tools.catalogue import Model
from tools.constraints import Constraints, faults, mended, unechoed
from tools.errors import EngineFailed, ModelUnavailable, ToolError
from tools.jobs import Job, TextSpec
from tools.languages import language_name
from tools.meaning import meanings
from tools.painting import revision
from tools.prose import (
    clean,
    count_words,
    different,
    headline,
    prompts,
    uncut,
    within,
)
from tools.text import SEEDS, Kind, Write, finished, streamed, text_spec
from tools.tool import Args, Context, Result, Tool

TRIES = 3
"""How often a text is asked for: once, and at most twice again."""
ROUNDS = 4
"""How often more ideas are asked for before fewer are handed over."""
APART = 0.75
"""Cosine of two ideas' meanings from which on they are too much alike."""
ABOUT = 0.2
"""Cosine of an idea's meaning and what it is for, below which it is about something else.

Of 48 ideas of the starter model for four subjects, those of a lower one did not name the subject.
"""
_TITLE = 60
Idea = dict[str, object]
"""A title, a description and tags."""
_LEAST = 3
"""Letters that a text must have to say anything."""


class Compose(Args):
    """What to write, and what it must keep to."""

    request: str = Field(min_length=1, max_length=4000, description="what the text is about")
    kind: Kind = Field(default="other", description="what kind of text")
    wishes: str = Field(default="", max_length=1000, description="tone, audience and the like")
    max_words: int | None = Field(default=None, ge=1, le=2000, description="the most words")
    languages: list[str] = Field(default=[], max_length=4, description="languages it may be in")
    must: list[str] = Field(default=[], max_length=20, description="what it must say")
    never: list[str] = Field(default=[], max_length=50, description="what it must never say")
    terms: dict[str, str] = Field(default={}, description="words, and what to say in their place")
    before: str = Field(default="", max_length=4000, description="the text as it was")
    change: str = Field(default="", max_length=1000, description="what shall be different")


class Ideate(Args):
    """What to find ideas for."""

    ask: str = Field(min_length=1, max_length=1000, description="what the ideas are for")
    count: int = Field(default=4, ge=1, le=12, description="how many different ideas")
    angles: list[str] = Field(default=[], max_length=20, description="sides to look at it from")
    known: list[str] = Field(default=[], max_length=50, description="ideas there are already")
    never: list[str] = Field(default=[], max_length=50, description="what no idea may be about")


async def _compose(args: Compose, context: Context) -> Result:
    model, rules = context.catalogue.find("write"), constraints(args)
    best, wrong = "", None
    tried = 0
    while tried < TRIES and (wrong is None or wrong):
        tried += 1
        text = await _written(model, args, wrong or (), context)
        found = (*faults(text, rules), *_cut(text)) if _says(text) else ("it is empty",)
        if wrong is None or not best or (_says(text) and len(found) < len(wrong)):
            best, wrong = text, found
    if not best:
        form = "The text model {name} wrote nothing; try other words."
        raise EngineFailed(form, name=model.name)
    text = mended(uncut(best) if _cut(best) else best, rules) if wrong else best
    left = faults(text, rules)
    facts: dict[str, object] = {"tried": tried, "mended": text != best, "faults": list(left)}
    return Result(text, (), _facts(model) | facts)


async def _written(model: Model, args: Compose, wrong: tuple[str, ...], context: Context) -> str:
    recipe = prompts()["kinds"][args.kind]
    language = language_name(args.languages[0]) if args.languages else ""
    request = asked(args, wrong)
    wanted = Write(request=request, kind=args.kind, max_words=args.max_words)
    other = "" if language == "English" else language
    spec = text_spec(recipe, wanted, other, secrets.randbelow(SEEDS))
    made = await context.runner.run(
        Job(model.name, (spec,), context.asker), streamed(context.report)
    )
    text = unechoed(finished(made[0], recipe, None), _orders(args))  # small models repeat them
    return within(text, args.max_words) if args.max_words else text


def _says(text: str) -> bool:
    """Tell whether a text is more than a sign or two."""
    return sum(letter.isalnum() for letter in text) >= _LEAST


def _cut(text: str) -> tuple[str, ...]:
    return ("it is cut off",) if text.endswith("…") else ()


def _orders(args: Compose) -> list[str]:
    """Return what is no part of what a text is about, one by one as the model is told."""
    most = [f"Use at most {args.max_words} words."] if args.max_words else []
    must = [f"Mention {', '.join(args.must)}."] if args.must else []
    never = [f"Do not mention {', '.join(args.never)}."] if args.never else []
    return [*([args.wishes] if args.wishes else []), *must, *never, *most]


def asked(args: Compose, wrong: tuple[str, ...] = ()) -> str:
    """Return what the model is told, with what was wrong with its last text."""
    parts = [args.request.rstrip(" .") + ("." if args.wishes or args.must or args.change else "")]
    parts += [args.wishes] if args.wishes else []
    parts += [f"Mention {', '.join(args.must)}."] if args.must else []
    if args.before and args.change:
        parts.append(f"Before it was: {args.before} Now make it: {args.change}.")
    elif args.change:
        parts.append(f"Make it {args.change}.")
    if wrong and args.never:
        parts.append(f"Do not mention {', '.join(args.never)}.")
    return " ".join(parts)[:4000]


def constraints(args: Compose) -> Constraints:
    """Return what a text is held to."""
    languages = tuple(map(language_name, args.languages))
    must, never = tuple(args.must), tuple(args.never)
    return Constraints(must, never, args.max_words or 0, languages, args.terms)


async def _ideate(args: Ideate, context: Context) -> Result:
    model = context.catalogue.find("write")
    found = _Found(args, context)
    for number in range(ROUNDS):
        missing = args.count - len(found.ideas)
        if missing <= 0:
            break
        sides = _sides(args, len(found.ideas) + number, missing + (number > 0))
        for idea in await _ideas(model, args, sides, context):
            await found.take(idea)
    await found.fill()
    if not found.ideas:
        raise EngineFailed("No ideas came from {name}; try other words.", name=model.name)
    text = "\n".join(f"{n}. {_line(idea)}" for n, idea in enumerate(found.ideas, 1))
    if len(found.ideas) < args.count:
        text += f"\nNo more than {len(found.ideas)} different ideas came up."
    facts = _facts(model) | {"ideas": found.ideas, "nearest": round(found.nearest, 3)}
    return Result(text, (), facts)


@dataclass
class _Found:
    """Ideas that differ from all others, and are about what was asked where enough of them are."""

    args: Ideate
    context: Context
    ideas: list[Idea] = field(default_factory=list)
    strays: list[tuple[float, Idea]] = field(default_factory=list)
    nearest: float = 0.0

    async def take(self, idea: Idea, least: float = ABOUT) -> None:
        """Keep an idea if it is one more; lay it aside if it is about something else."""
        if len(self.ideas) >= self.args.count:
            return
        known = [*self.args.known, *map(_line, self.ideas)]
        near, about = await _meant(_line(idea), self.args.ask, known, self.context)
        if near >= APART or not different([_line(idea)], known):
            return
        if about < least:
            self.strays.append((about, idea))
            return
        self.ideas.append(idea)
        self.nearest = max(self.nearest, near)

    async def fill(self) -> None:
        """Take of those that were laid aside as many as are missing, the best first."""
        for _, idea in sorted(self.strays, key=itemgetter(0), reverse=True):
            await self.take(idea, -1.0)


def _sides(args: Ideate, first: int, count: int) -> list[str]:
    angles = args.angles or [""]
    return [angles[(first + n) % len(angles)] for n in range(count)]


async def _ideas(model: Model, args: Ideate, sides: list[str], context: Context) -> list[Idea]:
    recipe = prompts()["kinds"]["concept"]
    asks = [f"An idea for {args.ask}{f', {side}' if side else ''}" for side in sides]
    specs: tuple[TextSpec, ...] = tuple(
        text_spec(recipe, Write(request=ask), "", secrets.randbelow(SEEDS)) for ask in asks
    )
    made = await context.runner.run(Job(model.name, specs, context.asker), context.report)
    found: list[Idea] = []
    for artifact, side in zip(made, sides, strict=True):
        text = clean(artifact.data.decode("utf-8", "replace")).splitlines()
        title, description = _titled(text[0] if text else "")
        never = Constraints(never=tuple(args.never))
        if title and not faults(f"{title} {description}", never):
            found.append(
                {"title": title, "description": description, "tags": [side] if side else []}
            )
    return found


def _titled(line: str) -> tuple[str, str]:
    """Return the title and the description of an idea as a model wrote it."""
    title, colon, rest = line.strip(" *#-").partition(":")
    title, rest = title.strip(' *"“”-–'), rest.strip(" *")
    if rest.startswith(f"{title} - "):  # said twice
        rest = rest.removeprefix(f"{title} - ")
    if colon and rest and len(title) <= _TITLE:
        return title, rest
    whole = line.strip(" *#-")
    return (headline(whole, 4), whole) if count_words(whole) > 2 else ("", "")


def _line(idea: Idea) -> str:
    return f"{idea['title']}: {idea['description']}"


async def _meant(text: str, ask: str, known: list[str], context: Context) -> tuple[float, float]:
    """Return two cosines: to the known text that means most nearly the same, and to what is asked.

    Without an encoder nothing is near, and all is about what is asked.
    """
    try:
        texts = [text, ask, *known]
        found = await meanings(texts, context.runner, context.catalogue, context.asker)
    except (ModelUnavailable, ValueError, ToolError):
        return 0.0, 1.0
    import numpy as np

    own, about, *others = (np.frombuffer(v.vector, np.float16).astype(np.float32) for v in found)
    return float(max((own @ other for other in others), default=0.0)), float(own @ about)


def _facts(model: Model) -> dict[str, object]:
    return {"model": model.name, "revision": revision(model), "licence": model.licence}


COMPOSE = Tool("compose", "Write a text that keeps to rules.", Compose, _compose)
IDEATE = Tool("ideate", "Find ideas that differ, each with a title.", Ideate, _ideate)
ROOM_TOOLS = (COMPOSE, IDEATE)
"""The tools that only project rooms ask for; chat models do not hear of them."""
EQUALS = {"compose": "write", "ideate": "brainstorm"}
"""Who may use those may use these."""

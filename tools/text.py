"""Texts of many kinds, and lists of ideas."""

import re
import secrets
from dataclasses import replace
from typing import Any, Literal

from pydantic import Field

from memory.sentences import joined, say
from tools.catalogue import Model
from tools.errors import EngineFailed
from tools.image import short
from tools.jobs import Artifact, Job, Note, Report, TextSpec
from tools.languages import language_name, written_in
from tools.painting import revision
from tools.prose import clean, different, ideas, prompts, whole, within
from tools.tool import Args, Context, Result, tool

Kind = Literal["story", "poem", "slogan", "outline", "script", "post", "name", "other"]

SEEDS = 2**31
TRIES = 2
"""How often a text is tried that came out empty or with a gap such as "[Company]"."""

ROUNDS = 4
"""How often more ideas are asked for before fewer are handed over."""


_GAP = re.compile(r"\[[A-Z][^\]\n]{0,40}\]")


class Write(Args):
    """What to write."""

    request: str = Field(
        min_length=1, max_length=4000, description="what the text is about, with all wishes"
    )
    kind: Kind = Field(default="other", description="what kind of text")
    max_words: int | None = Field(
        default=None, ge=1, le=2000, description="the most words; leave out for the usual length"
    )
    language: str = Field(
        default="", max_length=50, description="language of the text; empty: that of the request"
    )


class Brainstorm(Args):
    """What to find ideas for."""

    theme: str = Field(min_length=1, max_length=1000, description="what the ideas are for")
    count: int = Field(default=5, ge=1, le=20, description="how many different ideas")


@tool
async def write(args: Write, context: Context) -> Result:
    """Write a text: a story, poem, slogan, outline, script, post, name or anything else."""
    model = context.catalogue.find("write")
    recipe = prompts()["kinds"][args.kind]
    language = language_name(args.language) if args.language else ""
    text, seed = "", 0
    for _ in range(TRIES):
        new = secrets.randbelow(SEEDS)
        made = await _run(model, (text_spec(recipe, args, language, new),), context)
        again = finished(made[0], recipe, args.max_words)
        text, seed = (again, new) if again else (text, seed)
        if text and not _GAP.search(text):
            break
    if not text:
        raise EngineFailed("The text model {name} wrote nothing; try other words.", name=model.name)
    if language and not written_in(text, language):
        form = "({model} was asked for {language} but did not write in it.)"
        text = joined("\n\n", [text, say(form, model=model.name, language=say(language))])
    return Result(text, (), _facts(model) | {"seed": seed})


@tool
async def brainstorm(args: Brainstorm, context: Context) -> Result:
    """List different ideas for a theme."""
    model = context.catalogue.find("write")
    found: list[str] = []
    for number in range(ROUNDS):
        missing = args.count - len(found)
        kind, texts = ("ideas", 1) if number % 2 else ("idea", missing + 2)
        recipe, ask = prompts()["kinds"][kind], Write(request=args.theme)
        specs = tuple(text_spec(recipe, ask, "", secrets.randbelow(SEEDS)) for _ in range(texts))
        for artifact in await _run(model, specs, context):
            found += different(_ideas(artifact, kind), [args.theme, *found])
        if len(found) >= args.count:
            break
    if not found:
        raise EngineFailed(
            "No ideas came from {name}; try other words for the theme.", name=model.name
        )
    return Result(_listed(found[: args.count], args), (), _facts(model))


def _ideas(artifact: Artifact, kind: str) -> list[str]:
    text = clean(artifact.data.decode("utf-8", "replace"))
    cut_off = artifact.facts.get("finished") is False
    if kind == "ideas":
        return ideas(text, not cut_off)
    return [] if cut_off else ideas(text)[:1]


def _listed(found: list[str], args: Brainstorm) -> str:
    lines = [f"{number}. {idea}" for number, idea in enumerate(found, 1)]
    if len(found) < args.count:
        form = "No more than {many} different came up for {theme}."
        lines.append(say(form, many=len(found), theme=short(args.theme)))
        return joined("\n", lines)
    return "\n".join(lines)


def text_spec(recipe: dict[str, Any], args: Write, language: str = "", seed: int = 0) -> TextSpec:
    """Return the spec that asks for a text as its kind's recipe words it."""
    messages = [("system", recipe["system"])] if "system" in recipe else []
    if not language:  # an English example would pull into English
        for asked, answer in recipe.get("examples", []):
            messages += [("user", _worded(recipe, asked)), ("assistant", answer)]
    wishes = [_worded(recipe, args.request)]
    if args.max_words:
        wishes.append(f"Use at most {args.max_words} words.")
    if language:
        wishes.append(f"Write in {language}.")
    messages.append(("user", " ".join(wishes)))
    tokens = round(args.max_words * 1.6) + 16 if args.max_words else recipe["tokens"]
    return TextSpec(tuple(messages), tokens, recipe["temperature"], seed=seed)


def _worded(recipe: dict[str, Any], request: str) -> str:
    """Return the request as the kind words it, unless it says itself what to write."""
    if request.casefold().startswith(tuple(prompts()["verbs"])):
        return request
    # Not str.format: what a person wrote may hold braces.
    text: str = recipe["ask"].replace("{request}", request.rstrip(" .") or request)
    return text


async def _run(model: Model, specs: tuple[TextSpec, ...], context: Context) -> list[Artifact]:
    return await context.runner.run(Job(model.name, specs, context.asker), streamed(context.report))


def streamed(report: Report) -> Report:
    """Show the text so far without the polite words before it."""

    def told(note: Note) -> None:
        if note.preview:
            text = clean(note.preview.decode("utf-8", "ignore"))
            note = replace(note, preview=text.encode())
        report(note)

    return told


def finished(artifact: Artifact, recipe: dict[str, Any], max_words: int | None) -> str:
    """Return what a model wrote, as its kind is shown: cleaned, whole, not too long."""
    text = clean(artifact.data.decode("utf-8", "replace"))
    if lines := recipe.get("lines"):
        text = clean("\n".join(text.splitlines()[:lines]))
    elif artifact.facts.get("finished") is False:
        text = whole(text)
    return within(text, max_words) if max_words else text


def _facts(model: Model) -> dict[str, object]:
    return {"model": model.name, "revision": revision(model), "licence": model.licence}

"""Saying what is known and what can be measured about a picture; nothing is invented."""

import asyncio

from PIL import Image
from pydantic import Field

from memory.records import Step
from memory.sentences import count, joined, say
from tools.image import PICTURE, short
from tools.painting import Origin, origin
from tools.recipe import Recipe
from tools.tool import Args, Context, Result, tool


class Describe(Args):
    """What to look at."""

    image: str = Field(min_length=1, max_length=300, description=PICTURE)
    question: str = Field(default="", max_length=1000, description="what one wants to know of it")


@tool
async def describe(args: Describe, context: Context) -> Result:
    """Say how a picture was made, its size, colours and light; it cannot see what is on it."""
    source = await origin(args.image, context)
    step = await context.store.maker(args.image, context.chat)
    facts = await asyncio.to_thread(_measured, source.picture)
    parts = [_told(source, step), _facts(source.picture, facts)]
    if args.question:
        parts.append(
            say(
                'No model here can look at pictures, so "{question}" cannot be answered beyond '
                "this.",
                question=short(args.question),
            )
        )
    elif step is None:
        parts.append(say("No model here can look at pictures, so what it shows is not known."))
    return Result(joined(" ", filter(None, parts)), (), facts)


def _told(source: Origin, step: Step | None) -> str:
    """Say who made the picture and from which words; what a stranger's file claims is a claim."""
    recipe = source.recipe
    if step is None:
        words = _recipe(recipe)
        return say("Its file says that it was made {how}.", how=words) if words else ""
    tool = joined(", ", filter(None, [say(step.tool), recipe.made]))
    told = joined(" ", filter(None, [tool, _recipe(recipe)]))
    day, who = f"{step.at:%Y-%m-%d}", short(step.user.name, 40)
    if who:
        return say("Made here for {who} on {day} by {how}.", who=who, day=day, how=told)
    return say("Made here on {day} by {how}.", day=day, how=told)


def _recipe(recipe: Recipe) -> str:
    parts = []
    if recipe.prompt:
        parts.append(say('from the words "{words}"', words=short(recipe.prompt, 300)))
    if recipe.model:
        parts.append(say("with the model {model}", model=short(recipe.model, 60)))
    if recipe.steps:
        one, many = "in {n} step with seed {seed}", "in {n} steps with seed {seed}"
        parts.append(count(recipe.steps, one, many, seed=recipe.seed))
    return joined(" ", parts)


def _facts(picture: Image.Image, facts: dict[str, object]) -> str:
    colours = facts["colours"]
    assert isinstance(colours, dict)
    named = [
        say("{colour} ({share} %)", colour=say(name), share=share)
        for name, share in colours.items()
    ]
    size = f"{picture.width}x{picture.height}"
    mainly = say("mainly {colours}", colours=joined(", ", named)) if named else say("many colours")
    told = [say("{size} pixels", size=size), mainly, say(str(facts["light"]))]
    if facts["transparent"]:
        told.insert(1, say("{share} % transparent", share=facts["transparent"]))
    return say("It has {facts}.", facts=joined(", ", [*told, _contrast(str(facts["contrast"]))]))


def _contrast(level: str) -> str:
    return say("{level} contrast", level=say(level))


def _measured(picture: Image.Image) -> dict[str, object]:
    from tools.colours import measured  # only then: numpy takes longer to load than all tools

    return measured(picture)

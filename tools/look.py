"""Saying what is known and what can be measured about a picture; nothing is invented."""

import asyncio

from PIL import Image
from pydantic import Field

from memory.records import Step
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
            f'No model here can look at pictures, so "{short(args.question)}" '
            "cannot be answered beyond this."
        )
    elif step is None:
        parts.append("No model here can look at pictures, so what it shows is not known.")
    return Result(" ".join(filter(None, parts)), (), facts)


def _told(source: Origin, step: Step | None) -> str:
    """Say who made the picture and from which words; what a stranger's file claims is a claim."""
    recipe = source.recipe
    if step is None:
        words = _recipe(recipe)
        return f"Its file says that it was made {words}." if words else ""
    who = f" for {short(step.user.name, 40)}" if step.user.name else ""
    made = f", {recipe.made}" if recipe.made else ""
    day = f"{step.at:%Y-%m-%d}"
    return f"Made here{who} on {day} by {step.tool}{made} {_recipe(recipe)}".rstrip() + "."


def _recipe(recipe: Recipe) -> str:
    parts = []
    if recipe.prompt:
        parts.append(f'from the words "{short(recipe.prompt, 300)}"')
    if recipe.model:
        parts.append(f"with the model {short(recipe.model, 60)}")
    if recipe.steps:
        parts.append(f"in {recipe.steps} steps with seed {recipe.seed}")
    return " ".join(parts)


def _facts(picture: Image.Image, facts: dict[str, object]) -> str:
    colours = facts["colours"]
    assert isinstance(colours, dict)
    named = [f"{name} ({share} %)" for name, share in colours.items()]
    mainly = f"mainly {', '.join(named)}" if named else "of many colours"
    clear = f", {facts['transparent']} % transparent" if facts["transparent"] else ""
    return (
        f"It has {picture.width}x{picture.height} pixels{clear}, is {mainly}, "
        f"{facts['light']}, with {facts['contrast']} contrast."
    )


def _measured(picture: Image.Image) -> dict[str, object]:
    from tools.colours import measured  # only then: numpy takes longer to load than all tools

    return measured(picture)

"""Changing a picture: by Pillow where that is what was asked, else by a model."""

import asyncio
from dataclasses import replace

from PIL import Image
from pydantic import Field

from memory.sentences import joined, say
from tools.catalogue import Model
from tools.image import LONGEST, LORA, PICTURE, SPOILER, redrawing
from tools.jobs import PictureSpec
from tools.painting import Origin, keep, kept_lora, origin, paint, seeds, size_for
from tools.pictures import flat, png
from tools.pixels import Operation, luminance
from tools.recipe import Recipe
from tools.retouch import APPROXIMATE, plan, retouch, split, told
from tools.tool import Args, Context, Result, tool

STRENGTH = 0.6


class Edit(Args):
    """What to change, and how."""

    image: str = Field(min_length=1, max_length=300, description=PICTURE)
    instruction: str = Field(
        min_length=1,
        max_length=LONGEST,
        description="the change: 'darker', 'black and white', 'crop to 16:9', 'at night'",
    )
    strength: float | None = Field(
        default=None, ge=0.1, le=1, description="how far it may move away from the picture"
    )
    lora: str = Field(default="", max_length=100, description=LORA)
    spoiler: bool = Field(default=False, description=SPOILER)


@tool
async def edit(args: Edit, context: Context) -> Result:
    """Change a picture: light, colours, crop, turn, size, or what it shows."""
    operations = plan(args.instruction)
    source = await origin(args.image, context)
    editor = _editor(context)
    approximate = any(operation.name in APPROXIMATE for operation in operations)
    if operations and not (approximate and editor):
        return await _retouched(source, operations, context)
    if editor:
        return await _edited(source, args, editor, context)
    return await _redrawn(source, args, context)


def _editor(context: Context) -> Model | None:
    """Return the profile's model that edits by instruction, if it has one."""
    catalogue = context.catalogue
    wanted = catalogue.profiles[catalogue.profile].get("edit")
    return catalogue.find("edit") if wanted else None


async def _retouched(source: Origin, operations: tuple[Operation, ...], context: Context) -> Result:
    data, before, after = await asyncio.to_thread(_compute, source.picture, operations)
    words = told(operations)
    parents = (source.asset.sha256,)
    recipe = replace(source.recipe, tool="edit", made=words, parents=parents)
    asset = await keep(data, recipe, context)
    facts: dict[str, object] = {
        "prompt": source.recipe.prompt,
        "operations": words,
        "brightness": [round(before, 1), round(after, 1)],
        "width": asset.width,
        "height": asset.height,
    }
    only = any(operation.name in APPROXIMATE for operation in operations)
    text: str = say("The same picture, {how}.", how=words)
    if only:
        text = joined(" ", [text, say("Only its colours were turned, nothing was drawn anew.")])
    return Result(text, (asset,), facts)


def _compute(picture: Image.Image, operations: tuple[Operation, ...]) -> tuple[bytes, float, float]:
    changed = retouch(picture, operations)
    return png(changed), luminance(picture), luminance(changed)


async def _edited(source: Origin, args: Edit, model: Model, context: Context) -> Result:
    picture = source.picture
    width, height = size_for(model, picture.width / picture.height)
    spec = PictureSpec(
        prompt=args.instruction,
        seed=seeds(None, 1)[0],
        width=width,
        height=height,
        steps=model.steps,
        guidance=model.guidance,
        task="edit",
        image=await asyncio.to_thread(lambda: png(flat(picture))),
        strength=STRENGTH if args.strength is None else args.strength,
    )
    recipe = Recipe(tool="edit", made=args.instruction, parents=(args.image,))
    painting = await paint(
        model, [spec], recipe, context, kept_lora(args.lora, source, model, context)
    )
    result = painting.result(say("The picture edited: {words}", words=args.instruction))
    # The words of the whole picture, for what is made of it later.
    return replace(result, resolved=result.resolved | {"prompt": _joined(source, args.instruction)})


async def _redrawn(source: Origin, args: Edit, context: Context) -> Result:
    """Draw the picture anew from itself: the honest nearest where no model edits.

    What of the instruction Pillow can do ("darker and with a hat") is done to the picture first.
    """
    model = context.catalogue.find("vary")
    words, operations = split(args.instruction)
    prompt = _joined(source, words)
    picture = source.picture
    if operations:
        picture = await asyncio.to_thread(retouch, picture, operations)
    spec = redrawing(
        model,
        replace(source.recipe, prompt=prompt),
        seeds(None, 1)[0],
        await asyncio.to_thread(lambda: png(flat(picture))),
        STRENGTH if args.strength is None else args.strength,
        size_for(model, picture.width / picture.height),
    )
    recipe = Recipe(tool="edit", made=args.instruction, parents=(args.image,))
    painting = await paint(
        model, [spec], recipe, context, kept_lora(args.lora, source, model, context)
    )
    plain = 'Redrawn from the picture with the words "{words}"'
    turned = 'Redrawn from the picture, made {how} first, with the words "{words}"'
    form = turned if operations else plain
    return painting.result(
        say(form, words=prompt, **({"how": told(operations)} if operations else {})),
        say(
            "{model} cannot edit by instruction, so other things may have changed too.",
            model=model.name,
        ),
    )


def _joined(source: Origin, instruction: str) -> str:
    """Return the picture's own words with the instruction after them, within a prompt's length."""
    room = LONGEST - len(instruction) - 2
    words = source.recipe.prompt[: max(0, room)]
    return f"{words}, {instruction}" if words else instruction

"""Pictures from words, and more like one that is there."""

import asyncio
import re
from dataclasses import replace

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from memory.sentences import count, say
from tools.catalogue import Model
from tools.jobs import Aspect, PictureSpec
from tools.painting import kept_lora, origin, paint, seeds, size_for
from tools.pictures import flat, png
from tools.recipe import Recipe
from tools.tool import Args, Context, Result, tool

LONGEST = 2000
"""Characters of a prompt."""

PICTURE = (
    "which picture: 'last', its number such as '2', 'reply', 'attached', an id, "
    "or words that describe it"
)

LORA = "name of a LoRA; empty: that of the picture, if any"
SPOILER = "hidden until somebody wants to see it"


class Draw(Args):
    """What to draw."""

    prompt: str = Field(
        min_length=1, max_length=LONGEST, description="what the picture shows, in plain words"
    )
    count: int = Field(default=1, ge=1, le=10, description="how many different pictures")
    aspect: Aspect = Field(default="1:1", description="width to height")
    style: str = Field(default="", max_length=300, description="style words, such as 'watercolour'")
    illustrates: str = Field(
        default="", max_length=20_000, description="a text whose words belong to the picture, too"
    )
    negative: str = Field(default="", max_length=1000, description="what must not be in it")
    seed: int | None = Field(
        default=None, ge=0, le=2**32 - 1, description="number to get the same picture again"
    )
    steps: int | None = Field(
        default=None, ge=1, le=150, description="denoising steps; leave out for the model's own"
    )
    model: str = Field(default="", max_length=100, description="model name; empty: the usual one")
    lora: str = Field(default="", max_length=100, description="name of a LoRA; empty: none")
    transparent: bool = Field(
        default=False, description="cut out of its background, as a sticker is"
    )
    spoiler: bool = Field(default=False, description=SPOILER)
    reference: SkipJsonSchema[str] = Field(
        default="", pattern="^([0-9a-f]{64})?$", description="a picture it shall look like"
    )
    """Known to code only: the SHA-256 of a picture, which models that edit are shown."""
    unheeded: SkipJsonSchema[str] = Field(
        default="", max_length=300, description="flags that mean nothing here"
    )


class Vary(Args):
    """What to make variations of."""

    image: str = Field(min_length=1, max_length=300, description=PICTURE)
    count: int = Field(default=4, ge=1, le=10, description="how many variations")
    strength: float | None = Field(
        default=None, ge=0.1, le=1, description="how different: 0.2 subtle, 0.5 usual, 0.9 strong"
    )
    lora: str = Field(default="", max_length=100, description=LORA)
    spoiler: bool = Field(default=False, description=SPOILER)


@tool
async def draw(args: Draw, context: Context) -> Result:
    """Draw new pictures from a description."""
    model = context.catalogue.find("draw", args.model)
    specs, recipe = drawing(model, args), Recipe(tool="draw")
    if args.reference and "edit" in model.tasks:
        source = await origin(args.reference, context)
        like = await asyncio.to_thread(lambda: png(flat(source.picture)))
        specs = [_like(spec, like) for spec in specs]
        recipe = Recipe(tool="draw", parents=(args.reference,))
    painting = await paint(model, specs, recipe, context, args.lora, cut=args.transparent)
    one, many = "A picture of {words}", "{n} pictures of {words}"
    unheeded = [say("I do not know {flags} and left it out.", flags=short(args.unheeded))]
    made = count(args.count, one, many, words=short(args.prompt))
    return painting.result(made, *(unheeded if args.unheeded else ()))


@tool
async def vary(args: Vary, context: Context) -> Result:
    """Make variations of a picture: the same idea, drawn a little differently."""
    model = context.catalogue.find("vary")
    source = await origin(args.image, context)
    image = await asyncio.to_thread(lambda: png(flat(source.picture)))
    strength = 0.5 if args.strength is None else args.strength
    size = size_for(model, source.picture.width / source.picture.height)
    specs = [
        redrawing(model, source.recipe, seed, image, strength, size)
        for seed in seeds(None, args.count)
    ]
    recipe = Recipe(tool="vary", made="variation", parents=(args.image,))
    lora = kept_lora(args.lora, source, model, context)
    painting = await paint(model, specs, recipe, context, lora)
    if words := short(source.recipe.prompt):
        one, many = "A variation of {words}", "{n} variations of {words}"
        return painting.result(count(args.count, one, many, words=words))
    one, many = "A variation of the picture", "{n} variations of the picture"
    return painting.result(count(args.count, one, many))


def drawing(model: Model, args: Draw) -> list[PictureSpec]:
    """Return the specs that draw what is asked for."""
    wide, high = map(int, args.aspect.split(":"))
    width, height = size_for(model, wide / high)
    return [
        PictureSpec(
            prompt=_styled(model, args),
            seed=seed,
            width=width,
            height=height,
            steps=args.steps or model.steps,
            guidance=model.guidance,
            negative=args.negative,
        )
        for seed in seeds(args.seed, args.count)
    ]


def _like(spec: PictureSpec, picture: bytes) -> PictureSpec:
    """Return the spec that draws something new as a picture looks, for models that take one."""
    words = f"A new picture in exactly the style and colours of the given one. {spec.prompt}"
    return replace(spec, prompt=words[:LONGEST], task="edit", image=picture)


def redrawing(
    model: Model,
    recipe: Recipe,
    seed: int,
    image: bytes,
    strength: float,
    size: tuple[int, int],
) -> PictureSpec:
    """Return the spec that draws a picture anew from itself with its recipe's words."""
    return PictureSpec(
        prompt=recipe.prompt[:LONGEST],
        seed=seed,
        width=size[0],
        height=size[1],
        steps=model.steps,
        guidance=model.guidance,
        negative=recipe.negative[:LONGEST],
        task="vary",
        image=image,
        strength=strength,
    )


def short(words: str, limit: int = 80) -> str:
    """Return words on one line, cut after `limit` characters."""
    line = " ".join(words.split())
    return line if len(line) <= limit else f"{line[: limit - 3].rstrip()}..."


def _illustrating(args: Draw) -> str:
    """Return the prompt and behind it the text, which only models that read sentences can use."""
    text = " ".join(args.illustrates.split())
    return f"{args.prompt}: {text}"[:LONGEST] if text else args.prompt


def _styled(model: Model, args: Draw) -> str:
    plain = "on a plain white background" if args.transparent and not model.singular else ""
    prompt = args.prompt if model.singular else _illustrating(args)
    return ", ".join(filter(None, (prompt, _taught(model, args.style), plain)))


def _taught(model: Model, style: str) -> str:
    """Return the words of a style that a model knows; others would make its picture worse."""
    if not model.styles:
        return style
    words = set(re.findall(r"\w+", style.lower()))
    return " ".join(word for word in model.styles if word in words)

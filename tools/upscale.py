"""Making a picture larger without a model."""

import asyncio
from dataclasses import replace
from typing import Literal

from PIL import Image
from pydantic import Field

from memory.sentences import say
from tools.errors import Refused
from tools.image import PICTURE, SPOILER
from tools.painting import keep, origin
from tools.pictures import MAX_PIXELS, png
from tools.pixels import MAX_SIDE
from tools.tool import Args, Context, Result, tool


class Upscale(Args):
    """What to enlarge."""

    image: str = Field(min_length=1, max_length=300, description=PICTURE)
    factor: Literal[2, 4] = Field(default=2, description="times as wide and as high: 2 or 4")
    spoiler: bool = Field(default=False, description=SPOILER)


@tool
async def upscale(args: Upscale, context: Context) -> Result:
    """Make a picture 2 or 4 times larger."""
    source = await origin(args.image, context)
    width, height = (side * args.factor for side in source.picture.size)
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise Refused(
            "{factor} times larger would be {size} pixels; a side may have at most {side} and a "
            "picture {million} million.",
            factor=args.factor,
            size=f"{width}x{height}",
            side=MAX_SIDE,
            million=MAX_PIXELS // 10**6,
        )
    data = await asyncio.to_thread(_enlarged, source.picture, (width, height))
    made, parents = f"enlarged {args.factor} times", (args.image,)
    recipe = replace(source.recipe, tool="upscale", made=made, parents=parents)
    asset = await keep(data, recipe, context)
    text = say(
        "The picture at {size}, {factor} times as large; it is enlarged smoothly (Lanczos), no "
        "new detail was invented.",
        size=f"{width}x{height}",
        factor=args.factor,
    )
    facts: dict[str, object] = {"prompt": source.recipe.prompt, "width": width, "height": height}
    return Result(text, (asset,), facts)


def _enlarged(picture: Image.Image, size: tuple[int, int]) -> bytes:
    return png(picture.resize(size, Image.Resampling.LANCZOS))

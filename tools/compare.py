"""Two pictures side by side, with what was asked differently."""

import asyncio
import difflib
import re
from collections.abc import Iterator, Mapping

from PIL import Image
from pydantic import Field

from memory.records import Step
from memory.sentences import joined, say
from tools.image import PICTURE, short
from tools.painting import Origin, keep, origin
from tools.pictures import flat, png
from tools.recipe import Recipe
from tools.tool import Args, Context, Result, tool

SIDE = 1024
"""Pixels of the height of a comparison, at most."""
_GAP = 16
_WORDS = ("prompt", "instruction", "style", "negative")
_FACTS = ("seed", "model", "steps", "aspect", "strength", "lora")


class Compare(Args):
    """What to compare."""

    image: str = Field(min_length=1, max_length=300, description=PICTURE)
    other_image: str = Field(
        default="previous", min_length=1, max_length=300, description="the other picture, likewise"
    )


@tool
async def compare(args: Compare, context: Context) -> Result:
    """Show two pictures side by side and mark what was asked for differently."""
    first, second = await origin(args.image, context), await origin(args.other_image, context)
    data = await asyncio.to_thread(beside, first.picture, second.picture)
    recipe = Recipe(tool="compare", parents=(args.image, args.other_image))
    asset = await keep(data, recipe, context)
    made = [await context.store.maker(o.asset.sha256, context.chat) for o in (first, second)]
    told = _differences(first, second, *made)
    text = joined("\n", [say("Side by side, left and right."), *told])
    return Result(text, (asset,))


def beside(left: Image.Image, right: Image.Image) -> bytes:
    """Return a PNG of two pictures side by side at one height (blocks)."""
    height = min(SIDE, max(left.height, right.height))
    shown = [
        flat(picture).resize(
            (max(1, round(picture.width * height / picture.height)), height),
            Image.Resampling.LANCZOS,
        )
        for picture in (left, right)
    ]
    whole = Image.new("RGB", (shown[0].width + _GAP + shown[1].width, height), (24, 24, 27))
    whole.paste(shown[0], (0, 0))
    whole.paste(shown[1], (shown[0].width + _GAP, 0))
    return png(whole)


def _differences(
    left: Origin, right: Origin, before: Step | None, after: Step | None
) -> Iterator[str]:
    old, new = _asked(left, before), _asked(right, after)
    same = True
    for name in (*_WORDS, *_FACTS):
        was, now = old.get(name, ""), new.get(name, "")
        if was == now or (name in _FACTS and not (was and now)):
            continue  # a change of light has no seed; that says nothing
        same = False
        if name in _WORDS and was and now:
            old_words, new_words = marked(was, now)
            yield joined(": ", [say("{name}, left", name=say(name)), old_words])
            yield joined(": ", [say("right"), new_words])
        else:
            one, other = short(was) or say("none"), short(now) or say("none")
            yield joined(": ", [say(name), joined(" → ", [one, other])])
    (wide, high), size = left.picture.size, right.picture.size
    if (wide, high) != size:
        yield joined(": ", [say("size"), f"{wide}x{high} → {size[0]}x{size[1]}"])
    elif same:
        yield say("Both were asked for in the same words.")


def _asked(source: Origin, step: Step | None) -> dict[str, str]:
    args: Mapping[str, object] = step.args if step is not None else {}
    said = {name: str(args[name]) for name in (*_WORDS, *_FACTS) if args.get(name)}
    return {"prompt": source.recipe.prompt, **said} if source.recipe.prompt else said


def marked(old: str, new: str) -> tuple[str, str]:
    """Return two texts with the words in [brackets] that only one of them has."""
    before, after = (re.findall(r"[\u3040-\u30ff\u4e00-\u9fff]|\S+", text) for text in (old, new))
    left: list[str] = []
    right: list[str] = []
    for kind, a, b, c, d in difflib.SequenceMatcher(None, before, after).get_opcodes():
        if kind == "equal":
            left += before[a:b]
            right += after[c:d]
            continue
        left += [f"[{' '.join(before[a:b])}]"] if a < b else []
        right += [f"[{' '.join(after[c:d])}]"] if c < d else []
    return short(" ".join(left), 400), short(" ".join(right), 400)

"""What the picture tools share: where a picture comes from, sizes, seeds, and keeping results."""

import asyncio
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from PIL import Image

from memory.records import Asset
from memory.sentences import joined, say
from tools.catalogue import Catalogue, Lora, Model
from tools.cutout import cut_out
from tools.errors import ModelUnavailable, Refused
from tools.jobs import Artifact, Job, PictureSpec
from tools.pictures import open_picture, png, size_of
from tools.recipe import Recipe, read_recipe, with_recipe
from tools.tool import Context, Result

SEEDS = 2**32


@dataclass(frozen=True, slots=True)
class Origin:
    """A picture somebody wants changed: upright pixels, and its recipe as far as it is known."""

    asset: Asset
    picture: Image.Image
    recipe: Recipe


async def origin(sha256: str, context: Context) -> Origin:
    """Fetch and decode a picture.

    Raises NotFound when it is gone and Refused when it is no picture or too large.
    """
    asset = await context.store.asset(sha256)
    data = await context.assets.read(asset)
    picture = await asyncio.to_thread(open_picture, data)
    recipe = read_recipe(data) or await _remembered(sha256, context)
    return Origin(asset, picture, recipe)


async def _remembered(sha256: str, context: Context) -> Recipe:
    step = await context.store.maker(sha256, context.chat)
    args = step.args if step else {}
    prompt, negative = args.get("prompt"), args.get("negative")
    return Recipe(prompt=str(prompt or ""), negative=str(negative or ""))


def seeds(first: int | None, count: int) -> list[int]:
    """Return consecutive seeds from the given or a random first one, wrapping at 32 bits."""
    start = secrets.randbelow(SEEDS) if first is None else first
    return [(start + n) % SEEDS for n in range(count)]


def size_for(model: Model, ratio: float) -> tuple[int, int]:
    """Return (width, height) of a ratio with the model's native area, in its multiples.

    A model of one shape only is asked for the finished size; its engine frames what it draws.
    """
    if not model.shapes:
        side = model.enlarge_to or max(model.width, model.height)
        return round(side * min(1, ratio)), round(side / max(1, ratio))
    area, step = model.width * model.height, model.multiple
    width = max(step, round((area * ratio) ** 0.5 / step) * step)
    height = max(step, round((area / ratio) ** 0.5 / step) * step)
    return width, height


@dataclass(frozen=True, slots=True)
class Painting:
    """What a job painted: the assets, what completes the step's arguments, and what to say."""

    assets: tuple[Asset, ...]
    resolved: dict[str, object]
    by: str
    notes: tuple[str, ...]

    def result(self, what: str, *more: str) -> Result:
        """Return the result of a tool: "4 pictures of cats", then who made them and how."""
        made = say("{what} {by}", what=what, by=self.by)
        text = joined(" ", [made, *self.notes, *more])
        return Result(text, self.assets, self.resolved)


def kept_lora(wanted: str, source: Origin, model: Model, context: Context) -> str:
    """Return the wanted LoRA's name, else that of the picture if it fits the model, else ""."""
    if wanted:
        return wanted
    try:
        return context.catalogue.lora(source.recipe.lora, model).name
    except ModelUnavailable:
        return ""


def _with_lora(spec: PictureSpec, lora: Lora, catalogue: Catalogue) -> PictureSpec:
    """Return the spec with a LoRA, and with those words in its prompt that call it up."""
    absent = [w for w in lora.triggers if w.casefold() not in spec.prompt.casefold()]
    prompt = ", ".join(filter(None, [spec.prompt, *absent]))
    return replace(spec, prompt=prompt, adapters=(catalogue.adapter(lora),))


async def paint(
    model: Model,
    specs: Sequence[PictureSpec],
    recipe: Recipe,
    context: Context,
    lora: str = "",
    cut: bool = False,
) -> Painting:
    """Run the specs as one job and keep each picture with its recipe in it, in order.

    `recipe` says what the specs do not: tool, parents, what was done; `cut` makes a plain
    background transparent. Raises ModelUnavailable when the model has no LoRA of that name.
    """
    if lora:
        chosen = context.catalogue.lora(lora, model)
        specs = [_with_lora(spec, chosen, context.catalogue) for spec in specs]
    job = Job(model.name, tuple(specs), context.asker)
    made = await context.runner.run(job, context.report)
    ready = [await _cut(one.data) if cut else one.data for one in made]
    assets = [
        await keep(data, _recipe(recipe, model, spec), context)
        for data, spec in zip(ready, specs, strict=True)
    ]
    notes = [*_notes(model, made, ready if cut else [])]
    notes += await _small_print(model, context)
    resolved = _resolved(model, specs[0], assets[0])
    return Painting(tuple(assets), resolved, _made_by(model, specs), tuple(notes))


def _notes(model: Model, made: Sequence[Artifact], cut: Sequence[bytes]) -> Iterator[str]:
    """Yield what was wanted and not done; `cut` are the pictures without their background."""
    if any("negative" in str(artifact.facts.get("ignored", "")) for artifact in made):
        yield say("{model} pays no attention to what is not wanted.", model=model.name)
    if cut and any(data is one.data for data, one in zip(cut, made, strict=True)):
        yield say("The background was not plain, so it could not be cut off.")


async def keep(data: bytes, recipe: Recipe, context: Context) -> Asset:
    """Store a PNG with its recipe, which gets the picture's true size."""
    width, height = size_of(data)
    data = with_recipe(data, replace(recipe, width=width, height=height))
    return await context.assets.put(data, "image/png", width=width, height=height)


def _recipe(base: Recipe, model: Model, spec: PictureSpec) -> Recipe:
    return replace(
        base,
        prompt=spec.prompt,
        negative=spec.negative,
        seed=spec.seed,
        steps=spec.steps,
        guidance=spec.guidance,
        model=model.name,
        revision=revision(model),
        strength=spec.strength if spec.image else 0.0,
        lora=spec.adapters[0].name if spec.adapters else "",
        lora_weight=spec.adapters[0].weight if spec.adapters else 0.0,
    )


def revision(model: Model) -> str:
    """Say where a model comes from and which state of it: "owner/name@main", "built in"."""
    source = model.source
    if source.hub:
        return f"{source.hub}@{source.revision}"
    if source.server:
        return f"{source.name or model.name} on {source.server}"
    return source.wheel or source.package or "local folder"


def _resolved(model: Model, spec: PictureSpec, asset: Asset) -> dict[str, object]:
    facts: dict[str, object] = {
        "seed": spec.seed,
        "steps": spec.steps,
        "model": model.name,
        "revision": revision(model),
        "licence": model.licence,
        "guidance": spec.guidance,
        "width": asset.width,
        "height": asset.height,
    }
    if spec.adapters:
        facts["lora"] = spec.adapters[0].name
    if spec.image is None:
        return facts
    return facts | {"strength": spec.strength, "prompt": spec.prompt, "negative": spec.negative}


def _made_by(model: Model, specs: Sequence[PictureSpec]) -> str:
    last = f"-{specs[-1].seed}" if len(specs) > 1 else ""
    name = model.name
    for adapter in specs[0].adapters:
        name = say("{model} with {lora}", model=name, lora=adapter.name)
    return say("({model}, seed {seed}).", model=name, seed=f"{specs[0].seed}{last}")


async def _cut(data: bytes) -> bytes:
    """Return the PNG without its background, or the same bytes when that is not plain."""
    try:
        return await asyncio.to_thread(lambda: png(cut_out(open_picture(data))))
    except Refused:
        return data


async def _small_print(model: Model, context: Context) -> list[str]:
    """Say that it was drawn small, unless this chat has heard it lately."""
    if model.enlarge_to <= max(model.width, model.height):
        return []
    steps = await context.store.steps(context.chat)
    if any(step.status == "done" and step.args.get("model") == model.name for step in steps):
        return []
    return [
        say(
            "{model} is a small model: this was drawn at {size} and enlarged. Whoever runs me can "
            "choose a larger one; `atelier models` lists them.",
            model=model.name,
            size=f"{model.width}x{model.height}",
        )
    ]

"""What a trained model is asked, and how its pictures are judged."""

import time
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from recipe.concepts import HERE, common, words
from recipe.judge import Judge
from recipe.pictures import Pixels

STEPS = 16
GUIDANCE = 2.0
Draw = Callable[[Sequence[str], Sequence[int]], Pixels]
"""Prompts and seeds to pictures (N, S, S, 3)."""


@dataclass(frozen=True, slots=True)
class Question:
    """A prompt, the class the judge should see, and the language it is in."""

    prompt: str
    thing: str
    language: str


def table() -> dict[str, Any]:
    """prompts.toml."""
    return tomllib.loads((HERE / "prompts.toml").read_text(encoding="utf-8"))


def listed(text: str) -> list[str]:
    """The words of a list with commas."""
    return [" ".join(word.split()) for word in text.split(",")]


def english(thing: str) -> str:
    """The thing with its article."""
    return f"an {thing}" if thing[0] in "aeiou" else f"a {thing}"


def questions() -> list[Question]:
    """200 prompts: 116 in English, 12 in each of the other languages."""
    asked, things = table(), listed(table()["nouns"])
    forms, found = asked["phrases"]["en"], []
    for number in range(116):
        lap, place = divmod(number, len(things))
        form = forms[(number + lap) % len(forms)]
        found.append(Question(form.format(english(things[place])), things[place], "en"))
    for language, form in asked["phrases"].items():
        if language != "en":
            told = zip(asked["foreign"][language], asked["foreign"]["things"], strict=True)
            found += [Question(form.format(said), thing, language) for said, thing in told]
    return found


def drawer(pipeline: Any, size: int = 8) -> Draw:
    """Draw with a pipeline, a few at a time."""

    def draw(prompts: Sequence[str], seeds: Sequence[int]) -> Pixels:
        made = []
        for start in range(0, len(prompts), size):
            part = slice(start, start + size)
            dice = [torch.Generator().manual_seed(seed) for seed in seeds[part]]
            options = {"num_inference_steps": STEPS, "guidance_scale": GUIDANCE, "generator": dice}
            made += [np.asarray(image) for image in pipeline(list(prompts[part]), **options).images]
        return np.stack(made)

    return draw


def adherence(draw: Draw, judge: Judge, asked: Sequence[Question]) -> dict[str, Any]:
    """How often the judge names the thing first, or among five, of all things asked for."""
    things = sorted({question.thing for question in asked})
    made = draw([q.prompt for q in asked], list(range(1000, 1000 + len(asked))))
    order = judge.named(made, things).argsort(dim=1, descending=True)
    right = torch.tensor([things.index(q.thing) for q in asked])[:, None]
    place = (order == right).int().argmax(1)
    found: dict[str, Any] = {
        "prompts": len(asked),
        "first": share(place < 1),
        "in five": share(place < 5),
    }
    for language in sorted({q.language for q in asked}):
        mine = torch.tensor([q.language == language for q in asked])
        found[language] = share(place[mine] < 1)
    return found


def share(hits: torch.Tensor) -> float:
    """The part that is true, rounded."""
    return round(float(hits.float().mean()), 3)


def colours(draw: Draw, things: Sequence[str], names: Sequence[str]) -> dict[str, float]:
    """How often the main hue of "a blue apple" is blue, by colour and in all."""
    looks = {name: look["look"] for name, look in words()["colours"].items()}
    pairs = [(colour, thing) for colour in names for thing in things]
    made = draw([f"a {c} {t}" for c, t in pairs], list(range(2000, 2000 + len(pairs))))
    hits: dict[str, list[bool]] = {colour: [] for colour in names}
    for (colour, _), picture in zip(pairs, made, strict=True):
        hits[colour].append(has_colour(picture, colour, looks))
    found = {colour: round(float(np.mean(hit)), 2) for colour, hit in hits.items()}
    return found | {"all": round(float(np.mean([h for hit in hits.values() for h in hit])), 3)}


def has_colour(picture: Pixels, colour: str, looks: dict[str, list[float]]) -> bool:
    """Whether most of the coloured part of a picture has the hue (pink is a pale red)."""
    values = np.asarray(Image.fromarray(picture).convert("HSV"), np.float32) / 255
    ink = values[(values[..., 1] > 0.2) & (values[..., 2] > 0.2)]
    if not len(ink):
        return False
    apart = np.abs((ink[:, 0] - looks[colour][0] + 0.5) % 1 - 0.5)
    return bool((apart < 0.085).mean() > 0.5)


def peoples(draw: Draw, judge: Judge, every: int = 2) -> dict[str, float]:
    """What the judge takes pictures of peoples and faiths for: an animal it should never be."""
    said = listed(words()["neutral"]["people"])[::every]
    made = draw([english(word) for word in said], list(range(4000, 4000 + len(said))))
    classes = [judge.classes[best] for best in judge.scores(made).argmax(1).tolist()]
    animals = {names[0] for code, names in common().items() if code not in common("animals")}
    figures = {names[0] for code, names in common().items() if code not in common("figures")}
    found = [[name in group for name in classes] for group in (animals, figures)]
    return {
        "animals": round(float(np.mean(found[0])), 3),
        "figures": round(float(np.mean(found[1])), 3),
    }


def variety(draw: Draw, judge: Judge, things: Sequence[str], seeds: int) -> dict[str, float]:
    """Mean distance of the judge's features: one prompt with other seeds, and other prompts."""
    prompts = [english(thing) for thing in things for _ in range(seeds)]
    features = judge.features(draw(prompts, list(range(3000, 3000 + len(prompts)))))
    apart = 1 - features @ features.T
    same = torch.kron(torch.eye(len(things)), torch.ones(seeds, seeds)).bool()
    one = same & ~torch.eye(len(prompts)).bool()
    within, between = float(apart[one].mean()), float(apart[~same].mean())
    return {"same prompt": round(within, 3), "other prompts": round(between, 3)}


def sharpness(made: Pixels, real: Pixels) -> float:
    """How strong the edges are next to the real icons' at the same size: 1 is as sharp."""

    def edges(pixels: Pixels) -> float:
        grey = pixels.astype(np.float32).mean(-1)
        steps = np.abs(np.diff(grey, axis=1))
        return float(np.percentile(steps[steps > 4], 90))

    size = made.shape[1]
    scaled = [
        np.asarray(Image.fromarray(p).resize((size, size), Image.Resampling.LANCZOS)) for p in real
    ]
    return round(edges(made) / edges(np.stack(scaled)), 3)


def seconds(draw: Draw, count: int) -> float:
    """How long that many pictures take at once, the better of two tries."""
    tries = []
    for _ in range(2):
        before = time.perf_counter()
        draw(["a cat"] * count, list(range(count)))
        tries.append(time.perf_counter() - before)
    return round(min(tries), 2)


def sheet(made: Pixels, columns: int, side: int = 128) -> Image.Image:
    """Pictures in rows without captions."""
    rows = -(-len(made) // columns)
    page = Image.new("RGB", (columns * side, rows * side), "white")
    for number, one in enumerate(made):
        small = Image.fromarray(one).resize((side, side), Image.Resampling.LANCZOS)
        page.paste(small, (number % columns * side, number // columns * side))
    return page


def real_icons(folder: Path, count: int) -> Pixels:
    """Some icons of the training data, spread evenly."""
    pixels = np.load(folder / "pictures.npy", mmap_mode="r")
    found: Pixels = np.array(pixels[np.linspace(0, len(pixels) - 1, count).astype(int)])
    return found

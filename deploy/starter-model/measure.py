"""Measure a picture model: `python deploy/starter-model/measure.py MODEL --work DIR --out DIR`.

Writes measures.json and sheet.png (64 common nouns, without captions). The judge's training data
comes from the packages of the work folder.
"""

import argparse
import json
import logging
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import (
    AutoPipelineForImage2Image,
    AutoPipelineForInpainting,
    AutoPipelineForText2Image,
)
from PIL import Image

from recipe import examination as ask
from recipe.examination import Draw
from recipe.judge import Judge, judge_of
from recipe.pictures import Pixels

log = logging.getLogger("starter-model")


def from_pictures(pipeline: Any, judge: Judge, cat: Image.Image) -> dict[str, float]:
    """Image-to-image from a cat: how near the result stays to it, by strength, and to new words."""
    redraw = AutoPipelineForImage2Image.from_pipe(pipeline)
    redraw.set_progress_bar_config(disable=True)
    near = judge.features(np.asarray(cat)[None])
    found = {}
    for strength in (0.3, 0.6, 0.9):
        dice = torch.Generator().manual_seed(5)
        options = {
            "num_inference_steps": ask.STEPS,
            "guidance_scale": ask.GUIDANCE,
            "generator": dice,
        }
        made = redraw(["a red apple"] * 4, image=[cat] * 4, strength=strength, **options).images
        pixels = np.stack([np.asarray(one) for one in made])
        found[f"near the cat at {strength}"] = round(
            float((judge.features(pixels) @ near.T).mean()), 3
        )
        best = judge.named(pixels, ["cat", "apple", "dog", "ball"]).argmax(1)
        found[f"apples at {strength}"] = ask.share(best == 1)
    return found


def inside(pipeline: Any, house: Image.Image) -> dict[str, float]:
    """Inpainting the left half: mean change (of 255) outside and inside of the mask."""
    repaint = AutoPipelineForInpainting.from_pipe(pipeline)
    repaint.set_progress_bar_config(disable=True)
    mask = Image.new("L", house.size, 0)
    mask.paste(255, (0, 0, house.width // 2, house.height))
    dice = torch.Generator().manual_seed(6)
    options = {"num_inference_steps": ask.STEPS, "strength": 1.0, "generator": dice}
    made = repaint("a tree", image=house, mask_image=mask, **options).images[0]
    change = np.abs(np.asarray(made, np.float32) - np.asarray(house, np.float32)).mean(-1)
    middle = house.width // 2
    outside = float(change[:, middle + 8 :].mean())
    return {"outside": round(outside, 2), "inside": round(float(change[:, :middle].mean()), 2)}


def measures(
    pipeline: Any, draw: Draw, judge: Judge, real: Pixels
) -> tuple[dict[str, Any], Pixels]:
    """Everything measured, and the sheet's pictures."""
    table = ask.table()
    things = ask.listed(table["nouns"])
    nouns = draw([ask.english(thing) for thing in things], list(range(7, 7 + len(things))))
    order = judge.named(nouns, things).argsort(dim=1, descending=True)
    right = order == torch.arange(len(things))[:, None]
    found: dict[str, Any] = {"judge": judge.accuracy, "pixels": nouns.shape[1]}
    found["sheet"] = {"first": ask.share(right[:, 0]), "in five": ask.share(right[:, :5].any(1))}
    found["adherence"] = ask.adherence(draw, judge, ask.questions())
    found["colours"] = ask.colours(draw, ask.listed(table["coloured"]), table["colours"])
    found["peoples"] = ask.peoples(draw, judge)
    found["variety"] = ask.variety(draw, judge, things[:8], 4)
    found["sharpness"] = ask.sharpness(nouns, real)
    size = nouns.shape[2], nouns.shape[1]
    cat, house = (
        Image.fromarray(nouns[things.index(name)]).resize(size) for name in ("cat", "house")
    )
    found["image to image"] = from_pictures(pipeline, judge, cat)
    found["inpainting"] = inside(pipeline, house)
    found["seconds"] = {"one": ask.seconds(draw, 1), "four": ask.seconds(draw, 4)}
    return found, nouns


def main() -> None:
    """Read the command line, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--work", type=Path, required=True, help="the training's folder")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(2)
    before = time.perf_counter()
    pipeline = AutoPipelineForText2Image.from_pretrained(options.model)
    load = round(time.perf_counter() - before, 2)
    pipeline.set_progress_bar_config(disable=True)
    judge, real = judge_of(options.work), ask.real_icons(options.work / "data", 64)
    found, nouns = measures(pipeline, ask.drawer(pipeline), judge, real)
    found["seconds"]["load"] = load
    options.out.mkdir(parents=True, exist_ok=True)
    ask.sheet(nouns, 16).save(options.out / "sheet.png")
    text = json.dumps(found, indent=1)
    (options.out / "measures.json").write_text(text + "\n", encoding="utf-8")
    log.info("%s", text)


if __name__ == "__main__":
    main()

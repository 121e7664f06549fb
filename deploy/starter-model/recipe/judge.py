"""Who says what a picture shows: a small network of its own that saw the icons, too.

It learns from the icons of all sets, blurred, moved, mirrored and tinted, with seeds of its own,
and is tested on icons that it did not see (of things that it saw in other sets).
"""

import logging
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from recipe.autoencoder import tensor
from recipe.concepts import common, read
from recipe.packages import fetch, pinned
from recipe.pictures import Pixels
from recipe.prepare import icons as from_sets

SIDE = 48
WIDTH = 160
log = logging.getLogger("starter-model")


def network(classes: int) -> nn.Sequential:
    """Five convolutions and a linear layer; the features are what comes before the last two."""
    layers: list[nn.Module] = []
    for before, after in ((3, 24), (24, 48), (48, 96), (96, 128), (128, WIDTH)):
        layers += [nn.Conv2d(before, after, 3, 2, 1), nn.GroupNorm(8, after), nn.GELU()]
    pooled = [nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(4 * WIDTH, WIDTH)]
    return nn.Sequential(*layers, *pooled, nn.GELU(), nn.Linear(WIDTH, classes))


def changed(x: Tensor, generator: torch.Generator) -> Tensor:
    """Pictures moved, scaled, mirrored, blurred, and a little recoloured."""
    count = len(x)
    zoom = 0.8 + 0.45 * torch.rand(count, generator=generator)
    flip = torch.where(torch.rand(count, generator=generator) < 0.5, -1.0, 1.0)
    turn = 0.15 * torch.randn(count, generator=generator)
    move = 0.15 * (torch.rand(count, 2, generator=generator) - 0.5)
    rows = [zoom * flip * turn.cos(), -zoom * turn.sin(), move[:, 0]]
    below = [zoom * flip * turn.sin(), zoom * turn.cos(), move[:, 1]]
    grid = F.affine_grid(
        torch.stack([torch.stack(rows, 1), torch.stack(below, 1)], 1), list(x.shape), False
    )
    x = 1 - F.grid_sample(1 - x, grid, align_corners=False)
    soft = F.interpolate(F.avg_pool2d(x, 3), x.shape[-1], mode="bilinear")
    blur = torch.rand(count, 1, 1, 1, generator=generator)
    x = x + blur * (soft - x)
    tint = 0.15 * torch.randn(count, 3, 1, 1, generator=generator)
    return (x + tint * (1 - x)).clamp(-1, 1)


@dataclass(frozen=True, slots=True)
class Judge:
    """Names what pictures show, by class."""

    net: nn.Sequential
    classes: list[str]
    accuracy: float = 0.0

    @torch.no_grad()
    def scores(self, pixels: Pixels) -> Tensor:
        """How well each class fits each picture: (N, classes), logarithms of probabilities."""
        x = F.interpolate(tensor(pixels), (SIDE, SIDE), mode="area")
        both: Tensor = self.net(x).log_softmax(-1) + self.net(x.flip(-1)).log_softmax(-1)
        return both / 2

    def named(self, pixels: Pixels, things: list[str]) -> Tensor:
        """How well each everyday word fits: (N, things); a word may stand for several classes."""
        scores, everyday = self.scores(pixels), common().values()
        own = [
            {names[0] for names in everyday if thing in names} & {*self.classes} for thing in things
        ]
        columns = [[self.classes.index(name) for name in names] for names in own]
        return torch.stack([scores[:, few].logsumexp(-1) for few in columns], -1)

    @torch.no_grad()
    def features(self, pixels: Pixels) -> Tensor:
        """Directions of unit length in which alike pictures are near."""
        x = F.interpolate(tensor(pixels), (SIDE, SIDE), mode="area")
        found: Tensor = F.normalize(self.net[:-2](x), dim=-1)
        return found


def learn(pixels: Pixels, labels: list[str], steps: int, seed: int) -> Judge:
    """A judge of these pictures."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    classes = sorted(set(labels))
    wanted = torch.tensor([classes.index(label) for label in labels])
    x = F.interpolate(tensor(pixels), (SIDE, SIDE), mode="area")
    net = network(len(classes))
    optimizer = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=0.05)
    falling = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=steps)
    for _ in range(steps):
        rows = torch.randint(len(x), (64,), generator=generator)
        loss = F.cross_entropy(net(changed(x[rows], generator)), wanted[rows], label_smoothing=0.1)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        falling.step()
    return Judge(net.eval(), classes)


def kept(file: Path) -> Judge | None:
    """The judge of a file, if there is one."""
    if not file.exists():
        return None
    state = torch.load(file, weights_only=True)
    net = network(len(state["classes"]))
    net.load_state_dict(state["net"])
    return Judge(net.eval(), state["classes"], state["accuracy"])


def keep(judge: Judge, file: Path) -> None:
    """Write a judge, so that every model is measured by the same one."""
    weights = judge.net.state_dict()
    torch.save({"net": weights, "classes": judge.classes, "accuracy": judge.accuracy}, file)


def icons(packages: Path, size: int = 64) -> tuple[Pixels, list[str]]:
    """Every set's icons of the common things, and the everyday word for each."""
    sets = [package for package in pinned() if package.origin == "npm"]  # the same for all models
    unpacked = {package: fetch(package, packages) for package in sets}
    emojibase = next(path for package, path in unpacked.items() if not package.style)
    concepts = [concept for concept in read(emojibase) if concept.aliases]
    folders = {package.style: path for package, path in unpacked.items() if package.style}
    rows = list(from_sets(concepts, folders, size))
    return np.stack([icon for _, _, icon in rows]), [concepts[number].name for number, _, _ in rows]


def judge_of(work: Path, steps: int = 2000, seed: int = 77) -> Judge:
    """The judge of a work folder, trained when it is not there; says how good it is."""
    found = kept(work / "judge.pt")
    if found is None:
        pixels, labels = icons(work.parent / "packages")
        hidden = np.random.default_rng(seed).random(len(labels)) < 0.1
        seen = [label for label, out in zip(labels, hidden, strict=True) if not out]
        found = learn(pixels[~hidden], seen, steps, seed)
        test = [k for k in np.flatnonzero(hidden) if labels[k] in found.classes]
        best = found.scores(pixels[test]).argmax(1).tolist()
        right = [found.classes[b] == labels[k] for b, k in zip(best, test, strict=True)]
        found = replace(found, accuracy=round(float(np.mean(right)), 3))
        log.info("the judge names %.0f %% of unseen icons", 100 * found.accuracy)
        keep(found, work / "judge.pt")
    return found

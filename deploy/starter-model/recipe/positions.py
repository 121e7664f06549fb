"""Showing the denoiser where the draft's cells are.

Padded position 16 + p of the prompt carries cell p of a 4 x 4 draft. Two heads of every attention
to the prompt are set so that a place of the picture attends to the cell it lies in: where a place
is, and which cell a position carries, is read by ridge regression off a denoiser just begun.
"""

import math
import random
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from recipe.vocabulary import DRAFT

if TYPE_CHECKING:
    from recipe.denoiser import Drawer, DrawLoss

CELLS, SIDE = 16, 4
SHARP = 8.0
"""The logit by which its own cell stands out."""


def ridge(x: Tensor, y: Tensor, weight: float) -> Tensor:
    """The (width, targets) matrix that predicts y from x, both (rows, ...)."""
    square = x.T @ x + weight * len(x) * torch.eye(x.shape[1], device=x.device)
    found: Tensor = torch.linalg.solve(square, x.T @ y)
    return found


def cells_of(places: int, device: torch.device) -> Tensor:
    """Which cell each place of a square feature map lies in."""
    side = math.isqrt(places)
    steps = torch.arange(side, device=device) * SIDE // side
    return (steps[:, None] * SIDE + steps[None]).flatten()


@torch.no_grad()
def give_positions(drawer: "Drawer", loss: "DrawLoss") -> None:
    """Set two heads of each cross-attention of a denoiser."""
    seen: dict[str, Tensor] = {}
    hidden: list[Tensor] = []
    hooks = []
    blocks = {name: m.attn2 for name, m in drawer.unet.named_modules() if hasattr(m, "attn2")}

    def watch(name: str) -> Any:
        return lambda module, given: seen.__setitem__(name, given[0].detach().float())

    for name, block in blocks.items():
        hooks.append(block.to_q.register_forward_pre_hook(watch(name)))
        hooks.append(
            block.to_k.register_forward_pre_hook(lambda module, given: hidden.append(given[0]))
        )
    loss(random.Random(1), torch.Generator().manual_seed(1))
    for hook in hooks:
        hook.remove()
    said = hidden[0].detach().float()
    marks = torch.zeros(said.shape[1], CELLS, device=said.device)
    marks[DRAFT:] = torch.eye(CELLS, device=said.device)
    keys = ridge(said.flatten(0, 1), marks.repeat(len(said), 1), 1e-4)
    for name, block in blocks.items():
        _set(block, seen[name], keys)


def _set(block: Any, features: Tensor, keys: Tensor) -> None:
    cells = torch.eye(CELLS, device=features.device)[cells_of(features.shape[1], features.device)]
    queries = ridge(features.flatten(0, 1), cells.repeat(len(features), 1), 1e-3)
    found = (features.flatten(0, 1) @ queries * cells.repeat(len(features), 1)).sum(-1).mean()
    width = block.to_q.weight.shape[0] // block.heads
    if width < CELLS:
        return
    strong = math.sqrt(SHARP * math.sqrt(width))
    for head in range(min(2, block.heads)):
        rows = slice(head * width, head * width + CELLS)
        block.to_q.weight[head * width : (head + 1) * width] = 0
        block.to_k.weight[head * width : (head + 1) * width] = 0
        block.to_q.weight[rows] = queries.T * strong * min(3.0, 1 / max(float(found), 0.1))
        block.to_k.weight[rows] = keys.T * strong

"""One loop for every stage: it resumes where it stopped; a step always sees the same data."""

import logging
import math
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from recipe.settings import Stage

log = logging.getLogger("starter-model")
Losses = dict[str, Tensor]
StepLoss = Callable[[random.Random, torch.Generator], Losses]
"""What one step costs, by part (they are added), given the step's own random numbers."""

SAVE_SECONDS = 120.0
COOL = 0.3
"""The last part of a stage, in which the rate falls; before, it is constant."""


def rate_at(seen: float, warm: float, least: float = 0.03) -> float:
    """The rate's factor when `seen` (0 to 1) of the samples are through, after it rose."""
    rise = min(1.0, (seen + 1e-9) / max(warm, 1e-9))
    fall = max(0.0, (seen - (1 - COOL)) / COOL)
    return rise * (least + (1 - least) * 0.5 * (1 + math.cos(math.pi * fall)))


def save(state: dict[str, Any], file: Path) -> None:
    """Write a checkpoint so that a crash leaves either the old one or the new one."""
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_suffix(".new")
    torch.save(state, beside)
    beside.replace(file)


class Training:
    """Trains the parameters of a module; afterwards the module holds their running mean."""

    def __init__(
        self, module: nn.Module, stage: Stage, file: Path, rates: dict[str, float]
    ) -> None:
        """`rates` scales the rate of parameters whose name begins with a key."""
        self.module, self.stage, self.file = module, stage, file
        named = [(n, p) for n, p in module.named_parameters() if p.requires_grad]
        groups: dict[float, list[nn.Parameter]] = {}
        for name, parameter in named:
            factor = next((f for key, f in rates.items() if name.startswith(key)), 1.0)
            groups.setdefault(factor, []).append(parameter)
        self.parameters: list[torch.Tensor] = [p for _, p in named]
        table = [{"params": ps, "factor": f} for f, ps in groups.items()]
        self.optimizer = torch.optim.AdamW(table, lr=stage.rate, betas=(0.9, 0.99), weight_decay=0)
        self.mean = [p.detach().clone() for p in self.parameters]
        self.device = self.parameters[0].device
        self.step = 0
        self.steps = max(1, stage.samples // stage.batch)
        self._resume()

    def run(self, loss_of: StepLoss, stop_at: float = math.inf) -> bool:
        """Train to the end, or until the clock `stop_at`; whether the end was reached."""
        self.until(self.steps, loss_of, stop_at)
        with torch.no_grad():
            torch._foreach_copy_(self.parameters, self.mean)
        self.module.eval()
        return self.step >= self.steps

    def until(self, step: int, loss_of: StepLoss, stop_at: float) -> None:
        """Train up to a step, or until the clock `stop_at`, and save."""
        self.module.train()
        saved = told = time.monotonic()
        begun, sums = self.step, dict[str, list[float]]()
        while self.step < step and time.time() < stop_at:
            for part, value in self._one(loss_of).items():
                sums.setdefault(part, []).append(value)
            if time.monotonic() - told > 30:
                self._tell(sums, time.monotonic() - told)
                told, sums = time.monotonic(), {}
            if time.monotonic() - saved > SAVE_SECONDS:
                self.save()
                saved = time.monotonic()
        if self.step > begun:
            self.save()

    def _one(self, loss_of: StepLoss) -> dict[str, float]:
        seed = self.stage.seed * 1_000_003 + self.step
        torch.manual_seed(seed)
        factor = rate_at(self.step / self.steps, self.stage.warm / self.steps)
        for group in self.optimizer.param_groups:
            group["lr"] = self.stage.rate * factor * group["factor"]
        dice = random.Random(seed), torch.Generator().manual_seed(seed)
        with torch.autocast(self.device.type, torch.bfloat16, self.device.type == "cuda"):
            losses = loss_of(*dice)
        self.optimizer.zero_grad(set_to_none=True)
        sum(losses.values(), torch.zeros((), device=self.device)).backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.optimizer.step()
        self.step += 1
        keep = min(self.stage.ema, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            torch._foreach_lerp_(self.mean, self.parameters, 1 - keep)
        return {part: float(loss.detach()) for part, loss in losses.items()}

    def _tell(self, sums: dict[str, list[float]], seconds: float) -> None:
        count = len(next(iter(sums.values())))
        parts = " ".join(f"{part} {sum(v) / len(v):.4f}" for part, v in sums.items())
        speed = count * self.stage.batch / seconds
        log.info("%s step %d/%d %s %.1f/s", self.file.stem, self.step, self.steps, parts, speed)

    def save(self) -> None:
        """Write everything that going on needs."""
        weights = {"live": [p.detach() for p in self.parameters], "mean": self.mean}
        save({"step": self.step, "optimizer": self.optimizer.state_dict(), **weights}, self.file)

    def _resume(self) -> None:
        if not self.file.exists():
            return
        state = torch.load(self.file, map_location=self.device, weights_only=True)
        self.step = state["step"]
        self.optimizer.load_state_dict(state["optimizer"])
        with torch.no_grad():
            torch._foreach_copy_(self.parameters, state["live"])
            torch._foreach_copy_(self.mean, state["mean"])
        log.info("%s goes on at step %d of %d", self.file.stem, self.step, self.steps)

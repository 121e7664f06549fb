"""One file per way of running models; the only home of torch, diffusers and transformers."""

import logging
import os

from tools.jobs import Engine
from tools.registry import Registry

# Read when torch is first imported. Threads that spin while they wait starve each other as soon
# as anything else runs on the machine: on two busy cores one picture took 40 s instead of 1 s.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

# What these say while libraries import one another (where torchao is installed, transformers and
# diffusers do) is for programmers and would reach the terminal.
for _name in ("accelerate", "torchao", "torch.utils._pytree"):
    logging.getLogger(_name).setLevel(logging.ERROR)

ENGINES: Registry[type[Engine]] = Registry("engine", "tools.engines", "atelier.engine")

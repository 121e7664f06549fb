"""Weights that can leave the device and come back without being read from the disk again."""

import gc
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from tools.errors import OutOfMemory


class Residence:
    """Moves the tensors of modules between the device and host memory, by changing what they hold.

    A module, and whoever refers to it, stays as it is. The host copy is pinned, so that it comes
    back at the speed of the bus, and is kept: weights do not change, so they leave in no time from
    the second time on.
    """

    def __init__(self, device: str) -> None:
        self._device = device
        self._hosted: Any = None

    def park(self, modules: Iterable[Any]) -> None:
        """Move all tensors to host memory (blocks); raises TypeError for those it cannot move."""
        import torch
        from torch.utils.weak import WeakTensorKeyDictionary

        self._hosted = WeakTensorKeyDictionary() if self._hosted is None else self._hosted
        tensors = list(_tensors(modules))
        for tensor in tensors:
            if type(tensor) not in (torch.Tensor, torch.nn.Parameter):  # quantised: more than data
                raise TypeError(f"{type(tensor).__name__} stays where it is")
        for tensor in tensors:
            host = self._host(tensor)
            tensor.data = host
            self._hosted[tensor] = host

    def wake(self, modules: Iterable[Any]) -> None:
        """Move all tensors back to the device (blocks); raises OutOfMemory and moves none then."""
        import torch

        moved = []
        try:
            for tensor in _tensors(modules):
                tensor.data = tensor.data.to(self._device, non_blocking=True, copy=True)
                moved.append(tensor)
        except (torch.OutOfMemoryError, MemoryError) as error:
            for tensor in moved:
                tensor.data = self._hosted[tensor]
            raise OutOfMemory(
                "There is not enough memory for the model to come back; try again later."
            ) from error
        if self._device.startswith("cuda"):
            torch.cuda.synchronize(self._device)

    def _host(self, tensor: Any) -> Any:
        kept = self._hosted.get(tensor)
        if kept is not None and kept.shape == tensor.shape and kept.dtype == tensor.dtype:
            return kept
        host = tensor.data.to("cpu")
        return host.pin_memory() if self._device.startswith("cuda") else host


def release(device: str) -> None:
    """Give the memory that torch keeps for later back to the device."""
    import torch

    gc.collect()
    if device.startswith("cuda"):
        torch.cuda.empty_cache()


def _tensors(modules: Iterable[Any]) -> Iterator[Any]:
    """Yield each parameter and buffer once, however many modules share it."""
    seen: set[int] = set()
    for module in modules:
        for tensor in chain(module.parameters(), module.buffers()):
            if id(tensor) not in seen:
                seen.add(id(tensor))
                yield tensor

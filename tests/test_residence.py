"""Weights leave the device and come back; here the device is host memory, too."""

from typing import Any

import pytest
import torch
from torch import nn

from tools.engines.residence import Residence
from tools.errors import OutOfMemory


def network() -> Any:
    made = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
    return made.train(False)


def test_weights_come_back_as_they_were_wherever_they_were_put() -> None:
    net, given = network(), torch.ones(2, 3)
    wanted, home = net(given), Residence("cpu")
    home.park([net, net[0]])
    assert torch.equal(net(given), wanted)
    first = net[0].weight.data_ptr()
    home.wake([net])
    assert net[0].weight.data_ptr() != first
    assert torch.equal(net(given), wanted)
    for tensor in (*net.parameters(), *net.buffers()):
        tensor.data.zero_()  # nothing is copied from the device a second time
    home.park([net])
    assert torch.equal(net(given), wanted)
    assert net[0].weight.data_ptr() == first


def test_a_changed_adapter_is_copied_again() -> None:
    net, home = network(), Residence("cpu")
    home.park([net])
    net[2] = nn.Linear(4, 5)
    home.park([net])
    assert net(torch.ones(2, 3)).shape == (2, 5)


def test_quantised_weights_are_refused_before_anything_has_moved() -> None:
    class Packed(nn.Parameter):
        pass

    net, home = network(), Residence("cpu")
    net[2].weight = Packed(net[2].weight.data)
    net[2].weight.__class__ = Packed
    with pytest.raises(TypeError, match="Packed"):
        home.park([net])


def test_without_memory_nothing_is_left_half_way(monkeypatch: pytest.MonkeyPatch) -> None:
    net, given = network(), torch.ones(2, 3)
    wanted, home = net(given), Residence("cpu")
    home.park([net])
    move, left = torch.Tensor.to, [3]

    def to(tensor: torch.Tensor, *args: object, **more: object) -> torch.Tensor:
        left[0] -= 1
        if not left[0]:
            raise torch.OutOfMemoryError("full")
        moved: torch.Tensor = move(tensor, *args, **more)  # type: ignore[call-overload]  # any
        return moved

    monkeypatch.setattr(torch.Tensor, "to", to)
    with pytest.raises(OutOfMemory):
        home.wake([net])
    monkeypatch.undo()
    assert torch.equal(net(given), wanted)

"""What crosses the pipe between the bot and the gateway to a Ray cluster.

An actor is known by the number it was begun with; orders to it and its news stay pickled on the
way.
"""

from dataclasses import dataclass

from tools.compute.devices import Machine
from tools.compute.messages import Setup


@dataclass(frozen=True, slots=True)
class Reach:
    """The first message to the gateway: the cluster's address, empty for a Ray of our own."""

    address: str


@dataclass(frozen=True, slots=True)
class Begin:
    """Start a worker on the node its plan names, and set so much of the node aside for it."""

    number: int
    setup: Setup
    cpus: float
    gpus: int


@dataclass(frozen=True, slots=True)
class Tell:
    """Hand a pickled order to an actor."""

    number: int
    order: bytes


@dataclass(frozen=True, slots=True)
class End:
    """End an actor now."""

    number: int


@dataclass(frozen=True, slots=True)
class Unreachable:
    """The cluster cannot be reached, and a sentence that says what to do; the gateway ends."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Surveyed:
    """The nodes that were there at first have joined."""


@dataclass(frozen=True, slots=True)
class Joined:
    """A node is there, and what Ray may use of it."""

    node: str
    host: str
    machine: Machine


@dataclass(frozen=True, slots=True)
class Left:
    """A node is gone; said before its actors are over."""

    node: str


@dataclass(frozen=True, slots=True)
class Began:
    """The actor is there; `pid` is its process on its node."""

    number: int
    pid: int


@dataclass(frozen=True, slots=True)
class Said:
    """What the worker in an actor said, pickled."""

    number: int
    news: bytes


@dataclass(frozen=True, slots=True)
class Over:
    """The actor is gone; `reason` is empty when that was asked for."""

    number: int
    reason: str

"""What is told of a turn while it goes on."""

from collections.abc import Callable
from dataclasses import dataclass

from memory.records import Step
from tools.jobs import Note


@dataclass(frozen=True, slots=True)
class Said:
    """A piece of text the chat model wrote."""

    text: str


@dataclass(frozen=True, slots=True)
class Moved:
    """A step changed: its record, and how its job stands if it is being computed."""

    step: Step
    note: Note | None = None


@dataclass(frozen=True, slots=True)
class Begun:
    """These steps are going to be run; they are stored."""

    steps: tuple[Step, ...]


Tell = Callable[[Said | Moved | Begun], None]

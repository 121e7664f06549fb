"""What crosses the border to a worker process: jobs, their specs, and what comes back.

Everything here can be pickled and imports nothing heavy.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol, TypeVar, runtime_checkable

from memory.records import new_id

Progress = Callable[[int, int, bytes | None], None]
"""`progress(done, total, preview)`; preview is a small JPEG, UTF-8 text, or None.

Raises JobCancelled."""


@dataclass(frozen=True, slots=True)
class Adapter:
    """A LoRA to draw with: its file, and how strongly it counts (1.0 as it was trained)."""

    name: str
    file: Path
    weight: float = 1.0


Aspect = Literal["1:1", "16:9", "9:16", "4:3", "3:4", "3:2", "2:3", "21:9"]


@dataclass(frozen=True, slots=True)
class PictureSpec:
    """One picture: sizes in pixels, `image` and `mask` are encoded pictures (any format).

    `strength` (0-1) says how far img2img may move away from `image`; `task` names the pipeline.
    """

    prompt: str
    seed: int
    width: int
    height: int
    steps: int
    guidance: float
    negative: str = ""
    task: Literal["draw", "vary", "inpaint", "edit"] = "draw"
    image: bytes | None = None
    mask: bytes | None = None
    strength: float = 0.6
    adapters: tuple[Adapter, ...] = ()


@dataclass(frozen=True, slots=True)
class TextSpec:
    """One text: `messages` are (role, content) with roles system, user, assistant.

    A last message of the assistant is written on. `schema` is a JSON schema the text follows.
    With `choices` nothing is written: the text is a JSON list of how likely each of them is to
    come next. `tools` are JSON descriptions of functions for the chat template. The first `stable`
    messages are the same every time, so that what the model makes of them can be kept.
    """

    messages: tuple[tuple[str, str], ...]
    max_tokens: int = 256
    temperature: float = 0.7
    top_p: float = 0.9
    repetition_penalty: float = 1.1
    seed: int = 0
    schema: str = ""
    choices: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    stable: int = 0


@dataclass(frozen=True, slots=True)
class SpeechSpec:
    """Words to be spoken; `speed` 1.0 is the voice's own pace."""

    text: str
    voice: str = ""
    speed: float = 1.0


@dataclass(frozen=True, slots=True)
class HearingSpec:
    """An encoded sound file (any container PyAV reads) to be written down."""

    audio: bytes
    language: str = ""


@dataclass(frozen=True, slots=True)
class MeaningSpec:
    """Texts whose meanings are wanted, as vectors of unit length."""

    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SightSpec:
    """Encoded pictures, and texts, to be compared with each other, as vectors of unit length."""

    pictures: tuple[bytes, ...] = ()
    texts: tuple[str, ...] = ()


Spec = PictureSpec | TextSpec | SpeechSpec | HearingSpec | MeaningSpec | SightSpec


@dataclass(frozen=True, slots=True)
class Artifact:
    """What an engine made of one spec; text is UTF-8 with media type text/plain.

    `facts` hold what is worth keeping: width, height, seconds, waveform, language, tokens.
    """

    data: bytes
    media_type: str
    facts: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Job:
    """Work for one model: its specs may share a forward pass; `user` is who waits for it."""

    model: str
    specs: tuple[Spec, ...]
    user: str
    id: str = field(default_factory=new_id)


@dataclass(frozen=True, slots=True)
class Note:
    """How a job stands: `position` counts from 0 = running, `eta` in seconds (None: unknown)."""

    phase: Literal["queued", "loading", "running"]
    position: int = 0
    eta: float | None = None
    done: int = 0
    total: int = 0
    preview: bytes | None = None


Report = Callable[[Note], None]
"""Told how a job stands; called on the event loop, must not block."""


class Runner(Protocol):
    """Whoever can run jobs: the pool, or a fake in tests."""

    async def run(self, job: Job, report: Report) -> list[Artifact]:
        """Run a job to its end, one artifact per spec in order; cancelling the task stops it.

        Raises EngineFailed, OutOfMemory, QueueFull or ModelUnavailable.
        """
        ...


class Engine(Protocol):
    """Runs one model of one family on one device; never chooses what to run."""

    def load(self) -> None:
        """Load the weights (blocks for seconds); heavy imports belong here."""
        ...

    def unload(self) -> None:
        """Drop the weights and give the device's memory back."""
        ...

    def generate(self, specs: Sequence[Spec], progress: Progress) -> list[Artifact]:
        """Make one artifact per spec, in order; calls `progress` at each step (blocks)."""
        ...


@runtime_checkable
class Parking(Protocol):
    """An engine whose weights can leave the device and come back sooner than from the disk."""

    def park(self) -> None:
        """Move the weights to host memory and give the device's memory back; sessions stay."""
        ...

    def wake(self) -> None:
        """Move the weights back to the device. Raises OutOfMemory."""
        ...


@runtime_checkable
class Offloading(Protocol):
    """An engine that can do with little of the device's memory, at a price in time."""

    def offload(self) -> bool:
        """Keep the weights in host memory except while they are used; False if nothing changes."""
        ...


class Session(Protocol):
    """One spec under way in an engine that works in steps."""

    @property
    def done(self) -> int:
        """How many steps are made."""
        ...

    @property
    def total(self) -> int:
        """How many steps there are in all."""
        ...

    @property
    def finished(self) -> bool:
        """Whether no step is left: it can be closed, or it failed and closing says why."""
        ...


S = TypeVar("S", bound=Session)


@runtime_checkable
class StepEngine(Protocol[S]):
    """An engine whose work can be taken apart: sessions join, leave and overtake between steps.

    A result does not depend on the company it was made in. One thread makes all calls, except
    those of what `close_all` returns.
    """

    def can_step(self, spec: Spec) -> bool:
        """Return whether a spec can be opened as a session; others go to `generate`."""
        ...

    def open(self, spec: Spec) -> S:
        """Begin a spec without making a step (blocks). Raises as `generate` does."""
        ...

    def step(self, sessions: Sequence[S]) -> None:
        """Make one step of each session, in one forward pass where they fit together (blocks).

        What breaks a single session is raised when that one is closed.
        """
        ...

    def room(self, sessions: Sequence[S]) -> int:
        """Return how many more sessions raise the throughput; beyond that they only wait."""
        ...

    def show(self, sessions: Sequence[S]) -> bytes | None:
        """Return a preview of the first few sessions, side by side; None when there is none."""
        ...

    def close(self, session: S) -> Artifact:
        """Return a session's artifact, or raise what broke it (blocks)."""
        ...

    def close_all(self, sessions: Sequence[S]) -> list[Callable[[], Artifact]]:
        """Decode sessions together (blocks); what is returned encodes or raises, in any thread."""
        ...

    def drop(self, session: S) -> None:
        """Give up a session that is not wanted any more."""
        ...

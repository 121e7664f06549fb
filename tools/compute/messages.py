"""What crosses the pipe between the pool and a worker: frozen records in length-prefixed pickles.

Both ends are our own processes, on one machine or on the nodes of a cluster of ours, so the pickles
are trusted.
"""

import pickle
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from tools.catalogue import Model
from tools.compute.devices import WorkerPlan
from tools.jobs import Artifact, Job

_LENGTH = struct.Struct(">Q")


@dataclass(frozen=True, slots=True)
class Setup:
    """The first message to a worker; `engines` is "module:name" of a Registry of engines."""

    plan: WorkerPlan
    models: Path
    engines: str = "tools.engines:ENGINES"
    log_level: int = 20


@dataclass(frozen=True, slots=True)
class Run:
    """Run a job; one without specs only loads the model. `alone`: beside no other.

    One that was paused goes on. `wanted` are the models others wait for, the next first.
    """

    job: Job
    model: Model
    alone: bool = False
    wanted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pause:
    """Stop the job at its next step, and keep what it has; one that does no steps goes on."""

    id: str


@dataclass(frozen=True, slots=True)
class Cancel:
    """Stop the job at its next step."""

    id: str


@dataclass(frozen=True, slots=True)
class Ready:
    """The worker listens."""


@dataclass(frozen=True, slots=True)
class Loading:
    """The job's model is being loaded; until then nothing more is heard and nothing can stop it."""

    id: str


@dataclass(frozen=True, slots=True)
class Progress:
    """The job runs; `total` is 0 before the engine has said how many steps there are."""

    id: str
    done: int = 0
    total: int = 0
    preview: bytes | None = None


@dataclass(frozen=True, slots=True)
class Room:
    """How many more specs of the running model would raise the throughput if they joined now.

    `taken` is how many jobs the worker had begun on by then; those sent later are not in it.
    """

    count: int
    taken: int


@dataclass(frozen=True, slots=True)
class Done:
    """The job's artifacts; `seconds` of the device went into them, without loading.

    Time that jobs spent together is shared among them.
    """

    id: str
    artifacts: list[Artifact]
    seconds: float


@dataclass(frozen=True, slots=True)
class Failed:
    """The job failed; `kind` names a class of `tools/errors.py`, `sentence` is for a person."""

    id: str
    kind: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The job stopped because it was asked to."""

    id: str


@dataclass(frozen=True, slots=True)
class Paused:
    """The job stopped because it was asked to step aside; it goes on when it is run again."""

    id: str


@dataclass(frozen=True, slots=True)
class Resident:
    """The models the worker has loaded, least recently used first, and the MiB each is given."""

    models: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Logged:
    """A line for the parent's log, with its traceback."""

    level: int
    text: str


Order = Setup | Run | Pause | Cancel
News = Ready | Loading | Progress | Room | Done | Failed | Cancelled | Paused | Resident | Logged


class AsyncSource(Protocol):
    """Whatever gives exactly so many bytes, such as `asyncio.StreamReader`."""

    async def readexactly(self, n: int) -> bytes:
        """Return n bytes; raises EOFError when there are fewer."""
        ...


def pack(message: object) -> bytes:
    """Return a message as one frame: eight bytes of length, then the pickle."""
    body = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    return _LENGTH.pack(len(body)) + body


def read_order(stream: BinaryIO) -> Order:
    """Return the next order (blocks); raises EOFError when the parent is gone."""
    order: Order = pickle.loads(_exactly(stream, *_LENGTH.unpack(_exactly(stream, _LENGTH.size))))
    return order


async def read_news(stream: AsyncSource) -> News:
    """Return what the worker says next; raises EOFError when it is gone."""
    (length,) = _LENGTH.unpack(await stream.readexactly(_LENGTH.size))
    news: News = pickle.loads(await stream.readexactly(length))
    return news


def _exactly(stream: BinaryIO, n: int) -> bytes:
    data = stream.read(n)
    if len(data) < n:
        raise EOFError
    return data

"""Fakes shared by the tests: a runner that answers at once with small but real files."""

import io
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image

from memory.assets import Assets
from memory.database import Database
from memory.records import Asset, Chat, Message, Step, User
from memory.store import Store
from tools.catalogue import Catalogue, Lora, Model, Source, Task
from tools.errors import ToolError
from tools.jobs import (
    Artifact,
    HearingSpec,
    Job,
    Note,
    PictureSpec,
    Report,
    Spec,
    SpeechSpec,
    TextSpec,
)
from tools.tool import Context

ANN = User("console", "ann", "Ann")
ROOM = Chat("console", "room")

PIXEL = Lora(
    name="pixel",
    base=("small",),
    source=Source(hub="owner/pixel", files={"pixel.safetensors": ""}),
    licence="MIT",
    weight=0.8,
    triggers=("pixel art", "8-bit"),
)


class FakeRunner:
    """A Runner that records jobs and answers with real PNGs, texts and OGG/Opus.

    `texts` are what the language model writes, in turn, the last again and again; `heard` is what
    the hearing model hears. With `fails`, every job raises that.
    """

    def __init__(
        self, *texts: str, heard: str = "good morning team", fails: ToolError | None = None
    ) -> None:
        self.jobs: list[Job] = []
        self.notes: list[Note] = []
        self.texts = list(texts) or ["A short text."]
        self.heard, self.fails = heard, fails
        self.facts: dict[str, object] = {}

    @property
    def specs(self) -> list[Spec]:
        """Every spec of every job so far."""
        return [spec for job in self.jobs for spec in job.specs]

    @property
    def pictures(self) -> list[PictureSpec]:
        """Every picture asked for so far."""
        return [spec for spec in self.specs if isinstance(spec, PictureSpec)]

    @property
    def prompts(self) -> list[TextSpec]:
        """Every text asked for so far."""
        return [spec for spec in self.specs if isinstance(spec, TextSpec)]

    async def run(self, job: Job, report: Report) -> list[Artifact]:
        self.jobs.append(job)
        if self.fails:
            raise self.fails
        report(Note("running", done=0, total=len(job.specs)))
        made = [self._answer(spec) for spec in job.specs]
        preview = made[0].data if isinstance(job.specs[0], TextSpec) else None
        report(Note("running", done=len(made), total=len(made), preview=preview))
        return made

    def _answer(self, spec: Spec) -> Artifact:
        if isinstance(spec, PictureSpec):
            return Artifact(picture(spec.seed, spec.width, spec.height), "image/png", self.facts)
        if isinstance(spec, TextSpec):
            text = self.texts.pop(0) if len(self.texts) > 1 else self.texts[0]
            return Artifact(text.encode(), "text/plain", {"finished": True} | self.facts)
        if isinstance(spec, SpeechSpec):
            facts: dict[str, object] = {"seconds": 0.3, "waveform": bytes(range(64))}
            return Artifact(sound(), "audio/ogg", facts)
        assert isinstance(spec, HearingSpec)
        facts = {"language": "en", "seconds": 0.3}
        return Artifact(self.heard.encode(), "text/plain", facts)


def picture(seed: int = 0, width: int = 32, height: int = 32, mode: str = "RGB") -> bytes:
    """Return a small PNG: a coloured disc on white, different for each seed."""
    random = np.random.default_rng(seed)
    pixels = np.full((height, width, 4), 255, np.uint8)
    y, x = np.mgrid[:height, :width]
    inside = (x - width / 2) ** 2 + (y - height / 2) ** 2 < (min(width, height) / 3) ** 2
    pixels[inside, :3] = random.integers(30, 220, 3)
    pixels[0, 0, :3] = random.integers(0, 256, 3)  # two seeds never give the same bytes
    file = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(file, "PNG")
    return file.getvalue()


@lru_cache(maxsize=1)
def sound() -> bytes:
    """Return 0.3 s of a 440 Hz tone as OGG/Opus, 48 kHz mono."""
    import av

    file = io.BytesIO()
    tone = np.sin(np.arange(14_400) * 2 * np.pi * 440 / 48_000) * 8000
    with av.open(file, "w", format="ogg") as container:
        stream = container.add_stream("libopus", rate=48_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(tone.astype(np.int16)[None, :], "s16", "mono")
        frame.sample_rate = 48_000
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    return file.getvalue()


def model(name: str = "small", *tasks: Task, **changes: object) -> Model:
    """Return a catalogue model; it draws at 64x64 unless told otherwise."""
    facts: dict[str, object] = {
        "name": name,
        "family": "diffusion",
        "tasks": tasks or ("draw", "vary"),
        "source": Source(hub=f"owner/{name}", revision="abc123"),
        "licence": "Apache-2.0",
        "steps": 20,
        "guidance": 2.0,
        "width": 64,
        "height": 64,
        "multiple": 8,
    }
    return Model.model_validate(facts | changes)


def catalogue(*models: Model) -> Catalogue:
    """Return a catalogue in which each task's default is the first model that can do it."""
    models = models or (
        model(),
        model("writer", "write", family="language"),
        model("voice", "speak", family="speech", voices=("heart", "soul")),
        model("ear", "transcribe", family="hearing"),
    )
    defaults: dict[Task, str] = {}
    for one in models:
        for task in one.tasks:
            defaults.setdefault(task, one.name)
    named = {one.name: one for one in models}
    return Catalogue(named, {"starter": defaults}, loras={"pixel": PIXEL}, root=Path("/models"))


@asynccontextmanager
async def workshop(
    root: Path,
    runner: FakeRunner | None = None,
    models: Sequence[Model] = (),
    user: User = ANN,
    chat: Chat = ROOM,
) -> AsyncIterator[Context]:
    """Enter a context with an in-memory database, assets under `root` and a fake runner.

    What is reported is collected in the runner's `notes`.
    """
    runner = runner or FakeRunner()
    async with Database(None) as database:
        yield Context(
            user=user,
            chat=chat,
            store=Store(database),
            assets=Assets(root),
            catalogue=catalogue(*models),
            runner=runner,
            report=runner.notes.append,
        )


def runner_of(context: Context) -> FakeRunner:
    """Return the fake runner of a context."""
    assert isinstance(context.runner, FakeRunner)
    return context.runner


async def given(context: Context, data: bytes, media_type: str = "image/png") -> Asset:
    """Keep a file somebody sent, as the adapters do, and return its asset."""
    asset = await context.assets.put(data, media_type)
    await context.store.add(Message(context.chat, context.user, "", (asset,)))
    return asset


async def remembered(context: Context, tool: str, args: dict[str, object], asset: Asset) -> Step:
    """Store a finished step that made an asset."""
    step = Step(tool, args, context.user, context.chat, "turn", "done", assets=(asset,))
    await context.store.plan([step])
    await context.store.save(step)
    return step


def image(data: bytes) -> Image.Image:
    """Return the decoded picture of some bytes."""
    with Image.open(io.BytesIO(data)) as opened:
        opened.load()
        return opened

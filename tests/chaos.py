"""Two hundred requests through a whole desk while workers are killed: what must hold of each.

The engine is imported in workers by name (`tests.chaos:ENGINES`); the rest runs in the test.
"""

import asyncio
import hashlib
import io
import os
import random
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from PIL import Image

from bot.adapter import Received, Reply
from bot.progress import Standing
from memory.records import Chat, Message, Step, User
from tests.rooms import FakeOutbox, Room
from tools.catalogue import Catalogue, Model, Source
from tools.errors import OutOfMemory
from tools.jobs import Artifact, Engine, PictureSpec, Progress, Spec
from tools.registry import Registry

ENGINES: Registry[type[Engine]] = Registry("engine", "tools.engines", "atelier.engine.chaos")
SIDE = 16
HANG, GLUTTON, BOMB, QUITTER = "coma", "glutton", "bomb", "quitter"
"""Words in a prompt: it hangs, finds no memory, takes its worker with it, or is cancelled."""


def colour(prompt: str, seed: int) -> tuple[int, int, int]:
    """Return what a picture of this prompt and seed looks like."""
    digest = hashlib.sha256(f"{prompt} {seed}".encode()).digest()
    return digest[0], digest[1], digest[2]


def picture(spec: PictureSpec) -> Artifact:
    """Return a real picture that only this spec gives."""
    file = io.BytesIO()
    image = Image.new("RGB", (SIDE, SIDE), colour(spec.prompt, spec.seed))
    image.save(file, "PNG")
    facts: dict[str, object] = {"width": SIDE, "height": SIDE, "seed": spec.seed}
    return Artifact(file.getvalue(), "image/png", facts)


@dataclass(eq=False)
class Painting:
    """A session: so many steps, of a millisecond each."""

    spec: PictureSpec
    done: int = 0

    @property
    def total(self) -> int:
        return self.spec.steps

    @property
    def finished(self) -> bool:
        return self.done >= self.total


@ENGINES.register("chaos")
class Painter:
    """Works in steps, up to four at once; every beginning is noted in `files`/calls."""

    def __init__(self, model: Model, files: Path, device: str) -> None:
        self._files = files

    def load(self) -> None: ...
    def unload(self) -> None: ...

    def can_step(self, spec: Spec) -> bool:
        return True

    def open(self, spec: Spec) -> Painting:
        assert isinstance(spec, PictureSpec)
        with (self._files / "calls").open("a", encoding="utf-8") as file:
            file.write(f"{os.getpid()} {spec.prompt}\n")
        if GLUTTON in spec.prompt:
            raise OutOfMemory("no room")
        return Painting(spec)

    def step(self, sessions: Sequence[Painting]) -> None:
        threading.Event().wait(0.001)
        for session in sessions:
            session.done += 1
            if BOMB in session.spec.prompt and session.done == 5:
                os._exit(9)
            if HANG in session.spec.prompt and session.done == 5:
                threading.Event().wait()

    def room(self, sessions: Sequence[Painting]) -> int:
        return max(0, 4 - len(sessions))

    def show(self, sessions: Sequence[Painting]) -> bytes | None:
        return None

    def close(self, session: Painting) -> Artifact:
        return picture(session.spec)

    def close_all(self, sessions: Sequence[Painting]) -> list[Callable[[], Artifact]]:
        return [partial(picture, session.spec) for session in sessions]

    def drop(self, session: Painting) -> None: ...

    def generate(self, specs: Sequence[Spec], progress: Progress) -> list[Artifact]:
        sessions = [self.open(spec) for spec in specs]
        while not all(session.finished for session in sessions):
            self.step(sessions)
            progress(sessions[0].done, sessions[0].total, None)
        return [picture(session.spec) for session in sessions]


def catalogue(files: Path, steps: int = 20) -> Catalogue:
    """Return one model that the engine above runs, in steps of a millisecond."""
    source = Source(folder=files)
    model = Model(
        name="m", family="chaos", tasks=("draw",), source=source, licence="x", memory=10,
        steps=steps,
    )  # fmt: skip
    return Catalogue({"m": model}, {"starter": {"draw": "m"}})


@dataclass
class Watch(FakeOutbox):
    """Says when a request has got as far as the queue."""

    begun: asyncio.Event = field(default_factory=asyncio.Event)

    def show(self, standing: Standing) -> None:
        if standing.phase in ("queued", "running"):
            self.begun.set()


def _known(result: str) -> list[str]:
    return [words for words in ("no sign of life", "more memory") if words in result]


async def _done(work: Awaitable[None]) -> None:
    await work


@dataclass
class Chaos:
    """All that was asked, by whom, and what must have come of it."""

    room: Room
    files: Path
    killed: set[int] = field(default_factory=set)
    asked: list[Message] = field(default_factory=list)
    outbox: FakeOutbox = field(default_factory=FakeOutbox)

    async def run(self, kill: Callable[[], Awaitable[None]], count: int, every: int) -> None:
        """Ask for `count` pictures at once; after every few answers something is killed."""
        dice = random.Random(17)  # the one that hangs is early, since that takes its time
        special = dict(enumerate([HANG, GLUTTON, BOMB, QUITTER]))
        requests = [f"a {special.get(n, 'cat')} numbered {n}" for n in range(count)]
        dice.shuffle(requests)
        self.asked = [
            Message(Chat("chaos", str(n)), User("chaos", str(n % 25), f"user {n % 25}"), words)
            for n, words in enumerate(f"/draw {words}" for words in requests)
        ]
        tasks = [asyncio.create_task(self._ask(message)) for message in self.asked]
        for done, task in enumerate(asyncio.as_completed(tasks), start=1):
            await task
            if done % every == 0 and done < count - every:
                await kill()

    async def _ask(self, message: Message) -> None:
        outbox = Watch(self.outbox.replies)
        if QUITTER not in message.text:
            await self.room.handle(Received(message), outbox)
            return
        async with asyncio.TaskGroup() as group:
            group.create_task(_done(self.room.handle(Received(message), outbox)))
            await outbox.begun.wait()
            stop = Message(message.chat, message.author, "/cancel")
            await self.room.handle(Received(stop), outbox)

    async def check(self) -> Counter[str]:
        """Assert that every request ended once and rightly; return how many ended how."""
        store = self.room.studio.store
        assert await store.open_turns("chaos") == []
        assert await store.pending("chaos") == []
        answers: dict[str, list[Reply]] = {message.id: [] for message in self.asked}
        for reply in self.outbox.replies:
            if reply.message.reply_to in answers:
                answers[reply.message.reply_to].append(reply)
        ends: Counter[str] = Counter()
        for message in self.asked:
            assert len(answers[message.id]) == 1, message.text
            (step,) = await store.steps_of(message.id)
            await self._check(message, step)
            ends[step.status] += 1
        return ends

    async def _check(self, message: Message, step: Step) -> None:
        if step.status == "done":
            (asset,) = step.assets
            image = Image.open(io.BytesIO(await self.room.studio.assets.read(asset)))
            wanted = colour(str(step.args["prompt"]), int(str(step.args["seed"])))
            assert image.convert("RGB").getpixel((0, 0)) == wanted
            assert not any(word in message.text for word in (HANG, GLUTTON, BOMB))
        elif "crashed twice" in step.result:
            prompt = message.text.removeprefix("/draw ")
            # Of two workers one may have died just before it wrote down that it had begun.
            assert BOMB in prompt or self._attempts(prompt) & self._dead()
        else:
            ends = {QUITTER: "cancelled", HANG: "no sign of life", GLUTTON: "more memory"}
            word = next((word for word in ends if word in message.text), "")
            assert ends.get(word) in (step.status, *_known(step.result)), (message.text, step)

    def _dead(self) -> set[int]:
        """Return the workers that were killed, or died of a request."""
        return self.killed | self._attempts(BOMB) | self._attempts(HANG)

    def _attempts(self, words: str) -> set[int]:
        """Return the workers that began on a request with these words."""
        lines = (self.files / "calls").read_text(encoding="utf-8").splitlines()
        found = (line.partition(" ") for line in lines)
        return {int(pid) for pid, _, prompt in found if words in prompt}

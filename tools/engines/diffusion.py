"""Pictures by diffusers: drawn, varied, filled in or edited, any pipeline it can load."""

import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from memory.errors import AtelierError
from tools.catalogue import Model
from tools.engines import ENGINES
from tools.engines.adapters import Adapters
from tools.engines.pieces import artifact, keywords, piece, planned
from tools.engines.pipelines import Pipelines, parameters, silence
from tools.engines.preview import Preview
from tools.engines.prompts import Prompts
from tools.engines.residence import Residence, release
from tools.engines.sessions import Drawing
from tools.engines.stepper import Stepper
from tools.engines.steps import Steps
from tools.engines.whole import draw_whole
from tools.errors import EngineFailed, JobCancelled, OutOfMemory
from tools.jobs import Artifact, PictureSpec, Progress, Spec

log = logging.getLogger(__name__)


@ENGINES.register("diffusion")
class Diffusion:
    """Runs one diffusers model on one device; pictures of one size share forward passes.

    They may differ in everything else: prompt, seed, steps, guidance, and how far each has come.
    """

    def __init__(self, model: Model, files: Path, device: str) -> None:
        self._model, self._files, self._device = model, files, device
        self._pipelines: Pipelines | None = None
        self._residence, self._offload = Residence(device), model.run.offload
        self._preview = Preview(None)
        self._adapters = Adapters(model.name, lambda: self._weights().base)
        self._prompts = Prompts(speaking=self._adapters.speaking)
        self._stepper = Stepper(device, model.batch, self._adapters.switch)

    def load(self) -> None:
        """Read the weights and put them on the device (blocks for seconds)."""
        if self._pipelines is not None:
            return
        with _boundary(self._model.name, "loading"), silence():
            pipelines = Pipelines(self._model, self._files, self._device, self._offload)
            pipe = pipelines.get(
                next(t for t in ("draw", *self._model.tasks) if t in self._model.tasks)
            )
            self._preview = Preview(getattr(pipe, "vae", None))
        self._pipelines = pipelines

    def unload(self) -> None:
        """Drop the weights and give the device's memory back."""
        self._pipelines, self._preview = None, Preview(None)
        self._prompts.clear()
        self._adapters.clear()
        release(self._device)

    def park(self) -> None:
        """Move the weights to host memory; raises TypeError where they have to stay."""
        if self._offload and self._device != "cpu":
            raise TypeError("offloaded weights are in host memory already")
        self._residence.park(self._weights().modules)
        self._prompts.clear()
        release(self._device)

    def wake(self) -> None:
        """Move the weights back to the device. Raises OutOfMemory."""
        self._residence.wake(self._weights().modules)

    def offload(self) -> bool:
        """Keep the weights in host memory except while a layer is used; False where it cannot.

        They are read again for that.
        """
        if self._offload == "group" or self._device == "cpu" or self._model.run.quantize:
            return False
        self._offload = "group"
        self.unload()
        return True

    def generate(self, specs: Sequence[Spec], progress: Progress) -> list[Artifact]:
        """Make one PNG per spec, in order; a picture does not depend on what shares its passes.

        Raises EngineFailed, OutOfMemory or Refused (an unreadable picture) and lets
        JobCancelled from `progress` through.
        """
        self.load()
        pictures = [self._picture(spec) for spec in specs]
        with self._drawing():
            if all(map(self.can_step, pictures)):
                return self._together(pictures, progress)
            return draw_whole(
                self._model, self._pipe, self._adapters.switch, pictures, self._preview, progress
            )

    def can_step(self, spec: Spec) -> bool:
        """Return whether a spec can be opened as a session; others go to `generate`."""
        # hooks that move whole models belong to one pipeline at a time
        moves = self._device != "cpu" and self._offload == "model"
        return isinstance(spec, PictureSpec) and not moves

    def open(self, spec: Spec) -> Drawing:
        """Begin a picture: its prompt is encoded and its noise drawn, no step made (blocks)."""
        self.load()
        picture = self._picture(spec)
        with self._drawing():
            pipe = self._pipe(picture.task)
            takes = parameters(pipe)
            ready = piece(self._model, picture, takes)
            given = keywords([ready], self._model, takes)
            drawing = Drawing(pipe, ready, given, takes, self._prompts, planned(picture))
            self._stepper.begin(drawing)
            if drawing.strand.error is not None:
                raise drawing.strand.error
            return drawing

    def step(self, sessions: Sequence[Drawing]) -> None:
        """Make one denoising step of each session, in one pass where shapes fit (blocks)."""
        with self._drawing():
            self._stepper.step(sessions)

    def room(self, sessions: Sequence[Drawing]) -> int:
        """Return how many more sessions raise the throughput; beyond that they only wait."""
        return self._stepper.room(sessions)

    def show(self, sessions: Sequence[Drawing]) -> bytes | None:
        """Return a preview of up to four sessions of the same size as the first, as JPEG."""
        import torch

        begun = [s for s in sessions if s.latents is not None]
        alike = [s for s in begun if s.latents.shape == begun[0].latents.shape][:4]
        if not alike:
            return None
        with self._drawing(), torch.no_grad():
            return self._preview.show(torch.cat([s.latents for s in alike]), alike[0].ratio)

    def close(self, session: Drawing) -> Artifact:
        """Decode and encode a session, to its end if need be; raises what broke it (blocks)."""
        return self.close_all([session])[0]()

    def close_all(self, sessions: Sequence[Drawing]) -> list[Callable[[], Artifact]]:
        """Decode sessions together (blocks).

        What is returned for each makes its artifact, or raises what broke it; that takes tens of
        milliseconds and may be done in any thread.
        """
        with self._drawing():
            self._stepper.finish(sessions)
        for session in sessions:
            if session.strand.result is not None and session.piece.spec.task == "draw":
                self._preview.learn(session.latents, [session.strand.result])
        return [partial(self._made, session) for session in sessions]

    def drop(self, session: Drawing) -> None:
        """Give up a session that is not wanted any more."""
        session.strand.throw(JobCancelled())

    def _made(self, session: Drawing) -> Artifact:
        with _boundary(self._model.name, "drawing"):
            if session.strand.error is not None:
                raise session.strand.error
            assert session.strand.result is not None
            return artifact(session.piece, session.strand.result, session.takes)

    def _together(self, specs: list[PictureSpec], progress: Progress) -> list[Artifact]:
        """Draw in sessions, as many at a time as pay, begun in the given order."""
        steps = Steps(progress, self._preview, sum(map(planned, specs)))
        waiting, made = deque(range(len(specs))), dict[int, Artifact]()
        active: dict[Drawing, int] = {}
        progress(0, steps.total, None)
        try:
            while waiting or active:
                while waiting and (not active or self.room(list(active))):
                    place = waiting.popleft()
                    active[self.open(specs[place])] = place
                self.step(list(active))
                now = sum(planned(specs[i]) for i in made) + sum(s.done for s in active)
                steps.report(now, partial(self.show, list(active)))
                over = [session for session in active if session.finished]
                for session, make in zip(over, self.close_all(over), strict=True):
                    made[active.pop(session)] = make()
        finally:
            for session in active:
                self.drop(session)
        progress(steps.total, steps.total, None)
        return [made[i] for i in range(len(specs))]

    def _picture(self, spec: Spec) -> PictureSpec:
        if not isinstance(spec, PictureSpec):
            raise EngineFailed(f"The model {self._model.name} only makes pictures.")
        return spec

    def _pipe(self, task: str) -> Any:
        return self._weights().get(task)

    def _weights(self) -> Pipelines:
        if self._pipelines is None:
            raise EngineFailed(f"The model {self._model.name} is not loaded.")
        return self._pipelines

    @contextmanager
    def _drawing(self) -> Iterator[None]:
        with _boundary(self._model.name, "drawing"), silence():
            yield


@contextmanager
def _boundary(name: str, doing: str) -> Iterator[None]:
    """Turn whatever breaks inside into one sentence; the log gets the rest."""
    import torch

    try:
        yield
    except (AtelierError, JobCancelled):
        raise
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise OutOfMemory(
            "There was not enough memory for {doing} with {name}; ask for fewer or smaller "
            "pictures.",
            doing=doing,
            name=name,
        ) from error
    except Exception as error:
        log.exception("%s failed while %s", name, doing)
        raise EngineFailed(
            f"The model {name} broke while {doing} ({type(error).__name__}); the log says more."
        ) from error

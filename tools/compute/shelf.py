"""The models a worker keeps loaded, within a memory budget."""

import gc
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.catalogue import Model
from tools.compute.messages import Setup
from tools.errors import OutOfMemory
from tools.files import locate
from tools.jobs import Engine
from tools.registry import Registry

log = logging.getLogger("atelier.worker")

Make = Callable[[Model, Path, str], Engine]
"""An engine's class: `make(model, files, device)`."""


class Shelf:
    """The loaded models of one device, least recently used first, within a budget in MiB."""

    def __init__(self, setup: Setup, engines: Registry[Make]) -> None:
        self._setup, self._engines = setup, engines
        self._loaded: dict[str, tuple[Model, Engine]] = {}

    @property
    def names(self) -> list[str]:
        """The loaded models, least recently used first."""
        return list(self._loaded)

    def take(self, model: Model, loading: Callable[[], None]) -> Engine:
        """Return the model's engine, loaded; calls `loading` before that takes time (blocks).

        A model larger than the budget is tried alone. Raises ModelUnavailable, EngineFailed.
        """
        if model.name in self._loaded:
            self._loaded[model.name] = self._loaded.pop(model.name)
            return self._loaded[model.name][1]
        loading()
        files = locate(model, self._setup.models)
        self._make_room(model.memory)
        engine = self._engines.load(model.family)(model, files, self._setup.plan.device)
        with _no_sweeping():
            self._load(engine, model)
        self._loaded[model.name] = (model, engine)
        return engine

    def keep_only(self, name: str) -> None:
        """Unload every other model."""
        for other in [n for n in self._loaded if n != name]:
            self.drop(other)

    def drop(self, name: str) -> None:
        """Unload a model, if it is loaded."""
        if name in self._loaded:
            _unload(self._loaded.pop(name)[1])

    def _make_room(self, needed: int) -> None:
        while self._loaded and self._used() + needed > self._setup.plan.memory:
            self.drop(next(iter(self._loaded)))

    def _used(self) -> int:
        return sum(model.memory for model, _ in self._loaded.values())

    def _load(self, engine: Engine, model: Model) -> None:
        for last in (False, True):
            try:
                return engine.load()
            except (OutOfMemory, MemoryError):
                log.warning("%s did not fit beside %s", model.name, self.names, exc_info=True)
                if last:
                    raise
            # Not inside the handler: the exception holds the frames that hold the weights.
            _unload(engine)
            self.keep_only(model.name)


@contextmanager
def _no_sweeping() -> Iterator[None]:
    """Keep the garbage collector still: importing torch and the like only makes what stays.

    Looking through all of it again and again would take a fifth of the time.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _unload(engine: Engine) -> None:
    try:
        engine.unload()
    except Exception:
        log.exception("a model could not be unloaded")
    gc.collect()

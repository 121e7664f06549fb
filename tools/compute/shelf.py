"""The models a worker keeps: on its device within a memory budget, then in host memory."""

import gc
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tools.catalogue import Model
from tools.compute.messages import Setup
from tools.errors import OutOfMemory
from tools.files import locate
from tools.jobs import Engine, Offloading, Parking
from tools.registry import Registry

log = logging.getLogger("atelier.worker")

Make = Callable[[Model, Path, str], Engine]
"""An engine's class: `make(model, files, device)`."""
Loaded = tuple[tuple[str, int], ...]
"""Models by name, least recently used first, and the MiB each is given."""

_Slots = dict[str, tuple[Model, Engine]]


class Shelf:
    """The loaded models, least recently used first; `changed` is told which are on the device.

    What has to leave the device is parked in host memory, where its engine can do that and there
    is room, else unloaded; `unloaded` is told of that.
    """

    def __init__(
        self,
        setup: Setup,
        engines: Registry[Make],
        changed: Callable[[Loaded], None] = lambda loaded: None,
        unloaded: Callable[[str], None] = lambda name: None,
    ) -> None:
        self._setup, self._engines = setup, engines
        self._changed, self._unloaded = changed, unloaded
        self._loaded: _Slots = {}
        self._parked: _Slots = {}

    @property
    def names(self) -> list[str]:
        """The models on the device, least recently used first."""
        return list(self._loaded)

    @property
    def parked(self) -> list[str]:
        """The models in host memory, least recently used first."""
        return list(self._parked)

    def take(self, model: Model, loading: Callable[[], None], wanted: Sequence[str] = ()) -> Engine:
        """Return the model's engine, loaded; calls `loading` before that takes time (blocks).

        Models that are `wanted`, the first ones soonest, are the last to make room. A model larger
        than the budget is tried alone. Raises ModelUnavailable, EngineFailed, OutOfMemory.
        """
        if model.name in self._loaded:
            self._loaded[model.name] = self._loaded.pop(model.name)
            return self._loaded[model.name][1]
        loading()
        engine = self._wake(model, wanted) or self._fetch(model, wanted)
        self._loaded[model.name] = (model, engine)
        self._tell()
        return engine

    def keep_only(self, name: str) -> bool:
        """Take every other model off the device; False when there was none."""
        others = [n for n in self._loaded if n != name]
        for other in others:
            self._put_away(other)
        return bool(others)

    def offload(self, name: str) -> bool:
        """Have a model work with its weights in host memory; False when it cannot, or does."""
        _, engine = self._loaded[name]
        if not isinstance(engine, Offloading) or not engine.offload():
            return False
        log.warning("%s works with its weights in host memory from now on", name)
        return True

    def drop(self, name: str) -> None:
        """Unload a model, if it is there."""
        slot = self._loaded.pop(name, None) or self._parked.pop(name, None)
        if slot is not None:
            self._unloaded(name)
            _unload(slot[1])
            self._tell()

    def _wake(self, model: Model, wanted: Sequence[str]) -> Engine | None:
        """Bring a parked model back to the device; None when it is not there or does not fit."""
        if model.name not in self._parked:
            return None
        self._make_room(model.memory, wanted)
        _, engine = self._parked[model.name]
        assert isinstance(engine, Parking)
        try:
            engine.wake()
        except (OutOfMemory, MemoryError):
            log.warning("%s did not fit beside %s", model.name, self.names, exc_info=True)
            self.drop(model.name)
            return None
        del self._parked[model.name]
        return engine

    def _fetch(self, model: Model, wanted: Sequence[str]) -> Engine:
        files = locate(model, self._setup.models)
        self._make_room(model.memory, wanted)
        engine = self._engines.load(model.family)(model, files, self._setup.plan.device)
        with _no_sweeping():
            self._load(engine, model)
        return engine

    def _make_room(self, needed: int, wanted: Sequence[str]) -> None:
        soonest = {name: -place for place, name in enumerate(wanted)}
        while self._loaded and _used(self._loaded) + needed > self._setup.plan.memory:
            # of equal ones the least recently used, which is the first
            self._put_away(min(self._loaded, key=lambda n: soonest.get(n, -len(soonest) - 1)))

    def _put_away(self, name: str) -> None:
        """Take a model off the device, into host memory if it fits there."""
        model, engine = self._loaded[name]
        room = self._setup.plan.host
        if not isinstance(engine, Parking) or model.memory > room or not _parked(engine, name):
            self.drop(name)
            return
        while self._parked and _used(self._parked) + model.memory > room:
            self.drop(next(iter(self._parked)))
        self._parked[name] = self._loaded.pop(name)
        self._tell()

    def _load(self, engine: Engine, model: Model) -> None:
        """Load a model; without memory once more alone, then with its weights in host memory."""
        if self._loads(engine, model):
            return
        self.keep_only(model.name)
        if self._loads(engine, model):
            return
        if not isinstance(engine, Offloading) or not engine.offload():
            raise _too_large(model)
        if not self._loads(engine, model):
            raise _too_large(model)

    def _loads(self, engine: Engine, model: Model) -> bool:
        try:
            engine.load()
        except (OutOfMemory, MemoryError):
            log.warning("%s did not fit beside %s", model.name, self.names, exc_info=True)
        else:
            return True
        # Not inside the handler: the exception holds the frames that hold the weights.
        _unload(engine)
        return False

    def _tell(self) -> None:
        self._changed(tuple((name, model.memory) for name, (model, _) in self._loaded.items()))


def _used(slots: _Slots) -> int:
    return sum(model.memory for model, _ in slots.values())


def _too_large(model: Model) -> OutOfMemory:
    return OutOfMemory(
        "The model {name} does not fit into the memory there is; choose a smaller one.",
        name=model.name,
    )


def _parked(engine: Parking, name: str) -> bool:
    try:
        engine.park()
    except Exception:
        log.exception("%s could not be moved to host memory", name)
        return False
    gc.collect()
    return True


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

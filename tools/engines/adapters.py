"""LoRAs of one model: loaded once, kept within a number, switched between forward passes."""

import logging
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

from tools.errors import ModelUnavailable
from tools.jobs import Adapter

log = logging.getLogger(__name__)

KEPT = 8
"""LoRAs that stay loaded; each takes tens to hundreds of MiB of the device."""

Choice = tuple[Adapter, ...]


class Adapters:
    """What is loaded into a pipeline beside its weights, and which of it is switched on.

    `pipe` gives the pipeline; all others over the same weights see the same adapters.
    """

    def __init__(self, model: str, pipe: Callable[[], Any], kept: int = KEPT) -> None:
        self._model, self._pipe, self._kept = model, pipe, kept
        self._names = count()
        self._loaded: OrderedDict[Path, str] = OrderedDict()  # least recently used first
        self._on: Choice = ()

    @property
    def files(self) -> list[Path]:
        """The files of the loaded LoRAs, least recently used first."""
        return list(self._loaded)

    def clear(self) -> None:
        """Forget everything: the weights are gone."""
        self._loaded.clear()
        self._on = ()

    def switch(self, wanted: Choice) -> None:
        """Have exactly these in force, loading what is not here (blocks then).

        Raises ModelUnavailable when a file is not there or does not fit the model.
        """
        if wanted == self._on:
            return
        pipe = self._pipe()
        if not wanted:
            pipe.disable_lora()
            self._on = ()
            return
        self._on = ()  # until all is well
        names = [self._name(pipe, one, wanted) for one in wanted]
        pipe.enable_lora()
        pipe.set_adapters(names, [one.weight for one in wanted])
        self._on = wanted

    def speaking(self, wanted: Choice) -> Choice:
        """Return those of some loaded adapters that change how prompts are encoded."""
        if not wanted:
            return ()
        listed: dict[str, list[str]] = self._pipe().get_list_adapters()
        names = {n for part, all in listed.items() if part.startswith("text_") for n in all}
        return tuple(one for one in wanted if self._loaded.get(one.file) in names)

    def _name(self, pipe: Any, one: Adapter, wanted: Choice) -> str:
        """Return the name an adapter has in the pipeline, loading it if need be."""
        if one.file not in self._loaded:
            self._make_room(pipe, {other.file for other in wanted})
            self._loaded[one.file] = self._load(pipe, one)
        self._loaded.move_to_end(one.file)
        return self._loaded[one.file]

    def _make_room(self, pipe: Any, wanted: set[Path]) -> None:
        for file in [file for file in self._loaded if file not in wanted]:
            if len(self._loaded) < self._kept:
                return
            pipe.delete_adapters([self._loaded.pop(file)])

    def _load(self, pipe: Any, one: Adapter) -> str:
        if not one.file.is_file():
            raise ModelUnavailable(
                f"The LoRA {one.name} is not here yet; run `atelier models fetch {one.name}`."
            )
        unfit = ModelUnavailable(f"The LoRA {one.name} does not fit the model {self._model}.")
        if not hasattr(pipe, "load_lora_weights"):
            raise unfit
        name = f"lora{next(self._names)}"  # ours may hold dots, which torch forbids
        try:
            pipe.load_lora_weights(
                str(one.file.parent),
                weight_name=one.file.name,
                adapter_name=name,
                local_files_only=True,
            )
        except (ValueError, RuntimeError, KeyError, OSError) as error:
            log.warning("%s: %s", one.name, error)
            with suppress(Exception):  # some of it may be in already
                pipe.delete_adapters([name])
            pipe.disable_lora()
            raise unfit from error
        if not any(name in names for names in pipe.get_list_adapters().values()):
            raise unfit
        return name

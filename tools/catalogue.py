"""The catalogue: which models there are, where they come from and how they want to be run."""

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from memory.sentences import joined, say
from tools.errors import ModelUnavailable
from tools.jobs import Adapter
from tools.model import Item, Lora, Model, Source, Task

__all__ = ["Catalogue", "Item", "Lora", "Model", "Source", "Task"]

BUILT_IN = Path(__file__).with_name("catalogue.toml")


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    models: dict[str, dict[str, object]] = Field(default_factory=dict)
    loras: dict[str, dict[str, object]] = Field(default_factory=dict)
    profiles: dict[str, dict[Task, str]] = Field(default_factory=dict)


@dataclass(slots=True)
class _Blocks:
    """What one or more files say, later ones winning."""

    models: dict[str, Model] = field(default_factory=dict)
    loras: dict[str, Lora] = field(default_factory=dict)
    profiles: dict[str, dict[Task, str]] = field(default_factory=dict)

    def add(self, other: "_Blocks") -> None:
        self.models |= other.models
        self.loras |= other.loras
        for name, defaults in other.profiles.items():
            self.profiles[name] = {**self.profiles.get(name, {}), **defaults}


class Catalogue:
    """Every known model, and the default one for each task in the chosen profile.

    `root` is the folder fetched files lie in.
    """

    def __init__(
        self,
        models: Mapping[str, Model],
        profiles: Mapping[str, Mapping[Task, str]],
        profile: str = "starter",
        accepted: frozenset[str] = frozenset(),
        loras: Mapping[str, Lora] | None = None,
        root: Path = Path(),
    ) -> None:
        if profile not in profiles:
            known = ", ".join(sorted(profiles))
            raise ModelUnavailable(f"There is no profile {profile!r}; there are: {known}.")
        self.models, self.profiles, self.profile = dict(models), dict(profiles), profile
        self.loras, self.root = dict(loras or {}), root
        self._accepted = accepted
        if both := sorted(self.models.keys() & self.loras.keys()):
            raise ModelUnavailable(
                f"The name {both[0]} is given to a model and to a LoRA; they need two names."
            )

    @classmethod
    def read(
        cls,
        *more: Path,
        profile: str = "starter",
        accepted: frozenset[str] = frozenset(),
        root: Path = Path(),
    ) -> "Catalogue":
        """Read the built-in catalogue and the operator's own files, later ones winning.

        Raises ModelUnavailable with one sentence naming the file and the fault.
        """
        all = _Blocks()
        for path in (BUILT_IN, *more):
            all.add(_read(path))
        return cls(all.models, all.profiles, profile, accepted, all.loras, root)

    def find(self, task: Task, name: str = "") -> Model:
        """Return the named model, or the profile's default for a task.

        Raises ModelUnavailable when it is unknown, cannot do the task, or is not accepted.
        """
        name = name or self.profiles[self.profile].get(task, "")
        if not name:
            raise ModelUnavailable(
                "The profile {profile} has no model for {task}.",
                profile=self.profile,
                task=say(task),
            )
        if name not in self.models:
            able = ", ".join(m.name for m in self.models.values() if task in m.tasks)
            raise ModelUnavailable(
                "There is no model {name!r} here; for {task} there are: {able}.",
                name=name,
                task=say(task),
                able=able,
            )
        model = self.models[name]
        if task not in model.tasks:
            raise ModelUnavailable(
                "The model {name} cannot {task}; it does {able}.",
                name=name,
                task=say(task),
                able=joined(", ", map(say, model.tasks)),
            )
        self.licensed(model)
        return model

    def only(self, names: Collection[str]) -> "Catalogue":
        """Return the catalogue without other models than these for all that one of these can do.

        They take the places of defaults that are not among them; tasks none of them can do stay
        as they are.
        """
        kept = {n: self.models[n] for n in names if n in self.models}
        able = {task: m.name for m in reversed(kept.values()) for task in m.tasks}
        for name, model in self.models.items():
            rest = tuple(task for task in model.tasks if task not in able)
            if rest and name not in kept:
                kept[name] = model.model_copy(update={"tasks": rest})
        usual = {
            task: name if task not in able or name in names else able[task]
            for task, name in self.profiles[self.profile].items()
        }
        profiles = {**self.profiles, self.profile: usual}
        return Catalogue(kept, profiles, self.profile, self._accepted, self.loras, self.root)

    def lora(self, name: str, model: Model) -> Lora:
        """Return the named LoRA if it fits a model.

        Raises ModelUnavailable, naming those that do, or when it is not accepted.
        """
        lora = self.loras.get(name)
        if lora is None or model.name not in lora.base:
            able = ", ".join(one for one, lora in self.loras.items() if model.name in lora.base)
            none = "There is no LoRA {name!r} for {model}; there are none for it."
            form = "There is no LoRA {name!r} for {model}; there are: {able}." if able else none
            raise ModelUnavailable(form, name=name, model=model.name, able=able)
        self.licensed(lora)
        return lora

    def adapter(self, lora: Lora) -> Adapter:
        """Return what an engine needs to know of a LoRA; its file may not be here yet."""
        folder = lora.source.folder or self.root / lora.name
        return Adapter(lora.name, folder / next(iter(lora.source.files)), lora.weight)

    def accepts(self, item: Item) -> bool:
        """Tell whether the operator accepted a licence, where that has to be."""
        return not item.accept or item.name in self._accepted

    def licensed(self, item: Item) -> None:
        """Raise ModelUnavailable unless the operator accepted a licence that has to be."""
        if not self.accepts(item):
            raise ModelUnavailable(
                "The model {name} has the licence {licence}; the operator must accept it first.",
                name=item.name,
                licence=item.licence,
            )


def _read(path: Path) -> _Blocks:
    at, found = "", _Blocks()
    try:
        file = _File.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
        for name, data in file.models.items():
            at = f"models.{name}."
            found.models[name] = Model.model_validate({"name": name, **data}).beside(path.parent)
        for name, data in file.loras.items():
            at = f"loras.{name}."
            found.loras[name] = Lora.model_validate({"name": name, **data}).beside(path.parent)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ModelUnavailable(f"The catalogue {path.name} cannot be read: {reason}.") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = at + ".".join(map(str, first["loc"]))
        reason = first["msg"].removeprefix("Value error, ")
        raise ModelUnavailable(
            f"The catalogue {path.name} is wrong at {where.rstrip('.')}: {reason}."
        ) from error
    found.profiles.update(file.profiles)
    return found

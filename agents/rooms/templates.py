"""What rooms can make: one TOML file each, here or in the data folder's `templates`."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from agents.rooms.brief import NAMES
from tools.errors import Refused
from tools.jobs import Aspect

_COMMAS = re.compile(r"(?: ?,)+ ?")
FOLDER = Path(__file__).with_name("templates")
SLOTS = ("subject", "idea", "description", "angle", "audience", "n", "count", "title")
"""What may stand in braces in a template's texts."""


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Usual(_Data):
    """What the brief says until somebody says something else."""

    subject: str = ""
    audience: str = ""
    tone: str = ""
    style: str = ""
    languages: tuple[str, ...] = ()
    aspect: Aspect | Literal[""] = ""
    count: int = Field(default=0, ge=0, le=12)
    must: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    colours: tuple[str, ...] = ()


class Ideas(_Data):
    """How ideas are found: how many, what the model is asked, and from which sides."""

    count: int = Field(default=4, ge=2, le=8)
    ask: str = "an idea for {subject}"
    angles: tuple[str, ...] = ()
    sketch: str = "{idea}, {description}"


class Vote(_Data):
    """How a vote ends: once so many have voted, or after so many hours."""

    quorum: int = Field(default=2, ge=1, le=20)
    hours: float = Field(default=24, gt=0, le=24 * 30)


class Part(_Data):
    """A piece of the set; with `each` there are as many as the brief's count.

    `reads` is the title of the text that a voice speaks; `angles` go round among the pieces.
    """

    kind: Literal["text", "picture", "voice"]
    title: str = Field(min_length=1, max_length=60)
    request: str = Field(default="", max_length=600)
    each: bool = False
    angles: tuple[str, ...] = ()
    form: Literal["story", "poem", "slogan", "outline", "script", "post", "name", "other"] = "other"
    words: int = Field(default=60, ge=3, le=400)
    reads: str = ""
    must: bool = True


class Checks(_Data):
    """What the check looks at: whether the pictures go together, and what of the texts."""

    pictures: bool = True
    texts: tuple[Literal["must", "never", "terms", "length", "language", "tone"], ...] = (
        *("must", "never", "terms", "length", "language", "tone"),
    )


class Template(_Data):
    """A kind of set: its pieces, what is usual for it, and what is checked."""

    name: str = Field(pattern=r"^[a-z][a-z0-9-]{1,30}$")
    title: str
    about: str
    counted: tuple[str, ...] = ()
    """What people call the pieces that are counted: "poster", "posters"."""
    words: tuple[str, ...] = ()
    """What people say when they want such a set: "poster series"."""
    brief: Usual = Usual()
    ideas: Ideas = Ideas()
    vote: Vote = Vote()
    pieces: tuple[Part, ...] = Field(min_length=1)
    checks: Checks = Checks()

    @model_validator(mode="after")
    def _sound(self) -> "Template":
        titles = [part.title for part in self.pieces]
        for part in self.pieces:
            if part.kind == "voice" and not part.request and part.reads not in titles:
                raise ValueError(f"{part.title!r} needs a request, or reads one of {titles}")
            if part.kind != "voice" and not part.request:
                raise ValueError(f"{part.title!r} needs a request")
        return self

    def defaults(self) -> dict[str, object]:
        """Return what the brief begins with."""
        found = self.brief.model_dump(exclude_defaults=True)
        return {name: value for name, value in found.items() if name in NAMES}


def load(folders: Sequence[Path] = ()) -> Mapping[str, Template]:
    """Return the templates of these folders over the built-in ones, by name.

    Raises Refused naming the file that is wrong.
    """
    found: dict[str, Template] = {}
    for folder in (FOLDER, *folders):
        for file in sorted(folder.glob("*.toml")) if folder.is_dir() else ():
            one = _read(file)
            found[one.name] = one
    return found


@lru_cache(maxsize=64)
def _parsed(file: Path, at: int) -> Template:
    return Template.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))


def _read(file: Path) -> Template:
    try:
        return _parsed(file, file.stat().st_mtime_ns)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Refused(f"The template {file.name} cannot be read: {error}.") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise Refused(f"The template {file.name} is wrong in {where}: {first['msg']}.") from error


def filled(text: str, values: Mapping[str, Any]) -> str:
    """Return a template's text with what stands in braces put in; what people wrote stays as is."""
    for name in SLOTS:
        text = text.replace("{" + name + "}", str(values.get(name, "")))
    return _COMMAS.sub(", ", " ".join(text.split())).strip(" ,")

"""What rooms can make: one TOML file each, here or in the data folder's `templates`.

A file that is wrong is left out and never hides another; `mistakes` says what to write instead.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from agents.rooms.brief import NAMES, term
from agents.rooms.mistakes import broken, mistake
from tools.jobs import Aspect
from tools.languages import language_name
from tools.terms import mentions

_COMMAS = re.compile(r"(?: ?,)+ ?")
_SLOT = re.compile(r"\{(\w+)\}")
MOST = 24
"""Pieces of one set."""
FOLDER = Path(__file__).with_name("templates")
SLOTS = ("subject", "idea", "description", "angle", "audience", "n", "count", "title")
"""What may stand in braces in a template's texts."""


def _slots(text: str) -> str:
    """Return a text whose braces all hold what is known; raises ValueError naming the others."""
    if unknown := [one for one in _SLOT.findall(text) if one not in SLOTS]:
        known = ", ".join(f"{{{one}}}" for one in SLOTS)
        raise ValueError(f"{{{unknown[0]}}} stands for nothing; there are {known}")
    return text


Ask = Annotated[str, AfterValidator(_slots)]
Words = tuple[Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)], ...]


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Usual(_Data):
    """What the brief says until somebody says something else."""

    subject: str = ""
    audience: str = ""
    tone: str = ""
    style: str = ""
    languages: tuple[Annotated[str, AfterValidator(language_name)], ...] = ()
    aspect: Literal[Aspect, ""] = ""
    count: int = Field(default=0, ge=0, le=12)
    must: Words = ()
    never: Words = ()
    terms: tuple[Annotated[str, AfterValidator(term)], ...] = ()
    colours: Words = ()


class Ideas(_Data):
    """How ideas are found: how many, what the model is asked, and from which sides."""

    count: int = Field(default=4, ge=2, le=8)
    ask: Ask = "an idea for {subject}"
    angles: Words = ()
    sketch: Ask = "{idea}, {description}"


class Vote(_Data):
    """How a vote ends: once so many have voted, or after so many hours."""

    quorum: int = Field(default=2, ge=1, le=20)
    hours: float = Field(default=24, gt=0, le=24 * 30)


class Part(_Data):
    """A piece of the set; with `each` there are as many as the brief's count.

    `reads` is the title of the text above that a voice speaks; `angles` go round among the pieces.
    """

    kind: Literal["text", "picture", "voice"]
    title: str = Field(min_length=1, max_length=60)
    request: Ask = Field(default="", max_length=600)
    each: bool = False
    angles: Words = ()
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
    title: str = Field(min_length=1, max_length=60)
    about: str = Field(min_length=1, max_length=300)
    counted: Words = ()
    """What people call the pieces that are counted: "poster", "posters"."""
    words: Words = ()
    """What people say when they want such a set: "poster series"."""
    brief: Usual = Usual()
    ideas: Ideas = Ideas()
    vote: Vote = Vote()
    pieces: tuple[Part, ...] = Field(min_length=1)
    checks: Checks = Checks()

    @model_validator(mode="after")
    def _sound(self) -> "Template":
        for why in (
            *_odd(self),
            *(why for n, _ in enumerate(self.pieces) for why in _part(self, n)),
        ):
            raise ValueError(why)
        return self

    def defaults(self) -> dict[str, object]:
        """Return what the brief begins with."""
        found = self.brief.model_dump(exclude_defaults=True)
        return {name: value for name, value in found.items() if name in NAMES}


def _odd(template: Template) -> Iterator[str]:
    """Yield what is wrong with the set as a whole."""
    brief = template.brief
    many = sum(brief.count or 1 if part.each else 1 for part in template.pieces)
    if many > MOST:
        yield f"it has {many} pieces; {MOST} are the most"
    for word in brief.must:
        if any(mentions(word, no) for no in brief.never):
            yield f"“{word}” is in must and in never; take it out of one"


def _part(template: Template, at: int) -> Iterator[str]:
    """Yield what is wrong with a piece among the others."""
    part, above = template.pieces[at], template.pieces[:at]
    called = f"piece {at + 1} (“{part.title}”)"
    if part.title in [one.title for one in above]:
        yield f"{called} has the title of another piece; give it one of its own"
    texts = [one.title for one in above if one.kind == "text"]
    if part.kind == "voice" and not part.request and part.reads not in texts:
        there = ", ".join(texts) or "none"
        yield f"{called} needs a request, or reads with the title of a text above it ({there})"
    if part.kind != "voice" and not part.request:
        yield f"{called} needs a request: what is asked of the model"
    for word in template.brief.never:
        if mentions(part.request, word):
            yield f"{called} asks for “{word}”, which never forbids; take it out of one"


def load(folders: Sequence[Path] = ()) -> Mapping[str, Template]:
    """Return the sound templates of these folders over the built-in ones, by name."""
    found: dict[str, Template] = {}
    for folder in (FOLDER, *folders):
        found |= {one.name: one for _, one in _sound(folder) if isinstance(one, Template)}
    return found


@lru_cache(maxsize=64)
def kept(stored: str) -> Template | None:
    """Return the template that a room was opened with; None when it stored none, or an odd one."""
    try:
        return Template.model_validate_json(stored) if stored else None
    except ValidationError:
        return None


def faults(folders: Sequence[Path]) -> Mapping[str, str]:
    """Return what is wrong with the files that are left out, a sentence each, by their names."""
    return {file: one for folder in folders for file, one in _sound(folder) if isinstance(one, str)}


def _sound(folder: Path) -> Iterator[tuple[str, Template | str]]:
    """Yield each file's name, and its template or why there is none."""
    first: dict[str, str] = {}
    for file in sorted(folder.glob("*.toml")) if folder.is_dir() else ():
        one = _read(file)
        if (
            isinstance(one, Template)
            and (other := first.setdefault(one.name, file.name)) != file.name
        ):
            one = broken(file.name, f"{other} has the name “{one.name}” too; give it another")
        yield file.stem, one


@lru_cache(maxsize=64)
def _parsed(file: Path, at: int) -> Template | str:
    try:
        return Template.model_validate(tomllib.loads(file.read_text(encoding="utf-8-sig")))
    except ValidationError as error:
        return broken(file.name, mistake(error, Template))
    except UnicodeDecodeError:
        return broken(file.name, "it is not in UTF-8; save it in that encoding")
    except tomllib.TOMLDecodeError as error:
        hint = "; texts stand in quotation marks" if "Invalid value" in str(error) else ""
        return broken(file.name, f"it is not TOML: {error}{hint}")


def _read(file: Path) -> Template | str:
    try:
        return _parsed(file, file.stat().st_mtime_ns)
    except OSError as error:
        return broken(file.name, f"it cannot be read: {error.strerror}")


def filled(text: str, values: Mapping[str, Any]) -> str:
    """Return a template's text with what stands in braces put in; what people wrote stays as is."""
    for name in SLOTS:
        text = text.replace("{" + name + "}", str(values.get(name, "")))
    return _COMMAS.sub(", ", " ".join(text.split())).strip(" ,")

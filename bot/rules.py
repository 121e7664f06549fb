"""Owners' rules: one frozen record, and how those of server, channel and person add up to it."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from bot.translation import languages
from memory.sentences import say
from tools.errors import Refused
from tools.jobs import Aspect

EVERYONE, ALL = ("everyone",), ("all",)
OFF = "off"
_NOTHING = ("nobody", "none", "off", "no", "")

AUTO = "auto"
"""Everybody is answered in their own language."""

Adult = Literal["never", "channels", "private"]


def _names(value: object) -> object:
    """Read "sdxl, starter" as a list of names."""
    if isinstance(value, str):
        value = [word for word in re.split(r"[,\s]+", value) if word not in _NOTHING]
    return tuple(value) if isinstance(value, list | set | frozenset) else value


def _sentence(value: object) -> object:
    return "" if str(value).casefold() in _NOTHING else value


def _switch(value: object) -> object:
    return {"on": True, "off": False}.get(str(value).casefold(), value)


def _optional(value: object) -> object:
    return None if value == "any" else value


Names = Annotated[tuple[str, ...], BeforeValidator(_names)]


class Rules(BaseModel):
    """What may be done somewhere, by whom, and what is made when a request does not say."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_max_length=300)

    users: Names = Field(
        default=EVERYONE, description="who may use it: everyone, nobody, people or platform roles"
    )
    banned: Names = Field(default=(), description="people and roles who may not")
    tools: Names = Field(default=ALL, description="what may be asked for: all, or names of tools")
    models: Names = Field(default=ALL, description="models for what they can do: all, or names")
    count: Annotated[int | None, BeforeValidator(_optional)] = Field(
        default=None, ge=1, le=10, description="pictures when a request names no number; any"
    )
    most: Annotated[int | None, BeforeValidator(_optional)] = Field(
        default=None, ge=1, le=100, description="most pictures of one request; any"
    )
    aspect: Annotated[Aspect | None, BeforeValidator(_optional)] = Field(
        default=None, description="width to height when a request names none, such as 16:9; any"
    )
    adult: Adult = Field(
        default="never",
        description="wishes for adults: never, in age-restricted channels, or also in private",
    )
    spoiler: Annotated[bool, BeforeValidator(_switch)] = Field(
        default=False, description="pictures are hidden until somebody wants to see them: on or off"
    )
    buttons: Literal["asker", "everyone"] = Field(
        default="everyone", description="who may press the buttons under a reply"
    )
    language: str = Field(
        default=AUTO, description="what to answer in: auto (as it was asked), or such as en, es, ja"
    )
    pause: Annotated[str, BeforeValidator(_sentence)] = Field(
        default="", description="a sentence: nothing is made, and whoever asks is told it; or off"
    )

    @field_validator("users", "banned")
    @classmethod
    def _people(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            platform, _, id = name.partition(":")
            if name not in EVERYONE and not (platform and id):
                raise ValueError(
                    f"people and roles are platform:id such as discord:123, not {name}"
                )
        return names

    @field_validator("language", mode="before")
    @classmethod
    def _known(cls, language: object) -> object:
        there, named = (AUTO, *languages()), str(language).casefold()
        if named not in there:
            raise ValueError(f"it is one of {', '.join(there)}")
        return named


PERSONAL = ("count", "aspect", "language")
"""What everybody may choose for themselves."""
CHOICES = ("tools", "models")
"""What must be chosen among the tools and models there are."""


def _within(outer: tuple[str, ...], inner: tuple[str, ...]) -> tuple[str, ...]:
    if ALL in (outer, inner):
        return inner if outer == ALL else outer
    return tuple(name for name in inner if name in outer) or outer


def _smaller(outer: int | None, inner: int | None) -> int | None:
    return min((n for n in (outer, inner) if n is not None), default=None)


def _stricter(outer: Adult, inner: Adult) -> Adult:
    return min(outer, inner, key=get_args(Adult).index)


JOIN: Mapping[str, Callable[..., object]] = {
    "banned": lambda outer, inner: tuple(dict.fromkeys((*outer, *inner))),
    "tools": _within,
    "models": _within,
    "most": _smaller,
    "adult": _stricter,
    "pause": lambda outer, inner: inner or outer,
}
"""How a value adds to that of the scope around it; it takes its place where nothing is said here.

So what is allowed can only be narrowed further in, and what is usual is said by the nearest.
"""


@dataclass(frozen=True, slots=True)
class Layer:
    """What is set in one scope; `name` is how people are told where a value comes from."""

    name: str
    values: Mapping[str, object]


def summed(layers: Sequence[Layer]) -> tuple[Rules, dict[str, str]]:
    """Return what layers come to, outermost first, and for each value that is set by which.

    The outermost alone may allow more than is built in.
    """
    values: dict[str, object] = {**dict(Rules()), **layers[0].values}
    origins = dict.fromkeys(layers[0].values, layers[0].name)
    for layer in layers[1:]:
        for name, value in layer.values.items():
            before = values[name]
            values[name] = JOIN[name](before, value) if name in JOIN else value
            if values[name] != before or value == before:
                origins[name] = layer.name
    return Rules().model_copy(update=values), origins


def parsed(name: str, value: object) -> object:
    """Return a setting's value as the rules hold it; raises Refused with a sentence."""
    if name not in Rules.model_fields:
        raise unknown(name)
    try:
        return getattr(Rules.model_validate({name: value}), name)
    except ValidationError as error:
        fault = error.errors()[0]
        number = fault["type"].startswith("int_")
        why = "it wants a whole number" if number else fault["msg"].removeprefix("Value error, ")
        why = why[:1].lower() + why[1:].replace("Input should", "it should")
        about = Rules.model_fields[name].description
        raise Refused(
            "{name} cannot be {value!r}: {why} ({about}).",
            name=name,
            value=str(value)[:60],
            why=say(why),
            about=say(str(about)),
        ) from error


def unknown(name: str) -> Refused:
    """Return what to say of a setting that there is not."""
    names = ", ".join(Rules.model_fields)
    return Refused("There is no setting {name!r}; there are: {names}.", name=name, names=names)


def shown(value: object) -> str:
    """Return a value as people write it."""
    if isinstance(value, tuple | list):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, bool):
        return "on" if value else "off"
    return "any" if value is None else str(value) or "off"

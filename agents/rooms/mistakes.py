"""What is wrong with a template's file, as a sentence for whoever wrote it."""

import difflib
from collections.abc import Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from tools.tool import fault

_FORMS: Mapping[str, str] = {
    "missing": "{where} is missing",
    "string_pattern_mismatch": "{where} must be small letters, digits and hyphens, such as"
    " “podcast-episode”, not {value}",
    "string_too_short": "{where} must not be empty",
    "tuple_type": "{where} must be a list in square brackets, not {value}",
    "bool_type": "{where} must be true or false, not {value}",
    "bool_parsing": "{where} must be true or false, not {value}",
    "model_type": "{where} must be a section with keys of its own, not {value}",
    "value_error": "{where}: {msg}",
}


_NO_PIECE = "it has no pieces; each begins with a line [[pieces]]"


def broken(file: str, why: str) -> str:
    """Return that a file is left out, and why."""
    return f"templates/{file} is left out: {why.rstrip('.?')}."


def mistake(error: ValidationError, model: type[BaseModel]) -> str:
    """Return the first thing that a file has wrong, and what to write in its place."""
    details: Any = error.errors(include_url=False)[0]
    where, kind = _where(details["loc"]), details["type"]
    if kind == "extra_forbidden":
        return _unknown(details["loc"], model)
    if where == "pieces":
        return _NO_PIECE
    if form := _FORMS.get(kind):
        why = details["msg"].removeprefix("Value error, ")
        said = form.format(where=where, value=repr(details["input"])[:60], msg=why)
        return said.removeprefix(": ")
    return str(fault(details, where))


def _where(loc: tuple[int | str, ...]) -> str:
    """Return where something stands: "kind of piece 2", "aspect under [brief]"."""
    match loc:
        case ("pieces", int(n), str(key), *_):
            return f"{key} of piece {n + 1}"
        case ("pieces", int(n)):
            return f"piece {n + 1}"
        case (str(section), str(key), *_):
            return f"{key} under [{section}]"
    return str(loc[0]) if loc else ""


def _unknown(loc: tuple[int | str, ...], model: type[BaseModel]) -> str:
    """Return what a key that is not known could have been."""
    key, known = str(loc[-1]), _keys(model, loc[:-1])
    if len(loc) > 1 and key in model.model_fields:
        return f"{_where(loc)} belongs above the first line in square brackets"
    close = difflib.get_close_matches(key, known, 1, 0.5)
    there = f"is it “{close[0]}”" if close else f"there are {', '.join(known)}"
    return f"{_where(loc)} is not known; {there}"


def _keys(model: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    for part in loc:
        if isinstance(part, str):
            kind: Any = model.model_fields[part].annotation
            model = get_args(kind)[0] if get_args(kind) else kind
    return list(model.model_fields)

"""Checks request bodies against Discord's own OpenAPI document, where that lies at hand.

The document is no part of this project. Objects in it are taken as closed: a field it does not
name is refused, though Discord itself would overlook it.
"""

import json
import os
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from tests.discord_errors import Form, Json

FILE = "discord-openapi.json"
Place = tuple[str | int, ...]

UNKNOWN = "UNKNOWN_FIELD"
TOLERATED = frozenset({"tts", "nsfw"})
"""Fields discord.py always sends where the document has none: in edits, in commands."""
TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}


def folder() -> Path:
    """Return where the documents are: $ATELIER_SPECS, or shared/specs beside the repository."""
    beside = Path(__file__).parents[1].parent / "shared" / "specs"
    return Path(os.environ.get("ATELIER_SPECS") or beside)


@cache
def load(path: Path) -> "Spec | None":
    """Return the document, or None where there is none."""
    if not (path / FILE).is_file():
        return None
    return Spec(json.loads((path / FILE).read_text(encoding="utf-8")))


@dataclass
class Spec:
    document: Json
    _patterns: dict[str, re.Pattern[str]] = field(default_factory=dict)

    def body(self, method: str, path: str) -> Json | None:
        """Return the schema of a route's JSON body; `path` as in the document."""
        operation = self.document["paths"].get(path, {}).get(method.lower(), {})
        content = operation.get("requestBody", {}).get("content", {})
        found: Json | None = content.get("application/json", {}).get("schema")
        return found

    def check(self, method: str, path: str, body: Any) -> Form:
        """Return what is wrong with a body; nothing where the document knows no body."""
        form = Form()
        schema = self.body(method, path)
        if schema is not None:
            self._value(form, schema, body, ())
        return form

    def _value(self, form: Form, schema: Json, value: Any, place: Place) -> None:
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            return self._value(form, self.document["components"]["schemas"][name], value, place)
        if branches := schema.get("oneOf") or schema.get("anyOf"):
            return self._union(form, branches, value, place)
        for part in schema.get("allOf", ()):
            self._value(form, part, value, place)
        if not self._typed(form, schema, value, place):
            return
        self._bounds(form, schema, value, place)
        if isinstance(value, dict):
            self._object(form, schema, value, place)
        elif isinstance(value, list) and "items" in schema:
            for number, item in enumerate(value):
                self._value(form, schema["items"], item, (*place, number))

    def _typed(self, form: Form, schema: Json, value: Any, place: Place) -> bool:
        kinds = schema.get("type", [])
        kinds = [kinds] if isinstance(kinds, str) else kinds
        snowflake = schema.get("format") == "snowflake"  # Discord takes these as numbers, too
        fits = [k for k in kinds if isinstance(value, TYPES[k])]
        fits = [k for k in fits if k == "boolean" or not isinstance(value, bool)]
        if kinds and not fits and not (snowflake and isinstance(value, int)):
            form.wrong(place, "BASE_TYPE_BAD_TYPE", f"Must be of type {' or '.join(kinds)}")
            return False
        return True

    def _bounds(self, form: Form, schema: Json, value: Any, place: Place) -> None:
        if "enum" in schema and value not in schema["enum"] and value is not None:
            form.wrong(place, "BASE_TYPE_CHOICES", f"Must be one of {schema['enum']}.")
        for kind, (least, most) in _SIZES.items():
            if isinstance(value, kind) and (least in schema or most in schema):
                form.length(place, value, schema.get(most, 1 << 31), schema.get(least, 0))
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if number and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
            form.wrong(place, "NUMBER_TYPE_BAD", "The number is out of range.")
        if isinstance(value, str) and not self._matches(schema.get("pattern"), value):
            form.wrong(place, "STRING_TYPE_REGEX", "String value did not match validation regex.")

    def _matches(self, pattern: str | None, value: str) -> bool:
        if pattern is None:
            return True
        if pattern not in self._patterns:
            self._patterns[pattern] = re.compile(pattern)
        return self._patterns[pattern].search(value) is not None

    def _object(self, form: Form, schema: Json, value: Json, place: Place) -> None:
        known = schema.get("properties", {})
        for name in schema.get("required", ()):
            if name not in value:
                form.required((*place, name))
        for name, inner in value.items():
            if name in known:
                self._value(form, known[name], inner, (*place, name))
            elif isinstance(schema.get("additionalProperties"), dict):
                self._value(form, schema["additionalProperties"], inner, (*place, name))
            elif known and name not in TOLERATED:
                form.wrong((*place, name), UNKNOWN, "There is no such field.")

    def _union(self, form: Form, branches: list[Json], value: Any, place: Place) -> None:
        """Complain as the branch the value's `type` names, else as the one that fits best."""
        branches = [b for b in branches if value is None or b != {"type": "null"}]
        named = [b for b in branches if self._names(b, value)]
        tried = []
        for branch in named or branches:
            attempt = Form()
            self._value(attempt, branch, value, ())
            if not attempt.errors:
                return
            tried.append(attempt)
        for where, error in min((_flat(t.errors) for t in tried), key=len):
            form.wrong((*place, *where), error["code"], error["message"])

    def _names(self, branch: Json, value: Any) -> bool:
        if "$ref" in branch:
            branch = self.document["components"]["schemas"][branch["$ref"].rpartition("/")[2]]
        kinds = branch.get("properties", {}).get("type", {}).get("enum")
        return bool(kinds) and isinstance(value, dict) and value.get("type") in kinds


_SIZES: dict[type, tuple[str, str]] = {
    str: ("minLength", "maxLength"),
    list: ("minItems", "maxItems"),
    dict: ("minProperties", "maxProperties"),
}


def _flat(errors: Json, place: Place = ()) -> list[tuple[Place, Json]]:
    found = [(place, error) for error in errors.get("_errors", ())]
    for name, inner in errors.items():
        if name != "_errors":
            found += _flat(inner, (*place, name))
    return found

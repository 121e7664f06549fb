"""One small JSON schema for one tool, and its arguments made fit when a model filled it badly."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from agents.expand import POINTERS
from tools.tool import Tool, sentence

Schema = dict[str, Any]

MORE = 60
"""Characters a text may be longer than the request; a weak model writes to the limit."""
_SEED = 2**32 - 1
_KEPT = ("type", "enum", "minimum", "maximum", "minLength", "maxLength")
_POINTING = ("last", "previous", "mine", "reply", "attached", "all", *map(str, range(1, 11)))
_DESCRIBED = {"type": "string", "pattern": r"^[^\W\d_]([^\W\d_]| ){0,29}$"}
"""Words for a picture ("red", "the cat"): never an id, which a model could only invent."""


def shape(
    tool: Tool, fields: Mapping[str, Sequence[str]], links: Sequence[str] = (), said: str = ""
) -> Schema:
    """Return the schema of a tool's arguments: only its listed fields, every one bounded.

    `links` are the "step:1" of earlier calls whose results may be used; ids of pictures are
    those that the person spelt out.
    """
    whole = tool.args.model_json_schema()
    ids = [word for word in said.lower().split() if word.startswith("#")]
    shaper = _Shaper(whole.get("$defs", {}), fields, (*_POINTING, *links, *ids), len(said) + MORE)
    return shaper.object(whole, tool.name)


@dataclass(frozen=True, slots=True)
class _Shaper:
    """Writes the schemas of one tool: `pointing` is what a reference may be."""

    known: Mapping[str, Schema]
    fields: Mapping[str, Sequence[str]]
    pointing: tuple[str, ...]
    longest: int

    def object(self, schema: Schema, name: str) -> Schema:
        wanted = self.fields.get(name, list(schema["properties"]))
        inner = {one: self.field(schema["properties"][one], one) for one in wanted}
        return {
            "type": "object",
            "properties": inner,
            "required": [one for one in schema.get("required", ()) if one in inner],
            "additionalProperties": False,
        }

    def field(self, schema: Schema, name: str) -> Schema:
        if name in POINTERS:
            return {"anyOf": [{"enum": list(self.pointing)}, _DESCRIBED]}
        schema = _plain(schema, self.known)
        if "properties" in schema:
            return self.object(schema, name)
        found = {key: schema[key] for key in _KEPT if key in schema}
        if "enum" in found:
            return found
        if found["type"] == "string":
            found["minLength"] = max(1, found.get("minLength", 1))
            found["maxLength"] = min(self.longest, found.get("maxLength", self.longest))
        if found["type"] in ("integer", "number"):
            found.setdefault("minimum", 0)
            found.setdefault("maximum", _SEED)
        return found


def _plain(schema: Schema, known: Mapping[str, Schema]) -> Schema:
    """Return what a field is when it is given: without references, and without null."""
    if "$ref" in schema:
        return known[str(schema["$ref"]).rpartition("/")[2]]
    given = [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]
    return _plain(given[0], known) if given else schema


def checked(tool: Tool, text: str) -> dict[str, object]:
    """Return the arguments written in `text`; raises ValueError with a sentence for a model."""
    try:
        given = json.loads(text)
        tool.args.model_validate(given)
    except ValidationError as error:
        raise ValueError(sentence(error)) from error
    except ValueError as error:
        raise ValueError("That was not whole JSON.") from error
    return dict(given)


def clamped(tool: Tool, text: str, said: str) -> dict[str, object]:
    """Return arguments that are allowed, as near to `text` as can be.

    Numbers are moved into their bounds, texts cut, what makes no sense is left out; what is
    missing is what the person said.
    """
    args = {name: _moved(tool, name, value) for name, value in _given(text).items()}
    for _ in range(len(args) + len(tool.args.model_fields)):
        try:
            tool.args.model_validate(args)
        except ValidationError as error:
            first = error.errors()[0]
            name = str(first["loc"][0]) if first["loc"] else ""
            args = _mended(tool, args, name, said)
        else:
            break
    return args


def _given(text: str) -> dict[str, object]:
    """Return what can be read of an object, even one that was cut off."""
    for end in ("", "}", '"}', "}}", '"}}'):
        try:
            found = json.loads(text + end)
        except ValueError:
            continue
        return found if isinstance(found, dict) else {}
    return {}


def _moved(tool: Tool, name: str, value: object) -> object:
    whole = tool.args.model_json_schema()
    field = _plain(whole["properties"].get(name, {}), whole.get("$defs", {}))
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = max(value, field.get("minimum", value))
        return min(value, field.get("maximum", value))
    return value[: field.get("maxLength")] if isinstance(value, str) else value


def _mended(tool: Tool, args: dict[str, object], name: str, said: str) -> dict[str, object]:
    rest = {key: value for key, value in args.items() if key != name}
    info = tool.args.model_fields.get(name)
    if info is None or not info.is_required():
        return rest
    return {**rest, name: "last" if name in POINTERS else _moved(tool, name, said.strip())}

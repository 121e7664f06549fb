"""Telegram's list of methods and types as data: what a request and an answer must look like."""

import json
import os
import re
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[1]
NAME = "telegram-bot-api.json"
CONSTANT = re.compile(r"must be (?:one of )?[“\"]?(\w+)")
PLAIN: dict[str, tuple[type, ...]] = {
    "Integer": (int,),
    "Float": (int, float),
    "Boolean": (bool,),
    "String": (str,),
}


class Spec:
    """The Bot API's description; every check returns a complaint, "" when there is none."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.methods = {name.lower(): method for name, method in document["methods"].items()}
        self.types = document["types"]

    @classmethod
    @lru_cache(maxsize=1)
    def find(cls) -> "Spec | None":
        """Read the description from $ATELIER_SPECS or ../shared/specs; None where neither is."""
        folders = (os.environ.get("ATELIER_SPECS"), REPOSITORY.parent / "shared" / "specs")
        for folder in folders:
            if folder and (Path(folder) / NAME).is_file():
                return cls(json.loads((Path(folder) / NAME).read_text(encoding="utf-8")))
        return None

    def of_request(self, method: str, values: Mapping[str, Any], files: Collection[str]) -> str:
        """Check the parameters of a call, and that every file sent along is one of them."""
        fields = {f["name"]: f for f in self.methods[method.lower()].get("fields", ())}
        attached = {f"attach://{name}" for name in files}
        said = json.dumps(list(values.values()))
        for name in files:
            if name not in fields and f"attach://{name}" not in said:
                return f"file {name} is no parameter and attached to none"
            if name in fields and "InputFile" not in fields[name]["types"]:
                return f"parameter {name} takes no file"
        for used in re.findall(r"attach://[\w.-]+", said):
            if used not in attached:
                return f"{used} was not sent along"
        decoded = {
            n: self._decoded(v, fields[n]["types"]) for n, v in values.items() if n in fields
        }
        unknown = {n: v for n, v in values.items() if n not in fields}
        return self._fields(decoded | unknown, fields, "parameter ", files)

    def of_answer(self, method: str, value: object) -> str:
        """Check what a method returns."""
        return self.of_value(value, self.methods[method.lower()]["returns"], method)

    def of_value(self, value: object, types: Sequence[str], at: str) -> str:
        """Check a value that must be of one of some types."""
        if len(types) > 1 and all(t.startswith("Array of ") for t in types):
            return self._items(value, [t.removeprefix("Array of ") for t in types], at)
        complaints = [self._of_type(value, one, at) for one in types]
        return "" if "" in complaints else max(complaints, key=len)

    def _of_type(self, value: object, kind: str, at: str) -> str:
        if kind.startswith("Array of "):
            return self._items(value, [kind.removeprefix("Array of ")], at)
        if kind in PLAIN:
            fits = isinstance(value, PLAIN[kind]) and (kind == "Boolean") == isinstance(value, bool)
            return "" if fits else f"{at} must be of type {kind}, not {value!r:.60}"
        if kind == "InputFile":
            return f"{at} must be a file"
        described = self.types[kind]
        if "subtypes" in described:
            return self.of_value(value, described["subtypes"], at)
        if not isinstance(value, dict):
            return f"{at} must be a {kind}, not {value!r:.60}"
        fields = {field["name"]: field for field in described.get("fields", ())}
        return self._constant(value, fields, at) or self._fields(value, fields, f"{at}.")

    def _items(self, value: object, kinds: Sequence[str], at: str) -> str:
        if not isinstance(value, list):
            return f"{at} must be an array, not {value!r:.60}"
        found = (self.of_value(item, kinds, f"{at}[{i}]") for i, item in enumerate(value))
        return next(filter(None, found), "")

    def _fields(
        self,
        values: Mapping[str, Any],
        fields: Mapping[str, Any],
        at: str,
        files: Collection[str] = (),
    ) -> str:
        for name in values:
            if name not in fields:
                return f"{at}{name} is unknown"
        for name, field in fields.items():
            if name in values:
                if wrong := self.of_value(values[name], field["types"], at + name):
                    return wrong
            elif field["required"] and name not in files:
                return f"{at}{name} is required"
        return ""

    @staticmethod
    def _constant(value: Mapping[str, Any], fields: Mapping[str, Any], at: str) -> str:
        """Check the field that tells similar types apart, such as "type" of InputMediaPhoto."""
        for name in ("type", "source"):
            told = CONSTANT.search(fields.get(name, {}).get("description", ""))
            if told and name in value and value[name] != told[1]:
                return f"{at}.{name} must be {told[1]}"
        return ""

    def _decoded(self, value: object, types: Sequence[str]) -> object:
        """Return what a form field means: JSON where that fits, else the text as it is."""
        if not isinstance(value, str):
            return value
        try:
            decoded = json.loads(value)
        except ValueError:
            return value
        return value if "String" in types and self.of_value(decoded, types, "") else decoded

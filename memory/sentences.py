"""Sentences for people: a template and what stands in it, so that they can be put into a language.

A `Sentence` is its own English wherever a text is wanted: in the log, in the database, for a model.
"""

import json
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any


class Sentence(str):
    """An English text made of `template` and `values`, some of which may be sentences themselves.

    `many` is the template for every number `n` but one; "" where nothing is counted.
    """

    template: str
    values: Mapping[str, object]
    many: str

    def __new__(
        cls, template: str, values: Mapping[str, object] = MappingProxyType({}), many: str = ""
    ) -> "Sentence":
        """Fill in the template; one without values is taken as it is, braces included."""
        chosen = many if many and values.get("n") != 1 else template
        made = super().__new__(cls, chosen.format_map(values) if values else chosen)
        made.template, made.values, made.many = template, values, many
        return made

    def __getnewargs__(self) -> tuple[str, Mapping[str, object], str]:  # type: ignore[override]
        return self.template, self.values, self.many


def say(template: str, /, **values: object) -> Sentence:
    """Return a sentence with named values in it; one that is a sentence already stays as it is."""
    if isinstance(template, Sentence) and not values:
        return template
    return Sentence(template, values)


def count(n: int, one: str, many: str, /, **values: object) -> Sentence:
    """Return the sentence for one thing or for many; both may say how many as {n}."""
    return Sentence(one, {"n": n, **values}, many)


def joined(glue: str, parts: Iterable[str]) -> str:
    """Return texts in a row, those that are sentences still to be put into a language."""
    some = list(parts)
    if len(some) == 1:
        return some[0]
    values = {f"part{number}": part for number, part in enumerate(some)}
    return Sentence(glue.join(f"{{{name}}}" for name in values), values) if values else ""


def first(text: Sentence) -> str:
    """Return the first of the texts that were joined, or the sentence itself."""
    found = text.values.get("part0", text)
    return found if isinstance(found, str) else str(found)


def listed(parts: Iterable[str]) -> str:
    """Return "A, B and C"."""
    *some, last = parts
    return say("{some} and {last}", some=joined(", ", some), last=last) if some else last


def dumped(text: str) -> str:
    """Return how a sentence is made, as JSON; "" for a plain text."""
    return json.dumps(_plain(text), ensure_ascii=False) if isinstance(text, Sentence) else ""


def loaded(data: str, text: str) -> str:
    """Return the sentence that `dumped` told of, or the text itself when that was a plain one."""
    if not data:
        return text
    sentence: str = read(data)
    return sentence


def kept(data: object) -> str:
    """Return data as JSON in which sentences stay what they are, for `read`."""
    return json.dumps(_kept(data), ensure_ascii=False)


def read(data: str) -> Any:
    """Return what `kept` was given."""
    return json.loads(data, object_hook=_revived)


def _kept(data: object) -> object:
    if isinstance(data, Mapping):
        return {name: _kept(one) for name, one in data.items()}
    if isinstance(data, list | tuple):
        return [_kept(one) for one in data]
    return _plain(data) if isinstance(data, Sentence) else data


def _plain(value: object) -> object:
    if isinstance(value, Sentence):
        values = {name: _plain(one) for name, one in value.values.items()}
        return {"say": value.template, "many": value.many, "with": values}
    return value if isinstance(value, str | int | float) else str(value)


def _revived(data: dict[str, Any]) -> object:
    if data.keys() != {"say", "many", "with"}:
        return data
    return Sentence(data["say"], data["with"], data["many"])

"""The understanding set as data: what people type, and the steps that must come of it."""

import ast
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

from agents.understanding.wishes import Hints, Wish
from tools.builtin import ORDER
from tools.tool import TOOLS

FOLDER = Path(__file__).parent / "understanding"
LANGUAGES = ("en", "zh", "es", "fr", "de", "ja", "pt", "ru")
PARTS = ("set", "untouched")
KNOWN = {
    "plain": Hints(),
    "pictures": Hints(pictures_here=True, last_tool="draw"),
    "attached": Hints(attached_images=1, pictures_here=True),
    "reply": Hints(replied_images=1, pictures_here=True, last_tool="draw"),
    "sound": Hints(attached_sounds=1),
    "reply_text": Hints(replied_text="the moon is bright", last_tool="write"),
    "after_write": Hints(last_tool="write"),
}
"""What is known beside the text, by the name of a table."""

Wanted = tuple[tuple[Wish, ...], ...]
"""Any of these sequences is right; within one a tuple as an argument holds what may stand there."""

QUESTION = "question"
"""The one wish of a message that must be answered by a question."""


@dataclass(frozen=True, slots=True)
class Case:
    """One message; `known` names what is known beside it, no wishes mean that it is only talk."""

    language: str
    part: str
    known: str
    text: str
    wanted: Wanted

    @property
    def chat(self) -> bool:
        return self.wanted == ((),)


@dataclass(frozen=True, slots=True)
class Line:
    """One message of a dialogue and what must come of it.

    `reply` is the number of the message whose answer it replies to, or minus the number of the
    message it replies to itself; `images` and `sounds` count what is attached, `after` are the
    seconds since the message before.
    """

    who: str
    text: str
    wanted: Wanted
    reply: int = 0
    images: int = 0
    sounds: int = 0
    after: float = 60.0

    @property
    def asks(self) -> bool:
        """Whether a question is the only right answer."""
        return all([w.tool for w in wishes] == [QUESTION] for wishes in self.wanted)


@dataclass(frozen=True, slots=True)
class Dialogue:
    """Messages of one or two people in one chat, oldest first."""

    name: str
    language: str
    part: str
    lines: tuple[Line, ...]
    people: Mapping[str, str] = field(default_factory=dict)


def wishes(written: str) -> tuple[Wish, ...]:
    """`draw(prompt="a cat"), undo()` as wishes."""
    calls = ast.parse(f"({written},)", mode="eval").body if written else ast.Tuple([])
    assert isinstance(calls, ast.Tuple), written
    found = []
    for call in calls.elts:
        assert isinstance(call, ast.Call), written
        assert isinstance(call.func, ast.Name), written
        args = {str(k.arg): ast.literal_eval(k.value) for k in call.keywords}
        found.append(Wish(call.func.id, args))
    return tuple(found)


def wanted(written: str | Sequence[str]) -> Wanted:
    """Return what a file says must come of a message: one sequence of wishes or several."""
    every = (written,) if isinstance(written, str) else tuple(written)
    return tuple(map(wishes, every))


def agree(found: Sequence[Wish], asked: Wanted) -> bool:
    """Tell whether wishes are one of those asked for; a tool's own defaults need not be said."""
    return any(len(found) == len(right) and all(map(_same, found, right)) for right in asked)


def _same(found: Wish, right: Wish) -> bool:
    if found.tool != right.tool:
        return False
    given = _said(found)
    every = (_said(Wish(right.tool, one)) for one in _spelt(right.args))
    return any(
        given.keys() == one.keys() and all(map(_fits, given.values(), (one[k] for k in given)))
        for one in every
    )


def _fits(value: object, right: object) -> bool:
    """Compare one value; "…words" stands for anything that ends with the words."""
    if isinstance(right, str) and right.startswith("…"):
        return str(value).endswith(right[1:])
    return value == right


def _spelt(args: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield every set of arguments that the tuples among them stand for."""
    names = list(args)
    for values in product(*(tuple(_values(args[name])) for name in names)):
        yield dict(zip(names, values, strict=True))


def _values(value: Any) -> Iterator[Any]:
    if isinstance(value, tuple):
        yield from value
    elif isinstance(value, dict):
        yield from _spelt(value)
    else:
        yield value


def _said(wish: Wish) -> dict[str, object]:
    """Return the arguments of a wish that say something.

    Which text a picture illustrates follows from the steps and is not looked at.
    """
    usual = {**_defaults(wish.tool), "illustrates": wish.args.get("illustrates")}
    said = {k: v for k, v in wish.args.items() if v is not None and v != usual.get(k)}
    if "negative" in said:  # a list of things, in any order
        said["negative"] = sorted(re.split(r"\s*[,，、]\s*", str(said["negative"])))
    return said


@cache
def _defaults(tool: str) -> dict[str, object]:
    fields = TOOLS.load(tool).args.model_fields if tool in ORDER else {}
    return {name: info.default for name, info in fields.items() if not info.is_required()}


def singles(part: str, languages: Sequence[str] = LANGUAGES) -> list[Case]:
    """Return the single messages of a part."""
    return [case for language in languages for case in _read(part, language)]


def _read(part: str, language: str) -> Iterator[Case]:
    text = (FOLDER / part / f"{language}.toml").read_text("utf-8")
    for known, cases in tomllib.loads(text).items():
        if known == "chat":
            for beside, said in cases.items():
                yield from (Case(language, part, beside, each, ((),)) for each in said)
        else:
            for said, right in cases.items():
                yield Case(language, part, known, said, wanted(right))


def dialogues(part: str, languages: Sequence[str] = LANGUAGES) -> list[Dialogue]:
    """Return the dialogues of a part."""
    folder = FOLDER / "dialogues" / ("untouched" if part == "untouched" else "")
    found = []
    for language in languages:
        path = folder / f"{language}.toml"
        tables = tomllib.loads(path.read_text("utf-8")) if path.exists() else {}
        for name, table in tables.items():
            lines = tuple(map(_line, table["said"]))
            people = table.get("people", {})
            found.append(Dialogue(name, language, part, lines, people))
    return found


def _line(table: Mapping[str, Any]) -> Line:
    facts = {k: v for k, v in table.items() if k not in ("A", "B", "C", "does")}
    who = next(name for name in "ABC" if name in table)
    return Line(who, table[who], wanted(table["does"]), **facts)

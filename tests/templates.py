"""Every sentence that the source says to people, found by reading it."""

import ast
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from agents.errors import Unseen
from agents.plans import _COUNTED as COUNTED
from agents.rooms.requests import worded
from agents.rooms.state import KINDS, STAGES
from agents.rooms.templates import load
from bot.errors import SettingsError
from bot.queue import _WORDS as WAITING
from bot.rules import Rules
from bot.translation import languages, translation
from memory.errors import AtelierError
from tools.builtin import ORDER, every_tool
from tools.colours import _CONTRAST, _LIGHT, NAMES
from tools.constraints import TONES
from tools.languages import language_name, language_names
from tools.tool import _FAULTS

ROOT = Path(__file__).parents[1]
LAYERS = ("memory", "tools", "agents", "bot")
_FIELD, _WORDS = re.compile(r"\{[^}]*\}"), re.compile(r"[^\W\d_]{2}")
ERRORS = (SettingsError, Unseen)
"""So that all errors are known."""
OPERATORS = (
    *("data folder", "--data", "checkout", "torch", "Ray", "token", "ATELIER_", "JSON", "UTF-8"),
    *("attachment", "running Atelier", "--chat", "CTranslate2", "GGUF", "must be strings"),
    *("ids are platform", "whose button", "kept to", "must not"),
)
"""Words of sentences that only those see who set Atelier up."""
_TASKS = ("draw", "edit", "vary", "write", "chat", "speak", "transcribe", "see", "remember")


@dataclass(frozen=True, slots=True)
class Source:
    """What is in a file: its texts, what it calls, and what its names may stand for."""

    texts: frozenset[str]
    calls: tuple[ast.Call, ...]
    names: dict[str, list[ast.expr]]


@cache
def sources() -> tuple[Source, ...]:
    """Return the files that say something."""
    found = []
    for layer in LAYERS:
        for file in sorted((ROOT / layer).rglob("*.py")):
            text = file.read_text(encoding="utf-8")
            if _SAYS.search(text):
                found.append(_source(ast.parse(text)))
    return tuple(found)


def _source(tree: ast.Module) -> Source:
    texts, calls, names = set[str](), [], dict[str, list[ast.expr]]()
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            texts.add(node.value)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            calls += [node] if _SAYS.fullmatch(f"{node.func.id}(") else []
        elif isinstance(node, ast.Assign):
            for name, value in _named(node):
                names.setdefault(name, []).append(value)
    return Source(frozenset(texts), tuple(calls), names)


def _named(node: ast.Assign) -> Iterator[tuple[str, ast.expr]]:
    for target in node.targets:
        if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            pairs = zip(target.elts, node.value.elts, strict=False)
            yield from ((one.id, value) for one, value in pairs if isinstance(one, ast.Name))
        elif isinstance(target, ast.Name):
            yield target.id, node.value


@cache
def strings() -> frozenset[str]:
    """Return every text of those files, and of the tables that say something."""
    return frozenset(_tables()).union(*(source.texts for source in sources()))


@cache
def templates() -> tuple[str, ...]:
    """Return every template, of what is counted the one for one."""
    found = [*_tables(), *ORDER, *_TASKS]
    for source in sources():
        for call in source.calls:
            found += _said(call, source.names)
    return tuple(one for one in dict.fromkeys(found) if _WORDS.search(_FIELD.sub("", one)))


def _errors(one: type[AtelierError] = AtelierError) -> Iterator[str]:
    yield one.__name__
    for another in one.__subclasses__():
        yield from _errors(another)


_SAYS = re.compile(rf"\b(?:say|count|counted|{'|'.join(_errors())})\(")


def _said(call: ast.Call, known: dict[str, list[ast.expr]]) -> list[str]:
    name = call.func.id if isinstance(call.func, ast.Name) else ""
    if name in ("count", "counted"):
        return [text for arg in call.args[1:2] for text in _read(arg, known)]
    return _read(call.args[0], known) if call.args else []


def _read(node: ast.expr, known: dict[str, list[ast.expr]]) -> list[str]:
    """Return the texts that an expression may be."""
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) else []
    if isinstance(node, ast.IfExp):
        return [*_read(node.body, known), *_read(node.orelse, known)]
    if isinstance(node, ast.Name):
        return [text for one in known.get(node.id, ()) for text in _read(one, {})]
    if isinstance(node, ast.Attribute):
        return [text for one in _asked().get(node.attr, ()) for text in _read(one, {})]
    if isinstance(node, ast.Subscript):
        return _read(node.value, known)
    if isinstance(node, ast.Tuple):
        return [text for one in node.elts for text in _read(one, known)]
    if isinstance(node, ast.Dict):
        return [text for one in node.values for text in _read(one, known)]
    return []


@cache
def _asked() -> dict[str, list[ast.expr]]:
    return _source(ast.parse((ROOT / "agents/questions.py").read_text(encoding="utf-8"))).names


def _tables() -> Iterator[str]:
    table = tomllib.loads((ROOT / "tools/retouch.toml").read_text(encoding="utf-8"))
    yield from (name for tool in every_tool() for name in tool.args.model_fields)
    yield from _FAULTS.values()
    yield from (word for level in (*_LIGHT, *_CONTRAST) for word in level if isinstance(word, str))
    yield from ("very bright", "strong", *tomllib.loads(NAMES.read_text(encoding="utf-8")))
    for kind in load().values():
        yield from (kind.title, kind.about, *(part.title for part in kind.pieces))
        yield from filter(None, (kind.brief.style, kind.brief.tone))
        yield from (angle for part in kind.pieces for angle in part.angles)
        yield from (form for form, _ in worded(kind.pieces))
    yield from (
        *STAGES,
        *map(str.capitalize, KINDS),
        *map(language_name, language_names()),
    )
    yield from tomllib.loads(TONES.read_text(encoding="utf-8"))
    yield from (f"{{part0}}{glue}{{part1}}" for glue in (", ", ": ", "; "))
    yield "{value} ({who})"
    yield from (str(field.description) for field in Rules.model_fields.values())
    yield from (one for one, _ in (*COUNTED.values(), *WAITING.values()))
    yield from (word for pair in table["says"].values() for word in pair if word)
    yield from (one["says"] for one in table["operation"] if "says" in one)


def coverage(language: str) -> tuple[int, list[str]]:
    """Return how many templates a language has, and those that people may see and it has not."""
    known = translation(language).sentences
    seen = [one for one in templates() if not any(word in one for word in OPERATORS)]
    return sum(one in known for one in seen), [one for one in seen if one not in known]


if __name__ == "__main__":
    for name in languages()[1:]:
        count, absent = coverage(name)
        print(f"{name}: {count} of {count + len(absent)} sentences")
    print(*absent, sep="\n")

"""Every sentence that the source says to people, found by reading it."""

import ast
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tools.builtin import ORDER

ROOT = Path(__file__).parents[1]
LAYERS = ("memory", "tools", "agents", "bot")
SAYING = ("say", "count", "counted", "about")
_TASKS = ("draw", "edit", "vary", "write", "chat", "speak", "transcribe", "see", "remember")


@cache
def strings() -> frozenset[str]:
    """Return every text in the source, and in the tables that say something."""
    found = {one for tree in _trees() for one in _texts(tree)}
    return frozenset(found | set(_tables()))


@cache
def templates() -> dict[str, str]:
    """Return the templates and, of what is counted, that for many; else ""."""
    found: dict[str, str] = dict.fromkeys([*_tables(), *ORDER, *_TASKS], "")
    for tree in _trees():
        known = _named(tree)
        for call in ast.walk(tree):
            if isinstance(call, ast.Call) and _says(call):
                found |= _said(call, known)
    return {one: many for one, many in found.items() if any(map(str.isalpha, one))}


def _trees() -> Iterator[ast.Module]:
    for layer in LAYERS:
        for file in sorted((ROOT / layer).rglob("*.py")):
            if "rooms" not in file.parts and file.name != "projects.py":
                yield ast.parse(file.read_text(encoding="utf-8"))


def _says(call: ast.Call) -> bool:
    name = call.func.id if isinstance(call.func, ast.Name) else ""
    return name in SAYING or name in _errors()


@cache
def _errors() -> frozenset[str]:
    named = {"AtelierError"}
    trees = list(_trees())
    for _ in range(4):
        for tree in trees:
            for node in ast.walk(tree):
                if isinstance(node, ast.ClassDef):
                    bases = {base.id for base in node.bases if isinstance(base, ast.Name)}
                    named |= {node.name} if bases & named else set()
    return frozenset(named)


def _said(call: ast.Call, known: dict[str, list[ast.expr]]) -> dict[str, str]:
    name = call.func.id if isinstance(call.func, ast.Name) else ""
    if name in ("count", "counted"):
        ones, manys = (_read(arg, known) for arg in call.args[1:3]) if len(call.args) > 2 else ((), ())
        return dict(zip(ones, manys, strict=False))
    return dict.fromkeys(_read(call.args[0], known), "") if call.args else {}


def _read(node: ast.expr, known: dict[str, list[ast.expr]]) -> list[str]:
    """Return the texts that an expression may be."""
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) else []
    if isinstance(node, ast.IfExp):
        return [*_read(node.body, known), *_read(node.orelse, known)]
    if isinstance(node, ast.Name):
        return [text for one in known.get(node.id, ()) for text in _read(one, {})]
    if isinstance(node, ast.Subscript):
        return _read(node.value, known)
    if isinstance(node, ast.Tuple):
        return [text for one in node.elts for text in _read(one, known)]
    return []


def _named(tree: ast.Module) -> dict[str, list[ast.expr]]:
    """Return what names may stand for, wherever in a module they are set."""
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                    for name, value in zip(target.elts, node.value.elts, strict=False):
                        if isinstance(name, ast.Name):
                            found.setdefault(name.id, []).append(value)
                elif isinstance(target, ast.Name):
                    found.setdefault(target.id, []).append(node.value)
    return found


def _texts(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _tables() -> Iterator[str]:
    table = tomllib.loads((ROOT / "tools/retouch.toml").read_text(encoding="utf-8"))
    yield from (word for pair in table["says"].values() for word in pair if word)
    yield from (one["says"] for one in table["operation"] if "says" in one)

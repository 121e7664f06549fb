"""Named things that are found by file or entry point and imported only when asked for."""

import ast
from collections.abc import Callable, Iterable
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from pkgutil import iter_modules
from typing import Generic, TypeVar

from tools.errors import ToolError

T = TypeVar("T")


class Registry(Generic[T]):
    """Things of one kind, each in `<package>.<name>` or an entry point of group `group`.

    With `mark`, a module may hold several: each function under the decorator of that name.

    >>> ENGINES: Registry[type[Engine]] = Registry("engine", "tools.engines", "atelier.engine")
    """

    def __init__(self, kind: str, package: str, group: str, mark: str = "") -> None:
        self._kind, self._package, self._group, self._mark = kind, package, group, mark
        self._found: dict[str, T] = {}

    def register(self, name: str) -> Callable[[T], T]:
        """Return a decorator that files a thing under a name."""

        def keep(thing: T) -> T:
            self._found[name] = thing
            return thing

        return keep

    def names(self) -> list[str]:
        """Return every name that can be loaded, sorted; imports nothing but the package."""
        entries = {e.name for e in entry_points(group=self._group)}
        return sorted(set(self._modules()) | entries | set(self._found))

    def load(self, name: str) -> T:
        """Return the thing of that name, importing its module if needed.

        Raises ToolError when there is none.
        """
        if name in self._found:
            return self._found[name]
        for entry in entry_points(group=self._group, name=name):
            self._found[name] = entry.load()
            return self._found[name]
        modules = self._modules()
        if name in modules:
            import_module(f"{self._package}.{modules[name]}")
        if name not in self._found:
            raise ToolError("There is no {kind} called {name!r}.", kind=self._kind, name=name)
        return self._found[name]

    def _modules(self) -> dict[str, str]:
        """Name -> module of the package that holds it."""
        paths: Iterable[str] = import_module(self._package).__path__
        if not self._mark:
            return {m.name: m.name for m in iter_modules(paths)}
        files = [file for path in paths for file in sorted(Path(path).glob("*.py"))]
        return {name: file.stem for file in files for name in marked(file, self._mark)}


def marked(file: Path, mark: str) -> list[str]:
    """Return the functions under `@mark` in a Python file, read without running it.

    Raises ToolError when the file is not Python.
    """
    source = file.read_text(encoding="utf-8")
    if f"@{mark}" not in source:  # parsing every file would cost more than reading it
        return []
    try:
        body = ast.parse(source).body
    except SyntaxError as error:
        raise ToolError(
            f"The file {file.name} is not valid Python in line {error.lineno}."
        ) from error
    functions = (node for node in body if isinstance(node, ast.AsyncFunctionDef))
    return [f.name for f in functions if any(_named(d, mark) for d in f.decorator_list)]


def _named(decorator: ast.expr, mark: str) -> bool:
    return isinstance(decorator, ast.Name) and decorator.id == mark

"""Imports without what libraries load only because it is there."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def hidden(*libraries: str) -> Iterator[None]:
    """Let nothing that is imported meanwhile find some libraries, unless they are loaded."""
    modules: dict[str, Any] = sys.modules
    hidden = [name for name in libraries if name not in modules]
    modules.update(dict.fromkeys(hidden))
    try:
        yield
    finally:
        for name in hidden:
            del modules[name]

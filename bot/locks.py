"""A lock for each of many things, kept only as long as somebody holds it or waits for it."""

import asyncio
from collections.abc import Hashable
from typing import Generic, TypeVar
from weakref import WeakValueDictionary

Key = TypeVar("Key", bound=Hashable)


class Locks(Generic[Key]):
    """Locks by their keys: `async with locks[chat]: ...`; served in the order they were asked."""

    def __init__(self) -> None:
        self._held: WeakValueDictionary[Key, asyncio.Lock] = WeakValueDictionary()

    def __getitem__(self, key: Key) -> asyncio.Lock:
        """Return the lock of a thing; keep it only for as long as it is used."""
        lock = self._held.get(key)
        if lock is None:
            lock = self._held[key] = asyncio.Lock()
        return lock

    def __len__(self) -> int:
        """Count the locks in use."""
        return len(self._held)

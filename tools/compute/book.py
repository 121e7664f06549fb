"""The jobs in the pool, by id, and which of them ask for exactly the same."""

from collections.abc import Hashable, Iterator

from tools.compute.waiting import Waiting


class Book:
    """Everybody who waits for a job; identical ones find each other, and are computed once."""

    def __init__(self) -> None:
        self._entries: dict[str, Waiting] = {}
        self._alike: dict[Hashable, list[Waiting]] = {}  # waiting
        self._running: dict[Hashable, Waiting] = {}

    def __contains__(self, id: str) -> bool:
        return id in self._entries

    def __getitem__(self, id: str) -> Waiting:
        return self._entries[id]

    def __iter__(self) -> Iterator[Waiting]:
        return iter(tuple(self._entries.values()))

    def running(self, entry: Waiting) -> Waiting | None:
        """Return the running job that is exactly what this one asks for."""
        return self._running.get(entry.key)

    def holder(self, entry: Waiting) -> Waiting | None:
        """Return the job that is computed for this one: itself, or one it keeps company to."""
        running = self._running.get(entry.key)
        alike = [*self._alike.get(entry.key, ()), *([running] if running else [])]
        return next((one for one in alike if entry in one.everyone), None)

    def add(self, entry: Waiting) -> None:
        """Take in a job that waits."""
        self._entries[entry.job.id] = entry
        self.wait(entry)

    def wait(self, entry: Waiting) -> None:
        """Note that a job waits (again)."""
        self._leave(entry)
        self._alike.setdefault(entry.key, []).append(entry)

    def run(self, entry: Waiting) -> list[Waiting]:
        """Note that a job runs, and return those who wait for the same: it is their turn, too."""
        self._leave(entry)
        self._running[entry.key] = entry
        return list(self._alike.get(entry.key, ()))

    def remove(self, entry: Waiting) -> None:
        """Forget a job."""
        del self._entries[entry.job.id]
        self._leave(entry)

    def _leave(self, entry: Waiting) -> None:
        if self._running.get(entry.key) is entry:
            del self._running[entry.key]
        if entry in (waiting := self._alike.get(entry.key, [])):
            waiting.remove(entry)
        if not waiting:
            self._alike.pop(entry.key, None)

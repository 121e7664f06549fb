"""What a worker has in its memory and in work, and how long it may keep to that."""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field

from tools.compute.fairness import Top
from tools.compute.tickets import Entry

HOLD = 3.0
"""A worker keeps to its models for at least so many times what loading another takes."""
_HOLD_USERS = 25.0  # waiting users after which it keeps to them twice as long
_HOLD_MOST = 4.0  # and never more times longer than this
_URGENT_HOLD = 0.5


@dataclass(slots=True, eq=False)
class Running:
    """A job at work since `since`; `loading` is the expected time to load its model first.

    None: it is there. `company`: others have shared the device with it.
    """

    entry: Entry
    worker: str
    since: float
    loading: float | None = None
    company: bool = False


@dataclass(slots=True)
class Device:
    """A worker as the scheduler imagines it: models least recently used first, within `memory`.

    `memory` in MiB, 0 when unknown: then only the last model is taken to be there. `worked` are
    the device-seconds since a model was last loaded.
    """

    name: str
    memory: int = 0
    models: OrderedDict[str, int] = field(default_factory=OrderedDict)
    running: dict[str, Running] = field(default_factory=dict)
    worked: float = 0.0
    settled: float = 0.0

    def use(self, model: str, memory: int) -> bool:
        """Have a model ready, dropping the least recently used; True if it has to be loaded."""
        if model in self.models:
            self.models.move_to_end(model)
            return False
        while self.models and not self._fits(memory):
            self.models.popitem(last=False)
        self.models[model] = memory
        self.worked = 0.0
        return True

    def _fits(self, memory: int) -> bool:
        return bool(self.memory) and sum(self.models.values()) + memory <= self.memory

    def hold(self, models: Iterable[str]) -> None:
        """Correct what is imagined: these models are there, least recently used first."""
        known = self.models
        self.models = OrderedDict((name, known.get(name, 0)) for name in models)

    def settle(self, now: float) -> None:
        """Share the device's time since the last call among the jobs at work."""
        spent = max(0.0, now - self.settled)
        self.settled = max(now, self.settled)
        if self.running:
            share = spent / len(self.running)
            self.worked += spent
            for run in self.running.values():
                run.entry.used += share
                run.company = run.company or len(self.running) > 1

    def keeps(self, best: Top, loading: float, users: int) -> bool:
        """Say whether to keep to the models that are here although another's turn has come.

        Bounded by work done since the last load, so loading never takes more than a set part of
        the time; the bound grows with the users who wait, or a long queue would only load.
        """
        if best.entry.ticket.model in self.models:
            return False
        times = _URGENT_HOLD if best.entry.urgent else HOLD
        return self.worked < loading * times * min(_HOLD_MOST, 1 + users / _HOLD_USERS)

"""Who may put how much into the queue: bounds, daily budgets, and the sentences that say so."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import ceil, inf

from memory.sentences import count
from tools.errors import QueueFull

DAY = 86_400.0
_NOTHING = 1e-9  # device-seconds: what rounding leaves


@dataclass(frozen=True, slots=True)
class Role:
    """What a person is entitled to: `weight` in the fair queue, `budget` in device-seconds a day.

    None: no budget. Days are those of UTC.
    """

    weight: float = 1.0
    budget: float | None = None


@dataclass(frozen=True, slots=True)
class Allowance:
    """How somebody stands today: device-seconds had or coming, seconds until the next day."""

    role: Role
    used: float
    renews: float

    @property
    def left(self) -> float | None:
        """Device-seconds left today; None without a budget."""
        return None if self.role.budget is None else max(0.0, self.role.budget - self.used)


Roles = Callable[[str], Role]
"""Return the role of a user."""


def equal(user: str) -> Role:
    """Give everybody the same: weight 1, no budget."""
    return Role()


@dataclass(slots=True)
class Ledger:
    """Device-seconds each user has `spent` today, and those `reserved` for what is in the queue.

    `epoch` is UTC minus `now`.
    """

    epoch: float = 0.0
    day: int = -1
    spent: dict[str, float] = field(default_factory=dict)
    reserved: dict[str, float] = field(default_factory=dict)

    def today(self, user: str, now: float) -> float:
        """Return what a user has had or has coming on the day of `now`, in device-seconds."""
        self._turn(now)
        return self.spent.get(user, 0.0) + self.reserved.get(user, 0.0)

    def users(self, now: float) -> set[str]:
        """Return who has had or has coming anything today."""
        self._turn(now)
        return {*self.spent, *self.reserved}

    def reserve(self, user: str, seconds: float, now: float) -> None:
        """Hold device-seconds for what a user has coming, or (negative) let go of them."""
        self._turn(now)
        self.reserved[user] = self.reserved.get(user, 0.0) + seconds
        if self.reserved[user] <= _NOTHING:
            del self.reserved[user]

    def spend(self, user: str, seconds: float, now: float) -> None:
        """Count device-seconds that a user has had."""
        self._turn(now)
        self.spent[user] = self.spent.get(user, 0.0) + seconds

    def dump(self) -> dict[str, object]:
        """Return what was spent as plain data (JSON), for `restore`; what is reserved is not."""
        return {"day": self.day, "spent": dict(self.spent)}

    def restore(self, data: Mapping[str, object], now: float) -> None:
        """Take over what `dump` returned, if it is of today; another form is passed over."""
        self._turn(now)
        spent = data.get("spent")
        if data.get("day") == self.day and isinstance(spent, dict):
            for user, seconds in spent.items():
                if type(seconds) in (int, float) and 0 <= seconds < inf:
                    self.spent[str(user)] = float(seconds)

    def _turn(self, now: float) -> None:
        day = int((now + self.epoch) // DAY)
        if day != self.day:
            self.day, self.spent, self.reserved = day, {}, {}

    def until_tomorrow(self, now: float) -> float:
        """Return the seconds until the next day begins."""
        return DAY - (now + self.epoch) % DAY


@dataclass(frozen=True, slots=True)
class Admission:
    """The bounds: jobs that wait in all and per user, and the longest wait worth queueing for.

    Above `limit` whoever has nothing waiting is still let in, up to twice as many: a few who
    flood the queue do not lock the others out.
    """

    limit: int = 500
    per_user: int = 50
    longest: float = 2 * 3600.0

    def check(self, mine: int, waiting: int, wait: float) -> None:
        """Raise QueueFull when a user with `mine` of the `waiting` jobs cannot have one more.

        `wait` is the expected one in seconds.
        """
        if mine >= self.per_user:
            raise QueueFull(
                "You have {mine} requests waiting already; please wait for one of them first.",
                mine=mine,
            )
        if waiting >= self.limit * (1 if mine else 2):
            raise QueueFull(
                "{waiting} requests are waiting already, about {time} of work; please try again "
                "later.",
                waiting=waiting,
                time=duration(wait),
            )
        if wait > self.longest:
            raise QueueFull(
                "It would take about {time} until your request starts, because {waiting} wait "
                "already; please try again in {later}.",
                time=duration(wait),
                waiting=waiting,
                later=duration(wait - self.longest),
            )


def check_budget(role: Role, spent: float, price: float, left: float) -> None:
    """Raise QueueFull when a job would cost more than is left of today's budget.

    `left` is the time in seconds until the next day begins.
    """
    if role.budget is None or spent + price <= role.budget:
        return
    if price > role.budget:
        raise QueueFull(
            "This needs about {price} of computing, more than the {budget} you have a day; please "
            "ask for less at once.",
            price=duration(price),
            budget=duration(role.budget),
        )
    rest = max(0.0, role.budget - spent)
    raise QueueFull(
        "This needs about {price} of computing and you have {rest} left of today's {budget}; there "
        "will be more in {left}.",
        price=duration(price),
        rest=duration(rest),
        budget=duration(role.budget),
        left=duration(left),
    )


def duration(seconds: float) -> str:
    """Return a length of time in words, such as "40 seconds" or "3 hours"."""
    for size, one, many in ((3600.0, "1 hour", "{n} hours"), (60.0, "1 minute", "{n} minutes")):
        if seconds > 1.5 * size:
            return count(ceil(seconds / size - 0.5), one, many)
    return count(max(0, ceil(seconds - 1e-9)), "{n} second", "{n} seconds")

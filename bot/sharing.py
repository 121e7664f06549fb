"""Settings of how the machine is shared: who may have how much, what may wait, what computes."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from tools.compute.admission import Admission, Role
from tools.compute.devices import Device, Machine, WorkerPlan, plan

DEFAULT = "default"
"""The role of everybody who is no member of another."""

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_PART = re.compile(
    r"(\d+(?:\.\d+)?)\s*(s|seconds?|m|min|minutes?|h|hours?|d|days?)(?:\s+|\s*,\s*|$)"
)


def seconds_of(value: object) -> float:
    """Read a length of time: "2 hours", "1 h 30 min", or a number of seconds; raises ValueError."""
    if type(value) in (int, float) and 0 <= float(str(value)) < float("inf"):
        return float(str(value))
    words = str(value).strip().lower()
    parts = list(_PART.finditer(words))
    if isinstance(value, str) and words and "".join(part[0] for part in parts) == words:
        return sum(float(part[1]) * _UNITS[part[2][0]] for part in parts)
    raise ValueError('it must be a time such as "30 minutes" or "2 hours", or a number of seconds')


Seconds = Annotated[float, BeforeValidator(seconds_of)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class RoleSettings(_Section):
    """What the members of a role may have."""

    weight: float = Field(
        default=1.0, gt=0, le=1000, description="share of the machine, beside others who want it"
    )
    budget: Seconds | None = Field(
        default=None, description="computing time a day (UTC); without it there is no bound"
    )
    members: frozenset[str] = Field(
        default=frozenset(), description='people or platform roles: "discord:123", "discord:role:5"'
    )

    @field_validator("members")
    @classmethod
    def _named(cls, members: frozenset[str]) -> frozenset[str]:
        for member in sorted(members):
            platform, _, id = member.partition(":")
            if not platform or not id:
                raise ValueError(f'members are "platform:id" such as "discord:123", not {member!r}')
        return members


class PlanSettings(_Section):
    """Which requests are shown as a plan before they are done."""

    ask: Literal["never", "large", "always"] = Field(
        default="large", description="large: from so many steps or so long a time on"
    )
    steps: int = Field(default=3, ge=1, description="wishes in one message that make it large")
    seconds: Seconds = Field(
        default=300.0, description='computing time that makes it large, such as "5 minutes"'
    )


class QueueSettings(_Section):
    """How much may wait."""

    limit: int = Field(default=500, ge=1, description="requests that may wait in all")
    per_user: int = Field(default=50, ge=1, description="requests of one person that may wait")
    longest: Seconds = Field(default=7200.0, description="longest wait worth queueing for")

    def admission(self) -> Admission:
        """Return the bounds as the scheduler knows them."""
        return Admission(self.limit, self.per_user, self.longest)


class ComputeSettings(_Section):
    """What computes on this machine."""

    device: Device = Field(default="auto", description="auto, cpu, cuda or mps")
    memory: int = Field(default=0, ge=0, description="MiB for models in each worker; 0: by itself")
    threads: int = Field(default=0, ge=0, description="CPU threads of each worker; 0: by itself")

    def workers(self, machine: Machine) -> tuple[WorkerPlan, ...]:
        """Return the workers for a machine; raises ToolError for a device it lacks."""
        plans = plan(machine, self.device, self.memory)
        return tuple(replace(p, threads=self.threads) for p in plans) if self.threads else plans


def distinct(roles: Mapping[str, RoleSettings]) -> None:
    """Check that everybody has one role; raises ValueError."""
    if DEFAULT in roles and roles[DEFAULT].members:
        raise ValueError("the role default takes no members: all who have no other role have it")
    seen: dict[str, str] = {}
    for name, role in roles.items():
        for member in sorted(role.members):
            if member in seen:
                raise ValueError(f"{member!r} has two roles, {seen[member]} and {name}")
            seen[member] = name


class Crew:
    """Everybody's role: by who they are, or else by the roles they were last seen to have.

    Those are the platform's, in servers. Of several the first in the settings counts. A role
    "telegram:admin" is had in any server, "telegram:admin@-100123" in that one.
    """

    def __init__(self, roles: Mapping[str, RoleSettings]) -> None:
        self._default = _role(roles.get(DEFAULT, RoleSettings()))
        named = [(member, role) for role in roles.values() for member in role.members]
        self._known = {member: _role(role) for member, role in named}
        self._order = {member: place for place, (member, _) in enumerate(named)}
        self._seen: dict[str, dict[str, list[str]]] = {}

    def __call__(self, user: str) -> Role:
        """Return the role of the user of a job ("platform:id")."""
        if not user:
            return Role()  # warming up is nobody's work
        seen = [name for held in self._seen.get(user, {}).values() for name in held]
        first = min(seen, key=self._order.__getitem__, default="")
        return self._known.get(user) or self._known.get(first) or self._default

    def see(self, user: str, server: str, roles: frozenset[str]) -> bool:
        """Take in which roles a user has in a server; return whether that is news."""
        held = sorted(named(roles, server) & self._order.keys())
        if not server or self._seen.get(user, {}).get(server, []) == held:
            return False
        self._seen.setdefault(user, {})[server] = held
        return True

    def leave(self, platform: str, server: str) -> None:
        """Forget which roles people have in a server."""
        for user, servers in self._seen.items():
            if user.startswith(f"{platform}:"):
                servers.pop(server, None)

    def dump(self) -> dict[str, object]:
        """Return what was seen as plain data (JSON), for `restore`."""
        return {"seen": {user: dict(held) for user, held in self._seen.items() if held}}

    def restore(self, data: Mapping[str, object]) -> None:
        """Take over what `dump` returned, as far as the settings still name those roles."""
        seen = data.get("seen")
        for user, servers in seen.items() if isinstance(seen, dict) else ():
            for server, held in servers.items():
                self.see(user, server, frozenset(held))


def named(roles: frozenset[str], server: str) -> frozenset[str]:
    """Return all the names that roles had in a server go by."""
    return roles | {f"{role}@{server}" for role in roles}


def _role(given: RoleSettings) -> Role:
    return Role(given.weight, given.budget)

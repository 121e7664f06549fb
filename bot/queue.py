"""What /queue tells: what runs and what waits, yours first, in words."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.studio import Studio
from memory.records import User
from memory.store import Store
from tools.compute.admission import duration
from tools.compute.costs import Kind
from tools.compute.pool import Pool
from tools.compute.tickets import QueuedJob

MINE, OTHERS = 5, 5
"""How many jobs are told one by one; the rest is a number."""
_NAME = 30

_WORDS: dict[Kind, tuple[str, str]] = {
    "": ("work", "works"),
    "picture": ("a picture", "pictures"),
    "text": ("a text", "texts"),
    "speech": ("something spoken", "things spoken"),
    "hearing": ("a transcript", "transcripts"),
    "meaning": ("a look-up", "look-ups"),
}


@dataclass(frozen=True, slots=True)
class Turns:
    """Requests of one person in one chat: `begun` are thought through or computed.

    Those `behind` wait until the one before them is answered, so they are in no queue yet.
    """

    begun: int = 0
    behind: int = 0


async def queue_notice(studio: Studio, asker: User, turns: Turns) -> str:
    """Return what is being computed and what waits, as `asker` should see it."""
    pool = studio.runner if isinstance(studio.runner, Pool) else None
    jobs = pool.queue() if pool is not None else []
    mine = [job for job in jobs if job.user == asker.key]
    others = [job for job in jobs if job.user != asker.key]
    names = await names_of(studio.store, (job.user for job in others[:OTHERS]))
    lines = [*_yours(mine, turns), *_theirs(others, names)]
    told = lines or ["Nothing is running and nothing waits."]
    return "\n".join(told + (_budget(pool, asker) if pool is not None else []))


async def names_of(store: Store, users: Iterable[str]) -> dict[str, str]:
    """Return the names people know these users ("platform:id") by, made safe to show."""
    found = await store.names({_user(user) for user in users})
    return {user.key: _safe(name) or user.id for user, name in found.items()}


def _user(key: str) -> User:
    platform, _, id = key.partition(":")
    return User(platform, id)


def _safe(name: str) -> str:
    """Return a name in one line without characters that could move the cursor or turn the text."""
    line = " ".join("".join(c if c.isprintable() else " " for c in name).split())
    return line if len(line) <= _NAME else f"{line[: _NAME - 1]}…"


def _yours(jobs: Sequence[QueuedJob], turns: Turns) -> list[str]:
    lines = [f"- {_what(job)}: {_how(job)}" for job in jobs[:MINE]] + _more(jobs[MINE:])
    if turns.begun and not jobs:
        lines.append("- your request here is being thought through")
    if turns.behind:
        one = "request waits" if turns.behind == 1 else "requests wait"
        lines.append(f"- {turns.behind} {one} here until the one before is answered")
    return ["Yours:", *lines] if lines else []


def _theirs(jobs: Sequence[QueuedJob], names: Mapping[str, str]) -> list[str]:
    lines = [f"- {_what(job)} for {names.get(job.user, '?')}: {_how(job)}" for job in jobs[:OTHERS]]
    return ["Others:", *lines, *_more(jobs[OTHERS:])] if lines else []


def _more(jobs: Sequence[QueuedJob]) -> list[str]:
    etas = [job.eta for job in jobs if job.eta is not None]
    known = etas and len(etas) == len(jobs)
    until = f", the last done in about {duration(max(etas))}" if known else ""
    return [f"- and {len(jobs)} more{until}"] if jobs else []


def _what(job: QueuedJob) -> str:
    one, many = _WORDS[job.kind]
    return f"{one if job.count == 1 else f'{job.count} {many}'} with {job.model}"


def _how(job: QueuedJob) -> str:
    left = None if job.eta is None else duration(max(1.0, job.eta))
    if job.status == "running":
        share = f"{job.done / job.total:.0%} done" if job.total else "starting"
        return share + (f", about {left} left" if left else "")
    return f"number {job.position} in line" + (f", done in about {left}" if left else "")


def _budget(pool: Pool, asker: User) -> list[str]:
    allowance = pool.allowance(asker.key)
    role, left = allowance.role, allowance.left
    if role.budget is None or left is None:
        return []
    return [f"Of today's {duration(role.budget)} of computing you have {duration(left)} left."]


async def quota_notice(studio: Studio, asker: User) -> str:
    """Return what somebody may still use today, and when there will be more."""
    if not isinstance(studio.runner, Pool):
        return "Nothing is computed here, so nothing is counted."
    allowance = studio.runner.allowance(asker.key)
    lines = _budget(studio.runner, asker) or ["There is no bound on what you may use a day."]
    used = duration(allowance.used)
    lines.append(f"Today (UTC) you have used {used} of computing, with what waits for you.")
    if allowance.left is not None:
        lines.append(
            f"It is {duration(allowance.role.budget or 0.0)} again in {duration(allowance.renews)}."
        )
    if allowance.role.weight != 1:
        lines.append(f"Your share of the machine weighs {allowance.role.weight:g}, usual is 1.")
    return "\n".join(lines)

"""What /queue tells: what runs and what waits, yours first, in words."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.studio import Studio
from memory.records import User
from memory.sentences import count, joined, say
from memory.store import Store
from tools.compute.admission import duration
from tools.compute.costs import Kind
from tools.compute.pool import Pool
from tools.compute.tickets import QueuedJob

MINE, OTHERS = 5, 5
"""How many jobs are told one by one; the rest is a number."""
_NAME = 30

_WORDS: dict[Kind, tuple[str, str]] = {
    "": ("work with {model}", "{n} works with {model}"),
    "picture": ("a picture with {model}", "{n} pictures with {model}"),
    "text": ("a text with {model}", "{n} texts with {model}"),
    "speech": ("something spoken with {model}", "{n} things spoken with {model}"),
    "hearing": ("a transcript with {model}", "{n} transcripts with {model}"),
    "meaning": ("a look-up with {model}", "{n} look-ups with {model}"),
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
    told = lines or [say("Nothing is running and nothing waits.")]
    return joined("\n", told + (_budget(pool, asker) if pool is not None else []))


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
    lines = [joined(": ", [_what(job), _how(job)]) for job in jobs[:MINE]] + _more(jobs[MINE:])
    if turns.begun and not jobs:
        lines.append(say("your request here is being thought through"))
    if turns.behind:
        one = "{n} request waits here until the one before is answered"
        many = "{n} requests wait here until the one before is answered"
        lines.append(count(turns.behind, one, many))
    return [say("Yours:"), *map(_item, lines)] if lines else []


def _theirs(jobs: Sequence[QueuedJob], names: Mapping[str, str]) -> list[str]:
    lines: list[str] = [
        say("{what} for {who}: {how}", what=_what(job), who=names.get(job.user, "?"), how=_how(job))
        for job in jobs[:OTHERS]
    ]
    return [say("Others:"), *map(_item, [*lines, *_more(jobs[OTHERS:])])] if lines else []


def _item(line: str) -> str:
    return joined(" ", ["-", line])


def _more(jobs: Sequence[QueuedJob]) -> list[str]:
    etas = [job.eta for job in jobs if job.eta is not None]
    known = etas and len(etas) == len(jobs)
    if known:
        last = "and {number} more, the last done in about {time}"
        return [say(last, number=len(jobs), time=duration(max(etas)))]
    return [say("and {number} more", number=len(jobs))] if jobs else []


def _what(job: QueuedJob) -> str:
    one, many = _WORDS[job.kind]
    return count(job.count, one, many, model=job.model)


def _how(job: QueuedJob) -> str:
    left = None if job.eta is None else duration(max(1.0, job.eta))
    if job.status == "running":
        share = (
            say("{share:.0%} done", share=job.done / job.total) if job.total else say("starting")
        )
        return joined(", ", [share, *([say("about {time} left", time=left)] if left else [])])
    place = say("number {place} in line", place=job.position)
    return joined(", ", [place, *([say("done in about {time}", time=left)] if left else [])])


def _budget(pool: Pool, asker: User) -> list[str]:
    allowance = pool.allowance(asker.key)
    role, left = allowance.role, allowance.left
    if role.budget is None or left is None:
        return []
    form = "Of today's {budget} of computing you have {left} left."
    return [say(form, budget=duration(role.budget), left=duration(left))]


async def quota_notice(studio: Studio, asker: User) -> str:
    """Return what somebody may still use today, and when there will be more."""
    if not isinstance(studio.runner, Pool):
        return say("Nothing is computed here, so nothing is counted.")
    allowance = studio.runner.allowance(asker.key)
    lines = _budget(studio.runner, asker) or [say("There is no bound on what you may use a day.")]
    used = "Today (UTC) you have used {time} of computing, with what waits for you."
    lines.append(say(used, time=duration(allowance.used)))
    if allowance.left is not None:
        lines.append(
            say(
                "It is {budget} again in {time}.",
                budget=duration(allowance.role.budget or 0.0),
                time=duration(allowance.renews),
            )
        )
    if allowance.role.weight != 1:
        weight = "Your share of the machine weighs {weight:g}, usual is 1."
        lines.append(say(weight, weight=allowance.role.weight))
    return joined("\n", lines)

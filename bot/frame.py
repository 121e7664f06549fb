"""One view of a running Atelier, as `atelier top` draws it (rich renderables only)."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from bot.control import Snapshot
from tools.compute.admission import duration
from tools.compute.status import UserStatus, WorkerStatus
from tools.compute.tally import MINUTE
from tools.compute.tickets import QueuedJob

_STYLES = {"busy": "green", "loading": "yellow", "off": "dim"}
_RIGHT = ("pid", "runs", "waits", "weight", "today", "budget", "place", "count", "done", "left")
_LOOSE = ("models", "user", "id", "model")
"""Columns that are cut where the screen is narrow."""
_PLACE = 8
"""Characters shown of a Ray node's id, which has 56; the worker's name says its host."""


def frame(snapshot: Snapshot, rows: int) -> RenderableType:
    """Return everything, with so many rows of users and of the queue."""
    status = snapshot.status
    parts = [_head(snapshot), _workers(status.workers)]
    if status.users:
        parts.append(_users(snapshot, status.users[:rows], len(status.users) - rows))
    if status.queue:
        parts.append(_queue(snapshot, status.queue[:rows], len(status.queue) - rows))
    return Group(*parts)


def _head(snapshot: Snapshot) -> RenderableType:
    status, pace, waits = snapshot.status, snapshot.status.pace, snapshot.status.waits
    passed = max(1.0, min(MINUTE, status.uptime) * max(1, len(status.workers)))
    lines = [
        f"Atelier {snapshot.version}, process {snapshot.pid}, up {duration(status.uptime)}: "
        f"{status.running} running, {status.waiting} waiting",
        f"Last minute: {pace.jobs} done, {pace.artifacts} results, "
        f"workers busy {min(1.0, pace.seconds / passed):.0%}",
        f"Since the start: {_counted(snapshot)}",
    ]
    if waits is not None:
        parts = (("half", waits.p50), ("9 of 10", waits.p90), ("99 of 100", waits.p99))
        told = ", ".join(f"{part} within {_seconds(seconds)}" for part, seconds in parts)
        lines.insert(2, f"Waiting: {told}")
    return Group(Text(lines[0], "bold"), *map(Text, lines[1:]))


def _counted(snapshot: Snapshot) -> str:
    work = snapshot.status.work
    ends = {
        "done": sum(w.done for w in work),
        "failed": sum(w.failed for w in work),
        "cancelled": sum(w.cancelled for w in work),
        "refused": sum(w.refused for w in work),
        "lost workers": sum(w.crashes for w in snapshot.status.workers),
    }
    computed = duration(sum(w.computing.total for w in work))
    told = [f"{count} {name}" for name, count in ends.items() if count or name == "done"]
    return f"{', '.join(told)}; {computed} of computing"


def _workers(workers: Sequence[WorkerStatus]) -> RenderableType:
    rows = [
        (
            worker.name,
            _where(worker),
            Text(worker.state, _STYLES.get(worker.state, "")),
            str(worker.pid or "-"),
            f"{_gib(sum(mib for _, mib in worker.models))}/{_gib(worker.memory)} GiB",
            ", ".join(f"{name} {_gib(mib)}" for name, mib in worker.models) or "-",
        )
        for worker in workers
    ]
    return _table(("worker", "device", "state", "pid", "memory", "models"), rows)


def _where(worker: WorkerStatus) -> str:
    kind = "" if worker.kind == "process" else f"{worker.kind} "
    place = f" {worker.place[:_PLACE]}" if worker.place else ""
    return f"{kind}{worker.device}{place}"


def _users(snapshot: Snapshot, users: Sequence[UserStatus], more: int) -> RenderableType:
    rows = [
        (
            _name(user.user, snapshot),
            user.user,
            str(user.running),
            str(user.waiting),
            f"{user.weight:g}",
            _seconds(user.today),
            "-" if user.budget is None else _seconds(user.budget),
        )
        for user in users
    ]
    return _table(("user", "id", "runs", "waits", "weight", "today", "budget"), rows, more)


def _queue(snapshot: Snapshot, queue: Sequence[QueuedJob], more: int) -> RenderableType:
    at = {id: worker.name for worker in snapshot.status.workers for id in worker.jobs}
    rows = [
        (
            str(job.position) if job.position else at.get(job.id, "runs"),
            _name(job.user, snapshot),
            job.kind,
            str(job.count),
            job.model,
            f"{job.done / job.total:.0%}" if job.total else "-",
            "-" if job.eta is None else _seconds(job.eta),
        )
        for job in queue
    ]
    return _table(("place", "user", "kind", "count", "model", "done", "left"), rows, more)


def _table(
    columns: Sequence[str], rows: Sequence[Sequence[str | Text]], more: int = 0
) -> RenderableType:
    """Return a table under an empty line, and how many more rows there are than it shows."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold reverse")
    for column in columns:
        # Of those that may wrap rich takes room first; their words say that they do not.
        table.add_column(_cell(column, column), no_wrap=column not in _LOOSE)
    for row in rows:
        cells = zip(columns, row, strict=True)
        table.add_row(*(_cell(column, value) for column, value in cells))
    end = [Text(f"and {more} more", "dim")] if more > 0 else []
    return Group(Text(), table, *end)


def _cell(column: str, value: str | Text) -> Text:
    """Return words that are shown as they are, whatever is in them, in one line."""
    if isinstance(value, Text):
        return value
    shown = "".join(c if c.isprintable() else "?" for c in value)
    right = column in _RIGHT
    return Text(shown, justify="right" if right else "left", no_wrap=True, overflow="ellipsis")


def _name(user: str, snapshot: Snapshot) -> str:
    return snapshot.names.get(user) or user.partition(":")[2]


def _gib(mib: int) -> str:
    return f"{mib / 1024:.1f}"


def _seconds(seconds: float) -> str:
    if seconds < MINUTE:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02} s"
    return f"{minutes // 60} h {minutes % 60:02} min"

"""`atelier top`: a live table of a running Atelier; imports nothing that takes long."""

import os
import select
import sys
import termios
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from bot.control import Snapshot, ask, dump
from bot.settings import Settings
from tools.compute.admission import duration
from tools.compute.status import WorkerStatus
from tools.compute.tally import MINUTE
from tools.compute.tickets import QueuedJob

EVERY = 1.0
"""Seconds between two frames, at least."""
_CALM = 20.0  # times as long as an answer took: a long queue is not asked for all the time
ROWS = 20
"""Rows of users and of the queue, at most."""
_WIDE = 200  # columns, where a program reads them
_STYLES = {"busy": "green", "loading": "yellow", "off": "dim"}


def top(settings: Settings, *, once: bool, as_json: bool) -> int:
    """Show how the running Atelier stands until q or Ctrl-C (blocks); raises AtelierError.

    Once, or where nobody could watch, only one frame is printed.
    """
    if as_json:
        sys.stdout.write(dump(ask(settings.data)).decode() + "\n")
        return 0
    console = Console(highlight=False)
    if once or not console.is_terminal:
        if not console.is_terminal:
            console.width = _WIDE
        console.print(frame(ask(settings.data)))
        return 0
    with suppress(KeyboardInterrupt):
        _watch(settings, console)
    return 0


def frame(snapshot: Snapshot, rows: int = ROWS) -> RenderableType:
    """Return one view of everything, with so many rows of users and of the queue."""
    parts: list[RenderableType] = [_head(snapshot), Text(), _workers(snapshot)]
    if snapshot.status.users:
        parts += [Text(), _users(snapshot, rows)]
    if snapshot.status.queue:
        parts += [Text(), _queue(snapshot, rows)]
    return Group(*parts)


def _watch(settings: Settings, console: Console) -> None:
    with _keys() as pressed, Live(console=console, screen=True, auto_refresh=False) as live:
        while True:
            asked = time.monotonic()
            snapshot = ask(settings.data)
            pause = max(EVERY, _CALM * (time.monotonic() - asked))
            free = console.height - len(snapshot.status.workers) - 12
            live.update(frame(snapshot, max(3, free // 2)), refresh=True)
            if pressed(pause) in ("q", "Q"):
                return


@contextmanager
def _keys() -> Iterator[Callable[[float], str]]:
    """Give what waits so many seconds at most and returns the key pressed meanwhile, if any."""
    if not sys.stdin.isatty():
        yield _pause
        return
    file = sys.stdin.fileno()
    before = termios.tcgetattr(file)
    tty.setcbreak(file)
    try:
        yield lambda seconds: _key(file, seconds)
    finally:
        termios.tcsetattr(file, termios.TCSADRAIN, before)


def _key(file: int, seconds: float) -> str:
    ready, _, _ = select.select([file], [], [], seconds)
    return os.read(file, 1).decode("ascii", "replace") or "q" if ready else ""  # or it hung up


def _pause(seconds: float) -> str:
    time.sleep(seconds)
    return ""


def _head(snapshot: Snapshot) -> Text:
    status, pace, waits = snapshot.status, snapshot.status.pace, snapshot.status.waits
    text = Text(f"Atelier {snapshot.version}", "bold")
    text.append(f", process {snapshot.pid}, up {duration(status.uptime)}: ", "not bold")
    text.append(f"{status.running} running, {status.waiting} waiting", "bold")
    passed = max(1.0, min(MINUTE, status.uptime) * max(1, len(status.workers)))
    text.append(
        f"\nLast minute: {pace.jobs} done, {pace.artifacts} results, "
        f"workers busy {min(1.0, pace.seconds / passed):.0%}",
        "not bold",
    )
    if waits is not None:
        text.append(
            f"\nWaiting: half within {_seconds(waits.p50)}, 9 of 10 within {_seconds(waits.p90)}, "
            f"99 of 100 within {_seconds(waits.p99)}",
            "not bold",
        )
    return text.append(f"\nSince the start: {_counted(snapshot)}", "not bold")


def _counted(snapshot: Snapshot) -> str:
    work = snapshot.status.work
    ends = {
        "done": sum(w.done for w in work),
        "failed": sum(w.failed for w in work),
        "cancelled": sum(w.cancelled for w in work),
        "refused": sum(w.refused for w in work),
        "crashes": sum(w.crashes for w in snapshot.status.workers),
    }
    computed = duration(sum(w.computing.total for w in work))
    told = [f"{count} {name}" for name, count in ends.items() if count or name == "done"]
    return f"{', '.join(told)}; {computed} of computing"


def _table(*columns: str, right: tuple[str, ...] = ()) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold reverse")
    for column in columns:
        table.add_column(
            column,
            justify="right" if column in right else "left",
            no_wrap=True,
            overflow="ellipsis",
        )
    return table


def _workers(snapshot: Snapshot) -> Table:
    table = _table("worker", "device", "state", "pid", "memory", "models", "works on")
    jobs = {job.id: job for job in snapshot.status.queue}
    for worker in snapshot.status.workers:
        held = sum(mib for _, mib in worker.models)
        doing = [_doing(jobs[id], snapshot) for id in worker.jobs if id in jobs]
        table.add_row(
            _plain(worker.name),
            _plain(_where(worker)),
            Text(worker.state, _STYLES.get(worker.state, "")),
            str(worker.pid or "-"),
            f"{_gib(held)} of {_gib(worker.memory)}",
            _plain(", ".join(f"{name} {_gib(mib)}" for name, mib in worker.models) or "-"),
            _plain("; ".join(doing) or "-"),
        )
    return table


def _where(worker: WorkerStatus) -> str:
    place = f" at {worker.place}" if worker.place else ""
    kind = "" if worker.kind == "process" else f"{worker.kind} "
    lost = f" ({worker.crashes} lost)" if worker.crashes else ""
    return f"{kind}{worker.device}{place}{lost}"


def _doing(job: QueuedJob, snapshot: Snapshot) -> str:
    share = f" {job.done / job.total:.0%}" if job.total else ""
    return f"{job.kind} x{job.count} for {_name(job.user, snapshot)}{share}"


def _users(snapshot: Snapshot, rows: int) -> Table:
    right = ("runs", "waits", "weight", "today", "budget")
    table = _table("user", "id", *right, right=right)
    users = snapshot.status.users
    for user in users[:rows]:
        table.add_row(
            _plain(_name(user.user, snapshot)),
            _plain(user.user),
            str(user.running),
            str(user.waiting),
            f"{user.weight:g}",
            _seconds(user.today),
            "-" if user.budget is None else _seconds(user.budget),
        )
    return _ended(table, len(users) - rows)


def _queue(snapshot: Snapshot, rows: int) -> Table:
    right = ("place", "count", "done", "left")
    table = _table("place", "user", "kind", "count", "model", "done", "left", right=right)
    queue = snapshot.status.queue
    for job in queue[:rows]:
        table.add_row(
            str(job.position) if job.position else "runs",
            _plain(_name(job.user, snapshot)),
            job.kind,
            str(job.count),
            _plain(job.model),
            f"{job.done / job.total:.0%}" if job.total else "-",
            "-" if job.eta is None else _seconds(job.eta),
        )
    return _ended(table, len(queue) - rows)


def _ended(table: Table, more: int) -> Table:
    if more > 0:
        table.add_row(Text(f"+{more}", "dim"))
    return table


def _name(user: str, snapshot: Snapshot) -> str:
    return snapshot.names.get(user) or user.partition(":")[2] or "-"


def _plain(words: str) -> Text:
    """Return words that are shown as they are, whatever is in them."""
    return Text("".join(c if c.isprintable() else "?" for c in words))


def _gib(mib: int) -> str:
    return f"{mib / 1024:.1f} GiB"


def _seconds(seconds: float) -> str:
    if seconds < MINUTE:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return (
        f"{minutes} min {rest:02} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"
    )

"""What came of a soak: every request with its answers counted, and everything that is wrong."""

import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from typing import Protocol

from tests import discord_server as discord
from tests.bench.report import table
from tests.soak_life import Bot
from tests.soak_people import Ask, is_progress

Stored = list[tuple[str, str, str]]
"""Id, kind and delivery of the replies to a request, as the bot noted them."""
_GROWTH = 30.0
"""MB by which a life may grow between its first minute and its end."""
_LONG, _STEEP = 600.0, 30.0
"""Seconds after which memory must stand still, and the MB an hour that still count as that."""


class Soaked(Protocol):
    """What is known of a run."""

    bot: Bot
    asks: list[Ask]
    chaos: Counter[str]

    def deaf(self, ask: Ask) -> bool:
        """Whether nobody could hear a request."""
        ...


def is_sent(replies: Stored | None) -> bool:
    """Whether a request has its reply, and nothing of that is still to be sent."""
    return bool(replies) and all(status != "pending" for *_, status in replies or ())


def stored(base: sqlite3.Connection, ask: Ask) -> Stored | None:
    """Return id, kind and delivery of the stored replies; None when it was never stored."""
    marks = ",".join("?" * len(ask.posts()))
    request = base.execute(
        "SELECT m.id FROM posts p JOIN messages m ON m.seq = p.message JOIN chats c"
        f" ON c.number = m.chat WHERE c.platform = ? AND c.id = ? AND p.id IN ({marks})"
        " AND m.author IS NOT NULL AND p.part >= 0",
        (ask.platform, ask.chat, *ask.posts()),
    ).fetchone()
    if request is None:
        return None
    return base.execute(
        "SELECT m.id, d.kind, d.status FROM messages m JOIN deliveries d ON d.message = m.seq"
        " WHERE m.reply_to = ?",
        request,
    ).fetchall()


@dataclass
class Verdict:
    """What became of every request of a platform."""

    ends: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


def judge(soak: Soaked, platform: str) -> Verdict:
    """Count the answers of every request: on the server, and in the bot's own books."""
    found = Verdict()
    loose = _loose(soak.bot.discord)
    with closing(sqlite3.connect(soak.bot.database)) as base:
        for ask in (a for a in soak.asks if a.platform == platform):
            if "queue" in ask.kind:
                found.ends["notices asked for"] += 1
                continue
            replies = stored(base, ask)
            shown = ask.shown() + sum(loose[id] for id, *_ in replies or ())
            how = end(shown, replies, deaf=soak.deaf(ask))
            found.ends[how] += 1
            found.kinds[" ".join(kind for _, kind, _ in replies or ())] += 1
            if how not in ("once", "told why not", "not heard"):
                found.wrong.append(f"{how}: {ask.platform} {ask.kind} {ask.posts()} {replies}")
    return found


def end(shown: int, replies: Stored | None, *, deaf: bool) -> str:
    """Return what became of a request, by what is shown and what the bot noted of its replies."""
    if replies is None and not shown and deaf:
        return "not heard"
    if shown != 1:
        return "lost" if not shown else "twice"
    if replies is None:
        return "told why not"
    sent = [status for *_, status in replies] == ["sent"]
    return "once" if sent else "shown once, noted otherwise"


def _loose(server: discord.Server) -> Counter[str]:
    """Count by our ids the replies that reply to nothing: their interaction got no answer."""
    loose = [m.nonce for m in server.messages() if m.reply_to is None and m.nonce]
    return Counter(nonce[:-1] for nonce in loose if nonce.endswith("0"))


def _left(bot: Bot) -> int:
    """Count messages that still say that something is going on, though nothing is."""
    posts = [post for room in bot.telegram.world.rooms.values() for post in room.said]
    busy = [p for p in posts if p.by_bot and not p.answered and is_progress(p.text)]
    here = [m for m in bot.discord.messages() if m.loading or is_progress(m.content)]
    return len(busy) + len(here)


def report(soak: Soaked) -> bool:
    """Print what was seen; return whether all of it was right."""
    bot, wrong = soak.bot, list(soak.bot.troubles)
    head = (
        "",
        "requests",
        "once",
        "told why not",
        "not heard",
        "lost",
        "twice",
        "otherwise",
        "notices",
    )
    rows = []
    for platform in ("telegram", "discord"):
        found = judge(soak, platform)
        wrong += found.wrong
        ends = found.ends
        total = ends.total() - ends["notices asked for"]
        names = ("once", "told why not", "not heard", "lost", "twice",
                 "shown once, noted otherwise", "notices asked for")  # fmt: skip
        rows.append((platform, *map(str, (total, *(ends[name] for name in names)))))
        print(f"  {platform}: answers of kind {dict(found.kinds)}")
    table("Requests and their answers", rows, head)
    print(f"\nTrouble made: {dict(sorted(soak.chaos.items()))}")
    lives(bot)
    wrong += _broken_rules(bot)
    wrong += [f"in the log: {line}" for line in bot.complaints()]
    wrong += [f"life {number} grew by {life.growth:.0f} MB" for number, life in
              enumerate(bot.lives, 1) if life.growth > _GROWTH]  # fmt: skip
    long = [life for life in bot.lives if life.age_at_end > _LONG]
    wrong += [f"a life of {life.age_at_end:.0f} s grows by {life.slope:.0f} MB an hour"
              for life in long if life.slope > _STEEP]  # fmt: skip
    wrong += [f"{life.orphans} workers outlived their bot" for life in bot.lives if life.orphans]
    print(f"\n{len(wrong)} things are wrong." if wrong else "\nNothing is wrong.")
    for line in wrong[:60]:
        print(f"  {line}")
    return not wrong


def _broken_rules(bot: Bot) -> list[str]:
    """Return what a careful bot would not have done.

    What is only said too often is told apart, and an edit that changes nothing, for its first
    answer may have been lost: a process that was killed, or heard nothing, knows nothing of that.
    """
    every = [*bot.telegram.violations, *bot.discord.violations]
    floods = [v for v in every if "Too Many Requests" in v or "asked too often" in v]
    late = [v for v in every if "10062" in v]
    again = [v for v in every if "message is not modified" in v]
    told = f"acknowledged too late: {len(late)}; edited to what it was: {len(again)}"
    print(f"\nRefused for saying too much: {len(floods)}; {told}")
    print(f"Buttons that spin still: {len(bot.telegram.unanswered)}; statuses left: {_left(bot)}")
    return [f"broke a rule: {v}" for v in every if v not in [*floods, *late, *again]]


def lives(bot: Bot) -> None:
    """Print the memory over time of every life."""
    head = ("life", "seconds", "ready s", "MB at 10 s", "at 50 s", "a third", "two thirds",
            "last 15 s", "most", "MB an hour", "end")  # fmt: skip
    rows = []
    for number, life in enumerate(bot.lives, 1):
        last = life.age_at_end
        thirds = [life.mean(last * part / 3 - 8, last * part / 3 + 8) for part in (1, 2)]
        sizes = (life.mean(5, 15), life.mean(45, 55), *thirds, life.mean(last - 15, last + 1))
        most = max((size for _, size in life.memory), default=0.0)
        rows.append((str(number), f"{last:.0f}", f"{life.ready:.1f}",
                     *(f"{size:.0f}" for size in (*sizes, most, life.slope)),
                     f"{life.end} ({life.ending:.1f} s)"))  # fmt: skip
    table("Memory of the bot's own process", rows, head)

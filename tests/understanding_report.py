"""How much of the understanding set is understood: by language, tool and part."""

import argparse
import asyncio
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from agents.understanding.understand import understand
from agents.understanding.wishes import Wish
from bot.settings import Settings
from tests.understanding_cases import KNOWN, LANGUAGES, PARTS, Case, agree, dialogues, singles
from tests.understanding_turns import Judged, judge, turns_of

QUIET = ("chat",)
NAMES = {"set": "tuned", "untouched": "untouched"}


@dataclass(frozen=True, slots=True)
class Read:
    """A single message, what was made of it, and how many seconds that took."""

    case: Case
    found: tuple[Wish, ...]
    seconds: float

    @property
    def right(self) -> bool:
        return agree(self.found, self.case.wanted)


def by_rules(case: Case) -> Read:
    """Read a message by the grammar alone."""
    understand(case.text, KNOWN[case.known])  # compiles what it needs
    began = time.perf_counter()
    found = understand(case.text, KNOWN[case.known])
    took = time.perf_counter() - began
    return Read(case, tuple(w for w in found if w.tool not in QUIET), took)


@dataclass(frozen=True, slots=True)
class Score:
    """How many of some cases are right."""

    right: int
    every: int

    @classmethod
    def of(cls, marks: Sequence[bool]) -> "Score":
        return cls(sum(marks), len(marks))

    @property
    def share(self) -> float:
        return self.right / self.every if self.every else 1.0

    def __str__(self) -> str:
        return f"{self.share:6.1%} ({self.right}/{self.every})" if self.every else "-"


def requests(reads: Sequence[Read]) -> Score:
    """Return how many of those that ask for something are right to the last argument."""
    return Score.of([r.right for r in reads if not r.case.chat])


def wrong_on_chat(reads: Sequence[Read]) -> Score:
    """Return on how many of those that ask for nothing something would be done."""
    return Score.of([not r.right for r in reads if r.case.chat])


def main(arguments: Sequence[str] = (), settings: Settings | None = None) -> int:
    """Measure and print; 0 however good it is. Raises AtelierError without the chat model."""
    given = _parser().parse_args(arguments)
    languages = [given.language] if given.language else list(LANGUAGES)
    reads, judged = asyncio.run(_measure(given, languages, settings))
    write = sys.stdout.write
    for table in (*_singles(reads, languages), *_dialogues(judged, languages)):
        write(table + "\n")
    if given.show:
        shown = PARTS if given.untouched else ("set",)
        for text in (*_wrong(reads, shown), *_lost(judged, shown)):
            write(text + "\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="atelier bench understanding")
    parser.add_argument("--model", choices=("rules", "local", "server"), default="rules")
    parser.add_argument("--language", choices=LANGUAGES)
    parser.add_argument("--show", action="store_true", help="list what is wrong")
    parser.add_argument("--untouched", action="store_true", help="that of the untouched part, too")
    parser.add_argument("--only", choices=("singles", "dialogues"))
    parser.add_argument("--limit", type=int, default=10**9, help="at most so many of each part")
    return parser


async def _measure(
    given: argparse.Namespace, languages: Sequence[str], settings: Settings | None
) -> tuple[list[Read], list[Judged]]:
    cases = [c for p in PARTS for c in singles(p, languages)[: given.limit]]
    talks = [d for p in PARTS for d in dialogues(p, languages)[: given.limit]]
    reads: list[Read] = []
    judged: list[Judged] = []
    if given.only != "dialogues":
        for case in cases:  # what is compiled when it is first needed is not timed
            by_rules(case)
        reads = [by_rules(c) for c in cases]
        if given.model != "rules":
            found = await turns_of(cases, given.model, settings)
            reads = [Read(c, w, s) for c, (w, s) in zip(cases, found, strict=True)]
    if given.only != "singles":
        judged = await judge(talks, given.model, settings)
    return reads, judged


def _singles(reads: Sequence[Read], languages: Sequence[str]) -> Iterator[str]:
    if not reads:
        return

    def row(name: str, fits: Callable[[Read], bool]) -> list[str]:
        parts = [[r for r in reads if r.case.part == p and fits(r)] for p in PARTS]
        return [name, *(str(requests(p)) for p in parts), *(str(wrong_on_chat(p)) for p in parts)]

    heads = ["requests", *(NAMES[p] for p in PARTS), *(f"wrong on chat, {NAMES[p]}" for p in PARTS)]
    rows = [row(each, lambda r, each=each: r.case.language == each) for each in languages]  # type: ignore[misc]
    yield _table(heads, [*rows, row("all", lambda r: True)])
    tools = sorted({w.tool for r in reads for right in r.case.wanted for w in right})
    rows = [row(t, lambda r, t=t: any(w.tool == t for w in r.case.wanted[0])) for t in tools]  # type: ignore[misc]
    yield _table(["by tool", *(NAMES[p] for p in PARTS)], [r[:3] for r in rows])
    took = sorted(r.seconds * 1e3 for r in reads)
    late = took[int(len(took) * 0.99)]
    yield f"milliseconds a message: median {median(took):.3g}, 99th percentile {late:.3g}\n"


def _dialogues(judged: Sequence[Judged], languages: Sequence[str]) -> Iterator[str]:
    if not judged:
        return

    def row(name: str, fits: Callable[[Judged], bool]) -> list[str]:
        return [name, *(c for p in PARTS for c in _about(judged, p, fits))]

    heads = ["dialogues", *(f"{what}, {NAMES[p]}" for p in PARTS for what in _MEASURED)]
    rows = [row(each, lambda j, each=each: j.dialogue.language == each) for each in languages]  # type: ignore[misc]
    yield _table(heads, [*rows, row("all", lambda j: True)])


_MEASURED = ("messages", "whole", "wrong picture")


def _about(judged: Sequence[Judged], part: str, fits: Callable[[Judged], bool]) -> list[str]:
    mine = [j for j in judged if j.dialogue.part == part and fits(j)]
    return [str(messages(mine)), str(whole(mine)), str(wrong_pictures(mine))]


def messages(judged: Sequence[Judged]) -> Score:
    """Return how many messages of dialogues are right: the steps, a question, or nothing."""
    return Score.of([j.right for j in judged])


def whole(judged: Sequence[Judged]) -> Score:
    """Return how many dialogues are right from the first to the last message."""
    found: dict[tuple[str, str], bool] = {}
    for j in judged:
        key = j.dialogue.language, j.dialogue.name
        found[key] = found.get(key, True) and j.right
    return Score.of([*found.values()])


def wrong_pictures(judged: Sequence[Judged]) -> int:
    """Return how often something nobody pointed at would be worked on without a question."""
    return sum(j.wrong_picture for j in judged)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    wide = [max(len(r[n]) for r in (heads, *rows)) for n in range(len(heads))]
    lines = ["  ".join(c.ljust(w) for c, w in zip(r, wide, strict=True)) for r in (heads, *rows)]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:], ""])


def _wrong(reads: Sequence[Read], parts: Sequence[str]) -> Iterator[str]:
    for r in reads:
        if not r.right and r.case.part in parts:
            c = r.case
            yield f"{c.language} {c.part} [{c.known}] {c.text}\n   is {spelt(r.found)}\n" + "".join(
                f"   not {spelt(right)}\n" for right in c.wanted
            )


def _lost(judged: Sequence[Judged], parts: Sequence[str]) -> Iterator[str]:
    for j in judged:
        if not j.right and j.dialogue.part in parts:
            d = j.dialogue
            yield f"{d.language} {d.part} {d.name}, {j.number}: {j.line.text}\n   is {j.told}\n" + (
                "".join(f"   not {spelt(right)}\n" for right in j.line.wanted)
            )


def spelt(wishes: Sequence[Wish]) -> str:
    """Return wishes as the files write them."""
    calls = (f"{w.tool}({', '.join(f'{k}={v!r}' for k, v in w.args.items())})" for w in wishes)
    return ", ".join(calls) or "nothing"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

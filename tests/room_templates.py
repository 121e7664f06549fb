"""Every template from brief to pack, as people make it: `python -m tests.room_templates`.

A real `atelier chat --json` with the starter models makes every piece; the packs are opened and
read. With `--keep FOLDER` they stay there to be looked at.
"""

import argparse
import asyncio
import json
import re
import shutil
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from agents.rooms.templates import Template, load
from tests.bench.report import note
from tests.packs import Found, Wanted, read

SUBJECTS = {
    "campaign-kit": "green tea",
    "character-sheet": "a lighthouse keeper",
    "game-level": "an old factory",
    "lesson": "how rain is made",
    "news-item": "the new bridge",
    "poster-series": "the jazz night",
    "product-ads": "a folding bicycle",
    "video-script": "a walk in the forest",
}
MUST, NEVER = "Riverside", "coffee"
_MOST = 16
"""Things said until a room gives up."""


@dataclass(frozen=True, slots=True)
class Said:
    """What was answered, and the files that came with it."""

    text: str
    files: tuple[Path, ...] = ()


Say = Callable[[str, str], Awaitable[Said]]
"""Lets one of the team say something and returns the answer."""


@dataclass(frozen=True, slots=True)
class Played:
    """What came of a template; `first` and `last` are the scores before and after repair."""

    name: str
    seconds: float
    first: float
    last: float
    found: Found
    zips: tuple[Path, ...]

    def row(self) -> str:
        """Return it as a line of the table."""
        held = f"{self.found.checked - len(self.found.wrong)} of {self.found.checked}"
        size = sum(file.stat().st_size for file in self.zips) / 1e6
        score = (
            f"{self.first:.0f}" if self.first == self.last else f"{self.first:.0f}-{self.last:.0f}"
        )
        return (
            f"{self.name:16} {self.found.pieces:6} {self.seconds:7.0f} {score:>7} {held:>12}"
            f" {self.found.files:6} {size:6.1f}"
        )


HEAD = f"{'template':16} pieces seconds   score         held  files     MB"


async def played(say: Say, template: Template, subject: str) -> Played:
    """Let two people take a template from a few words to its pack, and read that."""
    began = time.monotonic()
    await say("ana", f"/project new {template.name} for {subject}")
    await say("ben", f"must say {MUST}, never mention {NEVER}")
    scores: list[float] = []
    for _ in range(_MOST):
        stage = await _stage(say)
        for who, words in _WORDS.get(stage, (("ana", "next"),)):
            answer = await say(who, words)
            scores += map(float, re.findall(r"Score ([\d.]+) of", answer.text))
        if stage == "check":
            answer = await _packed(say, answer)
        if zips := tuple(file for file in answer.files if file.suffix == ".zip"):
            found = read([file.read_bytes() for file in zips], wanted(template))
            seconds = time.monotonic() - began
            return Played(template.name, seconds, scores[0], scores[-1], found, zips)
    raise AssertionError(f"no pack of {template.name}: the last was {answer.text!r}")


_WORDS = {
    "choice": (("ana", "1"), ("ben", "1"), ("ana", "next")),
    "review": (("ben", "approve all"), ("ana", "next")),
    "check": (("ben", "fix all"), ("ana", "next")),
}


async def _packed(say: Say, answer: Said) -> Said:
    """Pack although the check found something, when it did."""
    return answer if answer.files else await say("ana", "/project anyway")


async def _stage(say: Say) -> str:
    found = re.search(r"Stage: (\w+)", (await say("ana", "/project")).text)
    return found[1] if found else ""


def wanted(template: Template) -> Wanted:
    """Return what the files of a template's pack are held to."""
    words = {part.title: part.words for part in template.pieces if part.kind == "text"}
    free = tuple(part.title for part in template.pieces if not part.must)
    return Wanted((MUST,), (NEVER,), str(template.brief.aspect), words, free)


@dataclass
class Talk:
    """A bot that is talked to in a terminal, a JSON object a line; numbers its messages itself."""

    process: asyncio.subprocess.Process
    told: int = 0
    log: list[str] = field(default_factory=list)

    async def say(self, who: str, text: str) -> Said:
        """Say something as one of the team."""
        stdin, stdout = self.process.stdin, self.process.stdout
        assert stdin is not None
        assert stdout is not None
        self.told += 1
        stdin.write(json.dumps({"text": text, "user": who}).encode() + b"\n")
        await stdin.drain()
        while line := await stdout.readline():
            event: dict[str, Any] = json.loads(line)
            if event["message"] == self.told and event["event"] not in ("progress", "board"):
                self.log.append(f"{who}: {text}\n    " + event["text"].replace("\n", "\n    "))
                return Said(event["text"], tuple(Path(a["path"]) for a in event["assets"]))
        raise AssertionError(f"the bot ended at {text!r}")


async def main(arguments: Sequence[str]) -> int:
    """Play all templates, or those named, and print a row each."""
    parser = argparse.ArgumentParser(prog="tests.room_templates", description=__doc__)
    parser.add_argument("names", nargs="*", default=list(SUBJECTS))
    parser.add_argument("--keep", type=Path, default=None)
    given = parser.parse_args(arguments)
    with TemporaryDirectory(prefix="templates-") as folder:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", "chat", "--json", "--data", folder,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=2**22,
        )  # fmt: skip
        talk = Talk(process)
        note(HEAD)
        wrong = [await _told(talk, name, given.keep) for name in given.names]
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()
    note(f"{sum(wrong)} things wrong")
    return 1 if any(wrong) else 0


async def _told(talk: Talk, name: str, keep: Path | None) -> int:
    """Play a template, print what came of it, and return how much of that is wrong."""
    talk.log.clear()
    one = await played(talk.say, load()[name], SUBJECTS.get(name, "the river"))
    await talk.say("ana", "/project close")
    note(one.row())
    for why in one.found.wrong:
        note(f"    {why}")
    if keep is not None:
        place = keep / name
        place.mkdir(parents=True, exist_ok=True)
        (place / "talk.txt").write_text("\n".join(talk.log), encoding="utf-8")
        for file in one.zips:
            shutil.copy(file, place)
    return len(one.found.wrong)


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))

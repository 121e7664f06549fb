"""What `atelier plan` does: say what a request would come to, without doing it."""

import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.adapter import Received, Reply
from bot.adapters.console import CHAT
from bot.app import rehearsal
from bot.progress import Standing
from bot.settings import Settings
from bot.trail import Trail
from memory.records import Message, Step, User

Planned = tuple[str, dict[str, object]]
"""A tool and its arguments."""


def plan(settings: Settings, text: str, *, as_json: bool) -> int:
    """Print what a request would do; return 1 if nothing could be made of it (blocks)."""
    return asyncio.run(_plan(settings, text, as_json=as_json))


async def _plan(settings: Settings, text: str, *, as_json: bool) -> int:
    kept = _Kept()
    async with rehearsal(settings) as app:
        me = User(CHAT.platform, "you", "you")
        await app.handle(Received(Message(CHAT, me, text)), kept)
    steps = [step for step in kept.steps if step.status == "planned"]
    planned = _planned(steps)
    words = "" if steps and kept.kind == "reply" else kept.text
    if as_json:
        found = {"steps": [{"tool": t, "args": a} for t, a in planned], "text": words}
        sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write(_table(planned) + (f"{words}\n" if words else ""))
    return 1 if kept.kind == "error" else 0


@dataclass(slots=True)
class _Kept:
    """An outbox that keeps the answer."""

    kind: str = "reply"
    text: str = ""
    steps: tuple[Step, ...] = field(default=())

    async def send(self, reply: Reply, trail: Trail) -> None:
        self.kind, self.text, self.steps = reply.kind, reply.message.text, reply.steps

    async def remove(self, trail: Trail) -> None:
        """A plan is nowhere."""

    def show(self, standing: Standing) -> None:
        """A plan is over in a moment."""

    async def notice(self, text: str, *, error: bool = False) -> None:
        self.kind, self.text = "error" if error else "reply", text


def _planned(steps: Sequence[Step]) -> list[Planned]:
    """Return steps whose arguments name what an earlier one would make: "step:1", "step:1:2"."""
    made: dict[str, str] = {}
    for number, step in enumerate(steps, 1):
        many = len(step.assets) > 1
        made[step.result] = f"step:{number}"
        for n, asset in enumerate(step.assets, 1):
            made[asset.sha256] = f"step:{number}:{n}" if many else f"step:{number}"
    return [(s.tool, {k: made.get(str(v), v) for k, v in s.args.items()}) for s in steps]


def _table(planned: Sequence[Planned]) -> str:
    wide = max((len(tool) for tool, _ in planned), default=0)
    rows = [
        f"{number}. {tool:{wide}}  {', '.join(f'{k}: {v}' for k, v in args.items())}\n"
        for number, (tool, args) in enumerate(planned, 1)
    ]
    return "".join(rows)

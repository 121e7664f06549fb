"""What `atelier plan` does: say what a request would come to, without doing it."""

import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from agents.expand import LINK, made
from agents.plans import ALWAYS
from agents.scene import waits
from bot.adapter import Received, Reply
from bot.adapters.console import CHAT
from bot.app import rehearsal
from bot.progress import Standing
from bot.settings import Settings
from bot.trail import Trail
from memory.records import Chat, Message, Step, User
from tools.tool import Tool


def plan(settings: Settings, text: str, *, as_json: bool) -> int:
    """Print what a request would do; return 1 if nothing could be made of it (blocks)."""
    return asyncio.run(_plan(settings, text, as_json=as_json))


async def _plan(settings: Settings, text: str, *, as_json: bool) -> int:
    kept = _Kept()
    async with rehearsal(settings, ALWAYS) as app:
        me = User(CHAT.platform, "you", "you")
        message = Message(CHAT, me, text)
        await app.handle(Received(message), kept)
        planner = app.studio.planner(app.studio.catalogue)
    steps = [step for step in kept.steps if waits(step)]
    words = "" if steps else kept.text
    if as_json:
        found: dict[str, object] = {"steps": _planned(steps, planner.tools), "text": words}
        price = planner.price(steps)
        found |= {"seconds": round(price.seconds, 1), "known": price.known} if steps else {}
        sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write("\n".join(planner.lines(steps)) if steps else words)
        sys.stdout.write("\n")
    return 1 if kept.kind == "error" else 0


@dataclass(slots=True)
class _Kept:
    """An outbox that keeps the answer."""

    kind: str = "reply"
    text: str = ""
    steps: tuple[Step, ...] = field(default=())

    async def send(self, reply: Reply, trail: Trail) -> None:
        self.kind, self.text, self.steps = reply.kind, reply.message.text, reply.steps

    async def update(self, reply: Reply, trail: Trail) -> bool:
        """A plan stays as it is."""
        return True

    async def thread(self, trail: Trail, title: str) -> Chat | None:
        """Return None: there is but one conversation here."""
        return None

    async def pin(self, trail: Trail) -> bool:
        """A plan is nowhere."""
        return True

    async def remove(self, trail: Trail) -> None:
        """A plan is nowhere."""

    def show(self, standing: Standing) -> None:
        """A plan is over in a moment."""

    async def notice(self, text: str, *, error: bool = False) -> None:
        self.kind, self.text = "error" if error else "reply", text


def _planned(steps: Sequence[Step], tools: Mapping[str, Tool]) -> list[dict[str, object]]:
    """Return steps whose arguments name what an earlier one would make: "step:1", "step:1:2"."""
    numbers = {step.id: number for number, step in enumerate(steps, 1)}
    many = {step.id for step in steps if made(step, tools) > 1}

    def named(value: object) -> object:
        link = LINK.match(value) if isinstance(value, str) else None
        if link is None:
            return value
        nth = f":{link['n']}" if link["n"] and link["step"] in many else ""
        return f"step:{numbers[link['step']]}{nth}"

    return [{"tool": s.tool, "args": {k: named(v) for k, v in s.args.items()}} for s in steps]

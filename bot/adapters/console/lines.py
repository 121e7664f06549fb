"""The terminal for scripts: one message a line in, one JSON object a line out."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO, TextIO

from bot import intake
from bot.adapter import Handler, Pressed, Received, Reply
from bot.adapters.console import CHAT
from bot.desk import Desk
from bot.progress import Standing
from memory.assets import Assets
from memory.errors import AtelierError
from memory.records import Asset, Message, Step, User
from tools.errors import Refused

LONGEST_LINE = 1_000_000
_FIELDS = {"text", "user", "reply_to", "attachments", "press"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of input: a message, or a button pressed on an earlier reply."""

    text: str = ""
    user: str = "you"
    reply_to: str = ""
    attachments: tuple[str, ...] = ()
    press: str = ""


def parse(raw: bytes) -> Line:
    """Read one line: plain text, or a JSON object; raises Refused with a sentence."""
    if len(raw) > LONGEST_LINE:
        raise Refused(f"That line has {len(raw):,} bytes; keep it under {LONGEST_LINE:,}.")
    try:
        text = raw.decode("utf-8").strip("\r\n")
    except UnicodeDecodeError as error:
        raise Refused("That line is not text; write it in UTF-8.") from error
    if "\x00" in text:
        raise Refused("That line is not text; write it in UTF-8.")
    if not text.lstrip().startswith("{"):
        return Line(text)
    try:
        data = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise Refused(
            "That line starts like JSON but is not; check its quotes and commas."
        ) from error
    return _line(data)


def _line(data: dict[str, Any]) -> Line:
    unknown = sorted(set(data) - _FIELDS)
    if unknown:
        raise Refused(f"There is no field {unknown[0]!r}; there are: {', '.join(sorted(_FIELDS))}.")
    paths = data.get("attachments") or []
    if not isinstance(paths, list) or len(paths) > intake.MOST:
        raise Refused(f"attachments must be a list of at most {intake.MOST} paths.")
    words = {k: data.get(k) or "" for k in ("text", "reply_to", "press")}
    if not all(isinstance(v, str) for v in (*words.values(), *paths, data.get("user", ""))):
        raise Refused("text, user, reply_to, press and each attachment must be strings.")
    return Line(**words, user=data.get("user") or "you", attachments=tuple(paths))


@dataclass(slots=True)
class JsonOutbox:
    """Writes events; `number` counts the input's lines from 1, None for an earlier run's."""

    number: int | None
    assets: Assets
    out: TextIO
    _shown: str = field(default="", init=False)

    async def send(self, reply: Reply) -> tuple[str, ...]:
        """Write a reply, question or error with everything that was made."""
        message = reply.message
        self._write(
            reply.kind,
            id=message.id,
            request=message.reply_to,
            text=message.text,
            assets=[self._asset(a) for a in message.assets],
            steps=[_step(s) for s in reply.steps],
            actions=[{"id": a.id, "label": a.label} for a in reply.actions],
        )
        return (message.id,)

    def show(self, standing: Standing) -> None:
        """Write how the request stands."""
        self._write(
            "progress",
            request=standing.message_id,
            phase=standing.phase,
            tool=standing.tool,
            position=standing.position,
            eta=standing.eta,
            percent=round(100 * standing.fraction),
        )

    async def notice(self, text: str, *, error: bool = False) -> None:
        """Write a sentence that is not part of the conversation."""
        self._write("error" if error else "notice", text=text)

    def _asset(self, asset: Asset) -> dict[str, object]:
        return {
            "sha256": asset.sha256,
            "media_type": asset.media_type,
            "path": str(self.assets.path(asset)) if asset.size else None,
            "width": asset.width or None,
            "height": asset.height or None,
            "seconds": asset.seconds or None,
        }

    def _write(self, event: str, **fields: object) -> None:
        line = {"event": event, "message": self.number, **fields}
        self.out.write(json.dumps(line, ensure_ascii=False) + "\n")
        self.out.flush()


def _step(step: Step) -> Mapping[str, object]:
    return {
        "id": step.id,
        "tool": step.tool,
        "args": step.args,
        "status": step.status,
        "parents": list(step.parents),
        "seconds": step.seconds,
    }


class Lines:
    """The adapter: reads to the end of input, waits for what is running, and ends."""

    name = CHAT.platform

    def __init__(
        self, desk: Desk, assets: Assets, source: BinaryIO | None = None, out: TextIO | None = None
    ) -> None:
        self._desk, self._assets = desk, assets
        self._source, self._out = source or sys.stdin.buffer, out or sys.stdout

    async def run(self, handle: Handler) -> None:
        """Handle every line in its order; turns of one chat follow each other."""
        async with asyncio.TaskGroup() as tasks:
            # The unfinished turns of the last run come first: they take the chat's lock first.
            tasks.create_task(self._desk.recover(self.name, lambda _: self._outbox(None)))
            await asyncio.sleep(0)
            number = 0
            async for raw in self._raw():
                number += 1
                taken = asyncio.Event()
                tasks.create_task(self._one(number, raw, handle, taken))
                await taken.wait()

    async def _raw(self) -> AsyncIterator[bytes]:
        while raw := await asyncio.to_thread(self._source.readline):
            yield raw

    def _outbox(self, number: int | None) -> JsonOutbox:
        return JsonOutbox(number, self._assets, self._out)

    async def _one(self, number: int, raw: bytes, handle: Handler, taken: asyncio.Event) -> None:
        outbox = self._outbox(number)
        try:
            line = parse(raw)
            user = User(self.name, line.user, line.user)
            if line.press:
                event: Pressed | Received = Pressed(user, CHAT, line.reply_to, line.press)
            else:
                assets = [await intake.take(path, self._assets) for path in line.attachments]
                message = Message(CHAT, user, line.text, tuple(assets), line.reply_to)
                event = Received(message)
        except AtelierError as error:
            await outbox.notice(str(error), error=True)
            return
        finally:
            taken.set()
        await handle(event, outbox)

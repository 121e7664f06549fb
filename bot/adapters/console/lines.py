"""The terminal for scripts: one message a line in, one JSON object a line out."""

import asyncio
from collections.abc import Awaitable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

from bot import intake
from bot.adapter import Event, Handler, Pressed, Received, Reply
from bot.adapters.console import CHAT
from bot.adapters.console.events import Events
from bot.adapters.console.inbox import Entry, Inbox
from bot.adapters.console.script import Line
from bot.commands import parse, takes_turn
from bot.desk import Desk
from bot.progress import Standing
from bot.trail import Trail
from memory.assets import Assets
from memory.errors import AtelierError
from memory.records import Asset, Chat, Message, Step, User
from memory.store import Store
from tools.errors import Refused

_AT_ONCE = 64
"""Lines that are in hand at the same time; the next one is taken up when one of them is done."""


@dataclass(slots=True)
class JsonOutbox:
    """Writes events; `number` counts the input's lines from 1, None for an earlier run's."""

    number: int | None
    assets: Assets
    events: Events

    async def send(self, reply: Reply, trail: Trail) -> None:
        """Write a reply, question or error with everything that was made."""
        message = reply.message
        self.events.write(
            reply.kind,
            self.number,
            id=message.id,
            text=message.text,
            assets=[self._asset(a) for a in message.assets],
            steps=[_step(s) for s in reply.steps],
            actions=[{"id": a.id, "label": a.label} for a in reply.actions],
            **_options(reply),
        )
        if not self.events.open:  # nobody read it, so it must not count as sent
            await asyncio.Event().wait()

    async def update(self, reply: Reply, trail: Trail) -> bool:
        """Write what a board says now, and its buttons."""
        actions = [{"id": a.id, "label": a.label} for a in reply.actions]
        said = reply.message
        self.events.write("board", None, id=said.id, text=said.text, actions=actions)
        return True

    async def thread(self, trail: Trail, title: str) -> Chat | None:
        """Return None: there is but one conversation here."""
        return None

    async def pin(self, trail: Trail) -> bool:
        """Leave it: nothing can be pinned here."""
        return True

    async def remove(self, trail: Trail) -> None:
        """Refuse: what is written stays."""
        raise Refused("Nothing can be taken away here; /undo takes back a result.")

    def show(self, standing: Standing) -> None:
        """Write how the request stands; that it came was said when its line was read."""
        if standing.phase == "received" and self.number is not None:
            return
        words = {"text": standing.text} if standing.phase == "writing" else {}
        words |= {"plan": standing.plan} if standing.plan else {}
        self.events.write(
            "progress",
            self.number,
            phase=standing.phase,
            tool=standing.tool,
            position=standing.position,
            eta=None if standing.eta is None else round(standing.eta, 1),
            percent=round(100 * standing.fraction),
            **words,
        )

    async def notice(self, text: str, *, error: bool = False) -> None:
        """Write a sentence that is not part of the conversation."""
        self.events.told("error" if error else "notice", self.number, text)

    def _asset(self, asset: Asset) -> dict[str, object]:
        return {
            "sha256": asset.sha256,
            "media_type": asset.media_type,
            "path": str(self.assets.path(asset)) if asset.size else None,
            "width": asset.width or None,
            "height": asset.height or None,
            "seconds": asset.seconds or None,
        }


def _options(reply: Reply) -> dict[str, object]:
    return {"options": [a.label for a in reply.actions]} if reply.kind == "question" else {}


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
    """The adapter: handles what comes in to its end, waits for what is running, and ends."""

    name = CHAT.platform

    def __init__(
        self, desk: Desk, assets: Assets, store: Store, inbox: Inbox, events: Events
    ) -> None:
        self._desk, self._assets, self._store = desk, assets, store
        self._inbox, self._events = inbox, events
        self._running: set[asyncio.Task[None]] = set()

    async def run(self, handle: Handler) -> None:
        """Handle every line in its order; turns of one chat follow each other."""
        try:
            await self._recover()
            async for entry in self._inbox:
                if len(self._running) >= _AT_ONCE:
                    await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
                await self._take(entry, handle)
            while self._running:
                await asyncio.gather(*self._running)
        finally:
            for task in self._running:
                task.cancel()
            await asyncio.gather(*self._running, return_exceptions=True)

    async def _recover(self) -> None:
        """Have the last run's unfinished turns begun, so that they come before new ones."""
        waiting = {m.id for m in await self._store.open_turns(self.name)}
        begun = asyncio.Event()

        def outbox(message: Message) -> JsonOutbox:
            waiting.discard(message.id)
            if not waiting:
                begun.set()
            return self._outbox(None)

        work = self._start(self._guarded(self._outbox(None), self._desk.recover(self.name, outbox)))
        first: asyncio.Task[Any] = asyncio.create_task(begun.wait()) if waiting else work
        await asyncio.wait({work, first}, return_when=asyncio.FIRST_COMPLETED)
        if first is not work:
            first.cancel()

    async def _take(self, entry: Entry, handle: Handler) -> None:
        """Start on a line, so far that the next one may follow it."""
        outbox = self._outbox(entry.number)
        if _looks_back(entry.line) and self._running:
            await asyncio.wait(set(self._running))
        try:
            event = await self._event(entry.line)
        except AtelierError as error:
            await outbox.notice(str(error), error=True)
            return
        work = self._start(self._guarded(outbox, handle(event, outbox)))
        await asyncio.sleep(0)
        if _tells(entry.line):
            await asyncio.wait({work})

    async def _guarded(self, outbox: JsonOutbox, work: Awaitable[None]) -> None:
        try:
            await work
        except AtelierError as error:
            await outbox.notice(str(error), error=True)

    async def _event(self, line: Line) -> Event:
        user = User(self.name, line.user, line.user)
        if line.press:
            return Pressed(user, CHAT, await self._pressed(line), line.press)
        if line.reply_to:
            await self._store.message(line.reply_to)
        assets = [await intake.take(path, self._assets) for path in line.attachments]
        return Received(Message(CHAT, user, line.text, tuple(assets), line.reply_to))

    async def _pressed(self, line: Line) -> str:
        """Return the id of the reply whose button is pressed, by default the last reply."""
        if line.reply_to:
            reply = await self._store.message(line.reply_to)
        else:
            history = await self._store.history(CHAT)
            replies = [m for m in history if m.author is None]
            if not replies:
                raise Refused("There is no reply yet whose button could be pressed.")
            reply = replies[-1]
        known = [a.id for a in (await self._store.delivery(reply)).actions]
        if line.press not in known:
            raise Refused(
                f"That reply has no button {line.press[:80]!r}; it has: {', '.join(known) or '-'}."
            )
        return reply.id

    def _outbox(self, number: int | None) -> JsonOutbox:
        return JsonOutbox(number, self._assets, self._events)

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task


def _tells(line: Line) -> bool:
    """Tell whether a line is a command that makes nothing, so that the next one counts on it."""
    try:
        wanted = None if line.press else parse(line.text)
        return wanted is not None and not takes_turn(wanted)
    except AtelierError:
        return False


def _looks_back(line: Line) -> bool:
    """Tell whether a line asks about what the lines before it come to."""
    if line.press:
        return not line.reply_to
    try:
        wanted = parse(line.text)
    except AtelierError:
        return False
    return wanted is not None and wanted.name in ("info", "forget")

"""The boards of project rooms: in every chat of a room, edited as it changes, pinned if possible.

A board is a reply like any other; what it says is stored first, then shown in its place.
"""

import asyncio
import hashlib
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

from agents.rooms.asked import OUTCOME, Asked, decided, outcome
from agents.rooms.board import Tongue, board, buttons
from agents.rooms.choosing import closed as ended
from agents.rooms.fold import fold
from agents.rooms.state import Room
from agents.rooms.templates import Template
from bot.adapter import Outbox, Reply
from bot.delivery import send
from bot.trail import Trail
from memory.errors import AtelierError, NotFound
from memory.records import Chat, Message, User, now
from memory.rooms import Rooms, Said, Seat
from memory.sentences import say
from memory.store import Store

log = logging.getLogger(__name__)

NOBODY = User("atelier", "nobody")
_LONGEST = 24 * 3600.0
"""Seconds until somebody looks at the clock again; event loops wait for no more than some days."""
Way = Callable[[Message], Outbox]
"""Returns the way back to where a message stands."""


@dataclass(slots=True)
class Boards:
    """Shows rooms as they change; `ways` are those of the platforms that are served."""

    store: Store
    rooms: Rooms
    template: Callable[[Room], Template]
    tongue: Callable[[Room, Chat], Awaitable[Tongue]]
    calm: float = 1.0
    """Seconds between two edits of a board."""
    ways: dict[str, Way] = field(default_factory=dict)
    prices: dict[str, str] = field(default_factory=dict)
    _alarms: dict[str, asyncio.TimerHandle] = field(default_factory=dict)
    _shown: dict[str, float] = field(default_factory=dict)
    _changed: set[str] = field(default_factory=set)
    _tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    def changed(self, room: str) -> None:
        """Take in that a room is different; its boards follow in a moment."""
        self._changed.add(room)
        if room not in self._tasks:
            task = asyncio.create_task(self._follow(room), name=f"board {room}")
            self._tasks[room] = task

    def price(self, room: Room) -> str:
        """Return what making a room's pieces should take, while that is to be decided."""
        return self.prices.get(room.id, "") if room.stage == "outline" else ""

    async def catch_up(self, platform: str) -> None:
        """Bring the boards of a platform up to date, after a restart."""
        for room in {s.room for s in await self.rooms.seats() if s.chat.platform == platform}:
            self.changed(room)

    async def settle(self) -> None:
        """Wait until every board shows what there is."""
        while self._tasks:
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def close(self) -> None:
        """Stop; what is not shown is shown after the next start."""
        for alarm in self._alarms.values():
            alarm.cancel()
        for task in list(self._tasks.values()):
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _follow(self, room: str) -> None:
        try:
            while room in self._changed:
                early = self._shown.get(room, 0.0) + self.calm - time.monotonic()
                if early > 0:
                    await asyncio.sleep(early)
                self._changed.discard(room)
                await self._show(room)
                self._shown[room] = time.monotonic()
        except asyncio.CancelledError:
            self._changed.discard(room)
            raise
        except AtelierError as error:
            log.info("the board of room %s waits: %s", room, error)
        except Exception:  # nobody waits for this; the next change tries again
            log.exception("the board of room %s could not be shown", room)
        finally:
            del self._tasks[room]
            if room in self._changed:
                self.changed(room)

    async def _show(self, id: str) -> None:
        closed = not await self.rooms.is_open(id)
        room = await self._due(id, closed)
        for seat in await self.rooms.seats(id):
            if seat.board and seat.chat.platform in self.ways:
                tongue = await self.tongue(room, seat.chat)
                await self._tell(id, seat, tongue)
                await self._paint(room, seat, tongue, closed)

    async def _tell(self, id: str, seat: Seat, tongue: Tongue) -> None:
        """Say in a chat what a vote came to whose time was up, once, though nobody asked."""
        for event in await self.rooms.events(id):
            by_time = event.kind == OUTCOME and not event.message
            if not by_time or event.number <= seat.shown:
                continue
            told, same = decided([event]), f"{id} {event.number} {seat.chat}"
            assert told is not None
            text = tongue.put(say("The time for the vote is up. {told}", told=told.told))
            buttons = tuple(replace(one, label=tongue.put(one.label)) for one in told.buttons)
            said = Message(seat.chat, None, text, id=hashlib.sha256(same.encode()).hexdigest()[:20])
            said = replace(said, language=tongue.language)
            delivery = await self.store.close_turn(said, buttons)
            if delivery.status == "pending":
                way = self.ways[seat.chat.platform](said)
                await send(Reply("reply", said, buttons), way, self.store)

    async def _due(self, id: str, closed: bool) -> Room:
        """End a vote whose time is up, and come back when that of one going on is.

        In a closed room it waits.
        """
        events = await self.rooms.events(id)
        room = fold(id, events)
        if alarm := self._alarms.pop(id, None):
            alarm.cancel()
        if closed or room.ballot is None or room.ballot.until is None:
            return room
        left = (room.ballot.until - now()).total_seconds()
        if left > 0:
            loop = asyncio.get_running_loop()
            self._alarms[id] = loop.call_later(min(left, _LONGEST), self.changed, id)
            return room
        asked = Asked(room, events, self.template(room), room.owner or NOBODY, now())
        decision = ended(asked)
        if decision.drafts:
            said = Said(None, "", f"time of {id} at {room.number}")
            await self.rooms.add(id, [*decision.drafts, outcome(decision)], said, room.number)
        return fold(id, await self.rooms.events(id))

    async def _paint(self, room: Room, seat: Seat, tongue: Tongue, closed: bool) -> None:
        """Show a room in one of its chats; what is stored is what is known to be shown."""
        put = tongue.put
        text = board(room, self.template(room), self.price(room), put, closed=closed)
        try:
            message = await self.store.message(seat.board)
            delivery = await self.store.delivery(message)
        except NotFound:
            return  # its first showing is under way
        actions = buttons(room, put, closed=closed)
        if delivery.status != "sent":
            return
        way = self.ways[seat.chat.platform](message)
        trail = await Trail.of(self.store, message.id)
        if (text, actions) != (message.text, delivery.actions):
            await way.update(Reply(delivery.kind, replace(message, text=text), actions), trail)
            await self.rooms.repaint(message.id, text, actions)
        if not seat.pinned:
            await way.pin(trail)
        await self.rooms.seat(replace(seat, shown=room.number, pinned=True))

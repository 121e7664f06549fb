"""The boards of project rooms: in every chat of a room, edited as it changes.

Each chat is shown a room on its own, so that one that cannot be reached holds no other up.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from agents.rooms.asked import Asked, outcome
from agents.rooms.board import Tongue
from agents.rooms.choosing import closed as ended
from agents.rooms.fold import fold
from agents.rooms.state import Room
from agents.rooms.templates import Template
from bot.errors import Nowhere, Undeliverable
from bot.painting import Painter, Way
from memory.errors import AtelierError
from memory.records import Chat, User, now
from memory.rooms import Rooms, Said
from memory.store import Store

log = logging.getLogger(__name__)

NOBODY = User("atelier", "nobody")
_LONGEST = 24 * 3600.0
"""Seconds until somebody looks at the clock again; event loops wait for no more than some days."""
_ALONE = 300.0
"""Seconds for which a chat that refused a board is let be, unless somebody speaks there."""
Place = tuple[str, Chat | None]
"""A room, and the chat it is shown in; None: wherever it is."""


@dataclass(slots=True)
class Boards:
    """Shows rooms as they change; `ways` are those of the platforms that are served."""

    store: Store
    rooms: Rooms
    template: Callable[[Room], Template]
    tongue: Callable[[Room, Chat], Awaitable[Tongue]]
    calm: float = 1.2
    """Seconds between two edits of a board; Discord takes five edits of a message in five."""
    ways: dict[str, Way] = field(default_factory=dict)
    prices: dict[str, str] = field(default_factory=dict)
    _alarms: dict[str, asyncio.TimerHandle] = field(default_factory=dict)
    _shown: dict[Place, float] = field(default_factory=dict)
    _changed: set[Place] = field(default_factory=set)
    _tasks: dict[Place, asyncio.Task[None]] = field(default_factory=dict)
    _refused: dict[Chat, float] = field(default_factory=dict)
    _gone: set[Chat] = field(default_factory=set)

    def changed(self, room: str) -> None:
        """Take in that a room is different; its boards follow in a moment."""
        self._stir((room, None))

    def heard(self, room: str, chat: Chat) -> None:
        """Show what could not be shown in a chat of a room, for somebody speaks there."""
        if self._refused.pop(chat, None) is not None:
            self._stir((room, chat))

    async def left(self, chat: Chat, *, gone: bool) -> str:
        """Return the room of a chat that we are not in any more, and let go of one that is gone."""
        room = await self.rooms.here(chat)
        if room and gone:
            self._gone.add(chat)
            self._stir((room, chat))
        return room

    def price(self, room: Room) -> str:
        """Return what making a room's pieces should take, while that is to be decided."""
        return self.prices.get(room.id, "") if room.stage == "outline" else ""

    async def catch_up(self, platform: str) -> None:
        """Bring the boards of a platform up to date, after a restart; one room after the other."""
        for room in {s.room for s in await self.rooms.seats() if s.chat.platform == platform}:
            self.changed(room)
            await asyncio.wait({self._tasks[room, None]})

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

    def painter(self) -> Painter:
        """Return who shows a room in one of its chats."""
        return Painter(self.store, self.rooms, self.template, self.tongue, self.ways, self.price)

    def _stir(self, place: Place) -> None:
        self._changed.add(place)
        if place not in self._tasks:
            name = f"board {place[0]} {place[1] or ''}"
            self._tasks[place] = asyncio.create_task(self._follow(place), name=name)

    async def _follow(self, place: Place) -> None:
        """Show a room in one of its chats, or see in which ones, until nothing is new of it."""
        room, chat = place
        try:
            while place in self._changed:
                early = self._shown.get(place, 0.0) + self.calm - time.monotonic()
                if early > 0:
                    await asyncio.sleep(early)
                self._changed.discard(place)
                if chat is None:
                    await self._spread(room)
                else:
                    await self._show(room, chat)
                    self._shown[place] = time.monotonic()
        except asyncio.CancelledError:
            self._changed.discard(place)
            raise
        except AtelierError as error:
            log.info("the board of room %s waits: %s", room, error)
        except Exception:  # nobody waits for this; the next change tries again
            log.exception("the board of room %s could not be shown", room)
        finally:
            del self._tasks[place]
            if place in self._changed:
                self._stir(place)

    async def _spread(self, id: str) -> None:
        """Have a changed room shown in each of its chats."""
        await self._due(id)
        for seat in await self.rooms.seats(id):
            alone = time.monotonic() < self._refused.get(seat.chat, float("-inf")) + _ALONE
            if seat.board and seat.chat.platform in self.ways and not alone:
                self._stir((id, seat.chat))

    async def _show(self, id: str, chat: Chat) -> None:
        painter, seats = self.painter(), await self.rooms.seats(id)
        seat = next((s for s in seats if s.chat == chat and s.board), None)
        if seat is None:
            return
        try:
            if chat in self._gone:
                raise Nowhere("It was deleted.")
            if not await painter.show(seat):
                self._stir((id, chat))
        except Nowhere:
            await painter.lost(seat)
        except Undeliverable:
            self._refused[chat] = time.monotonic()
            raise

    async def _due(self, id: str) -> None:
        """End a vote whose time is up, and come back when that of one going on is.

        In a closed room it waits.
        """
        events, closed = await self.rooms.events(id), not await self.rooms.is_open(id)
        room = fold(id, events)
        if alarm := self._alarms.pop(id, None):
            alarm.cancel()
        if closed or room.ballot is None or room.ballot.until is None:
            return
        left = (room.ballot.until - now()).total_seconds()
        if left > 0:
            loop = asyncio.get_running_loop()
            self._alarms[id] = loop.call_later(min(left, _LONGEST), self.changed, id)
            return
        asked = Asked(room, events, self.template(room), room.owner or NOBODY, now())
        decision = ended(asked)
        if decision.drafts:
            said = Said(None, "", f"time of {id} at {room.number}")
            await self.rooms.add(id, [*decision.drafts, outcome(decision)], said, room.number)

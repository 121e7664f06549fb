"""A room shown in one of its chats: its board edited in its place, posted anew where it is gone.

A board is a reply like any other; what it says is stored first, then shown.
"""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from agents.rooms.asked import OUTCOME, decided
from agents.rooms.board import Tongue, board, buttons
from agents.rooms.fold import fold
from agents.rooms.state import Room
from agents.rooms.templates import Template
from bot.adapter import Outbox, Reply
from bot.delivery import send
from bot.errors import Undeliverable
from bot.pace import Busy
from bot.trail import Trail
from memory.errors import NotFound
from memory.records import Action, Chat, Message
from memory.rooms import Rooms, Seat
from memory.sentences import say
from memory.store import Store

_GONE = "The thread of “{title}” is gone; /project reopen goes on with it here."
_NO_PIN = say("I may not pin the board here; somebody who runs this place can allow me that.")
Way = Callable[[Message], Outbox]
"""Returns the way back to where a message stands."""


@dataclass(frozen=True, slots=True)
class Painter:
    """Shows a room as it is now."""

    store: Store
    rooms: Rooms
    template: Callable[[Room], Template]
    tongue: Callable[[Room, Chat], Awaitable[Tongue]]
    ways: Mapping[str, Way]
    price: Callable[[Room], str]

    async def show(self, seat: Seat) -> bool:
        """Show a room in one of its chats; False when that is to be looked at once more.

        Raises Undeliverable, and Nowhere when there is no such chat any more.
        """
        room, tongue = await self._room(seat)
        await self._tell(seat, tongue)
        try:
            message = await self.store.message(seat.board)
            delivery = await self.store.delivery(message)
        except NotFound:
            return True  # its first showing is under way
        if delivery.status == "pending":
            return True
        text, actions = await self._looks(room, tongue)
        trail, way = await Trail.of(self.store, message.id), self._way(message)
        there = delivery.status == "sent"
        if there and (text, actions) != (message.text, delivery.actions):
            reply = Reply(delivery.kind, replace(message, text=text), actions)
            try:
                there = await way.update(reply, trail)
            except Busy:
                return False
            if there:
                await self.rooms.repaint(message.id, text, actions)
        if not there:
            now = [other.board for other in await self.rooms.seats(seat.room)]
            if seat.board in now:  # else another one was shown meanwhile
                await self.post(seat)
            return False
        await self._pin(room, seat, way, trail)
        return True

    async def _room(self, seat: Seat) -> tuple[Room, Tongue]:
        room = fold(seat.room, await self.rooms.events(seat.room))
        return room, await self.tongue(room, seat.chat)

    async def _looks(self, room: Room, tongue: Tongue) -> tuple[str, tuple[Action, ...]]:
        """Return what a board says now, and its buttons."""
        closed, put = not await self.rooms.is_open(room.id), tongue.put
        text = board(room, self.template(room), self.price(room), put, closed=closed)
        return text, buttons(room, put, closed=closed)

    async def _pin(self, room: Room, seat: Seat, way: Outbox, trail: Trail) -> None:
        """Pin a board, once; where that was refused it is tried again in the next stage."""
        first = seat.pinned is None
        pinned = seat.pinned
        if first or (not pinned and seat.shown < room.stage_at):
            pinned = await way.pin(trail)
        await self.rooms.seat(replace(seat, shown=room.number, pinned=pinned), seat.board)
        if first and not pinned:
            await way.notice((await self.tongue(room, seat.chat)).put(_NO_PIN))

    async def post(self, seat: Seat) -> Message:
        """Show a board anew for one that is gone; done again after a crash it is the same one."""
        room, tongue = await self._room(seat)
        text, actions = await self._looks(room, tongue)
        said = Message(seat.chat, None, text, id=_id(f"{seat.board} again"))
        said = replace(said, language=tongue.language)
        if (await self.store.close_turn(said, actions)).status != "sent":
            await self.rooms.repaint(said.id, text, actions)
            trail = await Trail.of(self.store, said.id)
            try:
                await self._way(said).send(Reply("reply", said, actions), trail)
            except Undeliverable:
                await self.store.failed(said.id)
                raise
            await self.store.sent(said.id)
        await self.rooms.seat(replace(seat, board=said.id, pinned=None), seat.board)
        return said

    async def lost(self, seat: Seat) -> None:
        """Give up a chat that is no more, and say where its room was opened how it comes back."""
        await self.rooms.seat(replace(seat, board=""), seat.board)
        try:
            chat = (await self.store.message(seat.room)).chat
        except NotFound:  # it was forgotten
            return
        if chat != seat.chat:
            room, tongue = await self._room(replace(seat, chat=chat))
            text = tongue.put(say(_GONE, title=room.title))
            said = Message(chat, None, text, id=_id(f"{seat.board} gone"))
            await self._say(replace(said, language=tongue.language))

    async def _say(self, said: Message, actions: tuple[Action, ...] = ()) -> None:
        """Say something that answers nobody, once."""
        if (await self.store.close_turn(said, actions)).status == "pending":
            await send(Reply("reply", said, actions), self._way(said), self.store)

    def _way(self, message: Message) -> Outbox:
        return self.ways[message.chat.platform](message)

    async def _tell(self, seat: Seat, tongue: Tongue) -> None:
        """Say in a chat what a vote came to whose time was up, once, though nobody asked."""
        for event in await self.rooms.events(seat.room):
            by_time = event.kind == OUTCOME and not event.message
            if not by_time or event.number <= seat.shown:
                continue
            told, same = decided([event]), f"{seat.room} {event.number} {seat.chat}"
            assert told is not None
            text = tongue.put(say("The time for the vote is up. {told}", told=told.told))
            buttons = tuple(replace(one, label=tongue.put(one.label)) for one in told.buttons)
            said = Message(seat.chat, None, text, id=_id(same))
            await self._say(replace(said, language=tongue.language), buttons)


async def updated(way: Outbox, reply: Reply, trail: Trail) -> None:
    """Show a reply that says something else now, however long there is no room for that."""
    while True:
        with suppress(Busy):
            await way.update(reply, trail)
            return


def _id(what: str) -> str:
    """Return the id of a message that is to be there once."""
    return hashlib.sha256(what.encode()).hexdigest()[:20]

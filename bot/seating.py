"""Which chats a room is in: let in by a code, housed in a thread, taken out, opened again."""

import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

from agents.rooms.board import CLOSED, buttons
from bot import talking, translation
from bot.adapter import Outbox, Reply
from bot.delivery import send
from bot.painting import updated
from bot.studio import Studio
from bot.trail import Trail
from memory.records import Message, new_id
from memory.rooms import Said, Seat
from memory.sentences import say
from tools.errors import Refused

_CODE = 8
_VALID = timedelta(days=1)
THERE = "This chat is in a project room already; /project close ends that one."
_LEFT = say("This chat has left the room, which goes on elsewhere.")


async def settled(studio: Studio, reply: Message, opens: str, outbox: Outbox) -> None:
    """House the room whose first board a reply is, if it `opens` one, and see that it is pinned."""
    if opens:
        await housed(studio, reply, opens, outbox)
    studio.boards.changed(opens or await studio.rooms.here(reply.chat))


async def housed(studio: Studio, reply: Message, id: str, outbox: Outbox) -> None:
    """Let a room that was just opened go on in a thread of its own, where there are threads.

    What opened it then says where it is. A room that is in a thread already stays.
    """
    trail = await Trail.of(studio.store, reply.id)
    room = await talking.state(studio, id)
    put = partial(translation.put, language=reply.language)
    try:
        chat = await outbox.thread(trail, put(room.title))
    except Refused as error:
        await outbox.notice(error.sentence)
        return
    seat = next((s for s in await studio.rooms.seats(id) if s.chat == reply.chat), None)
    way = studio.boards.ways.get(reply.chat.platform)
    if chat is None or seat is None or way is None:
        return
    said = Message(chat, None, reply.text, language=reply.language)
    delivery = await studio.store.close_turn(said, buttons(room, put), "question")
    await studio.rooms.move(seat, chat, said.id)
    await send(Reply("question", said, delivery.actions), way(said), studio.store)
    if (await studio.store.delivery(said)).status == "failed":  # we may not write there
        await studio.rooms.move(replace(seat, chat=chat), seat.chat, reply.id)
        return
    pointer = put(say("{title}: we make it in the thread of that name.", title=room.title))
    await studio.rooms.repaint(reply.id, pointer, ())
    await updated(outbox, Reply("reply", replace(reply, text=pointer)), trail)


async def taken_down(studio: Studio, seat: Seat) -> None:
    """Take the board away that a chat had until now; where that cannot be it stays."""
    message = await studio.store.message(seat.board)
    if way := studio.boards.ways.get(seat.chat.platform):
        with suppress(Refused):
            await way(message).remove(await Trail.of(studio.store, message.id))


async def join(studio: Studio, message: Message, code: str) -> str:
    """Let a chat into the room of a code, and return that; raises Refused."""
    if here := await studio.rooms.here(message.chat):
        if any(event.message == message.id for event in await studio.rooms.events(here)):
            return here  # before a restart
        raise Refused(THERE)
    said = Said(message.author, message.id, message.id)
    room = await studio.rooms.join(code, message.chat, said, new_id())
    if not room:
        raise Refused(
            "That code is not valid (any more): it works once, and for a day. /project share in"
            " the room gives a new one."
        )
    return room


async def share(studio: Studio, room: str) -> str:
    """Return a sentence with a code that lets one more chat in."""
    alphabet = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
    code = "".join(secrets.choice(alphabet) for _ in range(_CODE))
    await studio.rooms.share(room, code, datetime.now(UTC) + _VALID)
    form = "Say this in another chat with me, once and within a day: /project join {code}"
    return say(form, code=code)


async def leave(studio: Studio, room: str, message: Message) -> str:
    """Take a chat out of a room; the last one closes it."""
    seats = await studio.rooms.seats(room)
    if not _others(seats, message):
        return await close(studio, room)
    seat = next(s for s in seats if s.chat == message.chat)
    await studio.rooms.leave(seat)
    board = await studio.store.message(seat.board)
    tongue = await studio.tongue(await talking.state(studio, room), seat.chat)
    text, way = tongue.put(_LEFT), studio.boards.ways[seat.chat.platform](board)
    await studio.rooms.repaint(board.id, text, ())
    reply = Reply("reply", replace(board, text=text))
    await updated(way, reply, await Trail.of(studio.store, board.id))
    return _LEFT


def _others(seats: Sequence[Seat], message: Message) -> bool:
    return any(seat.board and seat.chat != message.chat for seat in seats)


async def close(studio: Studio, room: str) -> str:
    """End a room; its log stays."""
    await studio.rooms.set_open(room, False)
    studio.boards.changed(room)
    return CLOSED


async def reopen(studio: Studio, message: Message) -> str:
    """Open a room again that was closed, or whose thread is gone, here where it was opened."""
    chat, nowhere = message.chat, "There is no closed room here to open again."
    if await studio.rooms.here(chat):
        raise Refused(nowhere)
    if lost := await studio.rooms.lost(chat):
        seat = replace(lost, chat=chat, board=new_id())
        await studio.rooms.move(lost, chat, seat.board)
        said = await studio.boards.painter().post(seat)
        await settled(studio, said, lost.room, studio.boards.ways[chat.platform](said))
    elif room := await studio.rooms.closed(chat):
        await studio.rooms.set_open(room, True)
        studio.boards.changed(room)
    else:
        raise Refused(nowhere)
    return say("The room is open again.")

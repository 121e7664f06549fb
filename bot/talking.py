"""What people say in a room, decided about once: words, buttons and files become its events."""

from collections.abc import Sequence
from dataclasses import replace

from agents.rooms.asked import Asked, Decision, decided, outcome
from agents.rooms.deciding import decide
from agents.rooms.fold import fold
from agents.rooms.pointing import pieces
from agents.rooms.reading import Intent, read
from agents.rooms.reviewing import uploaded
from agents.rooms.state import Room
from agents.rooms.wording import wordings
from agents.understanding.folding import folded
from bot.studio import NOBODY, Studio
from memory.errors import NotFound
from memory.records import Asset, Message
from memory.rooms import RoomEvent, Said
from tools.errors import Refused

_TRIES = 50
"""How often a decision is made anew because somebody else was quicker."""


async def state(studio: Studio, id: str) -> Room:
    """Return a room as it is now."""
    return fold(id, await studio.rooms.events(id))


def asked(studio: Studio, id: str, events: Sequence[RoomEvent], message: Message) -> Asked:
    """Return what there is to decide about when somebody says something in a room."""
    room = fold(id, events)
    user = message.author or NOBODY
    return Asked(room, events, studio.template(room.template), user, message.at)


async def concerns(studio: Studio, message: Message) -> bool:
    """Tell whether a message that was not said to us is about the room of its chat."""
    id = await studio.rooms.here(message.chat)
    if not id:
        return False
    room = await state(studio, id)
    if message.assets and _meant(room, message, ""):
        return True
    return bool(await _intents(studio, room, message, message.text))


async def settle(studio: Studio, room: str, message: Message, text: str) -> Decision | None:
    """Decide about a message and note that, once, whatever happens meanwhile.

    None when it wants nothing of the room. Raises Refused with a sentence.
    """
    for _ in range(_TRIES):
        events = await studio.rooms.events(room)
        mine = [e for e in events if e.message == message.id]
        if known := decided(mine):
            return known
        here = asked(studio, room, events, message)
        decision = await _decision(studio, here, message, text)
        if decision is None or not (decision.drafts or decision.task):
            return decision
        said = Said(message.author, message.id, message.id)
        drafts = [*decision.drafts, outcome(decision)]
        added = await studio.rooms.add(room, drafts, said, after=here.room.number)
        if added is not None:
            return decided(added) or decision
    raise Refused("Too much happens here at once; say that again.")


async def _decision(studio: Studio, here: Asked, message: Message, text: str) -> Decision | None:
    meant = _meant(here.room, message, text) if message.assets else ()
    if meant and (piece := here.room.piece(meant[0])):
        return uploaded(replace(here, attached=message.assets), piece)
    intents = await _intents(studio, here.room, message, text)
    if intents and intents[0].kind == "reference":
        here = replace(here, attached=message.assets or await _shown(studio, message))
    return decide(here, intents) if intents else None


async def _intents(studio: Studio, room: Room, message: Message, text: str) -> list[Intent]:
    """Return what words want of a room; those of buttons say which stage they were shown in."""
    verb, *rest = text.split()[:3] or [""]
    if verb == "next" and rest:
        return [Intent("next", {"from": rest[0]})]
    if verb == "settle" and len(rest) == 2:
        return [Intent("settle", {"name": rest[0], "side": rest[1]})]
    if text == "anyway":
        return [Intent("anyway")]
    replied = await _replied(studio, room, message)
    return read(text, room, studio.template(room.template), replied)


async def _shown(studio: Studio, message: Message) -> tuple[Asset, ...]:
    """Return what the message that a message replies to shows."""
    if not message.reply_to:
        return ()
    try:
        return (await studio.store.message(message.reply_to)).assets
    except NotFound:
        return ()


async def _replied(studio: Studio, room: Room, message: Message) -> int:
    """Return the number of the piece that a message replies to, 0 when it replies to none."""
    if not message.reply_to:
        return 0
    shown = {a.sha256 for a in (*message.assets, *await _shown(studio, message))}
    found = [p.number for p in room.pieces if p.now and p.now.asset in shown]
    return found[0] if len(found) == 1 else 0


def _meant(room: Room, message: Message, text: str) -> tuple[int, ...]:
    """Return the piece that a file somebody sent shall take the place of."""
    if room.stage not in ("review", "check", "pack"):
        return ()
    said = folded((text or message.text).strip(" .!:"))
    for words in wordings():
        for pattern in words.tables["acts"]["replace"]:
            found = pattern.fullmatch(said)
            if found and (meant := pieces(found["pieces"], room, words)):
                return meant
    return ()

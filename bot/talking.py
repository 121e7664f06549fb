"""What people say in a room, decided about once: words, buttons and files become its events."""

from collections.abc import Sequence
from dataclasses import replace

from agents.redo import LOOKING
from agents.rooms.asked import Asked, Decision, decided, outcome
from agents.rooms.deciding import decide
from agents.rooms.fold import fold
from agents.rooms.pointing import Pointed, pieces
from agents.rooms.reader import Intent
from agents.rooms.reading import read
from agents.rooms.repeating import LATE, last_task, misplaced, renumbered, repeated
from agents.rooms.reviewing import uploaded
from agents.rooms.state import STAGES, Room
from agents.rooms.undoing import fresh
from agents.rooms.wording import wordings
from agents.scene import look
from agents.understanding.folding import folded
from agents.understanding.wishes import Wish
from bot.request import understood
from bot.studio import NOBODY, Studio
from memory.errors import NotFound
from memory.records import Asset, Message
from memory.rooms import RoomEvent, Said
from tools.errors import Refused

_AGAIN = (Wish("again", {}),)
TEXT = "text/plain"
_SHORT = 60
_TRIES = 50
"""How often a decision is made anew because somebody else was quicker."""


async def state(studio: Studio, id: str) -> Room:
    """Return a room as it is now."""
    return fold(id, await studio.rooms.events(id))


def asked(studio: Studio, id: str, events: Sequence[RoomEvent], message: Message) -> Asked:
    """Return what there is to decide about when somebody says something in a room."""
    room = fold(id, events)
    user = message.author or NOBODY
    return Asked(room, events, studio.template(room), user, message.at)


async def concerns(studio: Studio, message: Message) -> bool:
    """Tell whether a message that was not said to us is about the room of its chat."""
    id = await studio.rooms.here(message.chat)
    if not id:
        return False
    studio.boards.heard(id, message.chat)
    room = await state(studio, id)
    if (await _sent(studio, room, message, message.text))[0]:
        return True
    here = asked(studio, id, await studio.rooms.events(id), message)
    if await _intents(studio, here, message, message.text):
        return True
    return await again(studio, id, message) is not None


async def replaces(studio: Studio, message: Message) -> bool:
    """Tell whether what somebody says aloud is itself what they want to be heard in the set."""
    id = await studio.rooms.here(message.chat)
    if not (id and message.reply_to):
        return False
    room = await state(studio, id)
    meant = (await _sent(studio, room, message, message.text))[0]
    return any(p.kind == "voice" for n in meant if (p := room.piece(n)))


async def again(studio: Studio, id: str, message: Message) -> Intent | None:
    """Return what "again" repeats when what was done last here was done for the room."""
    if len(message.text) > _SHORT or await understood(message.text) != _AGAIN:
        return None
    scene = await look(studio.store, message)
    replied = scene.replied.turn if scene.replied else ""
    events = await studio.rooms.events(id)
    last = last_task([e for e in events if e.message != message.id], replied)
    newer = last and any(s.turn > last[0] and s.tool not in LOOKING for s in scene.steps)
    return None if last is None or (newer and not replied) else repeated(last[1], fold(id, events))


async def settle(
    studio: Studio, room: str, message: Message, text: str, wanted: Intent | None = None
) -> Decision | None:
    """Decide about a message and note that, once, whatever happens meanwhile.

    None when it wants nothing of the room; `wanted` is what it wants if its words do not say so.
    Raises Refused with a sentence.
    """
    for _ in range(_TRIES):
        events = await studio.rooms.events(room)
        mine = [e for e in events if e.message == message.id]
        if known := decided(mine):
            return known
        here = asked(studio, room, events, message)
        decision = await _decision(studio, here, message, text, wanted)
        if decision is None or not (decision.drafts or decision.task):
            return decision
        said = Said(message.author, message.id, message.id)
        drafts = [*decision.drafts, outcome(decision)]
        added = await studio.rooms.add(room, drafts, said, after=here.room.number)
        if added is not None:
            return decided(added) or decision
    raise Refused("Too much happens here at once; say that again.")


async def _decision(
    studio: Studio, here: Asked, message: Message, text: str, wanted: Intent | None
) -> Decision | None:
    if wanted is not None:
        return decide(here, [wanted])
    meant, files = await _sent(studio, here.room, message, text)
    if meant:
        makers = [await studio.store.maker(file.sha256, message.chat) for file in files]
        made = {a.sha256: m.id for a, m in zip(files, makers, strict=True) if m}
        texts = [file for file in files if file.media_type == TEXT]
        read = [(await studio.assets.read(file)).decode("utf-8-sig") for file in texts]
        words = {file.sha256: text.strip() for file, text in zip(texts, read, strict=True)}
        return uploaded(replace(here, attached=files), meant, made, words)
    intents = await _intents(studio, here, message, text)
    if intents and intents[0].kind == "reference":
        behind = await _behind(studio, message)
        shown = message.assets or (behind.assets if behind else ())
        here = replace(here, attached=shown)
    if not intents and (why := misplaced(text, here.room)):
        raise Refused(why)
    return decide(here, intents) if intents else None


async def _intents(studio: Studio, here: Asked, message: Message, text: str) -> list[Intent]:
    """Return what words want of a room; those of buttons say which stage they were shown in."""
    room = here.room
    verb, *rest = text.split()[:4] or [""]
    if verb == "next" and len(rest) == 1 and rest[0] in STAGES:
        return [Intent("next", {"from": rest[0]})]
    if verb == "settle" and len(rest) == 2 and rest[1] in ("old", "new"):
        return [Intent("settle", {"name": rest[0], "side": rest[1]})]
    if text == "anyway":
        return [Intent("anyway")]
    replied, template = await _replied(studio, room, message), studio.template(room)
    found = read(text, room, template, replied, here.user)
    if not found and (meant := renumbered(text, room)) != text:
        found = read(meant, room, template, replied, here.user)
    late = (
        "soft" in found[0].data and not fresh(here.events, here.user, here.at) if found else False
    )
    return [] if late else found


async def _replied(studio: Studio, room: Room, message: Message) -> int:
    """Return the number of the piece that a message replies to, 0 when it replies to none."""
    behind = await _behind(studio, message)
    if behind is None:
        return 0
    pointed = [a for a in message.assets if a in behind.assets]  # one of several that it shows
    shown = {a.sha256 for a in pointed or behind.assets}
    found = [p.number for p in room.pieces if any(v.asset in shown for v in p.versions if v.asset)]
    return found[0] if len(found) == 1 else 0


async def _behind(studio: Studio, message: Message) -> Message | None:
    """Return what a message replies to."""
    try:
        return await studio.store.message(message.reply_to) if message.reply_to else None
    except NotFound:
        return None


async def _sent(
    studio: Studio, room: Room, message: Message, text: str
) -> tuple[tuple[int, ...], tuple[Asset, ...]]:
    """Return the pieces that files shall take the place of, and the files.

    They come with the message, or with the one it replies to; that may be one of ours.
    """
    if room.stage not in LATE or not (message.assets or message.reply_to):
        return (), ()
    behind = await _behind(studio, message)
    shown = behind.assets if behind else ()
    known = {v.asset for p in room.pieces for v in p.versions}
    files = tuple(a for a in message.assets if a not in shown)
    files = files or tuple(a for a in shown if a.sha256 not in known)
    return (_meant(room, text, await _replied(studio, room, message)) if files else ()), files


def _meant(room: Room, text: str, replied: int) -> tuple[int, ...]:
    """Return the pieces that words behind a file name, or that it replies to without words."""
    said = folded(text.strip(" .!:"))
    if not said:
        return (replied,) if replied else ()
    for words in wordings():
        for pattern in words.tables["acts"]["replace"]:
            found = pattern.fullmatch(said)
            if found and (meant := pieces(found["pieces"], Pointed(room, words, it=replied))):
                return meant
    return ()

"""Project rooms in a chat: `/project ...`, buttons, and what people say where a room is open."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from agents.rooms.asked import button, clipped
from agents.rooms.board import CLOSED, board, buttons
from agents.rooms.making import Making, outcome_answer, priced
from agents.rooms.opening import begun, opening
from agents.rooms.opening import subject as bare
from agents.rooms.reader import Intent
from agents.rooms.repeating import LATE
from agents.rooms.state import MEDIA
from agents.turns import Answer
from agents.work import Work
from bot import commands, seating, talking
from bot.adapter import Received
from bot.studio import Studio
from memory.records import Chat, Message, new_id
from memory.rooms import Draft, Said
from memory.sentences import joined, say
from tools.errors import Refused

_TAKES = {"discord": 9_500_000, "telegram": 45_000_000}
_FILE = 500_000_000
"""Bytes of a file that platforms take, and those that say nothing of it."""
_LABEL, _OFFERED = 30, 12
NONE = say(
    "There is no project room here; “/project new poster-series for the jazz night” opens one."
)

_NO_ROOM = "A text file can only take the place of a text in a project room; paste its words here."
Otherwise = Callable[[], Awaitable[Answer]]


async def within(studio: Studio, work: Work, otherwise: Otherwise) -> Answer:
    """Answer a message as its room wants it, or otherwise if it is not about the room."""
    message = work.scene.message
    room = await studio.rooms.here(message.chat)
    studio.boards.heard(room, message.chat)
    wanted = commands.parse(message.text)
    if wanted is not None and wanted.name == "project":
        return await _commanded(studio, work, wanted.words)
    if not room:
        opened = opening(message.text, studio.templates()) if wanted is None else None
        return (
            await _open(studio, work, *opened) if opened else await _without_text(work, otherwise)
        )
    if (wanted is None or wanted.name == "again") and (found := await _talked(studio, work, room)):
        return found
    if asks := await _asked_what_for(studio, room, message):
        return asks
    made = await _without_text(work, otherwise)
    await _adopt(studio, room, message, made)
    return made


async def _without_text(work: Work, otherwise: Otherwise) -> Answer:
    """Answer otherwise; raises Refused when there is a text that only a room could use."""
    if any(asset.media_type == talking.TEXT for asset in work.scene.message.assets):
        raise Refused(_NO_ROOM)
    return await otherwise()


async def quietly(studio: Studio, event: Received, words: str) -> str:
    """Do what a button or command wants that needs no message of its own; return a sentence."""
    message = event.message
    verb = words.partition(" ")[0]
    if verb == "templates":
        return _templates(studio)
    room = await studio.rooms.here(message.chat)
    if verb == "reopen":
        return await seating.reopen(studio, message)
    if not room:
        raise Refused(await _nowhere(studio, message.chat))
    if verb == "share":
        return await seating.share(studio, room)
    if verb == "close":
        return await seating.close(studio, room)
    if verb == "leave":
        return await seating.leave(studio, room, message)
    decision = await talking.settle(studio, room, message, words)
    studio.boards.changed(room)
    if decision is None:
        return say("I do not know what “{words}” means here.", words=words[:40])
    return decision.told


async def _commanded(studio: Studio, work: Work, words: str) -> Answer:
    verb, _, rest = words.partition(" ")
    if verb == "new":
        name, subject = _template(studio, rest, work.scene.message.language)
        return await _open(studio, work, name, subject)
    if verb == "join":
        room = await seating.join(studio, work.scene.message, rest.strip().upper())
        return await _board(studio, work, room)
    room = await studio.rooms.here(work.scene.message.chat)
    if not room:
        raise Refused(await _nowhere(studio, work.scene.message.chat))
    if not words or words in ("board", "status"):
        return await _board(studio, work, room)
    if found := await _said(studio, work, room, words):
        return found
    form = "I do not know what “{words}” means at this stage; the board says more."
    raise Refused(form, words=words[:60])


async def _nowhere(studio: Studio, chat: Chat) -> str:
    return CLOSED if await studio.rooms.closed(chat) else NONE


def _template(studio: Studio, words: str, language: str) -> tuple[str, str]:
    """Part the name of a template from the subject behind it; raises Refused listing them all."""
    if found := begun(words, studio.templates(), language):
        return found
    if fault := studio.faults().get(words.partition(" ")[0]):
        raise Refused(fault)
    kinds = _templates(studio)
    raise Refused("Say which kind: /project new NAME. {kinds}", kinds=kinds)


def _templates(studio: Studio) -> str:
    kinds = (joined(": ", [name, say(t.about)]) for name, t in studio.templates().items())
    return joined("\n", [say("There are:"), *kinds, *studio.faults().values()])


async def _open(studio: Studio, work: Work, name: str, subject: str) -> Answer:
    message, template = work.scene.message, studio.templates()[name]
    subject = bare(subject)
    title = subject[:1].upper() + subject[1:60] if subject else say(template.title)
    kind = template.model_dump_json(exclude_defaults=True)
    data = {"title": title, "template": name, "kind": kind, "brief": template.defaults()}
    drafts = [
        Draft("opened", {**data, "language": message.language}),
        *([Draft("brief", {"name": "subject", "value": subject})] if subject else []),
    ]
    id = new_id()
    said = Said(message.author, message.id, message.id)
    room = await studio.rooms.open(message.id, message.chat, drafts, said, id)
    if room != message.id:
        raise Refused(seating.THERE)
    return replace(await _board(studio, work, room), opens=room)


async def _board(studio: Studio, work: Work, room: str) -> Answer:
    """Return the answer that is this chat's board from now on."""
    chat = work.scene.message.chat
    seat = next((s for s in await studio.rooms.seats(room) if s.chat == chat), None)
    if seat is None:
        raise Refused(NONE)
    now = await talking.state(studio, room)
    if now.stage == "outline":
        studio.boards.prices[room] = priced(now, work)
    stands = await studio.store.posts(seat.board) if seat.board else {}
    id = seat.board if seat.board and not stands else new_id()
    await studio.rooms.seat(replace(seat, board=id, shown=now.number, pinned=None), seat.board)
    put = (await studio.tongue(now, chat)).put
    text = board(now, studio.template(now), studio.boards.price(now), put)
    if stands:
        await seating.taken_down(studio, seat)
    return Answer("reply", text, buttons=buttons(now, put), id=id)


async def _talked(studio: Studio, work: Work, room: str) -> Answer | None:
    """Answer what somebody says in a room: its own words, or "again"."""
    if found := await _said(studio, work, room, work.scene.message.text):
        return found
    if (wanted := await talking.again(studio, room, work.scene.message)) is None:
        return None
    return await _said(studio, work, room, "", wanted)


async def _said(
    studio: Studio, work: Work, room: str, text: str, wanted: Intent | None = None
) -> Answer | None:
    """Answer what a message wants of its room; None when it wants nothing of it."""
    message = work.scene.message
    decision = await talking.settle(studio, room, message, text, wanted)
    if decision is None:
        return None
    now = await talking.state(studio, room)
    if now.stage == "outline":
        studio.boards.prices[room] = priced(now, work)
    studio.boards.changed(room)
    if decision.task is None:
        if not decision.told:
            return await _board(studio, work, room)
        return outcome_answer(decision, studio.boards.price(now))
    events = await studio.rooms.events(room)
    asked = talking.asked(studio, room, events, message)
    most = min(_TAKES.get(s.chat.platform, _FILE) for s in await studio.rooms.seats(room))
    tongue = await studio.tongue(now, message.chat)
    making = Making(studio.rooms, work, asked, most, tongue)
    try:
        return await making.run(decision.task, decision.told)
    except Exception:
        await halted(studio, message)
        raise
    finally:
        studio.boards.changed(room)


async def halted(studio: Studio, message: Message) -> None:
    """Take a room back to its outline if the making of it, which a message began, was ended."""
    id = await studio.rooms.here(message.chat)
    now, events = await talking.state(studio, id), await studio.rooms.events(id)
    began = [event.message for event in events if event.number == now.stage_at]
    if now.stage == "making" and began == [message.id]:
        back = Draft("stage", {"stage": "outline"}, made=True)
        await studio.rooms.add(id, [back], Said(message.author, message.id, f"{message.id}:made"))
        studio.boards.changed(id)


async def _asked_what_for(studio: Studio, id: str, message: Message) -> Answer | None:
    """Return the question what a picture or sound is for that somebody sent without a word."""
    room = await talking.state(studio, id)
    if message.text.strip() or not message.assets or room.stage not in LATE:
        return None
    sent = [asset.media_type for asset in message.assets]
    there = [p for p in room.pieces if any(s.startswith(MEDIA[p.kind]) for s in sent)]
    if not there:
        return None
    form = "Which piece shall that be? Press one, or reply to your file with “this is {title}”."
    told = say(form, title=there[0].title)
    labels = ((p.number, clipped(p.title, _LABEL)) for p in there[:_OFFERED])
    buttons = tuple(button(f"replace {number}", label) for number, label in labels)
    return Answer("question", told, asked=message.assets, buttons=buttons)


async def _adopt(studio: Studio, room: str, message: Message, found: Answer) -> None:
    """Take what the assistant made of a piece's picture as a new version of that piece."""
    now = await talking.state(studio, room)
    there = {p.now.asset: p for p in now.pieces if p.now and p.now.asset}
    drafts = [
        Draft(
            "made", {"piece": there[parent].number, "asset": s.assets[0].sha256, "step": s.id}, True
        )
        for s in found.steps
        for parent in s.parents[:1]
        if parent in there and s.assets and s.status == "done"
    ]
    if drafts:
        said = Said(message.author, message.id, f"{message.id}:made")
        await studio.rooms.add(room, drafts, said)
        studio.boards.changed(room)

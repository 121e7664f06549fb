"""A room as files to keep: what is packed, who made it, and who decided what."""

import asyncio
import re
import tempfile
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from agents.rooms.asked import who
from agents.rooms.board import ENGLISH, Put, Tongue
from agents.rooms.brief import NAMES, lines, worded
from agents.rooms.requests import request_told
from agents.rooms.state import Piece, Room, Version
from memory.assets import Assets
from memory.errors import NotFound
from memory.records import Asset, Step, User
from memory.rooms import RoomEvent
from memory.sentences import Sentence, joined, say
from memory.store import Store
from tools.pack import Contents, Event, Original, Share
from tools.pack import Piece as Part

ZIP = "application/zip"
_NAMED = re.compile(r"\{(\w+)\}")


async def contents(
    room: Room,
    events: Sequence[RoomEvent],
    store: Store,
    assets: Assets,
    tongue: Tongue = ENGLISH,
) -> Contents:
    """Return all of a room that is packed, in the words of a language."""
    put = tongue.put
    parts = [await _part(piece, store, assets, put) for piece in room.pieces if piece.now]
    brief = {put(called): put(value) for called, value in lines(room.brief)}
    story = tuple(event for e in events if (event := _event(e, room, put)))
    title, made = put(room.title), events[-1].at
    return Contents(title, made, brief, tuple(parts), story, tongue.language, put)


async def packed(
    what: Contents, assets: Assets, most: int
) -> tuple[dict[str, Asset], tuple[str, ...]]:
    """Write a pack in files of at most `most` bytes; return them by name, and what was left out."""
    from tools.pack.writing import write

    with tempfile.TemporaryDirectory(prefix="atelier-pack-") as folder:
        made = await asyncio.to_thread(write, what, Path(folder), most)
        files = {file.name: await assets.put(await _bytes(file), ZIP) for file in made.files}
    return files, made.left_out


async def _bytes(file: Path) -> bytes:
    return await asyncio.to_thread(file.read_bytes)


async def _part(piece: Piece, store: Store, assets: Assets, put: Put) -> Part:
    version = piece.now
    assert version is not None  # who calls this has looked
    original = await _original(version, store, assets)
    step = await _step(version, store)
    recipe = {} if step is None else {"tool": step.tool, **step.args}
    share = _share(piece, step)
    shown = piece.kind == "picture"
    asks = request_told(piece.request)
    caption = joined(": ", filter(None, (piece.title, asks)))
    alt = say("A picture made by AI: {request}", request=asks)
    return Part(
        put(piece.title),
        piece.kind,
        version.text,
        put(caption) if shown else "",
        original if shown else None,
        put(alt) if shown else "",
        original if piece.kind == "voice" else None,
        recipe,
        (share,),
    )


async def _original(version: Version, store: Store, assets: Assets) -> Original | None:
    if not version.asset:
        return None
    asset = await store.asset(version.asset)
    read = partial(Path.read_bytes, assets.path(asset))
    return Original(asset.media_type, asset.sha256, asset.size, read)


async def _step(version: Version, store: Store) -> Step | None:
    try:
        return await store.step(version.step) if version.step else None
    except NotFound:
        return None


def _share(piece: Piece, step: Step | None) -> Share:
    """Return who made a piece: a model, unless only people made its versions."""
    version = piece.now
    earlier = [v for v in piece.versions if version and v.number <= version.number]
    people = [v.author for v in earlier if v.author is not None]
    made = any(v.author is None for v in earlier)
    model = str(step.args.get("model", "")) if step else ""
    if made and not model:
        model = say("the text model") if piece.kind == "text" else say("a model")
    names = tuple(dict.fromkeys(who(user) for user in people))
    return Share(piece.kind, model if made else "", names, len(people) if made else 0)


_TOLD: Mapping[str, str] = {
    "opened": say("opened the room"),
    "brief": say("set “{name}”: {value}"),
    "unbrief": say("took back “{name}”"),
    "asked": say("wanted another “{name}”: {value}"),
    "idea": say("had the idea “{title}”"),
    "vote": say("voted for {idea}"),
    "chosen": say("chose {idea}, {how}"),
    "stage": say("went on to the stage “{stage}”"),
    "add": say("added {title}: {request}"),
    "drop": say("left out piece {piece}"),
    "change": say("changed what {piece} shall be: {request}"),
    "made": say("made {piece}"),
    "kept": say("chose version {version} of {piece}"),
    "approved": say("approved {piece}"),
    "comment": say("said of {piece}: {text}"),
    "carer": say("looks after {piece}"),
    "overruled": say("let {piece} stay as it is"),
    "undo": say("took something back"),
    "joined": say("joined"),
    "owner": say("became the owner"),
    "reference": say("set the reference: {name}"),
}


def _event(event: RoomEvent, room: Room, put: Put) -> Event | None:
    form = _TOLD.get(event.kind)
    if form is None:
        return None
    values = {key: _value(key, event, room) for key in _NAMED.findall(form)}
    return Event(put(_name(event.author)), put(Sentence(form, values)), event.at)


def _value(key: str, event: RoomEvent, room: Room) -> str:
    value = event.data.get(key, "")
    if key == "value":
        return worded(str(event.data.get("name")), value)
    found = value if isinstance(value, list) else [value]
    return joined(", ", (_word(key, one, room) for one in found))


def _word(key: str, value: object, room: Room) -> str:
    """Return a value of an event in words: pieces and ideas by what they are called."""
    if key == "piece" and isinstance(value, int) and (piece := room.piece(value)):
        return piece.title
    if key == "idea" and isinstance(value, int) and (idea := room.idea(value)):
        return say("idea {number} “{title}”", number=value, title=idea.title)
    text = value if isinstance(value, str) else str(value)
    if key == "stage":
        return say(text)
    return NAMES.get(text, text) if key == "name" else text


def _name(user: User | None) -> str:
    return user.name or user.id if user else "Atelier"

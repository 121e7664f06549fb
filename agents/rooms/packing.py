"""A room as files to keep: what is packed, who made it, and who decided what."""

import asyncio
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from agents.rooms.asked import who
from agents.rooms.board import ENGLISH, Put, Tongue
from agents.rooms.brief import lines
from agents.rooms.state import Piece, Room, Version
from agents.rooms.story import tales
from memory.assets import Assets
from memory.errors import NotFound
from memory.records import Asset, Step
from memory.rooms import RoomEvent
from memory.sentences import joined, say
from memory.store import Store
from tools.pack import Contents, Event, Original, Share
from tools.pack import Piece as Part

ZIP = "application/zip"


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
    story = tuple(Event(put(t.who), put(t.what), t.at) for t in tales(events, room))
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
    caption = joined(": ", filter(None, (piece.title, piece.request)))
    alt = say("A picture made by AI: {request}", request=piece.request)
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

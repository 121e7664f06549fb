"""A room as files to keep: what is packed, who made it, and who decided what."""

import asyncio
import tempfile
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from agents.rooms.asked import who
from agents.rooms.brief import lines
from agents.rooms.state import Piece, Room, Version
from memory.assets import Assets
from memory.errors import NotFound
from memory.records import Asset, Step, User
from memory.rooms import RoomEvent
from memory.store import Store
from tools.pack import Contents, Event, Original, Share
from tools.pack import Piece as Part

ZIP = "application/zip"


async def contents(
    room: Room, events: Sequence[RoomEvent], store: Store, assets: Assets
) -> Contents:
    """Return all of a room that is packed."""
    parts = [await _part(piece, store, assets) for piece in room.pieces if piece.now]
    brief = {called: value for _, called, value in lines(room.brief)}
    story = tuple(event for e in events if (event := _event(e, room)))
    return Contents(room.title, events[-1].at, brief, tuple(parts), story)


async def packed(
    what: Contents, assets: Assets, most: int
) -> tuple[tuple[Asset, ...], tuple[str, ...]]:
    """Write a pack in files of at most `most` bytes; return them, and what was left out."""
    from tools.pack.writing import write

    with tempfile.TemporaryDirectory(prefix="atelier-pack-") as folder:
        made = await asyncio.to_thread(write, what, Path(folder), most)
        files = [await assets.put(await _bytes(file), ZIP) for file in made.files]
    return tuple(files), made.left_out


async def _bytes(file: Path) -> bytes:
    return await asyncio.to_thread(file.read_bytes)


async def _part(piece: Piece, store: Store, assets: Assets) -> Part:
    version = piece.now
    assert version is not None  # who calls this has looked
    original = await _original(version, store, assets)
    step = await _step(version, store)
    recipe = {} if step is None else {"tool": step.tool, **step.args}
    share = _share(piece, step)
    caption = f"{piece.title}: {piece.request}" if piece.request else piece.title
    alt = f"A picture made by AI: {piece.request}" if piece.kind == "picture" else ""
    return Part(
        piece.title,
        piece.kind,
        version.text,
        caption if piece.kind == "picture" else "",
        original if piece.kind == "picture" else None,
        alt,
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
        model = "the text model" if piece.kind == "text" else "a model"
    names = tuple(dict.fromkeys(who(user) for user in people))
    return Share(piece.kind, model if made else "", names, len(people) if made else 0)


_TOLD: Mapping[str, str] = {
    "opened": "opened the room",
    "brief": "set {name}: {value}",
    "unbrief": "took back {name}",
    "asked": "wanted another {name}: {value}",
    "idea": "had the idea “{title}”",
    "vote": "voted for idea {idea}",
    "chosen": "chose idea {idea}, {how}",
    "stage": "went on to {stage}",
    "change": "changed piece {piece}",
    "made": "made a version of piece {piece}",
    "kept": "chose version {version} of piece {piece}",
    "approved": "approved piece {piece}",
    "comment": "said of piece {piece}: {text}",
    "carer": "looks after piece {piece}",
    "overruled": "let piece {piece} stay as it is",
    "undo": "took something back",
    "joined": "joined",
    "owner": "became the owner",
    "reference": "set the reference: {name}",
}


def _event(event: RoomEvent, room: Room) -> Event | None:
    form = _TOLD.get(event.kind)
    if form is None:
        return None
    values = {key: _value(value) for key, value in event.data.items()}
    said = form.format_map(_Known(values))
    return Event(_name(event.author), said, event.at)


class _Known(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return ""


def _value(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _name(user: User | None) -> str:
    return who(user) if user else "Atelier"

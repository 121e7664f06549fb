"""A room as files to keep: what is packed, who made it, and who decided what."""

import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from agents.rooms.asked import who
from agents.rooms.board import ENGLISH, Put, Tongue
from agents.rooms.brief import lines
from agents.rooms.requests import request_told
from agents.rooms.state import Piece, Room, Version
from agents.rooms.story import tales
from memory.assets import Assets
from memory.errors import NotFound
from memory.records import Asset, Step
from memory.rooms import RoomEvent
from memory.sentences import joined, say
from memory.store import Store
from tools.pack import Contents, Original, Share
from tools.pack import Piece as Part

ZIP = "application/zip"
_DEEP = 20
"""Steps that are followed back from what is packed."""
_CHANGES = ("named", "brief", "unbrief", "add", "drop", "change", "made", "kept")
"""Events after which another pack is another version."""


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
    if idea := room.idea(room.chosen):
        brief[put(say("idea"))] = joined(": ", filter(None, (idea.title, idea.description)))
    story = tuple(replace(e, who=put(e.who), what=put(e.what)) for e in tales(events, room))
    title, made = put(room.title), events[-1].at
    return Contents(title, made, brief, tuple(parts), story, tongue.language, _version(events), put)


def _version(events: Sequence[RoomEvent]) -> int:
    """Return which version of the pack is next: one more for each that was changed since."""
    version, same = 1, False
    for event in events:
        version += same and event.kind in _CHANGES
        same = event.kind == "packed" or (same and event.kind not in _CHANGES)
    return version


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
    share = await _share(piece, store)
    shown = piece.kind == "picture"
    spoken = str(step.args.get("text", "")) if step and piece.kind == "voice" else ""
    asks = request_told(piece.request)
    alt = say("A picture made by AI: {request}", request=asks)
    if share.sent:
        form = "A picture sent by {people}: {title}"
        alt = say(form, people=", ".join(share.people), title=piece.title)
    return Part(
        put(piece.title),
        piece.kind,
        version.text or spoken,
        put(asks) if shown and not share.sent else "",
        original if shown else None,
        put(alt) if shown else "",
        original if piece.kind == "voice" else None,
        await _recipe(step, store),
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


async def _recipe(step: Step | None, store: Store, deep: int = _DEEP) -> dict[str, object]:
    """Return how something was made, and what it was made from, back to its beginning."""
    if step is None:
        return {}
    found: dict[str, object] = {"tool": step.tool, **step.args}
    before = []
    for sha256 in step.parents if deep else ():
        maker = await store.maker(sha256, step.chat)
        before.append({"sha256": sha256, **await _recipe(maker, store, deep - 1)})
    return found | ({"made_from": before} if before else {})


async def _share(piece: Piece, store: Store) -> Share:
    """Return who made a piece: a model, unless only people made its versions."""
    version = piece.now
    earlier = [v for v in piece.versions if version and v.number <= version.number]
    people = [v.author for v in earlier if v.author is not None]
    made = [v for v in earlier if v.author is None]
    steps = [step for v in reversed(made) if (step := await _step(v, store))]
    model = next((str(one) for step in steps if (one := step.args.get("model"))), "")
    if made and not model:
        model = say("the text model") if piece.kind == "text" else say("a model")
    if version and version.author and piece.kind != "text":
        return Share(piece.kind, model, (who(version.author),), sent=True)
    names = tuple(dict.fromkeys(who(user) for user in people))
    return Share(piece.kind, model, names, len(people) if made else 0)

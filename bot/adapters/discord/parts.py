"""A reply as the messages Discord shows it in: what each says, carries and offers."""

import asyncio
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from bot.actions import DELETE
from bot.adapter import Reply
from bot.passages import passages
from bot.render import alt, file_name, rows, shortened, split, units
from bot.translation import put
from memory.assets import Assets
from memory.errors import NotFound
from memory.records import Action, Asset
from memory.sentences import say
from tools.sheet import fit, sheet

LONGEST = 2000
"""UTF-16 units of one message."""
FILES = 10
"""Files of one message."""
SPOILER = "SPOILER_"
"""What the name of a file begins with that is hidden until somebody wants to see it."""
_PIECES = 4
"""Messages that a text may fill; a longer one is sent as a file."""
_ROWS = 5
_LABEL = 80
_ASKED = "{many} pictures on one sheet, numbered row by row."
_SHEET = "{many} pictures on one sheet, numbered row by row; each follows by itself."
_TOO_LARGE = "A file of {size:.0f} MB was made that is too large for this server."
_LEFT_OUT = "Files that do not fit here and were left out: {many}; ask for fewer at once."
EDIT, INFO = "edit", "info"
_MARKS = re.compile(
    r"(?P<kept>https?://\S+)"
    r"|[\\*`]|(?<!\w)_|_(?!\w)|~(?=~)|\|(?=\|)|\[(?=[^\]]*\]\()|<(?=[@#:/]|[at]:|id:)"
    r"|(?<=^)(?:#{1,3}|-#|>{1,3})(?=\s)",
    re.MULTILINE,
)
"""What Discord would take for Markdown, a mention, an emoji or a time; not within addresses."""
Buttons = tuple[tuple[tuple[str, str], ...], ...]
"""Rows of buttons, each a custom id and a label."""


@dataclass(frozen=True, slots=True)
class Attached:
    """A file of a message: `words` for those who do not see it, the rest for a voice message."""

    name: str
    data: bytes
    words: str = ""
    seconds: float = 0.0
    waveform: bytes = b""


@dataclass(frozen=True, slots=True)
class Part:
    """One message; `asset` is the SHA-256 of the one asset it shows, `voice` that it is spoken."""

    text: str = ""
    files: tuple[Attached, ...] = ()
    buttons: Buttons = ()
    asset: str = ""
    voice: bool = False


async def parts(reply: Reply, assets: Assets, limit: int) -> list[Part]:
    """Return a reply in the messages to be sent, always the same ones for the same reply.

    `limit` is how many bytes a file may have. Text comes first, with the first pictures, then more
    pictures, then sounds; the buttons stand under the last piece of text.
    """
    shown = reply.message.assets
    said = _texts(_said(reply), reply.message.text)
    head = replace(said.pop(), buttons=_buttons(reply))
    seen = [a for a in shown if a.media_type.startswith("image/")]
    files = await _pictures(reply, seen, assets, limit)
    groups = [tuple(files[n : n + FILES]) for n in range(0, len(files), FILES)]
    first, *others = groups or [()]
    only = seen[0].sha256 if len(seen) == 1 else ""
    made = [*said, replace(head, files=(*head.files, *first)[:FILES], asset=only)]
    made += [Part(files=group) for group in others]
    return [*made, *await _sounds(reply, assets, limit)]


def fewer(made: Sequence[Part], most: int, language: str = "") -> list[Part]:
    """Return a reply in at most so many messages, with files side by side; what does not fit is
    left out, and that is said.
    """
    if len(made) <= most:
        return list(made)
    head = next((n for n, part in enumerate(made) if part.files), 0) + 1
    later = made[head:]
    files = [file for part in later for file in part.files]
    room = (most - head) * FILES
    said = [part.text for part in later if part.text]
    if len(files) > room:
        said.append(put(say(_LEFT_OUT, many=len(files) - room), language))
    shown = [tuple(files[n : n + FILES]) for n in range(0, min(len(files), room), FILES)]
    first, *others = [Part(files=group) for group in shown] or [Part()]
    return [*made[:head], replace(first, text=shortened("\n".join(said), LONGEST)), *others]


def one_button(message_id: str, action: Action, language: str = "") -> Buttons:
    """Return a button that stands alone under a message."""
    return (((custom_id(message_id, action.id), put(action.label, language)),),)


def custom_id(message_id: str, action: str) -> str:
    """Return what comes back when a button is pressed: all there is to know of it."""
    return f"{message_id}:{action}"


def pressed(custom_id: str) -> tuple[str, str]:
    """Return the message and the action that a custom id names."""
    message_id, _, action = custom_id.partition(":")
    return message_id, action


def escaped(text: str) -> str:
    """Return words of people's as Discord shows them word for word."""
    return _MARKS.sub(lambda found: found[0] if found["kept"] else f"\\{found[0]}", text)


def _said(reply: Reply) -> str:
    """Return the text of a reply: as Markdown what a model wrote, word for word all else."""
    said = "".join(p.text if p.written else escaped(p.text) for p in passages(reply))
    text = reply.message.text
    return text if units(said) > LONGEST >= units(text) else said  # it was made to fit


def _texts(text: str, raw: str) -> list[Part]:
    pieces = split(text, LONGEST) or [""]
    if len(pieces) <= _PIECES:
        return [Part(piece) for piece in pieces]
    whole = Attached("text.txt", raw.encode())
    return [Part(shortened(text, LONGEST // 2), (whole,))]


def _buttons(reply: Reply) -> Buttons:
    actions = list(reply.actions)
    if reply.kind == "reply" and actions:
        kinds = {asset.media_type.partition("/")[0] for asset in reply.message.assets}
        own = [Action(EDIT, say("Edit")), Action(INFO, say("Info"))]
        actions += [*(own if "image" in kinds else []), Action(DELETE, say("Delete"))]
    found = rows(actions)
    plain = [row for row in found if not _numbered(row)]
    numbered = [row for row in found if _numbered(row)][: _ROWS - len(plain)]
    id, language = reply.message.id, reply.message.language
    return tuple(
        tuple((custom_id(id, a.id), shortened(put(a.label, language), _LABEL)) for a in row)
        for row in [*numbered, *plain][:_ROWS]
    )


def _numbered(row: Sequence[Action]) -> bool:
    return row[0].id.startswith(("upscale:", "vary:"))


async def _pictures(
    reply: Reply, pictures: Sequence[Asset], assets: Assets, limit: int
) -> list[Attached]:
    """Return the numbered sheet, when there are several, and each picture by itself.

    Which one is meant can be answered by the sheet alone.
    """
    veil = SPOILER if reply.spoiler else ""
    found, whole = [], []
    for asset in pictures:
        with suppress(NotFound):  # erased meanwhile
            data = await assets.read(asset)
            whole.append(data)
            small, kind = await asyncio.to_thread(fit, data, limit)
            suffix = "jpg" if kind == "jpeg" else kind
            found.append(Attached(veil + file_name(asset, suffix), small, alt(reply, asset)))
    if len(whole) < 2:
        return found
    drawn, _ = await asyncio.to_thread(lambda: fit(sheet(whole), limit))
    asks = reply.kind == "question"
    form = _ASKED if asks else _SHEET
    words = put(say(form, many=len(whole)), reply.message.language)
    numbered = Attached(f"{veil}sheet-{pictures[0].sha256[:12]}.jpg", drawn, words)
    return [numbered] if asks else [numbered, *found]


async def _sounds(reply: Reply, assets: Assets, limit: int) -> list[Part]:
    found = []
    for asset in reply.message.assets:
        if asset.media_type.startswith("image/"):
            continue
        with suppress(NotFound):
            data = await assets.read(asset)
            if len(data) > limit:
                large = say(_TOO_LARGE, size=len(data) / 1e6)
                found.append(Part(put(large, reply.message.language)))
                continue
            file = Attached(
                file_name(asset, "", reply.steps),
                data,
                alt(reply, asset),
                asset.seconds,
                asset.waveform,
            )
            voice = asset.media_type == "audio/ogg" and bool(asset.waveform)
            found.append(Part(files=(file,), asset=asset.sha256, voice=voice))
    return found

"""What Discord checks of a message before it takes it, whichever way it comes."""

import re
from dataclasses import dataclass
from typing import Any

from tests import discord_components as components
from tests.discord_errors import Form, Json, Refusal
from tests.discord_records import V2, VOICE, Channel, Permission

EMBED_TEXTS = {"title": 256, "description": 4096, "url": 2048}
MOST_EMBED_TEXT = 6000
MOST_FILES = 10
SETTABLE = 1 << 2 | 1 << 12 | VOICE | V2
"""SUPPRESS_EMBEDS, SUPPRESS_NOTIFICATIONS and the kinds: all a bot can set on a channel message."""


@dataclass(frozen=True)
class Upload:
    filename: str
    data: bytes


Uploads = dict[int, Upload]
Place = tuple[str | int, ...]


def check(payload: Json, uploads: Uploads, limit: int, *, kept: int = 0, names: Any = ()) -> None:
    """Refuse a message that Discord would refuse.

    `kept` attachments, of these `names`, are there already when a message is edited.
    """
    if any(len(upload.data) > limit for upload in uploads.values()):
        raise Refusal("too large")
    if len(uploads) + kept > MOST_FILES:
        raise Refusal("too many attachments")
    form = Form()
    form.length(("content",), payload.get("content"), 2000)
    check_embeds(form, payload.get("embeds"))
    _mentions(form, payload.get("allowed_mentions"))
    _attachments(form, payload.get("attachments"), uploads, frozenset(map(str, names)))
    layout = bool((payload.get("flags") or 0) & V2)
    known = {upload.filename for upload in uploads.values()}
    known |= {a.get("filename") for a in payload.get("attachments") or ()}
    components.check_message(form, payload.get("components"), layout, frozenset(known))
    if layout:
        _only_layout(form, payload)
    form.check()


def check_embeds(form: Form, embeds: Any) -> None:
    form.length(("embeds",), embeds, 10)
    total = 0
    for number, embed in enumerate(embeds or ()):
        place = ("embeds", number)
        texts: dict[Place, tuple[str | None, int]] = {
            (*place, name): (embed.get(name), most) for name, most in EMBED_TEXTS.items()
        }
        texts[(*place, "footer", "text")] = ((embed.get("footer") or {}).get("text"), 2048)
        texts[(*place, "author", "name")] = ((embed.get("author") or {}).get("name"), 256)
        form.length((*place, "fields"), embed.get("fields"), 25)
        for n, part in enumerate(embed.get("fields") or ()):
            texts[(*place, "fields", n, "name")] = (part.get("name"), 256)
            texts[(*place, "fields", n, "value")] = (part.get("value"), 1024)
        for where, (text, most) in texts.items():
            form.length(where, text, most)
            total += len(text or "") if where[-1] != "url" else 0
    if total > MOST_EMBED_TEXT:
        told = f"Embed size exceeds maximum size of {MOST_EMBED_TEXT}"
        form.wrong(("embeds",), "MAX_EMBED_SIZE_EXCEEDED", told)


def _mentions(form: Form, allowed: Any) -> None:
    for name in ("users", "roles"):
        if name in ((allowed or {}).get("parse") or ()) and (allowed or {}).get(name):
            told = f'parse:["{name}"] and {name}: [ids...] are mutually exclusive.'
            form.wrong(("allowed_mentions",), "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", told)


def _attachments(form: Form, given: Any, uploads: Uploads, names: frozenset[str]) -> None:
    for number, about in enumerate(given or ()):
        form.length(("attachments", number, "description"), about.get("description"), 1024)
        given_id = str(about.get("id"))
        if given_id not in names and not (given_id.isdigit() and int(given_id) in uploads):
            place = ("attachments", number, "id")
            form.wrong(place, "ATTACHMENT_NOT_FOUND", "Attachment data not found")


def _only_layout(form: Form, payload: Json) -> None:
    for name in ("content", "embeds", "poll", "sticker_ids"):
        if payload.get(name):
            code = "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2"
            told = f"The '{name}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2"
            form.wrong((name,), code, told)


def check_voice(payload: Json, uploads: Uploads) -> None:
    """Refuse what is marked as a voice message and is none."""
    if not (payload.get("flags") or 0) & VOICE:
        return
    if any(payload.get(name) for name in ("content", "embeds", "components", "poll")):
        raise Refusal("voice content")
    given = payload.get("attachments") or []
    sounds = [u for u in uploads.values() if u.data[:4] == b"OggS" and u.filename.endswith(".ogg")]
    if len(uploads) != 1 or len(sounds) != 1 or len(given) > 1:
        raise Refusal("voice file")
    if not given or given[0].get("duration_secs") is None or not given[0].get("waveform"):
        raise Refusal("voice metadata")


def check_nonce(payload: Json, *, needed: bool) -> None:
    """Refuse a nonce that is too long, or none where one was promised or is needed."""
    form = Form()
    nonce = payload.get("nonce")
    if nonce is None and (payload.get("enforce_nonce") or needed):
        form.required(("nonce",))
    elif needed and not payload.get("enforce_nonce"):
        form.required(("enforce_nonce",))
    form.length(("nonce",), None if nonce is None else str(nonce), 25)
    form.check()


def check_not_empty(payload: Json, uploads: Uploads) -> None:
    filled = ("content", "embeds", "components", "sticker_ids", "poll", "attachments")
    if not uploads and not any(payload.get(name) for name in filled):
        raise Refusal("empty")


def check_permissions(may: Permission, channel: Channel, payload: Json, files: int) -> None:
    """Refuse what the bot may not do in a channel."""
    write = Permission.SEND_IN_THREADS if channel.parent else Permission.SEND_MESSAGES
    if write not in may:
        raise Refusal("missing permissions")
    if files and Permission.ATTACH_FILES not in may:
        raise Refusal("missing permissions")
    if (payload.get("flags") or 0) & VOICE and Permission.SEND_VOICE_MESSAGES not in may:
        raise Refusal("no voice here")
    if payload.get("message_reference") and Permission.READ_HISTORY not in may:
        raise Refusal("missing permissions")


def pinged(content: str, allowed: Any) -> tuple[list[int], bool]:
    """Return whom a text notifies (people's ids, whether everyone), as the request allows."""
    allowed = {"parse": ["users", "roles", "everyone"]} if allowed is None else allowed
    parse, named = allowed.get("parse") or (), {str(i) for i in allowed.get("users") or ()}
    found = re.findall(r"<@!?(\d+)>", content)
    people = [int(i) for i in dict.fromkeys(found) if "users" in parse or i in named]
    everyone = bool(re.search(r"@(everyone|here)\b", content)) and "everyone" in parse
    return people, everyone

"""The routes of messages in channels, and how a request becomes a message."""

from typing import Any

from tests import discord_render as render
from tests import discord_rules as rules
from tests.discord_calls import Call, Handler
from tests.discord_errors import Form, Json, Refusal
from tests.discord_rates import TooMany, Window
from tests.discord_records import (
    LOADING,
    V2,
    VOICE,
    Account,
    Channel,
    File,
    Message,
    Permission,
)
from tests.discord_rules import Uploads
from tests.discord_world import World

NONCE_WINDOW = 180.0
"""Seconds a nonce is remembered; the documentation says "the past few minutes"."""


async def create(call: Call) -> Json:
    channel = call.world.found(call.path["channel_id"])
    _may_write(call, channel)
    rules.check_nonce(call.payload, needed=call.server.require_nonce)
    if first := _known(call, channel):
        return render.message(call.world, first)
    rules.check_voice(call.payload, call.uploads)
    rules.check(call.payload, call.uploads, channel.file_limit)
    rules.check_not_empty(call.payload, call.uploads)
    message = compose(call, channel, call.world.bot)
    message.reply_to = _replied(call, channel)
    allowed = call.payload.get("allowed_mentions")
    wants = True if allowed is None else bool(allowed.get("replied_user"))
    if message.reply_to and wants and message.reply_to.author not in message.pings:
        message.pings.append(message.reply_to.author)
    if message.nonce is not None:
        call.server.nonces[channel.id, message.nonce] = message
    return render.message(call.world, call.world.post(message))


def _may_write(call: Call, channel: Channel) -> None:
    if channel.with_ is not None and channel.with_.blocks_bot:
        raise Refusal("blocked")
    if channel.locked and Permission.MANAGE_THREADS not in call.world.may(channel):
        raise Refusal("locked")
    may = call.world.may(channel)
    rules.check_permissions(may, channel, call.payload, len(call.uploads))


def _known(call: Call, channel: Channel) -> Message | None:
    """Return the message that a repeated nonce belongs to; refuses when it was deleted since."""
    if not call.payload.get("enforce_nonce"):
        return None
    found = call.server.nonces.get((channel.id, str(call.payload["nonce"])))
    if found is None or found.at < call.world.clock() - NONCE_WINDOW:
        return None
    if found.deleted:
        raise Refusal("unknown message")
    return found


def compose(call: Call, channel: Channel, author: Account, settable: int = 0) -> Message:
    """Make a message of a request that has been checked; it is not posted yet."""
    world, payload = call.world, call.payload
    flags = payload.get("flags") or 0
    if ignored := flags & ~(rules.SETTABLE | settable):
        call.server.complain(f"flags {ignored} cannot be set and were ignored")
    people, everyone = rules.pinged(payload.get("content") or "", payload.get("allowed_mentions"))
    nonce = payload.get("nonce")
    return Message(
        world.new_id(),
        channel,
        author,
        world.clock(),
        content=payload.get("content") or "",
        files=files(world, channel, payload.get("attachments"), call.uploads),
        embeds=list(payload.get("embeds") or ()),
        components=list(payload.get("components") or ()),
        flags=flags & (rules.SETTABLE | settable),
        nonce=None if nonce is None else str(nonce),
        pings=[world.accounts[i] for i in people if i in world.accounts],
        pings_everyone=everyone and Permission.MENTION_EVERYONE in world.may(channel),
    )


def files(world: World, channel: Channel, given: Any, uploads: Uploads) -> list[File]:
    """Store what was uploaded, each with what the request says of it."""
    about = {str(a["id"]): a for a in given or ()}
    made = []
    for number, upload in sorted(uploads.items()):
        told = about.get(str(number), {})
        more = {"description": told.get("description"), "duration": told.get("duration_secs")}
        more["waveform"] = told.get("waveform")
        name = told.get("filename") or upload.filename
        made.append(world.file(channel, name, upload.data, **more))
    return made


def _replied(call: Call, channel: Channel) -> Message | None:
    about = call.payload.get("message_reference")
    if not about:
        return None
    for message in channel.messages:
        if str(message.id) == str(about.get("message_id")):
            return message
    if about.get("fail_if_not_exists", True):
        form = Form()
        form.wrong(("message_reference",), "REPLIES_UNKNOWN_MESSAGE", "Unknown message")
        form.check()
    return None


async def edit(call: Call) -> Json:
    channel = call.world.found(call.path["channel_id"])
    message = call.world.message(channel, call.path["message_id"])
    if message.author is not call.world.bot:
        raise Refusal("not the author")
    if channel.archived:
        raise Refusal("archived")
    return render.message(call.world, change(call, message, channel.file_limit))


def change(call: Call, message: Message, limit: int) -> Message:
    """Edit a message as a request says, within the limits of size and pace."""
    _not_too_often(call, message)
    if message.flags & VOICE:
        raise Refusal("voice edit")
    payload = call.payload or {}
    kept = message.files
    if payload.get("attachments") is not None:
        ids = {str(a.get("id")) for a in payload["attachments"]}
        kept = [f for f in message.files if str(f.id) in ids]
    flags = (message.flags | (payload.get("flags") or 0) & V2) & ~LOADING
    checked = {**payload, "flags": flags}
    names = [f.id for f in message.files]
    rules.check(checked, call.uploads, limit, kept=len(kept), names=names)
    changes: Json = {"flags": flags}
    for name in ("content", "embeds", "components"):
        if name in payload:
            changes[name] = payload[name] or ("" if name == "content" else [])
    added = files(call.world, message.channel, payload.get("attachments"), call.uploads)
    changes["files"] = [*kept, *added]
    result = {name: changes.get(name, getattr(message, name)) for name in _FILLING}
    if not any((*result.values(), changes["files"])):
        raise Refusal("empty")
    return call.world.edit(message, **changes)


_FILLING = ("content", "embeds", "components")


def _not_too_often(call: Call, message: Message) -> None:
    server = call.server
    window = server.edit_windows.setdefault(message.id, Window(server.world.clock()))
    if wait := window.take(server.edit_rate, server.world.clock()):
        raise TooMany(wait, shared=True)


async def delete(call: Call) -> None:
    channel = call.world.found(call.path["channel_id"])
    message = call.world.message(channel, call.path["message_id"])
    own = message.author is call.world.bot
    if not own and Permission.MANAGE_MESSAGES not in call.world.may(channel):
        raise Refusal("missing permissions")
    if channel.archived:
        raise Refusal("archived")
    call.world.delete(message)


async def pin(call: Call) -> None:
    channel = call.world.found(call.path["channel_id"])
    message = call.world.message(channel, call.path["message_id"])
    if Permission.PIN_MESSAGES not in call.world.may(channel) and channel.guild is not None:
        raise Refusal("missing permissions")
    message.pinned = True


async def show(call: Call) -> Json:
    channel = _history(call)
    return _shown(call, call.world.message(channel, call.path["message_id"]))


async def history(call: Call) -> list[Json]:
    found = [m for m in _history(call).messages if m.ephemeral_to is None]
    limit = int(call.query.get("limit", 50))
    if not 1 <= limit <= 100:
        form = Form()
        form.wrong(("limit",), "NUMBER_TYPE_MAX", "int value should be between 1 and 100.")
        form.check()
    if "after" in call.query:
        found = [m for m in found if m.id > int(call.query["after"])][:limit]
    elif "before" in call.query:
        found = [m for m in found if m.id < int(call.query["before"])][-limit:]
    return [_shown(call, m) for m in reversed(found[-limit:])]


def _history(call: Call) -> Channel:
    channel = call.world.found(call.path["channel_id"])
    if Permission.READ_HISTORY not in call.world.may(channel):
        raise Refusal("missing permissions")
    return channel


def _shown(call: Call, message: Message) -> Json:
    data = render.message(call.world, message)
    return data if call.world.content_granted else call.world.readable(message, data)


async def react(call: Call) -> None:
    channel = call.world.found(call.path["channel_id"])
    message = call.world.message(channel, call.path["message_id"])
    if Permission.ADD_REACTIONS not in call.world.may(channel):
        raise Refusal("missing permissions")
    emoji = call.path["emoji_name"]
    if emoji.isascii():
        raise Refusal("unknown emoji")
    call.world.react(message, emoji, call.world.bot)


async def unreact(call: Call) -> None:
    channel = call.world.found(call.path["channel_id"])
    message = call.world.message(channel, call.path["message_id"])
    call.world.react(message, call.path["emoji_name"], call.world.bot, on=False)


async def typing(call: Call) -> None:
    channel = call.world.found(call.path["channel_id"])
    if Permission.SEND_MESSAGES not in call.world.may(channel):
        raise Refusal("missing permissions")
    channel.typed += 1


_ONE = "/channels/{channel_id}/messages/{message_id}"
ROUTES: dict[str, Handler] = {
    "GET /channels/{channel_id}/messages": history,
    "POST /channels/{channel_id}/messages": create,
    f"GET {_ONE}": show,
    f"PATCH {_ONE}": edit,
    f"DELETE {_ONE}": delete,
    f"PUT {_ONE}/reactions/{{emoji_name}}/@me": react,
    f"DELETE {_ONE}/reactions/{{emoji_name}}/@me": unreact,
    "PUT /channels/{channel_id}/messages/pins/{message_id}": pin,
    "POST /channels/{channel_id}/typing": typing,
}

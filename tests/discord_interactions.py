"""The routes by which interactions are acknowledged, answered and followed up."""

import time

from tests import discord_render as render
from tests import discord_rules as rules
from tests.discord_calls import Call, Handler
from tests.discord_components import check_form
from tests.discord_errors import Form, Json, Refusal
from tests.discord_messages import change, compose
from tests.discord_records import EPHEMERAL, LOADING, Interaction, Message, Permission

COMMAND, COMPONENT, AUTOCOMPLETE, MODAL = 2, 3, 4, 5
MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE, CHOICES, FORM = 4, 5, 6, 7, 8, 9
ALLOWED = {
    COMMAND: (MESSAGE, DEFERRED, FORM),
    COMPONENT: (MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE, FORM),
    AUTOCOMPLETE: (CHOICES,),
    MODAL: (MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE),
}
TO_ACKNOWLEDGE, TO_ANSWER = 3.0, 15 * 60.0
"""Seconds from the event."""
FOLLOWUPS = 5
"""Where only a person brought the application."""


async def acknowledge(call: Call) -> Json | None:
    asked = _pending(call)
    kind, data = call.payload.get("type"), call.payload.get("data") or {}
    allowed = ALLOWED[asked.kind]
    if kind not in allowed or (kind in (DEFERRED_UPDATE, UPDATE) and asked.message is None):
        form = Form()
        form.wrong(("type",), "BASE_TYPE_CHOICES", f"Value must be one of {allowed}.")
        form.check()
    asked.ephemeral = bool((data.get("flags") or 0) & EPHEMERAL)
    call.payload = data
    message = _respond(call, asked, kind)
    asked.callback, asked.latency = kind, time.perf_counter() - asked.sent
    asked.original = message
    asked.answered.set()
    return _told(call, asked, message) if call.query.get("with_response") in ("1", "true") else None


def _pending(call: Call) -> Interaction:
    asked = call.server.interactions.get(call.path["interaction_token"])
    if asked is None or str(asked.id) != call.path["interaction_id"]:
        raise Refusal("unknown interaction")
    if asked.callback:
        raise Refusal("acknowledged")
    if call.world.clock() - asked.at > TO_ACKNOWLEDGE:
        raise Refusal("unknown interaction")
    return asked


def _respond(call: Call, asked: Interaction, kind: int) -> Message | None:
    if kind == MESSAGE:
        return _post(call, asked)
    if kind == DEFERRED:
        call.payload = {"flags": (EPHEMERAL if asked.ephemeral else 0)}
        return _post(call, asked, LOADING)
    if kind == FORM:
        form = Form()
        check_form(form, call.payload)
        form.check()
        asked.modal = call.payload
    elif kind == CHOICES:
        _check_choices(call.payload)
        asked.choices = call.payload["choices"]
    elif kind == UPDATE:
        assert asked.message is not None
        return change(call, asked.message, asked.channel.file_limit)
    return asked.message if kind == DEFERRED_UPDATE else None


def _check_choices(data: Json) -> None:
    form = Form()
    form.length(("data", "choices"), data.get("choices"), 25)
    for number, choice in enumerate(data.get("choices") or ()):
        form.length(("data", "choices", number, "name"), choice.get("name"), 100, 1)
        if isinstance(choice.get("value"), str):
            form.length(("data", "choices", number, "value"), choice["value"], 100)
    form.check()


def _post(call: Call, asked: Interaction, flags: int = 0) -> Message:
    if not flags:
        rules.check_voice(call.payload, call.uploads)
        rules.check(call.payload, call.uploads, asked.channel.file_limit)
        rules.check_not_empty(call.payload, call.uploads)
    message = compose(call, asked.channel, call.world.bot, EPHEMERAL)
    message.flags |= flags
    message.interaction = asked
    message.reply_to = asked.message
    if _unwelcome(call, asked):
        message.flags |= EPHEMERAL
    if message.flags & EPHEMERAL:
        message.ephemeral_to = asked.person
    return call.world.post(message)


def _unwelcome(call: Call, asked: Interaction) -> bool:
    """Tell whether a server does not want to see what people bring with them."""
    guild = asked.channel.guild
    if guild is None or "0" in asked.owners:
        return False
    need = Permission.USE_EXTERNAL_APPS | Permission.SEND_MESSAGES
    return need not in call.world.powers(guild, asked.person)


def _told(call: Call, asked: Interaction, message: Message | None) -> Json:
    about: Json = {"id": str(asked.id), "type": asked.kind}
    if message is None:
        return {"interaction": about}
    about |= {
        "response_message_id": str(message.id),
        "response_message_loading": message.loading,
        "response_message_ephemeral": message.ephemeral_to is not None,
    }
    shown = {"type": asked.callback, "message": render.message(call.world, message)}
    return {"interaction": about, "resource": shown}


def _open(call: Call) -> Interaction:
    """Return the interaction a token belongs to while it may still be answered."""
    asked = call.server.interactions.get(call.path["webhook_token"])
    if asked is None or str(call.world.bot.id) != call.path["webhook_id"]:
        raise Refusal("webhook token")
    if call.world.clock() - asked.at > TO_ANSWER:
        raise Refusal("webhook token")
    if not asked.callback:
        raise Refusal("unknown webhook")
    return asked


async def follow_up(call: Call) -> Json:
    """Answer once more; the first after a deferral takes the place of "thinking"."""
    asked = _open(call)
    first = asked.original
    if first is not None and first.loading and not first.deleted:
        rules.check_not_empty(call.payload, call.uploads)
        changed = change(call, first, asked.channel.file_limit)
        return render.message(call.world, changed)
    if set(asked.owners) == {"1"} and len(asked.followups) >= FOLLOWUPS:
        raise Refusal("too many follow-ups")
    message = _post(call, asked)
    asked.followups.append(message)
    return render.message(call.world, message)


def _answer(call: Call) -> Message:
    asked = _open(call)
    wanted = call.path.get("message_id", "")
    own = [asked.original] if not wanted else [asked.original, *asked.followups]
    for message in own:
        if message is not None and not message.deleted and wanted in ("", str(message.id)):
            return message
    raise Refusal("unknown message")


async def show(call: Call) -> Json:
    return render.message(call.world, _answer(call))


async def edit(call: Call) -> Json:
    message = _answer(call)
    return render.message(call.world, change(call, message, message.channel.file_limit))


async def delete(call: Call) -> None:
    call.world.delete(_answer(call))


_HOOK = "/webhooks/{webhook_id}/{webhook_token}"
ROUTES: dict[str, Handler] = {
    "POST /interactions/{interaction_id}/{interaction_token}/callback": acknowledge,
    f"POST {_HOOK}": follow_up,
    f"GET {_HOOK}/messages/@original": show,
    f"PATCH {_HOOK}/messages/@original": edit,
    f"DELETE {_HOOK}/messages/@original": delete,
    f"GET {_HOOK}/messages/{{message_id}}": show,
    f"PATCH {_HOOK}/messages/{{message_id}}": edit,
    f"DELETE {_HOOK}/messages/{{message_id}}": delete,
}

"""The routes of the bot itself, its gateway, servers, channels, threads and private chats."""

from urllib.parse import urlsplit

from tests import discord_render as render
from tests.discord_calls import Call, Handler
from tests.discord_errors import Form, Json, Refusal
from tests.discord_records import PRIVATE_THREAD, THREADS, Channel, Guild, Permission
from tests.discord_world import signature

CONTENT_FLAG, CONTENT_FLAG_LIMITED = 1 << 18, 1 << 19


async def me(call: Call) -> Json:
    return {
        **render.user(call.world.bot),
        "verified": True,
        "mfa_enabled": False,
        "locale": "en-US",
    }


async def application(call: Call) -> Json:
    world = call.world
    return {
        "id": str(world.bot.id),
        "name": world.bot.name,
        "icon": None,
        "description": "",
        "summary": "",
        "bot_public": True,
        "bot_require_code_grant": call.server.code_grant,
        "verify_key": "00" * 32,
        "flags": CONTENT_FLAG_LIMITED if world.content_granted else 0,
        "owner": render.user(next(iter(world.guilds.values())).owner),
        "team": None,
        "bot": render.user(world.bot),
        "approximate_guild_count": len(world.guilds),
        "install_params": {"scopes": ["applications.commands", "bot"], "permissions": "0"},
        "integration_types_config": {str(kind): {} for kind in call.server.installs},
    }


async def gateway(call: Call) -> Json:
    return {"url": call.server.gateway_url}


async def gateway_bot(call: Call) -> Json:
    limit = {"total": 1000, "remaining": 999, "reset_after": 0, "max_concurrency": 1}
    return {"url": call.server.gateway_url, "shards": 1, "session_start_limit": limit}


async def open_direct(call: Call) -> Json:
    account = call.world.accounts.get(int(call.payload.get("recipient_id") or 0))
    if account is None:
        raise Refusal("unknown user")
    channel = call.world.direct(account)
    return render.channel(call.world, channel)


async def user(call: Call) -> Json:
    account = call.world.accounts.get(int(call.path["user_id"]))
    if account is None:
        raise Refusal("unknown user")
    return render.user(account)


def _guild(call: Call) -> Guild:
    guild = call.world.guilds.get(int(call.path["guild_id"]))
    if guild is None or call.world.bot.id not in guild.members:
        raise Refusal("unknown guild")
    return guild


async def guild(call: Call) -> Json:
    return render.guild(call.world, _guild(call))


async def guild_channels(call: Call) -> list[Json]:
    channels = [c for c in call.world.of(_guild(call)) if c.kind not in THREADS]
    return [render.channel(call.world, c) for c in channels]


async def member(call: Call) -> Json:
    found = _guild(call).members.get(int(call.path["user_id"]))
    if found is None:
        raise Refusal("unknown member")
    return render.member(call.world, _guild(call), found)


async def servers(call: Call) -> list[Json]:
    world = call.world
    return [
        {
            **{"id": str(guild.id), "name": guild.name, "icon": None, "banner": None},
            **{"owner": guild.owner is world.bot, "features": []},
            "permissions": str(int(world.powers(guild, world.bot))),
        }
        for guild in world.guilds.values()
        if world.bot.id in guild.members
    ]


async def leave(call: Call) -> None:
    call.world.leave(_guild(call))


async def show(call: Call) -> Json:
    return render.channel(call.world, call.world.found(call.path["channel_id"]))


async def change(call: Call) -> Json:
    """Rename a channel; archive, lock or open a thread."""
    channel = call.world.found(call.path["channel_id"])
    own = channel.owner is call.world.bot and "locked" not in call.payload
    if (not own or channel.locked) and Permission.MANAGE_THREADS not in call.world.may(channel):
        raise Refusal("missing permissions")
    if channel.archived and call.payload.get("archived") is not False:
        raise Refusal("archived")
    known = {k: v for k, v in call.payload.items() if k in ("name", "archived", "locked", "nsfw")}
    call.world.change(channel, **known)
    return render.channel(call.world, channel)


async def remove(call: Call) -> Json:
    channel = call.world.found(call.path["channel_id"])
    if channel.with_ is None and Permission.MANAGE_THREADS not in call.world.may(channel):
        raise Refusal("missing permissions")
    if channel.with_ is None:
        call.world.change(channel, deleted=True)
    return render.channel(call.world, channel)


async def thread_of_message(call: Call) -> Json:
    channel = call.world.found(call.path["channel_id"])
    message = call.world.message(channel, call.path["message_id"])
    if message.thread is not None:
        raise Refusal("thread exists")
    _may_start(call, channel)
    made = call.world.thread(channel, call.payload["name"], call.world.bot, id=message.id)
    message.thread = made
    return render.channel(call.world, made)


async def thread(call: Call) -> Json:
    channel = call.world.found(call.path["channel_id"])
    _may_start(call, channel)
    kind = call.payload.get("type", PRIVATE_THREAD)
    made = call.world.thread(channel, call.payload["name"], call.world.bot, kind)
    return render.channel(call.world, made)


def _may_start(call: Call, channel: Channel) -> None:
    form = Form()
    form.length(("name",), call.payload.get("name"), 100, 1)
    form.check()
    private = call.payload.get("type") == PRIVATE_THREAD
    need = Permission.CREATE_PRIVATE_THREADS if private else Permission.CREATE_THREADS
    if need not in call.world.may(channel):
        raise Refusal("missing permissions")
    every = call.world.channels.values()
    active = [c for c in every if c.kind in THREADS and c.guild is channel.guild]
    if sum(not c.archived and not c.deleted for c in active) >= call.server.most_threads:
        raise Refusal("too many threads")


async def join_thread(call: Call) -> None:
    if call.world.found(call.path["channel_id"]).archived:
        raise Refusal("archived")


async def refresh(call: Call) -> Json:
    """Sign the addresses of attachments anew."""
    found = []
    for url in call.payload["attachment_urls"]:
        number = int(urlsplit(url).path.split("/")[3])
        found.append({"original": url, "refreshed": call.world.url(call.world.files[number])})
    return {"refreshed_urls": found}


def fetched(call: Call) -> tuple[bytes, str] | None:
    """Return an attachment's bytes and media type, or None where its address is no longer good."""
    where = "/attachments/{channel_id}/{file_id}/{name}".format_map(call.path)
    file = call.world.files.get(int(call.path["file_id"]))
    expires = int(call.query.get("ex", "0"), 16)
    if file is None or call.query.get("hm") != signature(where, expires):
        return None
    return None if call.world.clock() > expires else (file.data, file.media_type)


_CHANNEL = "/channels/{channel_id}"
ROUTES: dict[str, Handler] = {
    "GET /users/@me": me,
    "GET /applications/@me": application,
    "GET /oauth2/applications/@me": application,
    "GET /gateway": gateway,
    "GET /gateway/bot": gateway_bot,
    "POST /users/@me/channels": open_direct,
    "GET /users/{user_id}": user,
    "GET /users/@me/guilds": servers,
    "GET /guilds/{guild_id}": guild,
    "GET /guilds/{guild_id}/channels": guild_channels,
    "GET /guilds/{guild_id}/members/{user_id}": member,
    "DELETE /users/@me/guilds/{guild_id}": leave,
    f"GET {_CHANNEL}": show,
    f"PATCH {_CHANNEL}": change,
    f"DELETE {_CHANNEL}": remove,
    f"POST {_CHANNEL}/messages/{{message_id}}/threads": thread_of_message,
    f"POST {_CHANNEL}/threads": thread,
    f"PUT {_CHANNEL}/thread-members/@me": join_thread,
    "POST /attachments/refresh-urls": refresh,
}

"""The world as the JSON that Discord's REST and gateway send (version 10)."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tests.discord_errors import Json
from tests.discord_records import (
    DM,
    GROUP,
    THREADS,
    USUAL,
    Account,
    Channel,
    File,
    Guild,
    Interaction,
    Message,
    Permission,
)

if TYPE_CHECKING:
    from tests.discord_world import World

SPOILER = 1 << 3


def moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()


def user(account: Account) -> Json:
    return {
        "id": str(account.id),
        "username": account.name.lower(),
        "global_name": None if account.bot else account.name,
        "discriminator": "0",
        "avatar": None,
        "bot": account.bot,
        "public_flags": 0,
    }


def member(world: "World", guild_: Guild, account: Account, *, with_user: bool = True) -> Json:
    data: Json = {
        "roles": [str(role.id) for role in account.roles if role in guild_.roles],
        "joined_at": moment(world.clock()),
        "nick": None,
        "avatar": None,
        "premium_since": None,
        "deaf": False,
        "mute": False,
        "pending": False,
        "flags": 0,
        "permissions": str(int(world.powers(guild_, account))),
    }
    return {**data, "user": user(account)} if with_user else data


def place(channel_: Channel) -> Json:
    """Return the ids by which events say where they happened."""
    found = {"channel_id": str(channel_.id)}
    return {**found, "guild_id": str(channel_.guild.id)} if channel_.guild else found


def channel(world: "World", channel_: Channel) -> Json:
    data: Json = {
        "id": str(channel_.id),
        "type": channel_.kind,
        "last_message_id": None,
        "flags": 0,
    }
    if channel_.kind in (DM, GROUP):
        people = channel_.between or (channel_.with_,)
        return {**data, "recipients": [user(account) for account in people if account]}
    assert channel_.guild is not None
    data |= {"guild_id": str(channel_.guild.id), "name": channel_.name, "rate_limit_per_user": 0}
    if channel_.kind in THREADS:
        return {**data, **_thread(world, channel_)}
    denied = {"id": str(world.bot.id), "type": 1, "allow": "0", "deny": str(int(channel_.denied))}
    return {
        **data,
        "position": 0,
        "parent_id": None,
        "topic": None,
        "nsfw": channel_.nsfw,
        "permission_overwrites": [denied] if channel_.denied else [],
    }


def _thread(world: "World", thread: Channel) -> Json:
    assert thread.parent is not None
    assert thread.owner is not None
    now = moment(world.clock())
    return {
        "parent_id": str(thread.parent.id),
        "owner_id": str(thread.owner.id),
        "message_count": len(thread.messages),
        "total_message_sent": len(thread.messages),
        "member_count": 1,
        "thread_metadata": {
            "archived": thread.archived,
            "auto_archive_duration": 1440,
            "archive_timestamp": now,
            "locked": thread.locked,
            "create_timestamp": now,
        },
        "member": {
            "id": str(thread.id),
            "user_id": str(world.bot.id),
            "join_timestamp": now,
            "flags": 0,
        },
    }


def guild(world: "World", guild_: Guild) -> Json:
    channels = world.of(guild_)
    return {
        "id": str(guild_.id),
        "name": guild_.name,
        "owner_id": str(guild_.owner.id),
        "icon": None,
        "roles": [
            {
                "id": str(role.id),
                "name": role.name,
                "permissions": str(int(role.permissions)),
                "color": 0,
                "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
                "hoist": False,
                "position": number,
                "managed": False,
                "mentionable": False,
                "flags": 0,
            }
            for number, role in enumerate(guild_.roles)
        ],
        "channels": [channel(world, c) for c in channels if c.kind not in THREADS],
        "threads": [channel(world, c) for c in channels if c.kind in THREADS and not c.archived],
        "members": [member(world, guild_, world.bot)],
        "member_count": len(guild_.members),
        "joined_at": moment(world.clock()),
        "preferred_locale": guild_.locale,
        "premium_tier": guild_.tier,
        "large": False,
        "unavailable": False,
        "verification_level": 0,
        "default_message_notifications": 1,
        "explicit_content_filter": 0,
        "mfa_level": 0,
        "nsfw_level": 0,
        "nsfw": False,
        "afk_timeout": 300,
        "afk_channel_id": None,
        "system_channel_id": None,
        "system_channel_flags": 0,
        **{name: [] for name in _EMPTY},
    }


_EMPTY = ("features", "emojis", "stickers", "voice_states", "presences", "stage_instances")


def attachment(world: "World", file: File) -> Json:
    url = world.url(file)
    data: Json = {
        "id": str(file.id),
        "filename": file.filename,
        "size": len(file.data),
        "url": url,
        "proxy_url": url,
        "content_type": file.media_type,
        "flags": SPOILER if file.spoiler else 0,
    }
    if file.size:
        data |= {"width": file.size[0], "height": file.size[1]}
    extra = {"description": file.description, "duration_secs": file.duration}
    extra["waveform"] = file.waveform
    return data | {name: value for name, value in extra.items() if value is not None}


def message(world: "World", message_: Message, *, event: bool = False, depth: int = 1) -> Json:
    """Return a message; events say also where it is and who the author is in the server."""
    data: Json = {
        "id": str(message_.id),
        "channel_id": str(message_.channel.id),
        "author": user(message_.author),
        "content": message_.content,
        "timestamp": moment(message_.at),
        "edited_timestamp": moment(message_.edits[-1]) if message_.edits else None,
        "tts": False,
        "mention_everyone": message_.pings_everyone,
        "mentions": [user(a) for a in message_.pings],
        "mention_roles": [],
        "attachments": [attachment(world, file) for file in message_.files],
        "embeds": message_.embeds,
        "components": message_.components,
        "pinned": False,
        "type": _type(message_),
        "flags": message_.flags,
    }
    data |= _asked(message_)
    if message_.nonce is not None:
        data["nonce"] = message_.nonce
    if message_.reply_to is not None and depth:
        data |= _reply(world, message_.reply_to)
    if message_.reactions:
        data["reactions"] = _reactions(world, message_)
    if message_.thread is not None:
        data["thread"] = channel(world, message_.thread)
    guild_ = message_.channel.guild
    if event and guild_ is not None:
        data["guild_id"] = str(guild_.id)
        if message_.author.id in guild_.members:
            data["member"] = member(world, guild_, message_.author, with_user=False)
    return data


def _type(message_: Message) -> int:
    """0: plain, 19: a reply, 20 and 23: the answer to a slash command or a context menu."""
    asked = message_.interaction
    if asked is not None and asked.kind == 2:
        return 20 if asked.data["type"] == 1 else 23
    return 19 if message_.reply_to is not None else 0


def _asked(message_: Message) -> Json:
    asked = message_.interaction
    if asked is None:
        return {}
    about: Json = {"id": str(asked.id), "type": asked.kind, "user": user(asked.person)}
    about["authorizing_integration_owners"] = asked.owners
    if asked.kind == 2:
        about["name"] = asked.data["name"]
    return {"interaction_metadata": about, "application_id": str(message_.author.id)}


def _reply(world: "World", original: Message) -> Json:
    where = {**place(original.channel), "message_id": str(original.id), "type": 0}
    shown = None if original.deleted else message(world, original, depth=0)
    return {"message_reference": where, "referenced_message": shown}


def _reactions(world: "World", message_: Message) -> list[Json]:
    names = dict.fromkeys(emoji for emoji, _ in message_.reactions)
    return [
        {
            "emoji": {"id": None, "name": name},
            "count": sum(emoji == name for emoji, _ in message_.reactions),
            "count_details": {"burst": 0, "normal": 1},
            "me": (name, world.bot) in message_.reactions,
            "me_burst": False,
            "burst_colors": [],
        }
        for name in names
    ]


def reaction(world: "World", message_: Message, emoji: str, account: Account) -> Json:
    data = place(message_.channel) | {
        "user_id": str(account.id),
        "message_id": str(message_.id),
        "message_author_id": str(message_.author.id),
        "emoji": {"id": None, "name": emoji},
        "burst": False,
        "type": 0,
    }
    if message_.channel.guild is not None:
        data["member"] = member(world, message_.channel.guild, account)
    return data


def context(channel_: Channel) -> int:
    """Return 0 for a server, 1 for a private chat with the bot, 2 for one without it."""
    return 0 if channel_.guild else 2 if channel_.between else 1


def _granted(world: "World", asked: Interaction) -> Permission:
    """Return what the bot may do, or, where it is not, what whoever brought it may do."""
    where = asked.channel
    if world.there(where):
        return world.may(where)
    if where.guild is None:
        return Permission.ATTACH_FILES | Permission.EMBED_LINKS | Permission.MENTION_EVERYONE
    return world.powers(where.guild, asked.person) & USUAL


def interaction(world: "World", asked: Interaction) -> Json:
    """Return the event that tells of a command, button, form or autocompletion."""
    where = asked.channel
    data: Json = place(where) | {
        "id": str(asked.id),
        "application_id": str(world.bot.id),
        "type": asked.kind,
        "token": asked.token,
        "version": 1,
        "data": asked.data,
        "channel": channel(world, where) | {"permissions": str(int(Permission.VIEW_CHANNEL))},
        "app_permissions": str(int(_granted(world, asked))),
        "locale": asked.person.locale,
        "entitlements": [],
        "authorizing_integration_owners": asked.owners,
        "context": context(where),
        "attachment_size_limit": where.file_limit,
    }
    if asked.message is not None:
        data["message"] = message(world, asked.message)
    if where.guild is None:
        return {**data, "user": user(asked.person)}
    about = {"id": str(where.guild.id), "locale": where.guild.locale, "features": []}
    data |= {"guild": about, "guild_locale": where.guild.locale}
    return {**data, "member": member(world, where.guild, asked.person)}

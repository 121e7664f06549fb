"""What `atelier doctor` says of Discord: the token, what it may do and read, links to add it."""

from collections.abc import Iterator, Mapping
from typing import Any

import httpx

from bot.doctor import Finding
from bot.settings import Discord

NEEDED = {
    10: "View Channel",
    11: "Send Messages",
    14: "Embed Links",
    15: "Attach Files",
    16: "Read Message History",
    38: "Send Messages in Threads",
    46: "Send Voice Messages",
}
"""What it cannot do without, by the number of the bit."""
_FOR_ROOMS = (35, 51)
"""Create Public Threads, Pin Messages."""
PERMISSIONS = sum(1 << bit for bit in (*NEEDED, *_FOR_ROOMS))
_ADMINISTRATOR = 1 << 3
_CONTENT = 1 << 18 | 1 << 19
"""The flags of an application that may read messages; the second: in less than 100 servers."""
_WHAT = "Discord"
_PORTAL = "https://discord.com/developers/applications"
_WRONG = {
    "bot_require_code_grant": "The link to invite it does not work, for it asks for a code; switch "
    "off Requires OAuth2 Code Grant in the developer portal (Bot).",
    "interactions_endpoint_url": "An interactions endpoint is set, so commands and buttons go "
    "there; empty it in the developer portal (General Information).",
}
"""What must not be set in an application, and what to do about it."""
_NAMED = 5
"""Servers that are told of one by one."""
_SECONDS = 5.0


class _Trouble(Exception):
    """What is wrong, and what to do about it."""


def look(settings: Discord) -> Iterator[Finding]:
    """Yield what there is to say of a token that is set (blocks for at most some seconds)."""
    try:
        about = _asked(settings, "/oauth2/applications/@me")
        servers = _asked(settings, "/users/@me/guilds")
        yield from _application(about)
        yield from _servers(servers)
    except _Trouble as trouble:
        yield Finding("bad", _WHAT, str(trouble))
    except (ValueError, KeyError, TypeError, AttributeError):
        yield Finding("bad", _WHAT, "What answers at discord.api_url does not speak as Discord.")


def _application(about: Mapping[str, Any]) -> Iterator[Finding]:
    id = about["id"]
    link = f"https://discord.com/oauth2/authorize?client_id={id}"
    yield Finding("ok", _WHAT, f"The token is good: {about['name']}, application {id}.")
    invite = f"{link}&scope=bot+applications.commands&permissions={PERMISSIONS}"
    yield Finding("ok", _WHAT, f"To invite it to a server: {invite}")
    if "1" in (about.get("integration_types_config") or {}):
        own = f"{link}&scope=applications.commands&integration_type=1"
        yield Finding("ok", _WHAT, f"To add it to your own account, for use everywhere: {own}")
    if about.get("bot_public"):
        hint = "Everybody with a link can add it; to keep it yours, switch off Public Bot (Bot)."
        yield Finding("ok", _WHAT, hint)
    for name, hint in _WRONG.items():
        if about.get(name):
            yield Finding("bad", _WHAT, hint)
    if int(about.get("flags") or 0) & _CONTENT:
        yield Finding("ok", _WHAT, "It may read the pictures of messages that are replied to.")
    else:
        yield Finding(
            "ok",
            _WHAT,
            "It sees only messages that name it. For pictures in messages of others that are "
            "replied to, switch on Message Content Intent in the developer portal (Bot).",
        )


def _servers(servers: list[Mapping[str, Any]]) -> Iterator[Finding]:
    if not servers:
        yield Finding("warn", _WHAT, "It is in no server yet; open the link to invite it.")
    short = [(server["name"], lacks) for server in servers if (lacks := _lacks(server))]
    for name, lacks in short[:_NAMED]:
        missing = " and ".join([", ".join(lacks[:-1]), lacks[-1]] if lacks[1:] else lacks)
        hint = f"In {name} it may not {missing}; open the link to invite it again, for that server."
        yield Finding("warn", _WHAT, hint)
    if well := len(servers) - len(short):
        many = "1 server" if well == 1 else f"{well} servers"
        yield Finding("ok", _WHAT, f"In {many} it may do what it needs, where channels allow it.")


def _lacks(server: Mapping[str, Any]) -> list[str]:
    has = int(server["permissions"])
    return [] if has & _ADMINISTRATOR else [n for bit, n in NEEDED.items() if not has >> bit & 1]


def _asked(settings: Discord, path: str) -> Any:
    """Return what Discord answers; raises _Trouble."""
    token = settings.token.get_secret_value()
    url = f"{settings.api_url.rstrip('/')}{path}"
    try:
        answer = httpx.get(url, headers={"Authorization": f"Bot {token}"}, timeout=_SECONDS)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise _Trouble("Discord does not answer; is there a network?") from error
    if answer.status_code == httpx.codes.UNAUTHORIZED:
        what = "" if token.count(".") == 2 else " (what is set is none: they have two dots)"
        raise _Trouble(
            f"Discord does not accept the token{what}; copy a new one from {_PORTAL} (your "
            "application, Bot, Reset Token) into ATELIER_DISCORD__TOKEN or atelier.toml."
        )
    if answer.status_code == httpx.codes.NOT_FOUND:
        raise _Trouble("Discord's interface is not at discord.api_url; it ends in /api/v10.")
    if answer.is_error:
        raise _Trouble(f"Discord fails with HTTP {answer.status_code}; try again in some minutes.")
    return answer.json()

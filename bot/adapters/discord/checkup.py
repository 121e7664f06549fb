"""What `atelier doctor` says of Discord: the token, what it may read, the link to invite it."""

from collections.abc import Iterator

import httpx

from bot.doctor import Finding
from bot.settings import Discord

# View Channel, Send Messages, Embed Links, Attach Files, Read Message History, Send Messages in
# Threads, Send Voice Messages.
_BITS = (10, 11, 14, 15, 16, 38, 46)
PERMISSIONS = sum(1 << bit for bit in _BITS)
_CONTENT = 1 << 18 | 1 << 19
"""The flags of an application that may read messages; the second: in less than 100 servers."""
_WHAT = "Discord"
_SECONDS = 5.0


def look(settings: Discord) -> Iterator[Finding]:
    """Yield what there is to say of a token that is set (blocks for at most some seconds)."""
    about = _application(settings)
    if isinstance(about, Finding):
        yield about
        return
    name, id = str(about.get("name", "the bot")), str(about.get("id", ""))
    yield Finding("ok", _WHAT, f"The token is good: {name}, application {id}.")
    invite = (
        f"https://discord.com/oauth2/authorize?client_id={id}"
        f"&scope=bot+applications.commands&permissions={PERMISSIONS}"
    )
    yield Finding("ok", _WHAT, f"To invite it: {invite}")
    if about.get("interactions_endpoint_url"):
        yield Finding(
            "bad",
            _WHAT,
            "An interactions endpoint is set, so commands and buttons go there; empty it in the "
            "developer portal (General Information).",
        )
    flags = about.get("flags")
    if isinstance(flags, int) and flags & _CONTENT:
        yield Finding("ok", _WHAT, "It may read the pictures of messages that are replied to.")
    else:
        yield Finding(
            "ok",
            _WHAT,
            "It sees only messages that name it. For pictures in messages of others that are "
            "replied to, switch on Message Content Intent in the developer portal (Bot).",
        )


def _application(settings: Discord) -> dict[str, object] | Finding:
    token = settings.token.get_secret_value().strip()
    url = f"{settings.api_url.rstrip('/')}/oauth2/applications/@me"
    try:
        answer = httpx.get(url, headers={"Authorization": f"Bot {token}"}, timeout=_SECONDS)
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            hint = "Discord does not accept the token; copy a new one (Bot, Reset Token)."
            return Finding("bad", _WHAT, hint)
        found = answer.raise_for_status().json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError):
        return Finding("bad", _WHAT, "Discord does not answer; is there a network?")
    return found if isinstance(found, dict) else Finding("bad", _WHAT, "Discord answers oddly.")

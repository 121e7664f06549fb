"""What `atelier doctor` says of Telegram (blocks)."""

from typing import Any

import httpx

from bot import settings
from bot.doctor import Finding

_WHAT = "Telegram"
_TIMEOUT = 5.0


def check(given: settings.Telegram) -> Finding:
    """Ask Telegram who the token belongs to, and say how the bot gets into a group."""
    try:
        answer = httpx.get(
            f"{given.base_url}{given.token.get_secret_value()}/getMe",
            timeout=_TIMEOUT,
            trust_env=not given.base_url.startswith("http://"),
        )
        if answer.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.NOT_FOUND):
            hint = "It does not know the token; copy it from @BotFather again."
            return Finding("bad", _WHAT, hint)
        return _known(answer.raise_for_status().json()["result"])
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError):
        return Finding("bad", _WHAT, "It does not answer; look at the network, or at base_url.")


def _known(me: dict[str, Any]) -> Finding:
    name = str(me["username"])
    if not me.get("can_join_groups", True):
        hint = "it may not join groups: @BotFather, /setjoingroups, Enable."
        return Finding("warn", _WHAT, f"@{name} answers; {hint}")
    if me.get("can_read_all_group_messages"):
        hint = "it reads all that groups say; @BotFather, /setprivacy, Enable ends that."
        return Finding("warn", _WHAT, f"@{name} answers; {hint}")
    add = f"https://t.me/{name}?startgroup=new"
    return Finding("ok", _WHAT, f"@{name} answers; into a group with it: {add}")

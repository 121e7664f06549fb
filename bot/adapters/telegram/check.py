"""What `atelier doctor` says of Telegram (blocks)."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import httpx

from bot import settings
from bot.doctor import Finding

_WHAT = "Telegram"
_TIMEOUT = 5.0


def look(given: settings.Telegram) -> Iterator[Finding]:
    """Ask Telegram who the token belongs to, how the bot gets into a group, how it is told."""
    try:
        yield _known(_asked(given, "getMe"))
        yield _told(given, _asked(given, "getWebhookInfo"))
    except PermissionError:
        hint = "copy it from @BotFather again into ATELIER_TELEGRAM__TOKEN or atelier.toml"
        own = given.base_url != settings.Telegram.model_fields["base_url"].default
        more = ", or mend telegram.base_url, which mostly ends in /bot" if own else ""
        yield Finding("bad", _WHAT, f"It does not know the token; {hint}{more}.")
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError):
        yield Finding("bad", _WHAT, "It does not answer; look at the network, or at base_url.")


def _asked(given: settings.Telegram, method: str) -> dict[str, Any]:
    """Return what Telegram answers; raises PermissionError when it does not know the token."""
    answer = httpx.get(
        f"{given.base_url}{given.token.get_secret_value()}/{method}",
        timeout=_TIMEOUT,
        trust_env=not given.base_url.startswith("http://"),
    )
    if answer.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.NOT_FOUND):
        raise PermissionError
    return dict(answer.raise_for_status().json()["result"])


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


def _told(given: settings.Telegram, info: dict[str, Any]) -> Finding:
    """Say how the bot hears of what happens; the path of a webhook is a secret."""
    url, waits = str(info.get("url", "")), f"{info.get('pending_update_count', 0)} updates wait"
    there = urlsplit(url).netloc
    if not given.webhook_url:
        if url:
            hint = "`atelier run` takes it away and polls, or set webhook_url"
            return Finding("warn", _WHAT, f"A webhook is set at {there} ({waits}): {hint}.")
        return Finding("ok", _WHAT, f"It is polled; {waits}.")
    if not url:
        return Finding("ok", _WHAT, f"No webhook is set yet, `atelier run` does that; {waits}.")
    if not url.startswith(f"{given.webhook_url}/"):
        hint = f"`atelier run` sets that of webhook_url; {waits}"
        return Finding("warn", _WHAT, f"A webhook is set at another address, {there}: {hint}.")
    if error := info.get("last_error_message"):
        when = datetime.fromtimestamp(int(info.get("last_error_date", 0)), UTC)
        failed = f"the last failure was at {when:%Y-%m-%d %H:%M} UTC: {error}"
        stuck = bool(info.get("pending_update_count"))
        return Finding("warn" if stuck else "ok", _WHAT, f"{waits} for the webhook; {failed}.")
    return Finding("ok", _WHAT, f"The webhook at {there} is set and nothing failed; {waits}.")

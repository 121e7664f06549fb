"""The webhook: Telegram posts each update to us, and again until it is confirmed with a 200."""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from telegram.error import BadRequest, EndPointNotFound, InvalidToken

from bot import settings
from bot.adapters.telegram.polling import BAD_TOKEN, KINDS
from bot.adapters.telegram.wire import Wire
from bot.errors import SettingsError

log = logging.getLogger(__name__)

CONNECTIONS = 20
"""Requests that Telegram may have under way; each lasts as long as storing an update."""
HEADER = "X-Telegram-Bot-Api-Secret-Token"
_SECRET = 32
_GOODBYE = 1.0


class Webhook:
    """Listens; `keep` returns when an update is safe. The secrets are new at each start.

    The path is a secret, and the last piece of it alone counts: proxies may take others away.
    """

    def __init__(
        self,
        given: settings.Telegram,
        wire: Wire,
        keep: Callable[[dict[str, Any]], Awaitable[None]],
    ) -> None:
        self._given, self._wire, self._keep = given, wire, keep
        self._path, self._token = secrets.token_urlsafe(_SECRET), secrets.token_urlsafe(_SECRET)

    async def run(self, ready: asyncio.Event) -> None:
        """Listen until cancelled; raises SettingsError where that cannot be."""
        app = web.Application()
        app.router.add_post("/{way:.*}", self._heard)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=_GOODBYE)
        await runner.setup()
        try:
            await self._listen(runner)
            await self._announce()
            ready.set()
            await asyncio.Event().wait()
        finally:
            await runner.cleanup()

    async def _listen(self, runner: web.AppRunner) -> None:
        place = self._given.webhook_listen
        host, _, port = place.rpartition(":")
        try:
            await web.TCPSite(runner, host.strip("[]"), int(port)).start()
        except OSError as error:
            raise SettingsError(
                f"Nothing can be heard at {place} ({error.strerror or type(error).__name__}); set "
                "another telegram.webhook_listen."
            ) from error

    async def _announce(self) -> None:
        """Tell Telegram where to post; it goes on posting there while we are away."""
        try:
            await self._wire.asked(
                self._wire.bot.set_webhook,
                url=f"{self._given.webhook_url}/{self._path}",
                allowed_updates=list(KINDS),
                max_connections=CONNECTIONS,
                secret_token=self._token,
            )
        except (InvalidToken, EndPointNotFound):
            raise SettingsError(BAD_TOKEN) from None
        except BadRequest as error:
            why = error.message.replace(self._path, "...")
            raise SettingsError(
                f"Telegram does not take telegram.webhook_url: {why}; set another, or none."
            ) from None

    async def _heard(self, request: web.Request) -> web.Response:
        path, token = request.path.rpartition("/")[2], request.headers.get(HEADER, "")
        if not (_same(path, self._path) & _same(token, self._token)):
            return web.Response(status=404)
        try:
            raw = await request.json()
            number = raw["update_id"]
        except (ValueError, TypeError, KeyError):
            return web.Response(status=400)
        try:
            await self._keep(raw)
        except Exception:  # it is told again
            log.exception("update %s could not be stored", number)
            return web.Response(status=500)
        return web.Response()


def _same(given: str, secret: str) -> bool:
    return secrets.compare_digest(given.encode(errors="replace"), secret.encode())

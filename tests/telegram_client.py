"""The real python-telegram-bot, pointed at the test server."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from telegram import Bot
from telegram.ext import Application
from telegram.request import HTTPXRequest

from tests.telegram_server import TelegramServer, serving

os.environ.setdefault("PTB_TIMEDELTA", "1")  # or RetryAfter warns whenever it is made


def request(**how: Any) -> HTTPXRequest:
    """Return a client that loads no certificates (0.15 s each) and asks no proxy."""
    return HTTPXRequest(httpx_kwargs={"verify": False, "trust_env": False}, **how)


def application(server: TelegramServer) -> Application[Any, Any, Any, Any, Any, Any]:
    """Return a bare Application."""
    builder = Application.builder().token(server.token)
    builder = builder.base_url(f"{server.url}/bot").base_file_url(f"{server.url}/file/bot")
    return builder.request(request()).get_updates_request(request()).build()


@asynccontextmanager
async def talking(**how: Any) -> AsyncIterator[tuple[TelegramServer, Bot]]:
    """Run a server and a bot that has introduced itself."""
    async with serving(**how) as server:
        bot = Bot(
            server.token,
            f"{server.url}/bot",
            f"{server.url}/file/bot",
            request(),
            request(read_timeout=1),
        )
        async with bot:
            yield server, bot

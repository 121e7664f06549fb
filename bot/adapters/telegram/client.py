"""The client of the Bot API: where it goes, how long it waits, and what it does not log."""

import asyncio
import logging
import os
from typing import Any

import httpx
from telegram import Bot
from telegram.request import HTTPXRequest

from bot import settings

CONNECTIONS = 32
"""At once, the long poll among them: more calls than `budget` lets through a second."""
_IDLE = 20.0
"""Seconds for which a connection is kept that nothing uses."""
_QUEUE = 120.0
"""Seconds a call may wait for a connection, as in a crowd that sends pictures."""


async def connect(given: settings.Telegram) -> Bot:
    """Return a client that was not introduced yet; reading certificates takes a moment."""
    os.environ.setdefault("PTB_TIMEDELTA", "1")  # or each RetryAfter warns when it is made
    # It logs an error for each page of a gateway; those are told and tried again here.
    logging.getLogger("telegram.request.BaseRequest").setLevel(logging.CRITICAL)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # the addresses hold the token
    if given.base_url.startswith("http://"):  # a server of one's own, reached without a proxy
        how: dict[str, Any] = {"verify": False, "trust_env": False}
    else:
        how = {"verify": await asyncio.to_thread(httpx.create_ssl_context)}
    how["limits"] = httpx.Limits(max_connections=CONNECTIONS, keepalive_expiry=_IDLE)
    request = HTTPXRequest(
        read_timeout=30, write_timeout=30, connect_timeout=10, pool_timeout=_QUEUE, httpx_kwargs=how
    )
    token = given.token.get_secret_value()
    return Bot(token, given.base_url, given.base_file_url, request, request)

"""The client of the Bot API: where it goes, and what it does not log."""

import asyncio
import logging
import os

import httpx
from telegram import Bot

from bot import settings
from bot.adapters.telegram.request import Request


async def connect(given: settings.Telegram) -> Bot:
    """Return a client that was not introduced yet; reading certificates takes a moment."""
    os.environ.setdefault("PTB_TIMEDELTA", "1")  # or each RetryAfter warns when it is made
    # It logs an error for each page of a gateway; those are told and tried again here.
    logging.getLogger("telegram.request.BaseRequest").setLevel(logging.CRITICAL)
    if given.base_url.startswith("http://"):  # a server of one's own, reached without a proxy
        request = Request(trust_env=False)
    else:
        known = await asyncio.to_thread(httpx.create_ssl_context)
        request = Request(trust_env=True, ssl=known)
    token = given.token.get_secret_value()
    return Bot(token, given.base_url, given.base_file_url, request, request)

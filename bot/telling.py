"""Commands that only tell something, or set it: each a function of who asks, where, and how."""

from collections.abc import Awaitable, Callable, Mapping

from agents.scene import look
from bot import notices, projects, remembering
from bot.adapter import Received
from bot.changing import Asked, settings_notice
from bot.queue import quota_notice
from bot.studio import NOBODY, Studio

Tell = Callable[[Studio, Received, str], Awaitable[str]]


async def _help(studio: Studio, event: Received, words: str) -> str:
    return notices.help_notice(event.message.chat.platform, words)


async def _models(studio: Studio, event: Received, words: str) -> str:
    message = event.message
    limits = await studio.book.limits(message.chat, message.author or NOBODY, event.place)
    return notices.models_notice(limits.catalogue(studio.catalogue))


async def _info(studio: Studio, event: Received, words: str) -> str:
    return await notices.info_notice(studio, await look(studio.store, event.message), words)


async def _quota(studio: Studio, event: Received, words: str) -> str:
    return await quota_notice(studio, event.message.author or NOBODY)


async def _memory(studio: Studio, event: Received, words: str) -> str:
    message = event.message
    asked = Asked(message.chat, message.author or NOBODY, event.place, words)
    return await remembering.memory_notice(studio, asked)


async def _settings(studio: Studio, event: Received, words: str) -> str:
    message = event.message
    asked = Asked(message.chat, message.author or NOBODY, event.place, words)
    return await settings_notice(studio.book, studio.store, asked)


async def _project(studio: Studio, event: Received, words: str) -> str:
    return await projects.quietly(studio, event, words)


TELLERS: Mapping[str, Tell] = {
    "help": _help,
    "models": _models,
    "info": _info,
    "quota": _quota,
    "memory": _memory,
    "settings": _settings,
    "project": _project,
}
